"""A platform full of made-up content, for tests in a browser, screenshots, and whoever wants to look around: no Docker needed.

    python -m infra.showcase --home DIR [--port 8300] [--teams 500] [--small] [--charts]

A closed challenge like UUSIC25, an open one with people and submissions in every state, two nodes. Every step went through the
platform's own API; what containers would have answered is made up (`showcase_scores.py`). No worker runs: what is under way
stays so.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

import uvicorn

from infra.showcase_challenges import SMALL, Extent
from infra.showcase_closed import tell_closed
from infra.showcase_crowd import tell_crowded
from infra.showcase_open import NAME, SCRIPT, TURNED, tell_open
from infra.showcase_scores import ShowcaseEvaluator
from infra.showcase_stage import CPU_NODE, GPU_NODE, PASSWORD, Stage
from sonobench_platform.app import create_app
from sonobench_platform.config import Settings
from sonobench_platform.core import Core
from sonobench_platform.leaderboards.study_making import make_due_studies
from sonobench_platform.nodes.service import see
from sonobench_platform.wiring import Platform

FIRST_PORT = 8300
BEGAN = timedelta(days=75)
"""How long ago the closed challenge opened."""
_OPEN_SINCE = timedelta(days=20)


@dataclass(frozen=True)
class Person:
    """Somebody with an account here."""

    name: str
    email: str
    password: str = PASSWORD


PEOPLE: Mapping[str, Person] = MappingProxyType(
    {
        "organizer": Person("Olga Brandt", "olga@example.org"),
        "captain": Person("Clara Nguyen", "clara@example.org"),
        "member": Person("Max Ferreira", "max@example.org"),
        "newcomer": Person("Noor Haddad", "noor@example.org"),
        "administrator": Person("Ada Lindqvist", "ada@example.org"),
    }
)
"""By what they are there: `newcomer` is in no team."""


@dataclass(frozen=True)
class Showcase:
    """What is there and how to reach it.

    `things` are the ids `team` (the captain's), `member` (of it) and `snapshot` (the closed board's), and the secrets of
    mailed links: `invitation` (of the newcomer into that team), `confirmation`, `reset`. `submissions` has one id for each state
    and each kind of failure.
    """

    home: Path
    people: Mapping[str, Person]
    things: Mapping[str, str]
    submissions: Mapping[str, str]
    closed: str = "uusic25"
    open: str = NAME
    crowded: str | None = None
    hostile: tuple[str, str] = (SCRIPT, TURNED)
    nodes: tuple[str, str] = (GPU_NODE, CPU_NODE)


def make_showcase(home: Path, extent: Extent | None = None, *, teams: int = 0) -> Showcase:
    """Fill an empty home. With `teams` there is one more challenge, with as many on its board.

    Raises:
        FileExistsError: there is something in the home already.
    """
    if home.exists() and any(home.iterdir()):
        raise FileExistsError(f"{home} is not empty; name a folder that is")
    now = datetime.now(UTC).replace(microsecond=0)
    extent = extent or Extent()
    with Stage(home, now - BEGAN - timedelta(days=1)) as stage:
        people = {
            what: stage.person(each.name, each.email, is_administrator=what == "administrator") for what, each in PEOPLE.items()
        }
        _report_nodes(stage)
        closed = tell_closed(stage, home / "data" / "closed", extent, opens=now - BEGAN)
        if teams:
            tell_crowded(stage, home / "data" / "crowded", teams)
        story = tell_open(stage, home / "data" / "open", extent, people, opens=now - _OPEN_SINCE, now=now)
        _report_nodes(stage, slower=1.04)
        stage.ask("POST", f"/api/v1/nodes/{CPU_NODE}/drain", json={"reason": "Its fan is replaced on Monday."})
        snapshot = stage.answer("GET", "/api/v1/challenges/uusic25/leaderboard").headers["ETag"].strip('"').partition(":")[2]
    things = {**story.secrets, "team": story.team_id, "member": people["member"], "snapshot": snapshot}
    submissions = {**story.submissions, "closed": closed["SMART"]}
    return Showcase(home, PEOPLE, things, submissions, crowded="crowded" if teams else None)


def _report_nodes(stage: Stage, *, slower: float = 1.0) -> None:
    for name, gpus in ((GPU_NODE, 1), (CPU_NODE, 0)):
        stage.node(name, _node_report(stage.clock.now(), gpus), reference_s=3.1 * slower, gpus=gpus)


def _node_report(made_at: datetime, gpus: int) -> dict[str, object]:
    """As `sonobench doctor` writes it, in short."""
    facts = [
        ("engine", "Docker Engine 27.5.1, cgroup v2, systemd"),
        ("runtime", "runc 1.2.4, seccomp on, user namespaces on"),
        ("disk", "412 GiB of 480 GiB are free where images lie"),
        ("gpu", "NVIDIA L4, driver 570.133.20, 24 GiB" if gpus else "there is none"),
    ]
    checks = [{"name": name, "verdict": "ok", "found": found, "cure": "", "kind": "fact"} for name, found in facts]
    limits = ("network", "memory", "processes", "disk", "time")
    checks += [{"name": f"limit: {each}", "verdict": "ok", "found": "it bites", "cure": "", "kind": "limit"} for each in limits]
    return {
        "schema": "sonobench.node_report/1",
        "is_safe": True,
        "probed": True,
        "engine": facts[0][1],
        "runtime": "runc",
        "made_at": made_at.isoformat(timespec="seconds"),
        "fingerprint": f"gpus-{gpus}",
        "checks": checks,
    }


def open_showcase(home: Path, *, address: str = "http://127.0.0.1") -> Platform:
    """The platform on a home that was filled, with today's clock. Whoever opens it closes it."""
    settings = Settings(home=home, database_url="", broker_url=None, public_url=address, min_free_bytes=0, lease_s=86400.0)
    platform = Platform(settings, evaluator=ShowcaseEvaluator())
    platform.prepare()
    return platform


