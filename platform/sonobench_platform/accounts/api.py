"""Who am I."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from sonobench_platform.accounts.access import AnyCaller
from sonobench_platform.accounts.identity import Role
from sonobench_platform.accounts.tokens import TokenKind
from sonobench_platform.problems import refusals

router = APIRouter(prefix="/api/v1", tags=["accounts"])


class TeamRef(BaseModel):
    """A team, by id and name."""

    id: str
    name: str


class Me(BaseModel):
    """Whose token this is."""

    kind: Literal["team", "organiser", "node", "person"]
    name: str
    roles: Annotated[list[Role], Field(description="What this caller may do.")]
    team: Annotated[TeamRef | None, Field(description="Set for a team's token.")]
    teams: Annotated[list[TeamRef], Field(description="The teams that a person is in, or the one of a team's token.")]


@router.get("/me", responses=refusals(401), summary="Whose token this is")
def me(caller: AnyCaller) -> Me:
    teams = [TeamRef(id=team.id, name=team.name) for team in caller.teams]
    only = teams[0] if caller.kind == TokenKind.TEAM else None
    return Me(kind=caller.kind.value, name=caller.name, roles=sorted(caller.roles), team=only, teams=teams)
