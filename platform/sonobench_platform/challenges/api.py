"""Challenges: anyone may read them; organisers open and close them."""

from __future__ import annotations

from fastapi import APIRouter

from sonobench_eval.challenge.public import PublicChallenge, public_part
from sonobench_platform.accounts.access import Everyone, OrganiserCaller
from sonobench_platform.challenges import repository
from sonobench_platform.challenges.definition import public_challenge
from sonobench_platform.challenges.opening import set_open
from sonobench_platform.challenges.schemas import ChallengeDetail, Challenges, ChallengeSummary, detail_of, summary_of
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


@router.get("/{name}/public", dependencies=[Everyone], responses=refusals(404), summary="A challenge without its cases")
def get_public_challenge(core: CoreDep, name: str) -> PublicChallenge:
    """All that `sonobench test --sample` needs to run and score an image on other images, as the platform would."""
    with core.database.read() as session:
        row = repository.get(session, name)
    return public_part(public_challenge(row), row.hash)


@router.post("/{name}/close", responses=refusals(401, 403, 404), summary="Close a challenge")
def close_challenge(core: CoreDep, _caller: OrganiserCaller, name: str) -> ChallengeSummary:
    """It takes no more images, and its board is published with exact times and memory. Twice is harmless."""
    with core.database.write() as work:
        return summary_of(set_open(core, work, name, is_open=False))


@router.post("/{name}/open", responses=refusals(401, 403, 404), summary="Open a challenge again")
def open_challenge(core: CoreDep, _caller: OrganiserCaller, name: str) -> ChallengeSummary:
    """It takes images again, and its board shows times to 1 % and memory to 64 MiB. Twice is harmless."""
    with core.database.write() as work:
        return summary_of(set_open(core, work, name, is_open=True))
