"""How fast are the pages of a leaderboard? Part of `make bench`; alone: python -m infra.bench_pages [--requests 60]

One process asks the whole application (database, session, template, headers) without a socket, one request at a time, after each
page was asked for once. A board of 15 and one of 500 teams, ten tasks each, with intervals, ranges and gaps. The named peer is
pandas, which writes the same rows and columns of the same view as a plain HTML table (`DataFrame.to_html`), in turns with ours.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import io
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import NamedTuple

import httpx
import numpy as np
import pandas as pd
from sqlalchemy import select

from infra.small_challenge import write_small_challenge
from sonobench_eval.evaluation import CenterScore, GeneralisationGap, MetricScore
from sonobench_eval.ranking.leaderboard import Leaderboard, Row, TaskColumn
from sonobench_platform.app import create_app
from sonobench_platform.config import Settings
from sonobench_platform.db.models import PhaseRow, SnapshotRow
from sonobench_platform.leaderboards.publish import content_hash
from sonobench_platform.wiring import Platform

TARGET_MS, TARGET_BYTES = 50.0, 150_000
TEAMS = (15, 500)
VIEWS = {
    "overall": "",
    "overall, 100 a page": "?size=100",
    "sorted by DSC": "?sort=dsc",
    "a search": "?q=team+1",
    "all tasks": "?view=tasks&of=dsc",
    "one task": "?view=task&of=task6",
    "centers": "?view=centers&of=task6",
    "Table 1": "?view=table1",
    "Table 2": "?view=table2",
}
_KINDS = ("segmentation",) * 5 + ("binary",) * 3 + ("multiclass",) * 2


class Told(NamedTuple):
    """One page: median and 95th percentile in ms, its bytes and the same gzipped; CPU time of all threads, and the peer's."""

    median_ms: float
    p95_ms: float
    size_bytes: int
    gzipped_bytes: int
    cpu_ms: float
    peer_cpu_ms: float


class Timed(NamedTuple):
    wall_ms: float
    cpu_ms: float


def main(arguments: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.bench_pages", description="How fast are the pages of a board?")
    parser.add_argument("--requests", type=int, default=60, help="of each page")
    requests = parser.parse_args(arguments).requests
    print("pages of a leaderboard with ten tasks, warm; the peer: pandas, DataFrame.to_html of the same rows and columns")
    print(
        f"{'teams':>5}  {'view':<20} {'median':>9} {'p95':>9} {'CPU':>9} {'bytes':>9} {'gzipped':>8} {'pandas':>9} {'ratio':>6}"
    )
    for teams in TEAMS:
        with served(made_board(teams)) as get:
            for view, query in VIEWS.items():
                show(teams, view, measure(get, query, requests))
    print(f"target: under {TARGET_MS:g} ms and {TARGET_BYTES:,} bytes with 15 teams")


def show(teams: int, view: str, told: Told) -> None:
    """The ratio is one of CPU times, which others' work on the machine changes least."""
    print(
        f"{teams:>5}  {view:<20} {told.median_ms:>6.1f} ms {told.p95_ms:>6.1f} ms {told.size_bytes:>9,} "
        f"{told.gzipped_bytes:>8,} {told.cpu_ms:>6.1f} ms {told.peer_cpu_ms:>6.1f} ms {told.cpu_ms / told.peer_cpu_ms:>6.1f}"
    )


def measure(get: Callable[[str], bytes], query: str, requests: int) -> Told:
    """Ours and the peer's in turns, after one of each that does not count."""
    page = get(f"/challenges/small/leaderboard{query}")
    table = _same_table(get, query)
    table.to_html()
    ours, peers = [], []
    for _ in range(requests):
        ours.append(_timed(lambda: get(f"/challenges/small/leaderboard{query}")))
        peers.append(_timed(table.to_html))
    walls = [each.wall_ms for each in ours]
    sizes = len(page), len(gzip.compress(page, 6))
    return Told(median(walls), _p95(walls), *sizes, median(each.cpu_ms for each in ours), median(each.cpu_ms for each in peers))


def _same_table(get: Callable[[str], bytes], query: str) -> pd.DataFrame:
    """What the page shows, as its CSV file has it: the rows of one page."""
    shown = query or "?cols=range,score,dsc,nsd,auc,acc,time,gpu,failures"
    table = pd.read_csv(io.BytesIO(get(f"/challenges/small/leaderboard.csv{shown}")))
    return table.head(100 if "size=100" in query else 50)


def _timed(act: Callable[[], object]) -> Timed:
    began, used = time.perf_counter(), time.process_time()
    act()
    return Timed(1000 * (time.perf_counter() - began), 1000 * (time.process_time() - used))


def _p95(values: Sequence[float]) -> float:
    return quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]


