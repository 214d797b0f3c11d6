"""From a published ranking to the page at its permanent address: the board's page, marked as what it is, with how to cite it."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_platform.leaderboards.snapshots import FoundSnapshot, SnapshotLine
from sonobench_platform.web.board import board_page
from sonobench_platform.web.board_state import ViewState
from sonobench_platform.web.build import board_source
from sonobench_platform.web.cite_bibtex import Cited, bibtex_of
from sonobench_platform.web.contexts import Crumb
from sonobench_platform.web.contexts_board import BoardPage
from sonobench_platform.web.contexts_history import Citation, FileLink, SnapshotNotice, SnapshotPage
from sonobench_platform.web.phases import main_phase, phase_named, phase_query, phase_title
from sonobench_platform.web.rendering import page_frame
from sonobench_platform.web.snapshot_social import board_social
from sonobench_platform.web.source import PublicChallenge, PublishedBoard
from sonobench_platform.web.tabs import board_tabs
from sonobench_platform.web.texts import _, ngettext
from sonobench_platform.web.wording import date_words, shown_name

MOST_OTHERS = 5


def snapshot_context(
    challenge: PublicChallenge, found: FoundSnapshot, published: PublishedBoard, *, server: str, state: ViewState
) -> SnapshotPage:
    """The page of a snapshot.

    Args:
        published: the snapshot as a board.
        server: scheme and host that people reach this platform by.
        state: which part of the board is asked for; its path is the snapshot's own.
    """
    root, title = f"/challenges/{found.challenge}", shown_name(challenge.definition.title)
    crumbs = (
        Crumb(title, root),
        Crumb(_("History"), history_path(challenge, found)),
        Crumb(snapshot_title(found.line), state.path),
    )
    frame = page_frame(f"{snapshot_title(found.line)}, {title} – Sonobench", *crumbs)
    source = board_source(challenge, published)
    page = board_page(published, frame, state, source=source)
    page = replace(page, tabs=board_tabs(found.challenge, "", phase=_phase_query(challenge, found)))
    page = _of_phase(page, challenge, found, state.path)
    social = board_social(page.title, page.lead, page.snapshot, root=server + root, address=server + state.path)
    return SnapshotPage(
        **{**_values(page), "social": social},
        notice=notice_of(challenge, found),
        citation=citation_of(found, source.board, server=server, path=state.path, query=_query(challenge, found)),
    )


def _values(page: BoardPage) -> dict[str, Any]:
    return {field.name: getattr(page, field.name) for field in fields(page)}


def _of_phase(page: BoardPage, challenge: PublicChallenge, found: FoundSnapshot, path: str) -> BoardPage:
    shown = phase_named(challenge, found.phase)
    title = phase_title(shown.rules) if shown is not None and challenge.definition.phases else ""
    return replace(page, phase=title, json_href=f"{path}.json", csv_href=f"{path}.csv")


def snapshot_title(line: SnapshotLine) -> str:
    return _("Snapshot {number}").format(number=line.number)


def snapshot_path(challenge: str, line: SnapshotLine) -> str:
    """The permanent address."""
    return f"/challenges/{challenge}/snapshots/{line.digest}"


def history_path(challenge: PublicChallenge, found: FoundSnapshot) -> str:
    return f"/challenges/{found.challenge}/leaderboard/history{_query(challenge, found)}"


def notice_of(challenge: PublicChallenge, found: FoundSnapshot) -> SnapshotNotice:
    """Which snapshot this is, and where the present one is."""
    is_present = found.latest.content_hash == found.line.content_hash
    others = [each for each in found.same if each.id != found.line.id]
    return SnapshotNotice(
        words=_("This is snapshot {number} of").format(number=found.line.number),
        date_words=date_words(found.line.created_at),
        date_iso=found.line.created_at.isoformat(),
        is_present=is_present,
        present_href=f"/challenges/{found.challenge}/leaderboard{_query(challenge, found)}",
        present_words=_present_words(found, is_present),
        others=tuple(Crumb(date_words(each.created_at), each.created_at.isoformat()) for each in others[:MOST_OTHERS]),
    )


def _present_words(found: FoundSnapshot, is_present: bool) -> str:
    if is_present:
        return _("It is the present one.")
    newer = found.latest.number - found.line.number
    return ngettext(
        "The present one is snapshot {number}, one later.", "The present one is snapshot {number}, {count} later.", newer
    ).format(number=found.latest.number, count=newer)


def citation_of(found: FoundSnapshot, board: Leaderboard, *, server: str, path: str, query: str = "") -> Citation:
    """How to cite the snapshot, and the files it can be had as."""
    cited = cited_of(found, board, server=server)
    return Citation(
        address=cited.address,
        hash=found.line.content_hash,
        bibtex=bibtex_of(cited),
        files=(
            FileLink("BibTeX", f"{path}.bib", _("this entry, for a bibliography")),
            FileLink("LaTeX", f"{path}.tex", _("its tables, ready for a paper")),
            FileLink("CSV", f"{path}.csv", _("one line for each team, all digits")),
            FileLink("JSON", f"{path}.json", _("the published document; the hash is of all of it but its time")),
            FileLink("PNG", f"{path}.png", _("a card with the first teams")),
        ),
        badge=_badge(board, f"{server}/challenges/{found.challenge}", query),
        audit_head=found.audit_head or "",
    )


def _badge(board: Leaderboard, root: str, query: str) -> str:
    """A team's badge as Markdown, the first one's as the example; empty where there is no team."""
    if not board.rows:
        return ""
    team = urlencode({"team": board.rows[0].team})
    return f"[![Rank]({root}/badge.svg{query}{'&' if query else '?'}{team})]({root}/leaderboard{query})"


def cited_of(found: FoundSnapshot, board: Leaderboard, *, server: str) -> Cited:
    line = found.line
    address = server + snapshot_path(found.challenge, line)
    return Cited(found.challenge, board.title, line.number, line.digest, line.created_at, address)


def card_line(found: FoundSnapshot, teams: int) -> str:
    """What stands below the title on a card."""
    day = found.line.created_at.astimezone(UTC)
    return _("Leaderboard with {teams}, snapshot {number} of {date}").format(
        teams=ngettext("{count} team", "{count} teams", teams).format(count=f"{teams:,}"),
        number=found.line.number,
        date=_day(day),
    )


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y}"


def _query(challenge: PublicChallenge, found: FoundSnapshot) -> str:
    return phase_query(_phase_query(challenge, found))


def _phase_query(challenge: PublicChallenge, found: FoundSnapshot) -> str | None:
    """None where the snapshot is of the main phase."""
    main = main_phase(challenge)
    return None if main is None or main.rules.id == found.phase else found.phase
