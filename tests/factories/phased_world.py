"""The tiny challenge in two phases, and what teams do in them."""

from __future__ import annotations

from typing import Any

import httpx
import platform_world


def in_two_phases(world: Any, first: dict[str, Any] | None = None, final: dict[str, Any] | None = None, **changes: Any) -> Any:
    """Register the tiny challenge anew, with the heads in phase `first` and the breasts in phase `final`; returns its summary."""
    phases = [{"id": "first", "kind": "validation", **(first or {})}, {"id": "final", **(final or {})}]
    cases = [{**case, "phase": "first" if case["task"] == "head" else "final"} for case in platform_world.CHALLENGE["cases"]]
    platform_world.write_challenge(world.folder, phases=phases, cases=cases, **changes)
    return world.platform.register_challenge(world.yaml)


def with_rules(world: Any, **rules: Any) -> Any:
    """Register the tiny challenge anew as one phase, `test`, with these rules; returns its summary."""
    platform_world.write_challenge(world.folder, phases=[{"id": "test", **rules}])
    summary = world.platform.register_challenge(world.yaml)
    world.evaluator.dataset_hash = summary.phases[0].dataset_hash
    return summary


def hand_in(world: Any, team: str = "A", phase: str | None = None) -> httpx.Response:
    """Ask for a submission; returns the answer."""
    body = {"size_bytes": 10, **({} if phase is None else {"phase": phase})}
    answer: httpx.Response = world.team(team).post("/api/v1/challenges/tiny/submissions", json=body)
    return answer


def opened(world: Any, team: str = "A", phase: str | None = None) -> str:
    answer = hand_in(world, team, phase)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["submission"]["id"])


_NUMBER = iter(range(10_000))


def queued(world: Any, team: str = "A", phase: str | None = None) -> str:
    submission_id = opened(world, team, phase)
    image = f"img {next(_NUMBER):06d}".encode()
    answer = world.team(team).put(f"/api/v1/submissions/{submission_id}/image", content=image)
    assert answer.status_code == 202, answer.text
    world.clock.advance(seconds=1)
    world.platform.check_submission(submission_id)
    assert world.state(submission_id) == "queued"
    return submission_id


def scored(world: Any, team: str = "A", phase: str | None = None) -> str:
    """A submission that was run and scored."""
    submission_id = queued(world, team, phase)
    if phase is not None:
        phases = world.anyone.get("/api/v1/challenges/tiny").json()["phases"]
        world.evaluator.dataset_hash = next(each["dataset_hash"] for each in phases if each["id"] == phase)
    run_again(world)
    assert world.state(submission_id) == "scored"
    return submission_id


def run_again(world: Any) -> None:
    """Run and score whatever is next in the queue."""
    claimed = world.claim()
    assert claimed is not None
    assert world.hand_back(claimed).status_code == 204
    assert world.tell(claimed, "finish", report=platform_world.report()).status_code == 200
    world.platform.score_run(claimed["run_id"])


def quota(world: Any, team: str = "A") -> dict[str, Any]:
    """What the team has left, by phase."""
    answer = world.team(team).get("/api/v1/challenges/tiny/quota")
    assert answer.status_code == 200, answer.text
    return {each["phase"]: each for each in answer.json()["phases"]}


def left(world: Any, team: str = "A", phase: str = "test") -> tuple[int | None, int | None, int | None]:
    """(of the day, of the phase, at once)."""
    found = quota(world, team)[phase]
    return found["daily"]["left"], found["total"]["left"], found["concurrent"]["left"]


def board_teams(world: Any, phase: str | None = None) -> dict[str, str]:
    """Team -> the submission that is on the board."""
    answer = world.anyone.get("/api/v1/challenges/tiny/leaderboard", params={} if phase is None else {"phase": phase})
    assert answer.status_code == 200, answer.text
    return {row["team"]: row["submission"] for row in answer.json()["rows"]}
