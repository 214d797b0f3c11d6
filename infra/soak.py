"""Does every submission end as it must while everything it depends on is killed?   make soak   (200 of them)

Tiny images of several kinds are handed in by several teams, some are cancelled, and meanwhile run workers, the score worker,
the API, the broker and database connections are killed at random moments and started again. At the end every submission must be
in the state that its image calls for, scored once, and nothing of the runs may be left. Ends with 0 where that is so, else 1.
"""

from __future__ import annotations

import argparse
import os
import random
import secrets
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import docker
import httpx

from infra.house import ENDS, House, HouseTrouble
from infra.small_challenge import small_image, write_small_challenge
from infra.soak_left import left_over
from sonobench_eval.doctor.examine import Setting, examine_node

T = TypeVar("T")

TEAMS = 5
ASK_EVERY_S = 1.0
PAUSE_S = (2.0, 8.0)
"""Shortest and longest pause between two kills."""
RUN_WORKERS = ("run", "run-1")
LONGEST_S = 3600.0
TIDY_WITHIN_S = 120.0
# As many lost attempts as it takes, and no limit on how often one client may ask.
_SETTINGS = {"SONOBENCH_MAX_ATTEMPTS": "50", "SONOBENCH_REQUESTS_PER_MINUTE": "0", "SONOBENCH_WRITES_PER_MINUTE": "0"}


@dataclass(frozen=True, slots=True)
class Kind:
    """An image of one kind, and the state that it must end in."""

    image: bytes
    ends: frozenset[str]
    cancel: bool = False


@dataclass(frozen=True, slots=True)
class Backends:
    """What the platform stands on: settings for its processes; how its database connections are cut and its broker is killed.

    None: there are no connections to cut; the broker is the house's own.
    """

    name: str
    settings: Mapping[str, str] = field(default_factory=dict)
    cut_connections: Callable[[], None] | None = None
    kill_broker: Callable[[], None] | None = None


@dataclass(slots=True)
class Tally:
    """What happened. `problems` is empty where all ended as it must."""

    ended: Counter[str] = field(default_factory=Counter)
    kills: Counter[str] = field(default_factory=Counter)
    attempts: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)


def soak(house: House, *, submissions: int, backends: Backends, seed: int) -> Tally:
    """Hand in, kill, wait, and look what is left.

    Args:
        house: runs `serve`, `score` and the run workers, and has the small challenge.
    """
    tally, began = Tally(), time.monotonic()
    handed_in: dict[str, Kind] = {}
    team = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hand-in")
    done = team.submit(_hand_in_all, house, submissions, random.Random(seed), handed_in)  # noqa: S311 - decides nothing secret
    # In this thread: a broker that is started again lives as long as the thread that started it.
    _kill_until(house, backends, random.Random(seed + 1), tally, over=lambda: done.done() and _has_ended(house, handed_in))  # noqa: S311
    done.result()
    team.shutdown()
    _wait_for_all(house, handed_in)
    for waiting in threading.enumerate():
        if isinstance(waiting, threading.Timer):  # a team that cancels late
            waiting.join()
    tally.seconds = time.monotonic() - began
    _judge(house, handed_in, tally)
    return tally


def _hand_in_all(house: House, submissions: int, dice: random.Random, handed_in: dict[str, Kind]) -> None:
    # An image belongs to the team that handed it in first, so every team has its own.
    kinds = [_kinds() for _ in range(TEAMS)]
    tokens = [_patiently(partial(_token, house, f"Team {n}")) for n in range(TEAMS)]
    for number in range(submissions):
        if number % len(_MIX) == 0:
            mix = dice.sample(_MIX, len(_MIX))
        kind = kinds[number % TEAMS][mix[number % len(_MIX)]]
        submission_id = hand_in(house, tokens[number % TEAMS], kind.image, note=f"soak {number}")
        handed_in[submission_id] = kind
        if kind.cancel:
            threading.Timer(dice.uniform(0, 5), _cancel, (house, submission_id)).start()


def _token(house: House, name: str) -> str:
    """A team's token. An answer that got lost leaves a team whose token nobody has: another name is tried."""
    return house.add_team(f"{name} {secrets.token_hex(3)}")


def _has_ended(house: House, handed_in: Mapping[str, Kind]) -> bool:
    try:
        open_ones = [each for each in handed_in if house.submission(each)["state"] not in ENDS]
    except (httpx.HTTPError, HouseTrouble):
        return False
    return len(open_ones) <= len(handed_in) // 10


def hand_in(house: House, token: str, image: bytes, *, note: str) -> str:
    """Hand an image in, however often the server dies meanwhile; its submission's id. The note tells it from others."""

    def once() -> str:
        found = [each for each in _submissions(house, token) if each["note"] == note]
        if not found:
            body = {"size_bytes": len(image), "note": note}
            url = "/api/v1/challenges/small/submissions"
            found = [house.call("POST", url, token=token, json=body)["submission"]]
        if found[0]["state"] == "uploading":
            house.call("PUT", f"/api/v1/submissions/{found[0]['id']}/image", token=token, content=image)
        return str(found[0]["id"])

    return _patiently(once)


def _submissions(house: House, token: str) -> list[dict[str, Any]]:
    return list(house.call("GET", "/api/v1/submissions?limit=500", token=token)["items"])


_MIX = [0, 0, 0, 0, 0, 1, 1, 2, 3, 3]
"""Of ten submissions, by their place in `_kinds`: five good, two that crash, one that is no image, two to be cancelled."""


