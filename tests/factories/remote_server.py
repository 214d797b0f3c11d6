"""The platform's API on a socket of this machine, with a team; nothing runs the images, and its registry is a few lines."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import httpx
import uvicorn

from sonobench_platform.app import create_app
from sonobench_platform.config import Settings
from sonobench_platform.wiring import Platform

REGISTRY_HOST = "bench.example.org"


class Server(NamedTuple):
    address: str
    token: str
    team_id: str
    organiser: str
    platform: Platform

    @property
    def environment(self) -> dict[str, str]:
        """What a team sets that signs in by environment."""
        return {"SONOBENCH_SERVER": self.address, "SONOBENCH_TOKEN": self.token, "SONOBENCH_POLL_S": "0.05"}


@contextmanager
def serving(home: Path, challenge: Path) -> Iterator[Server]:
    """A server with one challenge and one team, `Team A`."""
    with _registry() as registry_url:
        platform = Platform(Settings(home=home, registry_host=REGISTRY_HOST, registry_url=registry_url))
        platform.prepare()
        platform.register_challenge(challenge)
        server = uvicorn.Server(uvicorn.Config(create_app(platform=platform), port=0, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield _with_team(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", platform)
        server.should_exit = True
        thread.join(10)
        platform.close()


def _with_team(address: str, platform: Platform) -> Server:
    organiser = platform.organiser_token_file.read_text().strip()
    made = httpx.post(f"{address}/api/v1/teams", json={"name": "Team A"}, headers={"Authorization": f"Bearer {organiser}"})
    assert made.status_code == 201, made.text
    return Server(address, made.json()["token"], made.json()["id"], organiser, platform)


@contextmanager
def _registry() -> Iterator[str]:
    """A registry in which every team has one image, `model:v1`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Registry)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


class _Registry(BaseHTTPRequestHandler):
    MANIFEST = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {"digest": f"sha256:{'1' * 64}", "size": 100, "mediaType": "application/vnd.oci.image.config.v1+json"},
            "layers": [{"digest": f"sha256:{'2' * 64}", "size": 1000, "mediaType": "application/vnd.oci.image.layer.v1.tar"}],
        }
    ).encode()

    def do_GET(self) -> None:
        body = self.MANIFEST if self.path.endswith("/model/manifests/v1") else b"{}"
        self.send_response(200 if body is self.MANIFEST else 404)
        self.send_header("Content-Type", "application/vnd.oci.image.manifest.v1+json")
        self.send_header("Docker-Content-Digest", f"sha256:{hashlib.sha256(body).hexdigest()}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Nothing on the tests' stderr."""
