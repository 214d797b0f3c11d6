"""Who am I; and the routes of accounts, tokens, people and the identity provider, gathered."""

from __future__ import annotations

from fastapi import APIRouter

from sonobench_platform.accounts import account_api, oidc_api, people_api, tokens_api
from sonobench_platform.accounts.access import AnyCaller
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.accounts.schemas import Me, TeamRef
from sonobench_platform.accounts.tokens import TokenKind
from sonobench_platform.core import Core, CoreDep
from sonobench_platform.db.models import PersonRow
from sonobench_platform.problems import refusals

_me = APIRouter(prefix="/api/v1", tags=["accounts"])


@_me.get("/me", responses=refusals(401), summary="Whose token or session this is")
def me(core: CoreDep, caller: AnyCaller) -> Me:
    teams = [TeamRef(id=team.id, name=team.name) for team in caller.teams]
    only = teams[0] if caller.kind == TokenKind.TEAM else None
    return Me(kind=caller.kind.value, name=_name(core, caller), roles=sorted(caller.roles), team=only, teams=teams)


def _name(core: Core, caller: Identity) -> str:
    if caller.person_id is None:
        return caller.name
    with core.database.read() as session:
        return session.get_one(PersonRow, caller.person_id).name


ROUTERS = (_me, account_api.router, tokens_api.router, oidc_api.router, people_api.router)
