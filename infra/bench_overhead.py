"""What does the platform add to a run? Part of `make bench`; alone: python -m infra.bench_overhead [--runs 12]

An image that does nothing is handed in again and again, one at a time. Told is the time from "upload finished" to "on the board"
less the container's own wall time, and what it consists of. The named peer is `docker run` of the same image on the same engine,
whose own overhead is told in the same way.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import docker
from sqlalchemy import select

from infra.house import House
from infra.small_challenge import SmallImage, small_image, write_small_challenge
from infra.soak_backends import backends_for
from sonobench_eval.doctor.examine import Setting, examine_node
from sonobench_platform.db.models import SnapshotRow
from sonobench_platform.db.session import Database

PARTS = ("check", "claim", "fetch and start", "load", "create", "collect", "hand back", "score", "publish")
TARGET_S = 2.0


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=12)
    runs = parser.parse_args(arguments).runs
    engine = docker.from_env(timeout=60)
    examined = examine_node(Setting(home=Path(tempfile.gettempdir()))).to_json()
    print(f"docker run of the image alone: {_peer_s(engine, runs):.2f} s beyond the container's own time (median of {runs})")
    for name in ("embedded", "real"):
        with tempfile.TemporaryDirectory(prefix="sonobench-overhead-") as folder, backends_for(name) as backends:
            house = House(Path(folder) / "home", engine, examined=examined, settings=backends.settings, pace={})
            print(_told(backends.name, _measure(house, Path(folder), runs)), flush=True)
    engine.close()
    return 0


def _measure(house: House, folder: Path, runs: int) -> list[dict[str, float]]:
    try:
        added = house.run_command("admin", "challenge", "add", str(write_small_challenge(folder / "challenge")))
        if added.returncode:
            raise SystemExit(added.stderr)
        house.start("serve", "score", "run")
        first = _one(house, folder, 0)  # warms every process up, and is not counted
        assert first  # noqa: S101
        return [_one(house, folder, number) for number in range(1, runs + 1)]
    finally:
        house.close()


def _one(house: House, folder: Path, number: int) -> dict[str, float]:
    tar = folder / "image.tar"
    tar.write_bytes(small_image(label=f"nothing {number}").tar)
    submission_id = house.submit(f"Team {number}", tar)
    found = house.wait_for_end(submission_id)
    if found["state"] != "scored":
        raise SystemExit(f"{submission_id} ended {found['state']}: {found['failure']}")
    return _parts(found, house.call("GET", f"/api/v1/submissions/{submission_id}/run"), _published_at(house))


def _published_at(house: House) -> datetime:
    database = Database(house.database_url)
    try:
        with database.read() as session:
            return session.scalars(select(SnapshotRow.created_at).order_by(SnapshotRow.id.desc())).first() or datetime.min
    finally:
        database.close()


def _parts(submission: Mapping[str, Any], run: Mapping[str, Any], published: datetime) -> dict[str, float]:
    at = {step["to"]: datetime.fromisoformat(step["at"]) for step in submission["history"]}
    began, ended = datetime.fromisoformat(run["started_at"]), datetime.fromisoformat(run["finished_at"])
    phases = run["measurement"]["phases"]
    load, create, collect = (phases[name] or 0.0 for name in ("load_s", "create_s", "collect_s"))
    wall = run["measurement"]["wall_time_s"]
    return {
        "check": (at["queued"] - at["checking"]).total_seconds(),
        "claim": (at["running"] - at["queued"]).total_seconds(),
        "load": load,
        "create": create,
        "fetch and start": (began - at["running"]).total_seconds() - load - create,
        "collect": collect,
        "hand back": (at["scoring"] - ended).total_seconds() - collect,
        "score": (at["scored"] - at["scoring"]).total_seconds(),
        "publish": (published - at["scored"]).total_seconds(),
        "all": (published - at["checking"]).total_seconds() - wall,
    }


def _told(name: str, measured: Sequence[Mapping[str, float]]) -> str:
    whole = sorted(each["all"] for each in measured)
    parts = ", ".join(f"{part} {median(each[part] for each in measured):.2f}" for part in PARTS)
    return (
        f"{name}: {median(whole):.2f} s (median of {len(whole)}; {whole[0]:.2f} to {whole[-1]:.2f}; target: {TARGET_S:g} s)\n"
        f"  of which, in seconds: {parts}"
    )


def _peer_s(engine: docker.DockerClient, runs: int) -> float:
    image = small_image(label="peer")
    engine.images.load(io.BytesIO(image.tar))
    try:
        return median(_docker_run_s(engine, image) for _ in range(runs))
    finally:
        engine.images.remove(image.digest, force=True)


def _docker_run_s(engine: docker.DockerClient, image: SmallImage) -> float:
    began = time.monotonic()
    container = engine.containers.run(image.digest, detach=True, network_mode="none", tmpfs={"/output": ""})
    container.wait()
    container.reload()
    state = container.attrs["State"]
    container.remove(v=True, force=True)
    whole = time.monotonic() - began
    return whole - (_moment(state["FinishedAt"]) - _moment(state["StartedAt"])).total_seconds()


def _moment(text: str) -> datetime:
    """The engine's nanoseconds, to the microsecond."""
    return datetime.fromisoformat(text[:26].rstrip("Z") + "+00:00")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
