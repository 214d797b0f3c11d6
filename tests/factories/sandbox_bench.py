"""Tiny images for a real engine: a static busybox, the script to run, and whatever else a test asks for. No network."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import tarfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import docker
import docker.errors
import pytest

from sonobench_eval.challenge.model import Limits
from sonobench_eval.sandbox.docker_engine import DockerEngine
from sonobench_eval.sandbox.port import EngineMissing, ImageIdentity, Mounts, RunOutcome, RunSpec, container_name

BUSYBOX = Path("/bin/busybox")
TOOLS = "sh cat cp dd df echo env find head id ip kill ln ls mkdir mkfifo mv printf rm seq sleep sort stat tail touch true wc yes"
NODE = f"test-{uuid.uuid4().hex[:8]}"
MIB = 2**20
SMALL = {
    "time_s": 30,
    "memory_bytes": 64 * MIB,
    "cpus": 1,
    "pids": 64,
    "scratch_bytes": 8 * MIB,
    "output_bytes": 4 * MIB,
    "output_files": 100,
    "shm_bytes": 4 * MIB,
    "log_bytes": 64 * 1024,
}


@dataclass
class File:
    """A file, folder or link of a test image. Owned by root, as most images' files are."""

    data: bytes = b""
    mode: int = 0o644
    kind: bytes = tarfile.REGTYPE
    link: str = ""


FOLDER = File(mode=0o755, kind=tarfile.DIRTYPE)


@dataclass
class TestImage:
    """What a test image is made of; `script` runs in busybox's shell."""

    __test__ = False

    script: str = "true"
    files: dict[str, File] = field(default_factory=dict)
    config: dict[str, object] = field(default_factory=dict)


def no_engine(why: str) -> None:
    """Without an engine these tests fail on CI and are skipped elsewhere."""
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


@pytest.fixture(scope="session")
def engine() -> DockerEngine:
    try:
        found = DockerEngine.connect()
    except EngineMissing as missing:
        no_engine(str(missing))
    if not BUSYBOX.exists():
        no_engine("These tests need /bin/busybox; install the package busybox-static.")
    return found


@pytest.fixture(scope="session")
def docker_api(engine: DockerEngine) -> Iterator[docker.APIClient]:
    client = docker.APIClient(version="auto", timeout=60)
    yield client
    client.close()


def image_tar(image: TestImage) -> tuple[bytes, ImageIdentity]:
    """The image as intake would write it: our own manifest, one tag, one layer for busybox and one for the test's files."""
    tools = {f"bin/{tool}": File(kind=tarfile.SYMTYPE, link="busybox") for tool in TOOLS.split()}
    layers = [tar({"bin": FOLDER, "bin/busybox": File(BUSYBOX.read_bytes(), 0o755), **tools}), tar(image.files)]
    diff_ids = tuple("sha256:" + hashlib.sha256(layer).hexdigest() for layer in layers)
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "created": "2020-01-01T00:00:00Z",
            "config": {"Cmd": ["/bin/sh", "-c", image.script], **image.config},
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        }
    ).encode()
    digest = hashlib.sha256(config).hexdigest()
    manifest = json.dumps(
        [{"Config": f"{digest}.json", "RepoTags": [f"sonobench-test/{digest[:20]}:1"], "Layers": ["0.tar", "1.tar"]}]
    )
    parts = {"manifest.json": manifest.encode(), f"{digest}.json": config, "0.tar": layers[0], "1.tar": layers[1]}
    return tar({name: File(data) for name, data in parts.items()}), ImageIdentity(f"sha256:{digest}", diff_ids)


def tar(files: dict[str, File]) -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as archive:
        for name, each in files.items():
            member = tarfile.TarInfo(name)
            member.mode, member.type, member.linkname, member.size = each.mode, each.kind, each.link, len(each.data)
            archive.addfile(member, io.BytesIO(each.data))
    return whole.getvalue()


