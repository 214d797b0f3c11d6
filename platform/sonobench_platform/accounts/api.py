"""Who am I."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from sonobench_platform.accounts.access import AnyToken
from sonobench_platform.problems import refusals

router = APIRouter(prefix="/api/v1", tags=["accounts"])


class TeamRef(BaseModel):
    """A team, by id and name."""

    id: str
    name: str


class Me(BaseModel):
    """Whose token this is."""

    kind: Literal["team", "organiser", "node"]
    team: Annotated[TeamRef | None, Field(description="Set for a team's token.")]


@router.get("/me", responses=refusals(401), summary="Whose token this is")
def me(caller: AnyToken) -> Me:
    team = TeamRef(id=caller.team_id, name=caller.team_name or "") if caller.team_id else None
    return Me(kind=caller.kind.value, team=team)
