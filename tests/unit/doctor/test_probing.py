"""How the probes are run: as real runs are, all of them, with nothing left whatever happens."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sonobench_eval.doctor import probing
from sonobench_eval.doctor.examine import outside_of, weigh
from sonobench_eval.doctor.probe_image import BusyboxMissing
from sonobench_eval.doctor.probing import run_probes
from sonobench_eval.doctor.trial import TRIALS
from sonobench_eval.sandbox.port import ImageIdentity, RunOutcome, RunSpec, SandboxTrouble, never_started


@dataclass
class NotingSandbox:
    """Runs nothing and notes everything. `trouble` is raised by every run."""

    trouble: SandboxTrouble | None = None
    specs: list[RunSpec] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def load(self, image_tar: Path, identity: ImageIdentity) -> ImageIdentity:
        assert image_tar.is_file()
        self.held.append(identity.config_digest)
        return identity

    def forget(self, identity: ImageIdentity) -> bool:
        self.held.remove(identity.config_digest)
        self.forgotten.append(identity.config_digest)
        return True

    def run(
        self, spec: RunSpec, results: Path, *, should_stop: Any = None, progress: Callable[[str], None] = print
    ) -> RunOutcome:
        with self.lock:
            self.specs.append(spec)
            self.scripts.append((spec.mounts.inputs_dir / "probe.sh").read_text())
        if self.trouble is not None:
            raise self.trouble
        progress("collect")
        return never_started("not in a test")

    def sweep(self, node: str, is_alive: Any) -> list[str]:
        raise AssertionError("a doctor sweeps nothing")


@pytest.fixture(autouse=True)
def _small_busybox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "find_busybox", lambda: b"busybox")


class TestRunProbes:
    def test_every_trial_runs_with_its_own_limits_the_nodes_runtime_and_a_name_of_its_own(self, tmp_path: Path) -> None:
        sandbox = NotingSandbox()
        traces = run_probes(sandbox, log_bytes=lambda _name: 7, runtime="runsc", staging=tmp_path / "work")
        assert set(traces) == {trial.name for trial in TRIALS}
        assert {trace.log_bytes for trace in traces.values()} == {7}
        assert len({spec.name for spec in sandbox.specs}) == len(TRIALS)
        assert {spec.runtime for spec in sandbox.specs} == {"runsc"}
        assert sorted(spec.limits.time_s for spec in sandbox.specs) == sorted(trial.limits.time_s for trial in TRIALS)
        assert len(set(sandbox.scripts)) == len(TRIALS)

    def test_a_gpu_is_handed_to_the_isolation_probe_alone(self, tmp_path: Path) -> None:
        sandbox = NotingSandbox()
        run_probes(sandbox, log_bytes=lambda _name: 0, gpu_uuid="GPU-1", staging=tmp_path)
        assert sorted(str(spec.gpu_uuid) for spec in sandbox.specs) == ["GPU-1", "None", "None"]

    @pytest.mark.parametrize("trouble", [None, SandboxTrouble("the engine went away")])
    def test_nothing_is_left_on_the_disk_or_in_the_engine(self, tmp_path: Path, trouble: SandboxTrouble | None) -> None:
        sandbox = NotingSandbox(trouble)
        run_probes(sandbox, log_bytes=lambda _name: 0, staging=tmp_path)
        assert sandbox.held == []
        assert len(sandbox.forgotten) == 1
        assert list(tmp_path.iterdir()) == []

    def test_what_the_engine_cannot_run_is_a_trace_with_its_words(self, tmp_path: Path) -> None:
        traces = run_probes(NotingSandbox(SandboxTrouble("unknown runtime")), log_bytes=lambda _name: 0, staging=tmp_path)
        assert {trace.trouble for trace in traces.values()} == {"unknown runtime"}

    def test_a_log_that_cannot_be_looked_at_is_not_made_up(self, tmp_path: Path) -> None:
        def fail(_name: str) -> int:
            raise SandboxTrouble("no answer")

        traces = run_probes(NotingSandbox(), log_bytes=fail, staging=tmp_path)
        assert {trace.log_bytes for trace in traces.values()} == {None}

    def test_the_hosts_abstract_socket_listens_while_the_probes_run(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        names: list[str] = []

        def noting(name: str) -> Any:
            names.append(name)
            with socket.socket(socket.AF_UNIX) as knocking:
                knocking.connect(f"\0{name}")
            return original(name)

        original = probing.attempts
        monkeypatch.setattr(probing, "attempts", noting)
        run_probes(NotingSandbox(), log_bytes=lambda _name: 0, staging=tmp_path)
        assert len(names) == 1

    def test_without_busybox_nothing_is_loaded(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def missing() -> bytes:
            raise BusyboxMissing("none")

        monkeypatch.setattr(probing, "find_busybox", missing)
        sandbox = NotingSandbox()
        with pytest.raises(BusyboxMissing):
            run_probes(sandbox, log_bytes=lambda _name: 0, staging=tmp_path)
        assert sandbox.forgotten == []


class TestWeigh:
    def test_probes_that_did_not_run_are_one_bad_check_and_leave_the_others_unknown(
        self, tmp_path: Path, engine: Any, host: Any, named: Any
    ) -> None:
        traces = run_probes(NotingSandbox(SandboxTrouble("unknown runtime")), log_bytes=lambda _name: 0, staging=tmp_path)
        checks = named(weigh(traces, outside_of(engine, host)))
        assert checks.pop("Probe containers").found == "isolation and hunger and stubborn could not be run: unknown runtime"
        assert {check.verdict for check in checks.values()} == {"unknown"}
