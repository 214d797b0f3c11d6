"""How many requests does the API answer? Part of `make bench`; alone: python -m infra.bench_api [--seconds 8]

One server process; a client process on the same machine keeps 32 requests under way for a while. Told are the leaderboard (whole,
and unchanged: 304), and 1,000 teams that each ask for their waiting submission. The named peer is `/healthz` of the same server,
which does nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import quantiles
from typing import NamedTuple

import docker
import httpx

from infra.house import House
from infra.small_challenge import small_image, write_small_challenge
from infra.soak_backends import backends_for
from sonobench_eval.doctor.examine import Setting, examine_node
from sonobench_platform.accounts import service as accounts
from sonobench_platform.accounts.tokens import TokenKind
from sonobench_platform.config import Settings
from sonobench_platform.db.models import HistoryRow, RunRow, SubmissionRow, TeamRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.ids import new_id
from sonobench_platform.wiring import Platform

AT_ONCE = 32
WAITING_TEAMS = 1000
# The limits on requests are there to be reached by one caller, which this is.
SETTINGS = {"SONOBENCH_REQUESTS_PER_MINUTE": "0"}


class Asked(NamedTuple):
    """One kind of request: who asks for what (round and round), and the status that each answer must have."""

    requests: list[tuple[str, dict[str, str]]]
    status: int


class Answered(NamedTuple):
    per_s: float
    median_ms: float
    p95_ms: float


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=8.0)
    seconds = parser.parse_args(arguments).seconds
    engine = docker.from_env(timeout=60)
    examined = examine_node(Setting(home=Path(tempfile.gettempdir()))).to_json()
    for name in ("embedded", "real"):
        with tempfile.TemporaryDirectory(prefix="sonobench-load-") as folder, backends_for(name) as backends:
            settings = {**SETTINGS, **backends.settings}
            house = House(Path(folder) / "home", engine, examined=examined, settings=settings, pace={})
            print(f"{backends.name}: requests a second, median and 95th percentile of the answer's time, ratio to the peer")
            try:
                _measure(house, Path(folder), seconds)
            finally:
                house.close()
    engine.close()
    return 0


def _measure(house: House, folder: Path, seconds: float) -> None:
    added = house.run_command("admin", "challenge", "add", str(write_small_challenge(folder / "challenge")))
    if added.returncode:
        raise SystemExit(added.stderr)
    house.start("serve", "score", "run")
    tar = folder / "image.tar"
    for number in range(3):
        tar.write_bytes(small_image(label=f"board {number}").tar)
        house.wait_for_end(house.submit(f"Team {number}", tar))
    house.stop("run")
    house.stop("score")
    board = "/api/v1/challenges/small/leaderboard"
    etag = httpx.get(house.url + board, timeout=30).headers["ETag"]
    peer = _told("/healthz (the peer)", Asked([("/healthz", {})], 200), house.url, seconds, peer=None)
    _told("leaderboard, whole", Asked([(board, {})], 200), house.url, seconds, peer=peer)
    _told("leaderboard, unchanged", Asked([(board, {"If-None-Match": etag})], 304), house.url, seconds, peer=peer)
    waiting = [(f"/api/v1/submissions/{each}", {"Authorization": f"Bearer {token}"}) for each, token in _waiting(house)]
    _told(f"{WAITING_TEAMS:,} teams ask for theirs", Asked(waiting, 200), house.url, seconds, peer=peer)


def _told(name: str, asked: Asked, url: str, seconds: float, *, peer: Answered | None) -> Answered:
    with ProcessPoolExecutor(max_workers=1) as client:
        found = client.submit(_ask, asked, url, seconds).result()
    ratio = "" if peer is None else f"  {found.per_s / peer.per_s:.2f}"
    print(f"  {name:28} {found.per_s:8,.0f}/s  {found.median_ms:7.1f} ms  {found.p95_ms:7.1f} ms{ratio}", flush=True)
    return found


def _ask(asked: Asked, url: str, seconds: float) -> Answered:
    return asyncio.run(_keep_asking(asked, url, seconds))


async def _keep_asking(asked: Asked, url: str, seconds: float) -> Answered:
    rounds, times = itertools.cycle(asked.requests), list[float]()
    until = time.monotonic() + seconds
    host, port = url.removeprefix("http://").split(":")

    async def one_after_the_other() -> None:
        reader, writer = await asyncio.open_connection(host, int(port))
        while time.monotonic() < until:
            path, headers = next(rounds)
            began = time.perf_counter()
            status = await _get(reader, writer, path, {"Host": f"{host}:{port}", **headers})
            times.append(time.perf_counter() - began)
            if status != asked.status:
                raise SystemExit(f"{path} answered {status}, not {asked.status}")
        writer.close()

    await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))
    cuts = quantiles(times, n=20)
    return Answered(len(times) / seconds, 1000 * cuts[9], 1000 * cuts[18])


async def _get(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, headers: dict[str, str]) -> int:
    """One request on a connection that stays open; the status. By hand: a client library would be busier than the server."""
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    writer.write("\r\n".join(lines).encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = next((int(line.partition(":")[2]) for line in head.split("\r\n") if line.startswith("content-length:")), 0)
    await reader.readexactly(length)
    return int(head.split(" ", 2)[1])


def _waiting(house: House) -> Iterator[tuple[str, str]]:
    """A thousand teams, each with a submission in the queue, straight into the database; each submission and its team's token."""
    platform = Platform(Settings(home=house.home, database_url=house.database_url))
    try:
        with platform.core.database.write() as work:
            known = work.session.query(SubmissionRow).first()
            if known is None:
                raise SystemExit("nothing was scored")
            made = [_wait(platform, work, known, number) for number in range(WAITING_TEAMS)]
    finally:
        platform.close()
    yield from made


def _wait(platform: Platform, work: Work, known: SubmissionRow, number: int) -> tuple[str, str]:
    core, now = platform.core, platform.core.clock.now()
    team = TeamRow(id=new_id("team"), name=f"Waiting {number}", name_key=f"waiting {number}", created_at=now)
    work.session.add(team)
    work.session.flush()
    submission = SubmissionRow(id=new_id("sub"), team_id=team.id, state="queued", state_since=now, created_at=now, queued_at=now)
    for name in ("challenge_id", "phase_id", "declared_size_bytes", "image_digest", "source"):
        setattr(submission, name, getattr(known, name))
    submission.tries, submission.is_chosen = 0, False
    work.session.add(submission)
    work.session.flush()
    work.session.add(HistoryRow(submission_id=submission.id, at=now, to_state="queued", cause="waits"))
    run = RunRow(id=new_id("run"), submission_id=submission.id, number=1, is_current=True, created_at=now, attempt=0, lost=0)
    work.session.add(run)
    return submission.id, accounts.issue(core, work, TokenKind.TEAM, team_id=team.id)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
