"""`examine_node`: facts, then probe containers, one report. The one function of this room."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sonobench_eval import __version__
from sonobench_eval.doctor.bounds import limit_checks
from sonobench_eval.doctor.engine_facts import EngineFacts, describe_engine, kept_log_bytes
from sonobench_eval.doctor.facts import engine_checks, gpu_checks, host_checks
from sonobench_eval.doctor.host import HostFacts, read_host
from sonobench_eval.doctor.isolation import Outside, isolation_checks
from sonobench_eval.doctor.probe_image import BusyboxMissing
from sonobench_eval.doctor.probing import run_probes
from sonobench_eval.doctor.report import Check, NodeReport
from sonobench_eval.doctor.trial import HUNGER, ISOLATION, STUBBORN, TRIALS, Trace
from sonobench_eval.sandbox.docker_engine import DockerEngine
from sonobench_eval.sandbox.gpu_toolkit import installed_toolkit
from sonobench_eval.sandbox.port import Sandbox, SandboxTrouble

Saying = Callable[[str], None]
_PROBES = "Probe containers"


@dataclass(frozen=True, slots=True)
class Setting:
    """Where and with what a node's runs happen. `staging`: where their inputs are laid, as the engine sees it too."""

    home: Path
    runtime: str | None = None
    gpu_uuid: str | None = None
    staging: Path | None = None


def examine_node(setting: Setting, *, with_probes: bool = True, saying: Saying = lambda _phase: None) -> NodeReport:
    """Look at the engine and this machine and, unless told otherwise, let hostile containers try what they can.

    Takes a second for the facts and some five for the probes. Leaves nothing behind.

    Raises:
        EngineMissing: no engine answers.
        SandboxTrouble: it does not describe itself.
    """
    saying("asking the engine")
    engine = describe_engine()
    host = read_host(data_root=engine.data_root if engine.is_local else None, home=setting.home)
    checks = list(engine_checks(engine, host, runtime=setting.runtime))
    checks += [*gpu_checks(installed_toolkit(), gpu_uuid=setting.gpu_uuid), *host_checks(host)]
    if with_probes:
        saying("running hostile containers")
        checks += probe_checks(DockerEngine.connect(), setting, engine=engine, host=host)
    return NodeReport(
        checks=tuple(checks),
        engine=f"Docker Engine {engine.version}",
        runtime=setting.runtime or engine.default_runtime,
        made_at=datetime.now(UTC),
        fingerprint=_fingerprint(engine, host.boot_id, setting),
        probed=with_probes,
    )


def node_fingerprint(setting: Setting) -> str:
    """What a report holds for: it changes with the engine, its start and options, the kernel, the boot, and this program.

    Raises:
        SandboxTrouble: the engine does not describe itself.
    """
    engine = describe_engine()
    return _fingerprint(engine, _boot_id(), setting)


def probe_checks(sandbox: Sandbox, setting: Setting, *, engine: EngineFacts, host: HostFacts) -> Iterator[Check]:
    """Run the probes on `sandbox` and weigh what they brought back."""
    try:
        traces = run_probes(
            sandbox, log_bytes=kept_log_bytes, runtime=setting.runtime, gpu_uuid=setting.gpu_uuid, staging=setting.staging
        )
    except BusyboxMissing as missing:
        yield Check(_PROBES, "bad", str(missing), "Install busybox-static (`sudo apt-get install busybox-static`).", "isolation")
        return
    except (SandboxTrouble, OSError) as trouble:
        yield Check(
            _PROBES, "bad", f"could not be run: {trouble}", "See that the engine is well, and run this again.", "isolation"
        )
        return
    yield from weigh(traces, outside_of(engine, host, gpu_uuid=setting.gpu_uuid))


def weigh(traces: Mapping[str, Trace], outside: Outside) -> Iterator[Check]:
    """The checks that the traces stand for. A trial that did not run leaves its checks open, and is named first."""
    troubles: dict[str, list[str]] = {}
    for trial in TRIALS:
        if trouble := traces[trial.name].trouble:
            troubles.setdefault(trouble, []).append(trial.name)
    if troubles:
        found = "; ".join(f"{' and '.join(names)} could not be run: {trouble}" for trouble, names in troubles.items())
        cure = "See that the engine knows the runtime and that its log has no errors."
        yield Check(_PROBES, "bad", found, cure, "isolation")
    yield from isolation_checks(traces[ISOLATION.name], outside)
    yield from limit_checks(isolation=traces[ISOLATION.name], hunger=traces[HUNGER.name], stubborn=traces[STUBBORN.name])


def outside_of(engine: EngineFacts, host: HostFacts, *, gpu_uuid: str | None = None) -> Outside:
    """What the probe's answers are held against."""
    return Outside(
        kernel=engine.kernel or host.kernel,
        boot_id=host.boot_id if engine.is_local else "",
        namespaces={link.name: str(link.readlink()) for link in Path("/proc/self/ns").iterdir()},
        expects_gpu=gpu_uuid is not None,
    )


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _fingerprint(engine: EngineFacts, boot_id: str, setting: Setting) -> str:
    parts = (__version__, repr(engine), boot_id, setting.runtime or "", setting.gpu_uuid or "")
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
