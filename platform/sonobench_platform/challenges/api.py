"""Challenges: anyone may read them."""

from __future__ import annotations

from fastapi import APIRouter

from sonobench_platform.accounts.access import Everyone
from sonobench_platform.challenges import repository
from sonobench_platform.challenges.schemas import ChallengeDetail, Challenges, detail_of, summary_of
from sonobench_platform.core import CoreDep
from sonobench_platform.problems import refusals

router = APIRouter(prefix="/api/v1/challenges", tags=["challenges"])


@router.get("", dependencies=[Everyone], summary="All challenges")
def list_challenges(core: CoreDep) -> Challenges:
    with core.database.read() as session:
        rows = repository.everything(session)
    return Challenges(items=[summary_of(row) for row in rows])


@router.get("/{name}", dependencies=[Everyone], responses=refusals(404), summary="One challenge")
def get_challenge(core: CoreDep, name: str) -> ChallengeDetail:
    """Tasks, centres, metrics, limits and how it is ranked. References and case names are never shown."""
    with core.database.read() as session:
        row = repository.get(session, name)
    return detail_of(row)
