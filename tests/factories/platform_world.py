"""A platform for tests: a real database built by the migrations, a tiny challenge, teams, and HTTP without a socket."""

from __future__ import annotations

import asyncio
import atexit
import base64
import hashlib
import io
import json
import tarfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import yaml
from PIL import Image

from sonobench_eval.challenge.model import Challenge
from sonobench_eval.contract.pseudonyms import case_names
from sonobench_platform.app import create_app
from sonobench_platform.config import Settings
from sonobench_platform.wiring import Platform

CHALLENGE: dict[str, Any] = {
    "sonobench": 1,
    "name": "tiny",
    "title": "Tiny challenge",
    "limits": {"time_s": "60s", "output_bytes": "1M", "output_files": 10},
    "bootstrap": {"resamples": 20},
    "centers": [{"id": "north", "role": "internal"}, {"id": "south", "role": "external"}],
    "tasks": [
        {
            "id": "head",
            "kind": "segmentation",
            "dataset_name": "Head",
            "organ": "Head",
            "labels": {"skull": "nonzero"},
            "metrics": [{"name": "dsc"}, {"name": "nsd", "convention": "pixel", "tolerance": 1, "unit": "px"}],
        },
        {
            "id": "breast",
            "kind": "binary",
            "dataset_name": "Breast",
            "organ": "Breast",
            "classes": ["benign", "malignant"],
            "metrics": [{"name": "auc"}, {"name": "acc"}],
        },
    ],
    "cases": [
        {"id": "head/img/1.png", "task": "head", "center": "north", "mask": "head/1.png"},
        {"id": "head/img/2.png", "task": "head", "center": "south", "mask": "head/2.png"},
        {"id": "breast/img/1.png", "task": "breast", "center": "north", "label": 0},
        {"id": "breast/img/2.png", "task": "breast", "center": "south", "label": 1},
    ],
}


def write_challenge(folder: Path, **changes: Any) -> Path:
    """The tiny challenge with its data on disk; returns its YAML."""
    for case in CHALLENGE["cases"]:
        _picture(folder / "images" / case["id"])
        if "mask" in case:
            _picture(folder / "truth" / case["mask"])
    path = folder / "challenge.yaml"
    path.write_text(yaml.safe_dump({**CHALLENGE, **changes}))
    return path


def _picture(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_picture_bytes())


def _picture_bytes() -> bytes:
    pixels, out = np.zeros((8, 8), np.uint8), io.BytesIO()
    pixels[2:6, 2:6] = 255
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def right_answers(claimed: dict[str, Any]) -> bytes:
    """The tar that a perfect container leaves for an assignment: every mask and class, under the names it was given."""
    challenge, key = Challenge.model_validate(claimed["challenge"]), claimed["pseudonym_key"]
    given = case_names(challenge, None if key is None else bytes.fromhex(key)).given
    heads = [name for own, name in given.items() if own.startswith("head")]
    classes = {
        given[own]: {"probability": [0.9 - 0.7 * label, 0.1 + 0.7 * label], "prediction": label}
        for own, label in (("breast/img/1.png", 0), ("breast/img/2.png", 1))
    }
    files = {name.replace("img", "mask"): _picture_bytes() for name in heads}
    files["classification.json"] = json.dumps(classes).encode()
    return tar_of(files)


