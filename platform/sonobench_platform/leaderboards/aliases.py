"""What teams are called on a public board whose phase shows no names: an alias of its own for every team in every phase.

It is made from the team's and the phase's ids with a key that only the server has: the same at every publishing, another one
in the next phase, and nothing that anybody could work out. On such a board nothing else leads to a team either: its rows have
no submission and no image. Organisers see both, and a team is told which alias is its own.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from functools import lru_cache
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_platform.accounts.secret_files import keep_private
from sonobench_platform.challenges.phases import rules_of
from sonobench_platform.core import Core
from sonobench_platform.db.models import PhaseRow, SubmissionRow, TeamRow

_KEY = "alias-key"
_KEY_BYTES = 32
_DIGITS = 4


def ensure_alias_key(home: Path) -> None:
    """At the first start: make the key, for its owner alone. A lost one means that boards made from then on have new aliases."""
    if not (home / _KEY).exists():
        keep_private(home / _KEY, secrets.token_hex(_KEY_BYTES))


def uses_aliases(phase: PhaseRow) -> bool:
    """Whether the phase's board shows no names."""
    return rules_of(phase).names == "aliases"


def alias_of(core: Core, phase: PhaseRow, team_id: str) -> str | None:
    """The team's alias on the phase's board, such as `Team 7F3A-09C1`; None where the board shows names.

    Of 500 teams two have the same one in one phase of 34,000.
    """
    if not uses_aliases(phase):
        return None
    digest = hmac.new(_key(core.settings.home / _KEY), f"{phase.id}\n{team_id}".encode(), hashlib.sha256).hexdigest().upper()
    return f"Team {digest[:_DIGITS]}-{digest[_DIGITS : 2 * _DIGITS]}"


def shown_team(core: Core, phase: PhaseRow, team: TeamRow) -> str:
    """What the phase's board calls the team."""
    return alias_of(core, phase, team.id) or team.name


def names_behind(core: Core, session: Session, phase: PhaseRow) -> dict[str, str]:
    """For organisers: the name of the team behind each alias, of all that handed in; empty where the board shows names."""
    if not uses_aliases(phase):
        return {}
    there = select(SubmissionRow.team_id).where(SubmissionRow.phase_id == phase.id)
    teams = session.scalars(select(TeamRow).where(TeamRow.id.in_(there)))
    return {shown_team(core, phase, team): team.name for team in teams}


def without_traces(board: Leaderboard) -> Leaderboard:
    """The board without what leads from a row to its team: the submission's id, and the image, which its makers may publish."""
    bare = {"submission": None, "image_digest": None}
    return board.model_copy(update={"rows": tuple(row.model_copy(update=bare) for row in board.rows)})


@lru_cache(maxsize=8)
def _key(path: Path) -> bytes:
    return bytes.fromhex(path.read_text().strip())
