"""Plans over HTTP: for the organisers of a challenge."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from sonobench_platform.challenges.planning import Fate, Plan
from sonobench_platform.challenges.told import needs_of, sentences_of


class PlannedChange(BaseModel):
    """One difference between what is registered and what was sent."""

    what: str
    kind: Annotated[str, Field(description="added, removed, changed or moved.")]
    old: str | None
    new: str | None
    reach: Annotated[
        str, Field(description="`shown`: no score depends on it; `scores`; `runs`: containers get or may use other things.")
    ]
    cases: Annotated[tuple[str, ...], Field(description="The first of the cases that it is about.")]


class PlannedPhase(BaseModel):
    """What becomes of a phase, and of what was handed in to it."""

    phase: str
    fate: Fate
    submissions: int
    scored: int
    needs: Annotated[str, Field(description="`nothing`, `scoring` or `running`: what has to be done again.")]


class PlanView(BaseModel):
    """What applying a definition would do, or has done."""

    name: str
    old_hash: str | None
    new_hash: str
    changes_nothing: bool
    needs_reason: Annotated[bool, Field(description="It is frozen: applying it takes a reason, which everyone reads.")]
    obstacles: Annotated[tuple[str, ...], Field(description="Why it cannot be applied at all.")]
    changes: list[PlannedChange]
    phases: list[PlannedPhase]
    meaning: Annotated[list[str], Field(description="The same in sentences.")]


def shown(plan: Plan) -> PlanView:
    changes = [
        PlannedChange(what=each.what, kind=each.kind, old=each.old, new=each.new, reach=each.reach.name.lower(), cases=each.cases)
        for each in plan.changes
    ]
    phases = [
        PlannedPhase(phase=each.name, fate=each.fate, submissions=each.submissions, scored=each.scored, needs=needs_of(each))
        for each in plan.phases
    ]
    return PlanView(
        name=plan.name,
        old_hash=plan.old_hash,
        new_hash=plan.new_hash,
        changes_nothing=plan.changes_nothing,
        needs_reason=plan.needs_reason,
        obstacles=plan.obstacles,
        changes=changes,
        phases=phases,
        meaning=sentences_of(plan),
    )
