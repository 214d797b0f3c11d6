"""What is on show of each phase, and what would change: by closing it, or by publishing a rescoring."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sonobench_eval.report import figures
from sonobench_platform.challenges.phases import rules_of
from sonobench_platform.db.models import ChallengeRow, PhaseRow, SnapshotRow
from sonobench_platform.runs.organising_schemas import Rescoring
from sonobench_platform.runs.rank_changes import Changes, TeamChange
from sonobench_platform.runs.rescoring import LIVING, RescoringState
from sonobench_platform.web.contexts_desk import DeskFrame
from sonobench_platform.web.contexts_desk_service import ChangeLine, PhaseBoard, PublishPage, RescoringCard, Said
from sonobench_platform.web.desk_frame import desk_page, moment_of, moment_or_none
from sonobench_platform.web.phases import phase_title
from sonobench_platform.web.texts import _, ngettext
from sonobench_platform.web.wording import shown_name

MOST_RESCORINGS = 20


class KnownPhase(NamedTuple):
    """A phase, the snapshot on show, and what closing it would change; None: it is closed, or nothing is scored."""

    row: PhaseRow
    snapshot: SnapshotRow | None
    when_closed: Changes | None
    can_rescore: bool


def publish_context(
    challenge: ChallengeRow, frame: DeskFrame, phases: Sequence[KnownPhase], rescorings: Sequence[Rescoring]
) -> PublishPage:
    """The page, with the newest rescorings."""
    titles = {each.row.name: phase_title(rules_of(each.row)) for each in phases}
    return PublishPage(
        page=desk_page(_("Publish"), challenge),
        frame=frame,
        boards=tuple(_board(challenge, each) for each in phases),
        rescorings=tuple(_rescoring(each, titles) for each in rescorings[:MOST_RESCORINGS]),
    )


def _board(challenge: ChallengeRow, known: KnownPhase) -> PhaseBoard:
    row, snapshot = known.row, known.snapshot
    return PhaseBoard(
        id=row.name,
        title=phase_title(rules_of(row)),
        shown=_shown(known),
        board_href="" if snapshot is None else f"/challenges/{challenge.name}/leaderboard?phase={row.name}",
        since=None if snapshot is None else moment_or_none(snapshot.created_at),
        is_open=row.is_open,
        preview=_preview(known),
        changes=() if known.when_closed is None else _moved(known.when_closed),
        can_rescore=known.can_rescore,
    )


def _shown(known: KnownPhase) -> str:
    if known.snapshot is None:
        return _("Nothing is scored yet, so there is no board.")
    said = _("Snapshot {number} is on show, with times and memory rounded while the phase is open.")
    exact = _("Snapshot {number} is on show, with exact times and memory.")
    return (said if known.row.is_open else exact).format(number=known.snapshot.number)


def _preview(known: KnownPhase) -> str:
    if known.when_closed is None:
        return ""
    moved = known.when_closed.moved
    if moved == 0:
        return _("Closing the phase shows exact figures; no team changes place by that.")
    said = ngettext(
        "Closing the phase shows exact figures; {count} team changes place by that.",
        "Closing the phase shows exact figures; {count} teams change place by that.",
        moved,
    )
    return said.format(count=moved)


def _rescoring(found: Rescoring, titles: dict[str, str]) -> RescoringCard:
    changes = found.changes
    return RescoringCard(
        id=found.id,
        title=_("Rescoring {id} of {phase}").format(id=found.id, phase=titles.get(found.phase, found.phase)),
        state=_state(found),
        reason=shown_name(found.reason),
        asked=moment_of(found.asked_at),
        asked_by=shown_name(found.asked_by),
        takeaway="" if changes is None else _takeaway(changes),
        changes=() if changes is None else tuple(_line(each) for each in changes.teams),
        not_scored=()
        if changes is None
        else tuple(Said(each.submission, shown_name(each.trouble)) for each in changes.not_scored),
        can_publish=found.state == RescoringState.READY,
        can_drop=found.state in LIVING,
    )


def _not_scored(changes: Changes) -> Iterator[Said]:
    for each in changes.not_scored:
        yield Said(each.submission, shown_name(each.trouble))


def _state(found: Rescoring) -> str:
    match found.state:
        case RescoringState.RUNNING:
            return _("Being scored: {done} of {runs} done.").format(done=found.done, runs=found.runs)
        case RescoringState.READY:
            return _("Ready to be published. Nobody but organizers has seen it.")
        case RescoringState.PUBLISHED:
            return _("Published.")
        case _:
            return _("Dropped.")


def _takeaway(changes: Changes) -> str:
    if changes.moved == 0:
        return _("No team would change place.")
    said = ngettext("{count} of {teams} teams would change place.", "{count} of {teams} teams would change place.", changes.moved)
    return said.format(count=changes.moved, teams=len(changes.teams))


def _moved(changes: Changes) -> tuple[ChangeLine, ...]:
    return tuple(_line(each) for each in changes.teams if each.is_moved)


def _line(change: TeamChange) -> ChangeLine:
    return ChangeLine(
        team=shown_name(change.team),
        rank_before=_rank(change.rank_before),
        rank_after=_rank(change.rank_after),
        score_before=figures.fixed(change.score_before, 3),
        score_after=figures.fixed(change.score_after, 3),
        moved=_words(change),
    )


def _rank(rank: int | None) -> str:
    return figures.NOT_MEASURED if rank is None else str(rank)


def _words(change: TeamChange) -> str:
    before, after = change.rank_before, change.rank_after
    if before == after:
        return _("same place")
    if before is None:
        return _("new")
    if after is None:
        return _("leaves the ranking")
    places = abs(before - after)
    if after < before:
        return ngettext("up {count} place", "up {count} places", places).format(count=places)
    return ngettext("down {count} place", "down {count} places", places).format(count=places)