@contextmanager
def served(board: Leaderboard) -> Iterator[Callable[[str], bytes]]:
    """The whole application with this board published; gives what asks it for an address."""
    with tempfile.TemporaryDirectory(prefix="sonobench-pages-") as folder:
        platform = Platform(Settings(home=Path(folder) / "home", min_free_bytes=0, requests_per_minute=0))
        platform.prepare()
        platform.register_challenge(write_small_challenge(Path(folder) / "challenge"))
        _publish(platform, board)
        loop = asyncio.new_event_loop()
        transport = httpx.ASGITransport(app=create_app(platform=platform))
        client = httpx.AsyncClient(transport=transport, base_url="http://bench", headers={"Accept": "text/html"})
        try:
            yield lambda address: loop.run_until_complete(client.get(address)).raise_for_status().content
        finally:
            loop.run_until_complete(client.aclose())
            loop.close()
            platform.close()


def _publish(platform: Platform, board: Leaderboard) -> None:
    with platform.core.database.write() as work:
        phase = work.session.scalars(select(PhaseRow)).one()
        named = {"challenge_id": phase.challenge_id, "phase_id": phase.id, "number": 1}
        document = board.model_copy(update={"challenge": "small"})
        work.session.add(
            SnapshotRow(
                **named,
                content_hash=content_hash(document),
                document=document.to_json(),
                created_at=platform.core.clock.now(),
            )
        )


def made_board(teams: int) -> Leaderboard:
    """Made-up figures, the same at every call; ranks as they come."""
    draws = np.random.default_rng(7).uniform(0.3, 0.95, size=(teams, 16))
    ordered = draws[np.argsort(-draws[:, 0])]
    rows = tuple(_row(at, [float(value) for value in line], teams) for at, line in enumerate(ordered))
    return Leaderboard(
        challenge="small",
        title="Ten tasks",
        challenge_hash="sha256:" + "1" * 64,
        dataset_hash="sha256:" + "2" * 64,
        generated_at=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
        scheme="uusic25",
        performance_weight=0.7,
        efficiency_weight=0.3,
        resamples=1000,
        confidence=0.95,
        cases=2479,
        centers=3,
        external_centers=1,
        rows=rows,
    )


def _row(at: int, draws: Sequence[float], teams: int) -> Row:
    return Row(
        rank=at + 1,
        rank_low=max(1, at - 3),
        rank_high=min(teams, at + 4),
        team=f"Team {at + 1}",
        score=draws[0],
        performance=draws[0],
        efficiency=draws[1],
        segmentation_rank=at + 1,
        classification_rank=at + 1,
        means=tuple(_score(name, draws[2 + n]) for n, name in enumerate(("dsc", "nsd", "auc", "acc"))),
        tasks=tuple(_task(number, draws[6 + number]) for number in range(10)),
        time_s=100 * draws[1],
        gpu_memory_bytes=int(1e10 * draws[2]),
        host_memory_bytes=int(1e9 * draws[3]),
        submission=f"subm_{at:08}",
        image_digest="sha256:" + f"{at:064x}",
    )


def _task(number: int, value: float) -> TaskColumn:
    kind = _KINDS[number]
    names = ("dsc", "nsd") if kind == "segmentation" else ("auc", "acc")
    roles = tuple(
        CenterScore(id=role, role=role, metrics=tuple(_score(name, value - shift) for name in names))
        for role, shift in (("internal", 0.0), ("external", 0.04))
    )
    gaps = tuple(GeneralisationGap(metric=name, value=-0.04, ci_low=-0.1, ci_high=0.02) for name in names)
    metrics = tuple(_score(name, value) for name in names)
    return TaskColumn(id=f"task{number}", title=f"Task {number + 1}", kind=kind, metrics=metrics, roles=roles, gaps=gaps)


def _score(name: str, value: float) -> MetricScore:
    return MetricScore(name=name, definition=name, value=value, ci_low=value - 0.03, ci_high=value + 0.03, n=250, units=250)


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
