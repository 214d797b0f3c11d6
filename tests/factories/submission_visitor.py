"""Readers of a submission's page, and what they send from it; a run that ends as told."""

from __future__ import annotations

from html import unescape
from typing import Any

import httpx
import platform_world

HTML = {"Accept": "text/html"}
POINTS = [{"t_s": 0.5 * at, "host_memory_bytes": at * 2**26, "cpu_time_s": 0.4 * at} for at in range(1, 25)]
CURVE = {"wall_time_s": 12.5, "peak_host_memory_bytes": 24 * 2**26, "host_memory_method": "sampled", "curve": POINTS}


def page(http: Any, submission_id: str, query: str = "") -> httpx.Response:
    return http.get(f"/submissions/{submission_id}{query}", headers=HTML)  # type: ignore[no-any-return]


def text(http: Any, submission_id: str, query: str = "") -> str:
    answer = page(http, submission_id, query)
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


def send(http: Any, submission_id: str, what: str, **fields: str) -> httpx.Response:
    return http.post(f"/submissions/{submission_id}/{what}", data=fields, headers=HTML)  # type: ignore[no-any-return]


def ran(world: Any, submission_id: str, **report: Any) -> None:
    """The submission's run comes to its end in this way, and is scored where there is something to score."""
    claimed = world.claim()
    assert claimed["submission_id"] == submission_id
    assert world.hand_back(claimed).status_code == 204
    answer = world.tell(claimed, "finish", report=platform_world.report(**report))
    assert answer.status_code == 200, answer.text
    if answer.json()["state"] == "scoring":
        world.platform.score_run(claimed["run_id"])
