"""The history of a board: its page, its numbers as CSV, and the feed of what is new."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from sonobench_platform.accounts.access import Visitor
from sonobench_platform.core import CoreDep
from sonobench_platform.leaderboards.history import RankPoint, history_lines, ranks_over_time
from sonobench_platform.leaderboards.snapshots import SnapshotLine, phase_id_of, snapshots_of
from sonobench_platform.web.history_build import PAGE_SIZE, History, history_context
from sonobench_platform.web.history_chart import MOST_SNAPSHOTS, leading
from sonobench_platform.web.history_feed import MEDIA_TYPE, MOST_ENTRIES, atom_feed
from sonobench_platform.web.pages import PhaseQuery, RecordsDep
from sonobench_platform.web.phases import phase_query
from sonobench_platform.web.rendering import SECURITY_HEADERS, page_response
from sonobench_platform.web.snapshot_pages import VARY, challenge_named, tagged

router = APIRouter(include_in_schema=False)

PageQuery = Annotated[int, Query(ge=1, le=100_000)]


@router.get("/challenges/{name}/leaderboard/history")
def history_page(
    request: Request,
    *,
    core: CoreDep,
    records: RecordsDep,
    reader: Visitor,
    name: str,
    phase: PhaseQuery = None,
    page: PageQuery = 1,
) -> Response:
    challenge = challenge_named(records, name)
    with core.database.read() as session:
        lines = snapshots_of(session, reader, name, phase=phase, now=core.clock.now())
        page = min(page, max(-(-len(lines) // PAGE_SIZE), 1))
        shown = history_lines(session, lines, start=(page - 1) * PAGE_SIZE, count=PAGE_SIZE)
        ranks = ranks_over_time(session, lines[-MOST_SNAPSHOTS:])
    context = history_context(challenge, History(lines, shown, ranks, page), phase=phase, server=records.public_url())
    return tagged(request, page_response(context, reader=reader))


@router.get("/challenges/{name}/leaderboard/history.csv")
def history_csv(request: Request, *, core: CoreDep, reader: Visitor, name: str, phase: PhaseQuery = None) -> Response:
    """The numbers that the chart draws: the leading teams' ranks in each snapshot."""
    from sonobench_eval.report.tables import csv_text

    with core.database.read() as session:
        lines = snapshots_of(session, reader, name, phase=phase, now=core.clock.now())[-MOST_SNAPSHOTS:]
        ranks = ranks_over_time(session, lines)
    text = csv_text(list(_csv_lines(lines, ranks)), ("snapshot", "published", "hash", "team", "rank"))
    return _asked_for(request, text.encode(), "text/csv; charset=utf-8", is_everyones=reader is None)


@router.get("/challenges/{name}/leaderboard.atom")
def feed(
    request: Request, *, core: CoreDep, records: RecordsDep, reader: Visitor, name: str, phase: PhaseQuery = None
) -> Response:
    """The newest rankings of a phase, for feed readers."""
    challenge = challenge_named(records, name)
    with core.database.read() as session:
        lines = snapshots_of(session, reader, name, phase=phase, now=core.clock.now())
        shown = history_lines(session, lines, start=0, count=MOST_ENTRIES)
        phase_id = phase_id_of(session, reader, name, phase=phase)
    query, root = phase_query(phase), f"/challenges/{name}"
    content = atom_feed(
        title=challenge.definition.title,
        phase_id=phase_id,
        server=records.public_url(),
        board_path=f"{root}/leaderboard{query}",
        feed_path=f"{root}/leaderboard.atom{query}",
        lines=shown,
    )
    return _asked_for(request, content, MEDIA_TYPE, is_everyones=reader is None)


def _csv_lines(lines: Sequence[SnapshotLine], ranks: dict[str, tuple[RankPoint, ...]]) -> Iterator[dict[str, str | int]]:
    teams = {team: {point.number: point.rank for point in ranks[team]} for team in leading(lines, ranks)}
    for line in lines:
        for team, at in teams.items():
            if (rank := at.get(line.number)) is not None:
                published = line.created_at.isoformat()
                yield {"snapshot": line.number, "published": published, "hash": line.content_hash, "team": team, "rank": rank}


def _asked_for(request: Request, content: bytes, media_type: str, *, is_everyones: bool) -> Response:
    caching = "no-cache" if is_everyones else "private, no-cache"
    headers = {**SECURITY_HEADERS, "Cache-Control": caching, "Vary": VARY}
    return tagged(request, Response(content, media_type=media_type, headers=headers))
