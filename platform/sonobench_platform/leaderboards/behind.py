"""Which submission stands behind each row of a board. A board without names does not say it; then it is looked up anew.

For the platform's own use, and for whoever may know it: of a board without names the public never learns it.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_platform.core import Core
from sonobench_platform.db.models import ChallengeRow, PhaseRow
from sonobench_platform.leaderboards.aliases import alias_of, uses_aliases
from sonobench_platform.leaderboards.publish import counted


def submissions_behind(core: Core, session: Session, board: Leaderboard) -> dict[str, str]:
    """The submission of each row, by what the board calls its team.

    A row of a board without names is missing where its team's submission does not count any more.
    """
    known = {row.team: row.submission for row in board.rows if row.submission is not None}
    phase = None if known else _phase_of(session, board)
    if phase is None or not uses_aliases(phase):
        return known
    there = {row.team for row in board.rows}
    found = {alias_of(core, phase, each.team_id) or "": each.submission_id for each in counted(core, session, phase)}
    return {alias: submission for alias, submission in found.items() if alias in there}


def _phase_of(session: Session, board: Leaderboard) -> PhaseRow | None:
    query = select(PhaseRow).join(ChallengeRow, ChallengeRow.id == PhaseRow.challenge_id)
    made_from = (PhaseRow.hash == board.challenge_hash, PhaseRow.dataset_hash == board.dataset_hash)
    return session.scalars(query.where(ChallengeRow.name == board.challenge, *made_from)).one_or_none()