@pytest.fixture(scope="session")
def loaded(
    engine: DockerEngine, docker_api: docker.APIClient, tmp_path_factory
) -> Iterator[Callable[[TestImage], ImageIdentity]]:
    """Loads test images through the sandbox's own verb; removes them at the end."""
    folder, ids = tmp_path_factory.mktemp("images"), set()

    def load(image: TestImage) -> ImageIdentity:
        data, identity = image_tar(image)
        path = folder / f"{identity.config_digest[7:]}.tar"
        path.write_bytes(data)
        found = engine.load(path, identity)
        ids.add(found.engine_id)
        return found

    yield load
    for image_id in ids:
        with contextlib.suppress(docker.errors.ImageNotFound):
            docker_api.remove_image(image_id, force=True)


@pytest.fixture
def make_spec(tmp_path: Path) -> Callable[..., RunSpec]:
    """A spec with two input files and small limits, its own run id and any limit changed by name."""
    inputs = tmp_path / "inputs"
    inputs.mkdir(mode=0o755)
    for name in ("a.txt", "b.txt"):
        (inputs / name).write_text(f"image {name}")
    case_list = tmp_path / "cases.json"
    case_list.write_text('["a.txt", "b.txt"]')

    def spec(
        identity: ImageIdentity, *, writable: tuple[str, ...] = ("/app",), run_id: str | None = None, **limits: object
    ) -> RunSpec:
        run_id = run_id or uuid.uuid4().hex[:12]
        return RunSpec(
            name=container_name(run_id, 1),
            image=identity,
            mounts=Mounts(inputs, "/input/", case_list, "/input_json", "/output"),
            limits=Limits.model_validate({**SMALL, **limits}),
            writable=writable,
            run_id=run_id,
            attempt=1,
            node=NODE,
        )

    return spec


@dataclass
class Ran:
    """An outcome and the results it left, read back."""

    outcome: RunOutcome
    members: dict[str, tarfile.TarInfo]
    texts: dict[str, str]


@pytest.fixture
def run(engine, loaded, make_spec, tmp_path) -> Callable[..., Ran]:
    """Run a script (or a whole test image) to its end and read what it left."""

    def run_it(image: TestImage | str, *, should_stop=lambda: False, writable=("/app",), **limits) -> Ran:
        image = TestImage(script=image) if isinstance(image, str) else image
        results = tmp_path / "results.tar"
        spec = make_spec(loaded(image), writable=writable, **limits)
        outcome = engine.run(spec, results, should_stop=should_stop)
        return Ran(outcome, *read_results(outcome.results))

    return run_it


def read_results(results: Path | None) -> tuple[dict[str, tarfile.TarInfo], dict[str, str]]:
    if results is None:
        return {}, {}
    with tarfile.open(results) as archive:
        members = {member.name: member for member in archive}
        texts = {
            n: archive.extractfile(m).read().decode("utf-8", "replace") for n, m in members.items() if m.isreg() and m.size < MIB
        }
    return members, texts


def left_behind(docker_api: docker.APIClient) -> list[str]:
    filters = {"label": f"org.sonobench.node={NODE}"}
    containers = [each["Names"][0] for each in docker_api.containers(all=True, filters=filters)]
    return containers + [each["Name"] for each in docker_api.volumes(filters=filters)["Volumes"] or []]


@pytest.fixture(autouse=True)
def nothing_is_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """After every test on the engine: no container and no volume of ours, and no volume without a name."""
    if request.node.get_closest_marker("docker") is None:
        yield
        return
    docker_api = request.getfixturevalue("docker_api")
    yield
    assert left_behind(docker_api) == []


@pytest.fixture(scope="session")
def image_of() -> Callable[..., TestImage]:
    """Makes a `TestImage` (test files cannot import this one)."""
    return TestImage


@pytest.fixture(scope="session")
def file_of() -> Callable[..., File]:
    """Makes a `File` of a test image."""
    return File
