"""Registries for tests: a scripted one in this process that may lie, and Debian's `docker-registry` on a port of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from image_tars import compressed, config, digest, layer
from infra.real_services import spare_port

OCI = "application/vnd.oci.image."
DOCKER = "application/vnd.docker."
PROGRAM = shutil.which("docker-registry") or shutil.which("registry")


@dataclass
class Pushed:
    """An image as it is pushed: blobs by digest, and documents (manifests and indexes) with their media types."""

    blobs: dict[str, bytes]
    documents: dict[str, tuple[bytes, str]]
    digest: str

    @property
    def manifest(self) -> dict[str, Any]:
        """The document the digest names, to be changed and put back with `remade`."""
        document: dict[str, Any] = json.loads(self.documents[self.digest][0])
        return document

    def remade(self, document: object, media_type: str | None = None) -> Pushed:
        """The same blobs under another document."""
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        kind = media_type or self.documents[self.digest][1]
        return Pushed(self.blobs, {**self.documents, digest(content): (content, kind)}, digest(content))

    def tagged(self, tag: str) -> Pushed:
        """The same, also under a tag."""
        return Pushed(self.blobs, {**self.documents, tag: self.documents[self.digest]}, self.digest)

    def indexed(self, *platforms: dict[str, str] | None) -> Pushed:
        """Under an index that names this manifest once for each platform, with an attestation beside."""
        content, kind = self.documents[self.digest]
        named = {"mediaType": kind, "digest": self.digest, "size": len(content)}
        entries = [{**named, "platform": platform} if platform else named for platform in platforms]
        attestation = {**named, "annotations": {"vnd.docker.reference.type": "attestation-manifest"}}
        index = {"schemaVersion": 2, "mediaType": f"{OCI}index.v1+json", "manifests": [*entries, attestation]}
        return self.remade(index, f"{OCI}index.v1+json")


def pushed_image(
    layers: list[bytes] | None = None,
    *,
    compression: str | None = "gzip",
    docker: bool = False,
    stored: list[bytes] | None = None,
    settings: dict[str, Any] | None = None,
) -> Pushed:
    """An image with OCI's or Docker's media types. `stored` are the layers' blobs where they are not what the config names."""
    layers = [layer(busybox=b"not really")] if layers is None else layers
    tars = [compressed(each, compression) for each in layers] if stored is None else stored
    config_bytes = config(layers, settings)
    config_type = f"{DOCKER}container.image.v1+json" if docker else f"{OCI}config.v1+json"
    manifest_type = f"{DOCKER}distribution.manifest.v2+json" if docker else f"{OCI}manifest.v1+json"
    plain = f"{DOCKER}image.rootfs.diff.tar" if docker else f"{OCI}layer.v1.tar"
    layer_type = plain + (f"{'.' if docker else '+'}{compression}" if compression else "")

    def descriptor(content: bytes, media_type: str) -> dict[str, Any]:
        return {"mediaType": media_type, "digest": digest(content), "size": len(content)}

    manifest = {
        "schemaVersion": 2,
        "mediaType": manifest_type,
        "config": descriptor(config_bytes, config_type),
        "layers": [descriptor(each, layer_type) for each in tars],
    }
    content = json.dumps(manifest).encode()
    blobs = {digest(each): each for each in (config_bytes, *tars)}
    return Pushed(blobs, {digest(content): (content, manifest_type)}, digest(content))


@dataclass
class Answer:
    """What the scripted registry says. `length` is the Content-Length it states; None: chunks, as many as there are."""

    body: Iterable[bytes] = ()
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of callers who left in the middle of an answer: most tests are about those who do."""


class ScriptedRegistry:
    """Serves what it is given on 127.0.0.1, and keeps what it was asked to send."""

    REPOSITORY = "team-1/model"

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        registry = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 2**16  # one segment for header and body, or each answer waits for an acknowledgement
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                registry.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                with suppress(ConnectionError):
                    _send(self, registry.answers.get(self.path, Answer(status=404, length=0)))

            def do_HEAD(self) -> None:
                answer = registry.answers.get(self.path, Answer(status=404))
                _send(self, Answer(status=answer.status, headers=answer.headers, length=answer.length), with_body=False)

            def log_message(self, *arguments: object) -> None:
                """Say nothing."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def hold(self, image: Pushed) -> Pushed:
        """Serves an image honestly."""
        for name, content in image.blobs.items():
            self.answers[self.blob(name)] = Answer([content], length=len(content))
        for name, (content, media_type) in image.documents.items():
            self.answers[self.manifest(name)] = Answer([content], headers={"Content-Type": media_type}, length=len(content))
        return image

    def blob(self, name: str) -> str:
        return f"/v2/{self.REPOSITORY}/blobs/{name}"

    def manifest(self, name: str) -> str:
        return f"/v2/{self.REPOSITORY}/manifests/{name}"


def _send(handler: BaseHTTPRequestHandler, answer: Answer, *, with_body: bool = True) -> None:
    handler.send_response(answer.status)
    for name, value in answer.headers.items():
        handler.send_header(name, value)
    if answer.length is None:
        handler.send_header("Transfer-Encoding", "chunked")
    else:
        handler.send_header("Content-Length", str(answer.length))
    handler.end_headers()
    sent = 0
    if not with_body:
        handler.wfile.flush()
        return
    for part in answer.body:
        handler.wfile.write(part if answer.length is not None else b"%x\r\n" % len(part) + part + b"\r\n")
        sent += len(part)
    if answer.length is None:
        handler.wfile.write(b"0\r\n\r\n")
    elif sent != answer.length:
        handler.close_connection = True
    handler.wfile.flush()


@contextmanager
def real_registry(folder: Path) -> Iterator[str]:
    """Starts the registry program on a free port of 127.0.0.1, its storage in `folder`; gives its address."""
    assert PROGRAM is not None
    address = f"127.0.0.1:{spare_port()}"
    settings = {
        "version": 0.1,
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "storage")}},
        "http": {"addr": address},
    }
    configuration = folder / "registry.yml"
    configuration.write_text(json.dumps(settings))
    process = subprocess.Popen([PROGRAM, "serve", str(configuration)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _await(f"http://{address}/v2/", process)
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(timeout=20)


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        with suppress(httpx.HTTPError):
            httpx.get(url, trust_env=False).raise_for_status()
            return
        assert process.poll() is None, "the registry ended at once"
        time.sleep(0.05)
    raise AssertionError("the registry does not answer")


def push(url: str, repository: str, image: Pushed, *, token: str | None = None) -> None:
    """Pushes by the registry's HTTP API, blobs first; with a bearer token where one is given."""
    authorization = {} if token is None else {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=url, headers=authorization, trust_env=False) as http:
        for name, content in image.blobs.items():
            place = http.post(f"/v2/{repository}/blobs/uploads/").raise_for_status().headers["location"]
            headers = {"Content-Type": "application/octet-stream"}
            http.put(httpx.URL(place).copy_add_param("digest", name), content=content, headers=headers).raise_for_status()
        for name, (content, media_type) in image.documents.items():
            answer = http.put(f"/v2/{repository}/manifests/{name}", content=content, headers={"Content-Type": media_type})
            answer.raise_for_status()
