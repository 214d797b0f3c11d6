"""Personal API tokens: made, listed and revoked by a person in a browser. A token cannot make tokens."""

from __future__ import annotations

from fastapi import APIRouter, status

from sonobench_platform.accounts import personal_tokens, repository
from sonobench_platform.accounts.access import SignedInCaller
from sonobench_platform.accounts.identity import Scope
from sonobench_platform.accounts.schemas import NewToken, Token, Tokens, TokenWithSecret
from sonobench_platform.core import CoreDep
from sonobench_platform.db.models import TokenRow
from sonobench_platform.problems import refusals

router = APIRouter(prefix="/api/v1/account/tokens", tags=["accounts"])


@router.post("", status_code=status.HTTP_201_CREATED, responses=refusals(401, 403, 409), summary="Make an API token")
def create_token(core: CoreDep, caller: SignedInCaller, body: NewToken) -> TokenWithSecret:
    """The token is shown this once. It may do what its scopes say, and never more than its owner may at that moment."""
    with core.database.write() as work:
        made = personal_tokens.create(core, work, caller, name=body.name, scopes=body.scopes, days=body.days)
        return TokenWithSecret(**_token(made.row).model_dump(), token=made.token)


@router.get("", responses=refusals(401, 403), summary="One's own API tokens")
def list_tokens(core: CoreDep, caller: SignedInCaller) -> Tokens:
    with core.database.read() as session:
        return Tokens(items=[_token(row) for row in repository.personal_tokens(session, caller.person_id or "")])


@router.delete(
    "/{token_id}", status_code=status.HTTP_204_NO_CONTENT, responses=refusals(401, 403, 404), summary="Revoke an API token"
)
def revoke_token(core: CoreDep, caller: SignedInCaller, token_id: str) -> None:
    """It stops working at once."""
    with core.database.write() as work:
        personal_tokens.revoke(core, work, caller, token_id)


def _token(row: TokenRow) -> Token:
    return Token(
        id=row.id,
        name=row.name or "",
        hint=row.hint,
        scopes=[Scope(word) for word in (row.scopes or "").split()],
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
    )
