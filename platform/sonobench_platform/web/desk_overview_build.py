"""The desk's front page and a challenge's overview as contexts: numbers, what waits for a person, phases with their hands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sonobench_platform.challenges.phases import rules_of, takes_images
from sonobench_platform.challenges.showing import shows_board, why_hidden
from sonobench_platform.db.models import ChallengeRow, PhaseRow
from sonobench_platform.desk.waiting import Waiting
from sonobench_platform.domain.states import OPEN, State
from sonobench_platform.web.contexts import Fact
from sonobench_platform.web.contexts_desk import DeskFrame
from sonobench_platform.web.contexts_desk_people import DeskPage, OrganizedChallenge, OverviewPage, PhaseCard, WaitingLine
from sonobench_platform.web.desk_frame import desk_page, moment_or_none, root_of
from sonobench_platform.web.desk_waiting_words import lines_of
from sonobench_platform.web.desk_words import state_title, submissions_words, teams_words
from sonobench_platform.web.texts import _, ngettext
from sonobench_platform.web.wording import shown_name


class Overview(NamedTuple):
    """What was read of a challenge. `by_phase` counts submissions by the phase's id."""

    waiting: Waiting
    states: Mapping[State, int]
    teams: int
    by_phase: Mapping[str, int]


def desk_context(
    found: Sequence[tuple[ChallengeRow, Overview]], service: Sequence[WaitingLine], *, is_administrator: bool
) -> DeskPage:
    """The front page: each challenge with what waits in it."""
    return DeskPage(
        page=desk_page(_("Organizer desk")),
        challenges=tuple(_challenge(challenge, overview) for challenge, overview in found),
        service=tuple(service),
        is_administrator=is_administrator,
    )


def overview_context(
    challenge: ChallengeRow, frame: DeskFrame, phases: Sequence[PhaseRow], overview: Overview, *, now: datetime
) -> OverviewPage:
    """One challenge in numbers."""
    states = overview.states
    return OverviewPage(
        page=desk_page(_("Overview"), challenge),
        frame=frame,
        facts=(
            Fact(f"{overview.teams:,}", ngettext("team", "teams", overview.teams)),
            Fact(f"{sum(states.values()):,}", ngettext("submission", "submissions", sum(states.values()))),
            Fact(f"{states.get(State.SCORED, 0):,}", _("scored")),
            Fact(f"{_under_way(states):,}", _("under way")),
            Fact(f"{states.get(State.FAILED, 0):,}", _("failed")),
        ),
        states=tuple(Fact(f"{states[each]:,}", state_title(each)) for each in State if states.get(each)),
        waits=lines_of(frame.root, overview.waiting),
        phases=tuple(_phase(each, overview.by_phase.get(each.id, 0), now) for each in phases),
        is_hidden=challenge.is_hidden,
        public_href=f"/challenges/{challenge.name}",
    )


def _challenge(challenge: ChallengeRow, overview: Overview) -> OrganizedChallenge:
    root, states = root_of(challenge.name), overview.states
    facts = [
        teams_words(overview.teams),
        submissions_words(sum(states.values())),
        _("{number} under way").format(number=_under_way(states)),
        _("open") if challenge.is_open else _("closed"),
        *([_("hidden")] if challenge.is_hidden else []),
    ]
    return OrganizedChallenge(shown_name(challenge.title), root, ", ".join(facts), lines_of(root, overview.waiting))


def _under_way(states: Mapping[State, int]) -> int:
    return sum(count for state, count in states.items() if state in OPEN)


def _phase(row: PhaseRow, submissions: int, now: datetime) -> PhaseCard:
    rules, is_open = rules_of(row), takes_images(row, now)
    may_close = not row.is_held
    return PhaseCard(
        name=row.name,
        title=rules.title or row.name,
        kind=rules.kind,
        state=_state(row, is_open=is_open, now=now),
        opens=moment_or_none(rules.opens),
        closes=moment_or_none(rules.closes),
        submissions=submissions_words(submissions),
        board=_("Anyone sees its board.") if shows_board(row, None, now) else why_hidden(row),
        act="close" if may_close else "open",
        act_title=_act_title(is_open=is_open, may_close=may_close),
    )


def _act_title(*, is_open: bool, may_close: bool) -> str:
    if not may_close:
        return _("Open it again")
    return _("Close it now") if is_open else _("Hold it closed")


def _state(row: PhaseRow, *, is_open: bool, now: datetime) -> str:
    """Whether it takes images, and why not."""
    rules = rules_of(row)
    if is_open:
        return _("Open: it takes images.")
    if row.is_held:
        return _("Closed by hand, whatever its dates say.")
    if not row.is_sound and row.opened_at is None:
        return _("Not opened: its data was found unsound.")
    if rules.opens is not None and now < rules.opens:
        return _("Not open yet.")
    return _("Closed by its date.")
