"""What a plan means, in sentences for the organiser who is about to apply it."""

from __future__ import annotations

from sonobench_platform.challenges.comparing import Reach
from sonobench_platform.challenges.planning import Fate, PhasePlan, Plan


def sentences_of(plan: Plan) -> list[str]:
    """What it would do, phase by phase; what it needs; why it cannot be done, where it cannot."""
    if plan.is_new:
        return [f"{plan.name} is new here."]
    if plan.changes_nothing:
        return ["Nothing to change.", *(["Its data lies in another folder now."] if plan.has_moved else [])]
    said = [_of_phase(each) for each in plan.phases]
    if plan.frozen_at is not None:
        frozen = f"{plan.frozen_at:%Y-%m-%d %H:%M} UTC"
        said.append(f"It is frozen since {frozen}: it needs a reason, which everyone will read beside what was changed.")
    return [*said, *plan.obstacles]


def _of_phase(phase: PhasePlan) -> str:
    if phase.fate is Fate.NEW:
        return f"{phase.name}: a new phase."
    if phase.fate is Fate.REMOVED:
        return f"{phase.name}: the phase is removed."
    if phase.reach is Reach.SHOWN:
        return f"{phase.name}: changes nothing that was scored."
    if not phase.scored:
        return f"{phase.name}: changes what scores are made with; nothing was scored yet."
    submissions = f"all {phase.scored:,} scored submissions" if phase.scored > 1 else "its one scored submission"
    until = "Until that is published its board stays as it is, and says so."
    if phase.reach is Reach.SCORES:
        return f"{phase.name}: needs {submissions} to be scored again. {until}"
    return (
        f"{phase.name}: changes what containers are given or may use, so {submissions} should be run again; they need at "
        f"least to be scored again. {until}"
    )


def needs_of(phase: PhasePlan) -> str:
    """`nothing`, `scoring` or `running`: what is to be done again."""
    if not phase.scored:
        return "nothing"
    return {Reach.SHOWN: "nothing", Reach.SCORES: "scoring", Reach.RUNS: "running"}[phase.reach]
