"""What a rescoring would change: every team's rank and score now and then, before anyone sees it published."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Session

from sonobench_eval.evaluation import Finite
from sonobench_eval.ranking.leaderboard import Leaderboard, Row
from sonobench_platform.challenges.definition import public_challenge
from sonobench_platform.core import Core
from sonobench_platform.db.models import PhaseRow, RescoringItemRow, RescoringRow, RunRow
from sonobench_platform.db.session import Work
from sonobench_platform.leaderboards.aliases import names_behind
from sonobench_platform.leaderboards.publish import board_of, contenders, latest
from sonobench_platform.runs.rescoring import let_count


class ChangesRecord(BaseModel):
    model_config = ConfigDict(frozen=True)


class MeanChange(ChangesRecord):
    """One mean over tasks; None: undefined, or not there."""

    name: str
    before: Finite | None
    after: Finite | None


class TeamChange(ChangesRecord):
    """One team's place on the board as it is, and as it would be; None: not on it, or no ranking."""

    team: str
    submission_before: str | None
    submission_after: str | None
    rank_before: int | None
    rank_after: int | None
    score_before: Finite | None
    score_after: Finite | None
    means: tuple[MeanChange, ...] = ()

    @property
    def is_moved(self) -> bool:
        return self.rank_before != self.rank_after


class NotScored(ChangesRecord):
    """A submission that could not be scored again, and why; it keeps its evaluation."""

    submission: str
    trouble: str


class Changes(ChangesRecord):
    """The whole table, by the new rank."""

    teams: tuple[TeamChange, ...]
    not_scored: tuple[NotScored, ...] = ()

    @property
    def moved(self) -> int:
        return sum(each.is_moved for each in self.teams)


def changes_of(core: Core, work: Work, rescoring: RescoringRow) -> Changes:
    """Compare the board on show with what it would be. Nothing of the latter stays."""
    work.session.flush()
    phase = work.session.get_one(PhaseRow, rescoring.phase_id)
    shown = latest(work.session, phase.id)
    before = None if shown is None else Leaderboard.from_json(shown.document)
    trial = work.session.begin_nested()
    try:
        let_count(work.session, rescoring.id)
        after = board_of(core, work.session, work.session.get_one(PhaseRow, rescoring.phase_id))
    finally:
        trial.rollback()
    work.session.expire_all()
    names = names_behind(core, work.session, work.session.get_one(PhaseRow, rescoring.phase_id))
    return Changes(teams=_teams(before, after, names), not_scored=_not_scored(work, rescoring.id))


def changes_when_closed(core: Core, session: Session, phase: PhaseRow) -> Changes:
    """Compare the board of an open phase with what it would be once closed: with exact times and memory."""
    shown = latest(session, phase.id)
    before = None if shown is None else Leaderboard.from_json(shown.document)
    after = core.evaluator.build_leaderboard(
        public_challenge(phase),
        contenders(core, session, phase.id),
        definition_hash=phase.hash,
        dataset_hash=phase.dataset_hash,
        generated_at=core.clock.now(),
        exact=True,
    )
    return Changes(teams=_teams(before, after, names_behind(core, session, phase)))


def _teams(before: Leaderboard | None, after: Leaderboard, names: Mapping[str, str]) -> tuple[TeamChange, ...]:
    """Organisers read this: behind an alias stands the team's name."""
    old = {} if before is None else {row.team: row for row in before.rows}
    new = {row.team: row for row in after.rows}
    changes = [_change(team, old.get(team), new.get(team)) for team in {**new, **old}]
    known = [each.model_copy(update={"team": _told(each.team, names)}) for each in changes]
    return tuple(sorted(known, key=lambda each: (each.rank_after is None, each.rank_after or 0, each.team)))


def _told(team: str, names: Mapping[str, str]) -> str:
    return f"{team} ({names[team]})" if team in names else team


def _change(team: str, old: Row | None, new: Row | None) -> TeamChange:
    means = [*({} if old is None else {mean.name: None for mean in old.means})]
    names = dict.fromkeys([*means, *([] if new is None else [mean.name for mean in new.means])])
    return TeamChange(
        team=team,
        submission_before=None if old is None else old.submission,
        submission_after=None if new is None else new.submission,
        rank_before=None if old is None else old.rank,
        rank_after=None if new is None else new.rank,
        score_before=None if old is None else old.score,
        score_after=None if new is None else new.score,
        means=tuple(MeanChange(name=name, before=_mean(old, name), after=_mean(new, name)) for name in names),
    )


def _mean(row: Row | None, name: str) -> float | None:
    return None if row is None else next((mean.value for mean in row.means if mean.name == name), None)


def _not_scored(work: Work, rescoring_id: str) -> tuple[NotScored, ...]:
    query = (
        select(RunRow.submission_id, RescoringItemRow.trouble)
        .join(RescoringItemRow, RescoringItemRow.run_id == RunRow.id)
        .where(RescoringItemRow.rescoring_id == rescoring_id, RescoringItemRow.trouble.is_not(None))
        .order_by(RunRow.submission_id)
    )
    return tuple(NotScored(submission=submission, trouble=trouble or "") for submission, trouble in work.session.execute(query))
