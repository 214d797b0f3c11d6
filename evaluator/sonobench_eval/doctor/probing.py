"""Runs the probe containers on a sandbox and brings their traces back. Leaves nothing: no container, image, or file."""

from __future__ import annotations

import secrets
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sonobench_eval.doctor.attempts import attempts
from sonobench_eval.doctor.probe_image import find_busybox, probe_image
from sonobench_eval.doctor.trial import ISOLATION, MANY_OPEN_FILES, TRIALS, Trace, Trial, read_trace, write_trial
from sonobench_eval.sandbox.port import (
    ImageIdentity,
    Mounts,
    RunSpec,
    Sandbox,
    SandboxTrouble,
    container_name,
)

NODE = "sonobench-doctor"
"""Whose containers these are. No worker sweeps them; each examination removes its own."""

LogBytes = Callable[[str], int]
"""How much the engine keeps of the log of the container with this name."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What is laid out on the host for the probes to miss: a file, and a socket without one."""

    folder: Path
    secret_file: Path
    abstract_name: str


def run_probes(
    sandbox: Sandbox, *, log_bytes: LogBytes, runtime: str | None = None, gpu_uuid: str | None = None, staging: Path | None = None
) -> Mapping[str, Trace]:
    """Run every trial at the same time, with the options of a real run; what came back of each, by its name.

    Args:
        staging: a folder that the engine sees at the same path; the system's temporary folder by default.

    Raises:
        BusyboxMissing: there is nothing to make the probe's image of.
        SandboxTrouble: the engine could not load it.
    """
    with _scene(staging) as scene, _loaded(sandbox, scene) as identity, ThreadPoolExecutor(len(TRIALS)) as pool:

        def run(trial: Trial) -> Trace:
            gpu = gpu_uuid if trial is ISOLATION else None
            return _run(sandbox, trial, scene, identity=identity, runtime=runtime, gpu_uuid=gpu, log_bytes=log_bytes)

        return dict(zip((trial.name for trial in TRIALS), pool.map(run, TRIALS), strict=True))


@contextmanager
def _scene(staging: Path | None) -> Iterator[Scene]:
    if staging is not None:
        staging.mkdir(parents=True, exist_ok=True)
    token = secrets.token_hex(16)
    name = f"sonobench-doctor-{token[:16]}"
    with tempfile.TemporaryDirectory(prefix="sonobench-doctor-", dir=staging) as made, socket.socket(socket.AF_UNIX) as door:
        folder = Path(made).resolve()
        door.bind(f"\0{name}")
        door.listen(1)
        secret_file = folder / "secret"
        secret_file.write_text(token)
        secret_file.chmod(0o444)
        yield Scene(folder, secret_file, name)


@contextmanager
def _loaded(sandbox: Sandbox, scene: Scene) -> Iterator[ImageIdentity]:
    image = probe_image(find_busybox(), attempts(scene.abstract_name), open_files=MANY_OPEN_FILES)
    tar = scene.folder / "image.tar"
    tar.write_bytes(image.tar)
    identity = sandbox.load(tar, image.identity)
    try:
        yield identity
    finally:
        with suppress(SandboxTrouble):
            sandbox.forget(identity)


def _run(
    sandbox: Sandbox,
    trial: Trial,
    scene: Scene,
    *,
    identity: ImageIdentity,
    runtime: str | None,
    gpu_uuid: str | None,
    log_bytes: LogBytes,
) -> Trace:
    spec = _spec(trial, scene, identity=identity, runtime=runtime, gpu_uuid=gpu_uuid)
    kept: list[int] = []

    def look(phase: str) -> None:
        if phase == "collect":  # the container has ended and is still there
            with suppress(SandboxTrouble):
                kept.append(log_bytes(spec.name))

    try:
        outcome = sandbox.run(spec, scene.folder / f"{trial.name}.tar", progress=look)
    except SandboxTrouble as trouble:
        return Trace(trouble=str(trouble))
    return read_trace(outcome, log_bytes=kept[0] if kept else None)


def _spec(trial: Trial, scene: Scene, *, identity: ImageIdentity, runtime: str | None, gpu_uuid: str | None) -> RunSpec:
    inputs, cases = scene.folder / f"{trial.name}-inputs", scene.folder / f"{trial.name}-cases.json"
    write_trial(trial, inputs, host_paths=(scene.secret_file,))
    cases.write_text("[]")
    cases.chmod(0o444)
    run_id = f"doctor-{secrets.token_hex(6)}"
    return RunSpec(
        name=container_name(run_id, 1),
        image=identity,
        mounts=Mounts(inputs, "/input/", cases, "/input_json", "/output"),
        limits=trial.limits,
        writable=(),
        run_id=run_id,
        attempt=1,
        node=NODE,
        runtime=runtime,
        gpu_uuid=gpu_uuid,
    )
