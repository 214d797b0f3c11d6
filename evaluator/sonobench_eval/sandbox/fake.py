"""A sandbox without an engine, for tests: a Python callable plays the container.

It keeps the port's promises (limits become outcomes, results are collected as a tar, a name runs once), so that code
above it can be tested without Docker. It isolates nothing and must never be given anything from a stranger.
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from sonobench_eval.sandbox.port import (
    AlreadyRunning,
    ImageIdentity,
    Measurement,
    ProgressFn,
    RunOutcome,
    RunSpec,
    SandboxTrouble,
    container_name,
)

Program = Callable[[Path, Path], int]
"""What a fake container does: `(inputs dir, output dir)` to an exit code. The case list is `case_list` beside the inputs
in `FakeSandbox.case_list`. It may raise `NeedsMemory`, or `SandboxTrouble` to play an engine that fails."""

STARTED_AT = datetime(2025, 9, 23, 8, 0, tzinfo=UTC)


class NeedsMemory(Exception):
    """Raised by a program that plays one which needs more memory than it may have."""


@dataclass
class FakeSandbox:
    """Runs `program` in the place of an image. `takes_s` is the time it seems to take; nobody waits for it."""

    program: Program = lambda _inputs, _output: 0
    takes_s: float = 1.0
    peak_host_memory_bytes: int | None = 64 * 2**20
    loaded: list[ImageIdentity] = field(default_factory=list)
    ran: list[RunSpec] = field(default_factory=list)
    left_behind: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    """Containers that play the leftovers of a dead worker: name to `(node, run id, attempt)`."""
    prints: str = ""
    """What the container prints, told while it runs to whoever is to be told."""
    case_list: bytes = b""
    """The case list of the last run, as the container was given it."""

    def load(self, image_tar: Path, identity: ImageIdentity) -> ImageIdentity:
        """See `port.Sandbox.load`."""
        if not image_tar.is_file():
            raise SandboxTrouble(f"The image file {image_tar.name} cannot be read.")
        known = replace(identity, engine_id=identity.engine_id or identity.config_digest)
        self.loaded.append(known)
        return known

    def forget(self, identity: ImageIdentity) -> bool:
        """See `port.Sandbox.forget`."""
        self.loaded = [known for known in self.loaded if known.config_digest != identity.config_digest]
        return True

    def resolve(self, reference: str) -> ImageIdentity:
        """Any reference is an image here; an Id is its own."""
        digest = f"sha256:{reference.removeprefix('sha256:')}"
        return ImageIdentity(digest, (), engine_id=digest)

    def strangers(self, own_prefix: str) -> list[str]:
        """What is left behind plays what is running."""
        return [name for name, (node, _, _) in self.left_behind.items() if not node.startswith(own_prefix)]

    def run(
        self,
        spec: RunSpec,
        results: Path,
        *,
        should_stop: Callable[[], bool] = lambda: False,
        progress: ProgressFn = lambda _phase: None,
    ) -> RunOutcome:
        """See `port.Sandbox.run`."""
        if spec.name != container_name(spec.run_id, spec.attempt):
            raise ValueError(f"{spec.name!r} is not the name of run {spec.run_id!r}, attempt {spec.attempt}")
        if spec.name in self.left_behind:
            raise AlreadyRunning(f"The container {spec.name} exists already: this attempt was started before.")
        self.left_behind[spec.name] = (spec.node, spec.run_id, spec.attempt)
        try:
            return self._run(spec, results, should_stop=should_stop, progress=progress)
        finally:
            del self.left_behind[spec.name]

    def sweep(self, node: str, is_alive: Callable[[str, int], bool]) -> list[str]:
        """See `port.Sandbox.sweep`."""
        dead = [name for name, (on, run_id, attempt) in self.left_behind.items() if on == node and not is_alive(run_id, attempt)]
        for name in dead:
            del self.left_behind[name]
        return dead

    def _run(self, spec: RunSpec, results: Path, *, should_stop: Callable[[], bool], progress: ProgressFn) -> RunOutcome:
        progress("create")
        self.ran.append(spec)
        self.case_list = b"" if spec.mounts.case_list is None else spec.mounts.case_list.read_bytes()
        with TemporaryDirectory(prefix="sonobench-fake-") as folder:
            output = Path(folder)
            progress("run")
            if spec.tell_log is not None and self.prints:
                spec.tell_log(self.prints)
            outcome = self._play(spec, output, cancelled=should_stop())
            progress("collect")
            files, size_bytes = _collect(output, results, most_bytes=spec.limits.output_bytes)
        progress("remove")
        return replace(
            outcome,
            results=results,
            result_files=files,
            result_bytes=size_bytes,
            output_full=size_bytes >= spec.limits.output_bytes,
            output_too_many_files=files > spec.limits.output_files,
        )

    def _play(self, spec: RunSpec, output: Path, *, cancelled: bool) -> RunOutcome:
        timed_out = not cancelled and self.takes_s > spec.limits.time_s
        exit_code, oom_killed = 137, False
        if not cancelled and not timed_out:
            try:
                exit_code = self.program(spec.mounts.inputs_dir, output)
            except NeedsMemory:
                oom_killed = True
        took_s = min(self.takes_s, spec.limits.time_s)
        return RunOutcome(
            exit_code=exit_code,
            oom_killed=oom_killed,
            timed_out=timed_out,
            cancelled=cancelled,
            output_full=False,
            output_too_many_files=False,
            log_truncated=False,
            started_at=STARTED_AT,
            finished_at=STARTED_AT + timedelta(seconds=took_s),
            measurement=Measurement(
                wall_time_s=took_s,
                monotonic_s=took_s,
                cpu_time_s=took_s,
                peak_host_memory_bytes=self.peak_host_memory_bytes,
                host_memory_method="scripted" if self.peak_host_memory_bytes is not None else "not measured",
            ),
            results=None,
        )


def _collect(output: Path, results: Path, *, most_bytes: int) -> tuple[int, int]:
    """Write the plain files to a tar, and headers for links and the like; stop where there is more than may be."""
    files = size_bytes = 0
    results.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(results, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(output.rglob("*")):
            member = tar.gettarinfo(path, arcname=str(path.relative_to(output)))
            if member is None or member.isdir():
                continue
            if size_bytes + member.size > most_bytes:
                return files, most_bytes
            if member.isreg():
                files, size_bytes = files + 1, size_bytes + member.size
                with path.open("rb") as data:
                    tar.addfile(member, data)
            else:
                tar.addfile(member)
    return files, size_bytes