def _hear_of_nodes(core: Core) -> None:
    """As if the nodes had asked for work just now: they are not there, and would count as lost."""
    with core.database.write() as work:
        for name, gpus in ((GPU_NODE, 1), (CPU_NODE, 0)):
            see(core, work, name, gpus=gpus)


def draw_charts(home: Path) -> None:
    """Draw the charts of every board on show, as a score worker's child does; tens of seconds."""
    platform = open_showcase(home)
    try:
        make_due_studies(platform.core)
    finally:
        platform.close()


def main() -> None:
    """Fill a home, unless it is one already, and serve it until Ctrl-C."""
    asked = _arguments()
    if not (asked.home / "sonobench.sqlite").exists():
        showcase = make_showcase(asked.home, SMALL if asked.small else None, teams=asked.teams)
        if asked.charts:
            draw_charts(asked.home)
        print(json.dumps({"submissions": dict(showcase.submissions), **showcase.things}, indent=1))
    for what, person in PEOPLE.items():
        print(f"{what:14} {person.email:20} {person.password}")
    print(f"http://127.0.0.1:{asked.port}", flush=True)
    platform = open_showcase(asked.home, address=f"http://127.0.0.1:{asked.port}")
    _hear_of_nodes(platform.core)
    try:
        uvicorn.run(create_app(platform=platform), host="127.0.0.1", port=asked.port, log_level="warning")
    finally:
        platform.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.showcase", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--home", type=Path, required=True, help="an empty folder, or one that was filled before")
    parser.add_argument("--port", type=int, default=FIRST_PORT)
    parser.add_argument("--teams", type=int, default=0, help="one more challenge with as many teams")
    parser.add_argument("--small", action="store_true", help="fewer cases and resamples: made in seconds")
    parser.add_argument("--charts", action="store_true", help="draw the charts of every board too, which takes half a minute")
    return parser.parse_args()


if __name__ == "__main__":
    main()
