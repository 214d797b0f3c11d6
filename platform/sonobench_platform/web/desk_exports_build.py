"""What can be taken away of a challenge, and what must be known of each table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from sonobench_platform.challenges.phases import rules_of
from sonobench_platform.db.models import ChallengeRow, PhaseRow
from sonobench_platform.desk.exports import Subject
from sonobench_platform.web.contexts import Tab
from sonobench_platform.web.contexts_desk import DeskFrame
from sonobench_platform.web.contexts_desk_service import ExportLine, ExportsPage
from sonobench_platform.web.desk_frame import desk_page
from sonobench_platform.web.phases import phase_title
from sonobench_platform.web.texts import _


class _Words(NamedTuple):
    title: str
    about: str
    warning: str = ""


def exports_context(
    challenge: ChallengeRow, frame: DeskFrame, phases: Sequence[PhaseRow], *, chosen: PhaseRow | None
) -> ExportsPage:
    """The page, of one phase where one is chosen."""
    query = "" if chosen is None else f"?{urlencode({'phase': chosen.name})}"
    root = f"/api/v1/challenges/{challenge.name}/export"
    return ExportsPage(
        page=desk_page(_("Exports"), challenge),
        frame=frame,
        phases=_phases(frame.root, phases, chosen),
        lines=tuple(
            ExportLine(*_words(subject), f"{root}/{subject}.csv{query}", f"{root}/{subject}.json{query}") for subject in Subject
        ),
    )


def _phases(root: str, phases: Sequence[PhaseRow], chosen: PhaseRow | None) -> tuple[Tab, ...]:
    if len(phases) < 2:
        return ()
    every = Tab(_("All phases"), f"{root}/exports", chosen is None)
    return (
        every,
        *(
            Tab(
                phase_title(rules_of(each)),
                f"{root}/exports?{urlencode({'phase': each.name})}",
                chosen is not None and each.id == chosen.id,
            )
            for each in phases
        ),
    )


def _words(subject: Subject) -> _Words:
    match subject:
        case Subject.SUBMISSIONS:
            return _Words(_("Submissions"), _("Every submission: team, phase, state, image, what went wrong."))
        case Subject.RESULTS:
            return _Words(_("Results"), _("Every score of every scored submission, by task, center and role, with its interval."))
        case Subject.CASES:
            warning = _("Tells of the hidden references case by case. Keep it where the references are kept.")
            return _Words(_("Cases"), _("The scores of every single case."), warning)
        case Subject.LEADERBOARD:
            return _Words(_("Leaderboard"), _("The boards on show, row by row."))
        case Subject.ENTRIES:
            return _Words(_("Entries"), _("Which teams take part, who approved them, and which terms they signed."))
