"""From snapshots to the page of a board's history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import urlencode

from sonobench_platform.leaderboards.history import HistoryLine, RankPoint
from sonobench_platform.leaderboards.snapshots import SnapshotLine
from sonobench_platform.web.contexts import Crumb
from sonobench_platform.web.contexts_history import HistoryPage, Move, SnapshotEntry
from sonobench_platform.web.contexts_social import Social
from sonobench_platform.web.history_chart import MOST_SNAPSHOTS, history_chart
from sonobench_platform.web.history_words import MOST_MOVES, is_up, more_words, move_words, note_words
from sonobench_platform.web.phases import board_links, phase_named, phase_query, phase_title
from sonobench_platform.web.rendering import page_frame
from sonobench_platform.web.snapshot_build import snapshot_path
from sonobench_platform.web.snapshot_social import challenge_social, feed_title
from sonobench_platform.web.source import PublicChallenge
from sonobench_platform.web.tabs import board_tabs
from sonobench_platform.web.texts import _, ngettext
from sonobench_platform.web.wording import date_words, shown_name

PAGE_SIZE = 50
_MOST_FIRST = 5


class History(NamedTuple):
    """What a page of the history is made of: all snapshots (oldest first), those of this page (newest first), and ranks.

    `ranks` are of the last `MOST_SNAPSHOTS` snapshots. `page` counts from 1, the newest.
    """

    lines: Sequence[SnapshotLine]
    shown: Sequence[HistoryLine]
    ranks: dict[str, tuple[RankPoint, ...]]
    page: int


def history_context(challenge: PublicChallenge, history: History, *, phase: str | None, server: str) -> HistoryPage:
    """The page of a phase's history; `phase` None: the main one. `server`: scheme and host that people reach this platform by."""
    name, title = challenge.definition.name, shown_name(challenge.definition.title)
    root, query = f"/challenges/{name}", phase_query(phase)
    path = f"{root}/leaderboard/history"
    shown, drawn = phase_named(challenge, phase), history.lines[-MOST_SNAPSHOTS:]
    heading = _("History of the leaderboard of {title}").format(title=title)
    has_phases = shown is not None and bool(challenge.definition.phases)
    return HistoryPage(
        page=page_frame(f"{heading} – Sonobench", Crumb(title, root), Crumb(_("History"), path + query)),
        tabs=board_tabs(name, "history", phase=phase),
        title=heading,
        lead=_lead(history),
        phase=phase_title(shown.rules) if shown is not None and has_phases else "",
        phase_name=phase or "",
        other_boards=_other_histories(challenge, phase) if has_phases else (),
        board_path=f"{root}/leaderboard",
        entries=tuple(_entry(name, line) for line in history.shown),
        chart=history_chart(drawn, history.ranks, csv_href=f"{path}.csv{query}"),
        newer=_page_href(path, phase, history.page - 1) if history.page > 1 else "",
        older=_page_href(path, phase, history.page + 1) if history.page * PAGE_SIZE < len(history.lines) else "",
        shown=_shown(history),
        feed=f"{root}/leaderboard.atom{query}",
        first_day=_day(history.lines[0]) if history.lines else "",
        last_day=_day(history.lines[-1]) if history.lines else "",
        social=_social(challenge, title, heading, server=server, query=query),
    )


def _lead(history: History) -> str:
    count = len(history.lines)
    if not count:
        return _("Nothing has been published yet: the history begins with the first scored algorithm.")
    first, last = (_day_words(history.lines[at].created_at) for at in (0, -1))
    if first == last:
        return ngettext(
            "The ranking was published once, on {date}.", "The ranking was published {count} times on {date}.", count
        ).format(count=f"{count:,}", date=first)
    return _("The ranking was published {count} times from {first} to {last}.").format(count=f"{count:,}", first=first, last=last)


def _day_words(moment: datetime) -> str:
    utc = moment.astimezone(UTC)
    return f"{utc.day} {utc:%B %Y}"


def _entry(challenge: str, line: HistoryLine) -> SnapshotEntry:
    snapshot = line.snapshot
    return SnapshotEntry(
        number=f"{snapshot.number:,}",
        href=snapshot_path(challenge, snapshot),
        short=snapshot.digest[:12],
        hash=snapshot.content_hash,
        date_words=date_words(snapshot.created_at),
        date_iso=snapshot.created_at.isoformat(),
        teams=f"{line.teams:,}",
        first=tuple(shown_name(team) for team in line.first[:_MOST_FIRST]),
        moves=tuple(Move(shown_name(each.team), move_words(each), is_up(each)) for each in line.moves[:MOST_MOVES]),
        more=more_words(line),
        note=note_words(line),
    )


def _other_histories(challenge: PublicChallenge, phase: str | None) -> tuple[Crumb, ...]:
    links = board_links(challenge, phase_named(challenge, phase))
    return tuple(Crumb(link.title, link.href.replace("/leaderboard", "/leaderboard/history", 1)) for link in links)


def _shown(history: History) -> str:
    first = (history.page - 1) * PAGE_SIZE + 1
    if len(history.lines) <= PAGE_SIZE or not history.shown:
        return ""
    last = first + len(history.shown) - 1
    return _("{first} to {last} of {count}, newest first.").format(first=first, last=last, count=f"{len(history.lines):,}")


def _page_href(path: str, phase: str | None, page: int) -> str:
    said = {**({} if phase is None else {"phase": phase}), **({} if page == 1 else {"page": str(page)})}
    return f"{path}?{urlencode(said)}" if said else path


def _day(line: SnapshotLine) -> str:
    return line.created_at.astimezone(UTC).date().isoformat()


def _social(challenge: PublicChallenge, title: str, heading: str, *, server: str, query: str) -> Social:
    root = f"{server}/challenges/{challenge.definition.name}"
    social = challenge_social(title, heading, root=root)
    feed = f"/challenges/{challenge.definition.name}/leaderboard.atom{query}"
    return replace(social, title=heading, url=f"{root}/leaderboard/history{query}", feed=feed, feed_title=feed_title(title))
