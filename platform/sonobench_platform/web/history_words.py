"""What a snapshot changed, in words, for the page of the history and for the feed."""

from __future__ import annotations

from sonobench_platform.leaderboards.history import HistoryLine, Moved
from sonobench_platform.web.texts import _, ngettext
from sonobench_platform.web.wording import joined, shown_name

MOST_MOVES = 8
"""Of one snapshot that are told in words."""


def move_words(moved: Moved) -> str:
    """`new at 3`, `2 → 1`, `left, was 4`."""
    if not moved.was_there:
        return _("new, not ranked") if moved.after is None else _("new at {rank}").format(rank=moved.after)
    if not moved.is_there:
        return _("left the board") if moved.before is None else _("left the board, was {rank}").format(rank=moved.before)
    if moved.after is None:
        return _("no longer ranked, was {rank}").format(rank=moved.before)
    if moved.before is None:
        return _("ranked now, at {rank}").format(rank=moved.after)
    return _("{before} → {after}").format(before=moved.before, after=moved.after)


def is_up(moved: Moved) -> bool | None:
    """Whether a team that had a rank has a better one now; None where there is nothing to compare."""
    if moved.before is None or moved.after is None:
        return None
    return moved.after < moved.before


def note_words(line: HistoryLine) -> str:
    """What there is to say of a snapshot besides who moved; empty where nothing is."""
    if line.is_first:
        return _("The first ranking.")
    exact = _("Made with exact times and memory, as the phase had closed.") if line.becomes_exact else ""
    return exact if line.moves else " ".join(part for part in (exact, _("No rank changed, but figures did.")) if part)


def more_words(line: HistoryLine) -> str:
    """How many moves are not told; empty where all are."""
    more = len(line.moves) - MOST_MOVES
    return ngettext("and {count} more", "and {count} more", more).format(count=f"{more:,}") if more > 0 else ""


def change_words(line: HistoryLine) -> str:
    """All of it in a sentence or two: `U-Vision new at 3; SMART 1 → 2.`"""
    moves = [f"{shown_name(moved.team)} {move_words(moved)}" for moved in line.moves[:MOST_MOVES]]
    told = "; ".join(moves)
    more = more_words(line)
    told = f"{told} {more}." if more else f"{told}." if told else ""
    return " ".join(part for part in (note_words(line), told) if part)


def first_words(line: HistoryLine) -> str:
    """Who is first, and of how many: `SMART first of 15 teams`."""
    teams = ngettext("{count} team", "{count} teams", line.teams).format(count=f"{line.teams:,}")
    names = [shown_name(team) for team in line.first]
    if not names:
        return _("no team is ranked, of {teams}").format(teams=teams)
    shown = joined(names[:3], more=len(names) - 3 if len(names) > 3 else 0)
    return ngettext("{teams_first} first of {teams}", "{teams_first} share the first rank, of {teams}", len(names)).format(
        teams_first=shown, teams=teams
    )
