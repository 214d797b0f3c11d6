"""The stage of the showcase: a platform whose clock is turned by the story, and the steps of a submission's life on it.

Everything goes through the API, in this process: the same checks, the same audit rows, the same mails as for real people. Only
what a container would do is made up (`showcase_scores.py`).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import httpx
import numpy as np
from sqlalchemy import select

from infra.showcase_scores import ShowcaseEvaluator, Skill
from sonobench_platform.accounts import tokens
from sonobench_platform.accounts.passwords import hash_password
from sonobench_platform.accounts.tokens import TokenKind
from sonobench_platform.app import create_app
from sonobench_platform.config import Settings
from sonobench_platform.db.models import ChallengeRow, MembershipRow, OrganiserRow, PersonRow, TokenRow
from sonobench_platform.domain.ids import new_id
from sonobench_platform.nodes.service import see
from sonobench_platform.queue.none import NoWake
from sonobench_platform.wiring import Platform

PASSWORD = "violet lantern under seven bridges"  # noqa: S105 - of people who are not there
GPU_NODE, CPU_NODE = "gpu-1", "cpu-2"


class StoryClock:
    """A clock that the story turns; never backwards."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def go_to(self, moment: datetime) -> None:
        self._now = max(self._now, moment)

    def pass_by(self, **span: float) -> None:
        self._now += timedelta(**span)