def tar_of(files: dict[str, bytes]) -> bytes:
    """A tar of results, from paths to contents."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return whole.getvalue()


def content_digest(body: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def report(**changes: Any) -> dict[str, Any]:
    """What a node reports of a run that went well."""
    measurement = {"wall_time_s": 12.5, "peak_host_memory_bytes": 1000, "host_memory_method": "sampled"}
    return {
        "exit_code": 0,
        "oom_killed": False,
        "timed_out": False,
        "cancelled": False,
        "output_full": False,
        "output_too_many_files": False,
        "log_truncated": False,
        "started_at": "2026-01-01T12:00:00+00:00",
        "finished_at": "2026-01-01T12:00:12.5+00:00",
        "measurement": measurement,
        "result_files": 3,
        "result_bytes": 300,
        "engine_error": "",
        "log_tail": "container says \0 hello",
        **changes,
    }


# One loop for all requests of the main thread: its worker threads are made once, not for each request.
_LOOP = asyncio.Runner()
atexit.register(_LOOP.close)


_ROUTES: list[Any] = []


def app_on(platform: Platform) -> Any:
    """The application on a platform. To work the routes out takes longer than most tests last; they are the same for all."""
    app = create_app(platform=platform)
    _ROUTES.extend(() if _ROUTES else app.router.routes)
    app.router.routes = _ROUTES
    return app


@dataclass
class Http:
    """Requests to the application itself; `token` is sent with each."""

    app: Any
    token: str | None = None

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        wanted = self._request(method, url, options)
        return _LOOP.run(wanted) if threading.current_thread() is threading.main_thread() else asyncio.run(wanted)

    async def _request(self, method: str, url: str, options: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        headers = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
            return await client.request(method, url, **options)

    def get(self, url: str, **options: Any) -> httpx.Response:
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> httpx.Response:
        return self.request("POST", url, **options)

    def put(self, url: str, **options: Any) -> httpx.Response:
        return self.request("PUT", url, **options)


@dataclass
class World:
    """A platform with the tiny challenge. Steps of a submission's life are methods; each returns what the API answered."""

    platform: Platform
    clock: Any
    wake: Any
    evaluator: Any
    folder: Path
    teams: dict[str, Http] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.platform.prepare()
        self.app = app_on(self.platform)
        self.anyone = Http(self.app)
        self.organiser = Http(self.app, self.platform.organiser_token_file.read_text().strip())
        self.node = Http(self.app, self.platform.node_token_file.read_text().strip())
        self.yaml = write_challenge(self.folder)
        summary = self.platform.register_challenge(self.yaml)
        if hasattr(self.evaluator, "dataset_hash"):
            self.evaluator.dataset_hash = summary.dataset_hash
        self.summary = summary

    def team(self, name: str) -> Http:
        """The team of this name, registered when first asked for."""
        if name not in self.teams:
            answer = self.organiser.post("/api/v1/teams", json={"name": name})
            assert answer.status_code == 201, answer.text
            self.teams[name] = Http(self.app, answer.json()["token"])
        return self.teams[name]

    def create(self, team: str = "A", *, size_bytes: int = 10, note: str | None = None) -> dict[str, Any]:
        answer = self.team(team).post("/api/v1/challenges/tiny/submissions", json={"size_bytes": size_bytes, "note": note})
        assert answer.status_code == 201, answer.text
        return answer.json()["submission"]

    def uploaded(self, team: str = "A", image: bytes | None = None) -> str:
        """A submission in `checking`; returns its id."""
        body = image if image is not None else f"image of {team} {len(self.teams)} {self.clock.now()} {id(object())}".encode()
        made = self.create(team, size_bytes=len(body))
        answer = self.team(team).put(f"/api/v1/submissions/{made['id']}/image", content=body)
        assert answer.status_code == 202, answer.text
        self.clock.advance(seconds=1)
        return made["id"]

    def queued(self, team: str = "A", image: bytes | None = None) -> str:
        submission_id = self.uploaded(team, image)
        self.platform.check_submission(submission_id)
        assert self.state(submission_id) == "queued"
        return submission_id

    def report_node(self, node: str = "n1", *, is_safe: bool = True, **report: Any) -> None:
        """The node says how it is, as its worker does before it claims."""
        body = {"is_safe": is_safe, "report": {"schema": "sonobench.node_report/1", **report}}
        answer = self.node.put(f"/internal/v1/nodes/{node}/report", json=body)
        assert answer.status_code == 204, answer.text

    def claim(self, node: str = "n1", gpus: int = 0) -> dict[str, Any] | None:
        if node not in {each["name"] for each in self.organiser.get("/api/v1/nodes").json()["items"]}:
            self.report_node(node)
        answer = self.node.post("/internal/v1/claims", json={"node": node, "gpus": gpus})
        assert answer.status_code in {200, 204}, answer.text
        return answer.json() if answer.status_code == 200 else None

    def hand_back(self, claimed: dict[str, Any], body: bytes = b"tar of results", node: str = "n1") -> httpx.Response:
        url = f"/internal/v1/runs/{claimed['run_id']}/results"
        params = {"attempt": claimed["attempt"], "node": node}
        return self.node.put(url, params=params, content=body, headers={"Content-Digest": content_digest(body)})

    def tell(self, claimed: dict[str, Any], verb: str, node: str = "n1", **body: Any) -> httpx.Response:
        """`heartbeat`, `finish` or `release` for a claimed attempt."""
        json = {"node": node, "attempt": claimed["attempt"], **body}
        return self.node.post(f"/internal/v1/runs/{claimed['run_id']}/{verb}", json=json)

    def scoring(self, team: str = "A") -> tuple[str, str]:
        """A submission in `scoring`; returns its id and its run's."""
        submission_id = self.queued(team)
        claimed = self.claim()
        assert claimed is not None
        assert claimed["submission_id"] == submission_id
        assert self.hand_back(claimed).status_code == 204
        assert self.tell(claimed, "finish", report=report()).status_code == 200
        assert self.state(submission_id) == "scoring"
        return submission_id, claimed["run_id"]

    def scored(self, team: str = "A") -> str:
        submission_id, run_id = self.scoring(team)
        self.platform.score_run(run_id)
        assert self.state(submission_id) == "scored"
        return submission_id

    def submission(self, submission_id: str) -> dict[str, Any]:
        answer = self.organiser.get(f"/api/v1/submissions/{submission_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def state(self, submission_id: str) -> str:
        return self.submission(submission_id)["state"]

    def files(self, folder: str) -> list[str]:
        """Names of the files that the store holds in one of its folders."""
        return sorted(path.name for path in (self.platform.settings.home / folder).rglob("*") if path.is_file())


def make_world(home: Path, *, database_url: str, fakes: Any, evaluator: Any = None, **settings: Any) -> World:
    clock, wake = fakes.FakeClock(), fakes.FakeWake()
    evaluator = evaluator or fakes.FakeEvaluator()
    configured = Settings(home=home / "home", database_url=database_url, **{"min_free_bytes": 0, **settings})
    platform = Platform(configured, clock=clock, wake=wake, evaluator=evaluator)
    return World(platform, clock, wake, evaluator, home / "challenge")