def _kinds() -> list[Kind]:
    scored, failed = frozenset({"scored"}), frozenset({"failed"})
    return [
        Kind(small_image(label="good").tar, scored),
        Kind(small_image(label="crash", do="exit 3").tar, failed),
        Kind(b"this is no image" * 100, frozenset({"rejected"})),
        Kind(small_image(seconds=1.5, label="slow").tar, frozenset({"scored", "cancelled"}), cancel=True),
    ]


def _kill_until(house: House, backends: Backends, dice: random.Random, tally: Tally, *, over: Callable[[], bool]) -> None:
    victims: list[tuple[str, Callable[[], None]]] = [(name, _restart(house, name)) for name in (*RUN_WORKERS, "score", "serve")]
    victims.append(("broker", backends.kill_broker or house.kill_broker))
    if backends.cut_connections is not None:
        victims.append(("database connections", backends.cut_connections))
    until = time.monotonic() + LONGEST_S
    # In rounds, so that each of them dies even where few submissions end soon.
    while not (over() and len(tally.kills) == len(victims)) and time.monotonic() < until:
        for name, kill in dice.sample(victims, len(victims)):
            time.sleep(dice.uniform(*PAUSE_S))
            try:
                kill()
                tally.kills[name] += 1
            except (HouseTrouble, OSError) as error:
                tally.problems.append(f"{name} could not be killed and started again: {error}")


def _restart(house: House, name: str) -> Callable[[], None]:
    def kill() -> None:
        house.kill(name)
        house.start(name)

    return kill


def _cancel(house: House, submission_id: str) -> None:
    def once() -> None:
        if house.submission(submission_id)["state"] not in ENDS:
            house.call("POST", f"/api/v1/submissions/{submission_id}/cancel")

    with suppress(HouseTrouble):  # it may just have ended
        _patiently(once)


def _patiently(do: Callable[[], T], *, within_s: float = 120.0) -> T:
    """Do it, again and again while the server is away."""
    until = time.monotonic() + within_s
    while True:
        try:
            return do()
        except (httpx.HTTPError, HouseTrouble):
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def _wait_for_all(house: House, handed_in: Mapping[str, Kind]) -> None:
    until = time.monotonic() + 60 + 6 * len(handed_in)
    waiting = set(handed_in)
    while waiting and time.monotonic() < until:
        time.sleep(ASK_EVERY_S)
        waiting = {each for each in waiting if _patiently(partial(house.submission, each))["state"] not in ENDS}


def _judge(house: House, handed_in: Mapping[str, Kind], tally: Tally) -> None:
    for submission_id, kind in handed_in.items():
        found = house.submission(submission_id)
        tally.ended[found["state"]] += 1
        tally.attempts += found["attempt"] or 0
        if found["state"] not in kind.ends:
            tally.problems.append(
                f"{submission_id} is {found['state']} and must be one of {sorted(kind.ends)}: {found['failure']}"
            )
        scored = [step["to"] for step in found["history"]].count("scored")
        if scored != (found["state"] == "scored"):
            tally.problems.append(f"{submission_id} was scored {scored} times and is {found['state']}")
    tally.problems += _left_in_the_end(house, handed_in)


def _left_in_the_end(house: House, handed_in: Mapping[str, Kind]) -> list[str]:
    """What is left once workers have had time: one that was just started runs its reference container, and sweeps come."""
    until = time.monotonic() + TIDY_WITHIN_S
    while (found := left_over(house, handed_in)) and time.monotonic() < until:
        time.sleep(ASK_EVERY_S)
    return found


def told(tally: Tally, backends: Backends) -> str:
    """A paragraph for people."""
    ends = ", ".join(f"{count} {state}" for state, count in sorted(tally.ended.items()))
    kills = ", ".join(f"{name} {count}" for name, count in sorted(tally.kills.items()))
    lines = [
        f"{backends.name}: {sum(tally.ended.values())} submissions in {tally.seconds:.0f} s: {ends}.",
        f"  {tally.attempts} attempts at running; {sum(tally.kills.values())} kills: {kills}.",
    ]
    lines += [f"  PROBLEM: {problem}" for problem in tally.problems] or ["  All ended as they must, and nothing is left."]
    return "\n".join(lines)


def run_soak(folder: Path, *, submissions: int, backends: Backends, seed: int) -> Tally:
    """A platform of its own in `folder`, soaked and taken down."""
    engine = docker.from_env(timeout=60)
    examined = examine_node(Setting(home=Path(tempfile.gettempdir()))).to_json()
    settings = {**_SETTINGS, **backends.settings}
    house = House(folder / "home", engine, examined=examined, settings=settings)
    try:
        added = house.run_command("admin", "challenge", "add", str(write_small_challenge(folder / "challenge")))
        if added.returncode:
            raise HouseTrouble(added.stderr)
        house.start("serve", "score", *RUN_WORKERS)
        return soak(house, submissions=submissions, backends=backends, seed=seed)
    finally:
        house.close()
        engine.close()


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--submissions", type=int, default=200)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(3), "big"))
    parser.add_argument("--only", choices=("embedded", "real"))
    wanted = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    print(f"seed {wanted.seed}", flush=True)
    worst = 0
    from infra.soak_backends import backends_for

    for name in ("embedded", "real"):
        if wanted.only in {None, name}:
            with tempfile.TemporaryDirectory(prefix="sonobench-soak-") as folder, backends_for(name) as backends:
                tally = run_soak(Path(folder), submissions=wanted.submissions, backends=backends, seed=wanted.seed)
            print(told(tally, backends), flush=True)
            worst = max(worst, bool(tally.problems))
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