class Stage:
    """A platform in a home of its own. Close it before anybody else opens that home."""

    def __init__(self, home: Path, start: datetime) -> None:
        self.clock = StoryClock(start)
        settings = Settings(
            home=home,
            database_url="",
            broker_url=None,
            min_free_bytes=0,
            lease_s=4000.0,
            requests_per_minute=0,
            writes_per_minute=0,
            node_requests_per_minute=0,
        )
        self.evaluator = ShowcaseEvaluator()
        self.platform = Platform(settings, clock=self.clock, wake=NoWake(), evaluator=self.evaluator)
        self.platform.prepare()
        self.core = self.platform.core
        self._app = create_app(platform=self.platform)
        # In a thread of its own: whoever drives a browser from this one has a loop here already.
        self._loop, self._thread = asyncio.Runner(), ThreadPoolExecutor(1)
        self.organiser_token = self.platform.organiser_token_file.read_text().strip()
        self._node_token = self.platform.node_token_file.read_text().strip()
        self._images = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.submit(self._loop.close).result()
        self._thread.shutdown()
        self.platform.close()

    # --- the API ---

    def ask(self, method: str, path: str, *, token: str | None = None, **request: Any) -> Any:
        """What the API answers, as JSON or None. Raises RuntimeError where it refuses."""
        answer = self.answer(method, path, token=token, **request)
        return answer.json() if answer.content and "json" in answer.headers.get("content-type", "") else None

    def answer(self, method: str, path: str, *, token: str | None = None, **request: Any) -> httpx.Response:
        """The answer itself, for its headers."""
        headers = {"Authorization": f"Bearer {token or self.organiser_token}"} | request.pop("headers", {})
        answer = self._thread.submit(lambda: self._loop.run(self._send(method, path, headers=headers, **request))).result()
        if not answer.is_success:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer

    async def _send(self, method: str, path: str, **request: Any) -> httpx.Response:
        transport = httpx.ASGITransport(app=self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://showcase") as client:
            return await client.request(method, path, **request)

    # --- people and teams ---

    def person(self, name: str, email: str, *, is_administrator: bool = False) -> str:
        """A person with a confirmed account and the password of them all; the id."""
        now = self.clock.now()
        row = PersonRow(id=new_id("pers"), email=email, email_key=email.casefold(), name=name, created_at=now, confirmed_at=now)
        row.is_administrator, row.password_hash = is_administrator, hash_password(PASSWORD)
        with self.core.database.write() as work:
            work.session.add(row)
            return row.id

    def token_of(self, person_id: str) -> str:
        """A personal token that may do all that the person may."""
        token = tokens.mint(TokenKind.PERSON)
        row = TokenRow(id=new_id("tok"), kind=TokenKind.PERSON, person_id=person_id, name="laptop", scopes="organise read submit")
        row.sha256, row.hint, row.created_at = tokens.digest(token), tokens.hint(token), self.clock.now()
        with self.core.database.write() as work:
            work.session.add(row)
        return token

    def let_organise(self, person_id: str, challenge: str) -> None:
        with self.core.database.write() as work:
            row = work.session.scalars(select(ChallengeRow).where(ChallengeRow.name == challenge)).one()
            work.session.add(OrganiserRow(challenge_id=row.id, person_id=person_id, added_at=self.clock.now()))

    def join(self, team_id: str, person_id: str) -> None:
        with self.core.database.write() as work:
            row = MembershipRow(team_id=team_id, person_id=person_id, is_captain=False, joined_at=self.clock.now())
            work.session.add(row)

    def team(self, name: str) -> str:
        """A team without people, as an administrator adds it; its token."""
        return str(self.ask("POST", "/api/v1/teams", json={"name": name})["token"])

    # --- a submission's life ---

    def opened(self, token: str, challenge: str, *, note: str | None = None, size_bytes: int = 900) -> str:
        body = {"size_bytes": size_bytes, "note": note}
        answer = self.ask("POST", f"/api/v1/challenges/{challenge}/submissions", token=token, json=body)
        return str(answer["submission"]["id"])

    def checking(self, token: str, challenge: str, *, note: str | None = None, starts: bytes = b"image") -> str:
        """Handed in, and not looked at yet."""
        self._images += 1
        image = starts + f" {self._images} of {challenge} ".encode() + b"." * 4096
        submission = self.opened(token, challenge, note=note, size_bytes=len(image))
        self.clock.pass_by(seconds=20)
        self.ask("PUT", f"/api/v1/submissions/{submission}/image", token=token, content=image)
        self.clock.pass_by(seconds=8)
        return submission

    def queued(self, token: str, challenge: str, *, note: str | None = None, starts: bytes = b"image") -> str:
        submission = self.checking(token, challenge, note=note, starts=starts)
        self.platform.check_submission(submission)
        self.clock.pass_by(seconds=30)
        return submission

    def claim(self, node: str = GPU_NODE) -> dict[str, Any]:
        """What is next in the queue, for the node."""
        answer = self._as_node("POST", "/internal/v1/claims", json={"node": node, "gpus": 1})
        if answer is None:
            raise RuntimeError("nothing is in the queue")
        return dict(answer)

    def ran(self, claimed: Mapping[str, Any], report: dict[str, Any], results: bytes | None, *, node: str = GPU_NODE) -> None:
        """The attempt has ended as the report says."""
        run, attempt = claimed["run_id"], claimed["attempt"]
        self.clock.pass_by(seconds=float(report["measurement"]["wall_time_s"]) + 20)
        if results is not None:
            whole = {"Content-Digest": f"sha-256=:{base64.b64encode(hashlib.sha256(results).digest()).decode()}:"}
            of = {"attempt": attempt, "node": node}
            self._as_node("PUT", f"/internal/v1/runs/{run}/results", params=of, content=results, headers=whole)
        self._as_node("POST", f"/internal/v1/runs/{run}/finish", json={"node": node, "attempt": attempt, "report": report})

    def lose(self, claimed: Mapping[str, Any], reason: str, *, node: str = GPU_NODE) -> None:
        """The node gives the run back, and it waits again or, at the last time, has failed."""
        self.clock.pass_by(minutes=11)
        body = {"node": node, "attempt": claimed["attempt"], "reason": reason}
        self._as_node("POST", f"/internal/v1/runs/{claimed['run_id']}/release", json=body)

    def beat(self, claimed: Mapping[str, Any], phase: str, *, node: str = GPU_NODE) -> None:
        body = {"node": node, "attempt": claimed["attempt"], "phase": phase}
        self._as_node("POST", f"/internal/v1/runs/{claimed['run_id']}/heartbeat", json=body)

    def scored(
        self, token: str, challenge: str, skill: Skill, *, time_s: float, gpu_gb: float | None, note: str | None = None
    ) -> str:
        """Handed in, run and scored."""
        submission = self.queued(token, challenge, note=note)
        claimed = self.claim()
        self.ran(claimed, report_of(self.clock.now(), time_s=time_s, gpu_gb=gpu_gb), skill.results())
        self.platform.score_run(claimed["run_id"])
        self.clock.pass_by(seconds=15)
        return submission

    # --- nodes ---

    def node(self, name: str, report: Mapping[str, Any], *, reference_s: float, gpus: int) -> None:
        self._as_node("PUT", f"/internal/v1/nodes/{name}/report", json={"is_safe": True, "report": dict(report)})
        self._as_node("POST", f"/internal/v1/nodes/{name}/reference", json={"seconds": reference_s})
        with self.core.database.write() as work:  # a claim would say it too, and take what is in the queue
            see(self.core, work, name, gpus=gpus)

    def _as_node(self, method: str, path: str, **request: Any) -> Any:
        return self.ask(method, path, token=self._node_token, **request)


def report_of(started: datetime, *, time_s: float, gpu_gb: float | None, **changes: Any) -> dict[str, Any]:
    """What a node says of a run that took so long; `changes` say how it ended otherwise. None: no GPU was measured."""
    gpu_bytes = None if gpu_gb is None else int(gpu_gb * 2**30)
    measurement = {
        "wall_time_s": time_s,
        "monotonic_s": time_s,
        "cpu_time_s": time_s * 2.6,
        "cpu_time_method": "control group",
        "peak_host_memory_bytes": int((1.4 + time_s / 40) * 2**30),
        "host_memory_method": "control group, sampled",
        "peak_gpu_memory_bytes": gpu_bytes,
        "gpu_memory_method": "not measured" if gpu_bytes is None else "NVML, by process, sampled",
        "gpu_name": None if gpu_bytes is None else "NVIDIA L4",
        "phases": {"load_s": 6.4, "create_s": 0.7, "collect_s": 1.9, "warm_up_s": None},
        "reference_s": 3.1,
        "curve": _curve(time_s, gpu_bytes),
    }
    whole = {
        "exit_code": 0,
        "oom_killed": False,
        "timed_out": False,
        "cancelled": False,
        "output_full": False,
        "output_too_many_files": False,
        "log_truncated": False,
        "started_at": started.astimezone(UTC).isoformat(),
        "finished_at": (started + timedelta(seconds=time_s)).astimezone(UTC).isoformat(),
        "measurement": measurement,
        "result_files": 261,
        "result_bytes": 812_345,
        "log_tail": "loading weights\n480 cases\ndone\n",
    }
    return whole | changes


def _curve(time_s: float, gpu_bytes: int | None) -> list[dict[str, Any]]:
    """Memory rises while the weights load and stays; the CPU works on."""
    return [
        {
            "t_s": round(float(at) * time_s, 2),
            "host_memory_bytes": int(min(1.0, 0.25 + 3 * at) * (1.4 + time_s / 40) * 2**30 * (0.96 + 0.04 * np.sin(40 * at))),
            "cpu_time_s": round(float(at) * time_s * 2.6, 2),
            "gpu_memory_bytes": None if gpu_bytes is None else int(min(1.0, 0.1 + 4 * at) * gpu_bytes),
            "gpu_utilisation_percent": None if gpu_bytes is None else float(round(62 + 30 * np.sin(25 * at), 1)),
        }
        for at in np.linspace(0, 1, 60)
    ]
