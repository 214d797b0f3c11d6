"""Tokens in the database."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from sonobench_platform.db.models import TeamRow, TokenRow


class TokenOwner(NamedTuple):
    token: TokenRow
    team: TeamRow | None


def find_live(session: Session, sha256: str) -> TokenOwner | None:
    """The token with this digest and its team, unless it was revoked."""
    query = (
        select(TokenRow, TeamRow)
        .outerjoin(TeamRow, TeamRow.id == TokenRow.team_id)
        .where(TokenRow.sha256 == sha256, TokenRow.revoked_at.is_(None))
    )
    row = session.execute(query).one_or_none()
    return None if row is None else TokenOwner(row[0], row[1])
