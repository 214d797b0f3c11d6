"""The three probe containers: what each may use, what it is told, and how what it found is read back.

They run through the sandbox's own verbs with a run's own options. What comes back is read as a stranger's results are:
it is ours, but the place it ran in is what is in doubt.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from sonobench_eval.challenge.model import Limits
from sonobench_eval.sandbox.port import RunOutcome

MIB = 2**20
LONGEST_SAID_BYTES = 256 * 1024
_LINE = re.compile(r"([A-Za-z][A-Za-z0-9_.]{0,63})=([ -~]{0,8000})")
_MEMORY_OF_MANY_RUNS = 4

ISOLATION_LIMITS = Limits(
    time_s=120,  # two seconds are usual; a busy node under gVisor took fifteen. It only ends a probe that hangs.
    memory_bytes=48 * MIB,
    cpus=1,
    pids=64,
    shm_bytes=2 * MIB,
    scratch_bytes=2 * MIB,
    output_bytes=4 * MIB,
    output_files=64,
    open_files=128,
    log_bytes=64 * 1024,
)
HUNGER_LIMITS = ISOLATION_LIMITS.model_copy(update={"cpus": 0.25, "memory_bytes": 24 * MIB})
STUBBORN_LIMITS = ISOLATION_LIMITS.model_copy(update={"time_s": 3.0})

FLOOD_BYTES = 16 * MIB
"""How much the floods write where nothing stops them: several times any limit above."""
MANY_FILES = 2000
MANY_PROCESSES = 160
MANY_OPEN_FILES = 400
BURNERS, BURN_S = 3, 2
LOG_LINES = 1000
HUNGER_BYTES = _MEMORY_OF_MANY_RUNS * (
    HUNGER_LIMITS.memory_bytes + HUNGER_LIMITS.shm_bytes + HUNGER_LIMITS.scratch_bytes + HUNGER_LIMITS.output_bytes
)
"""What the memory probe asks for: well beyond its limit, and little for any node on which the limit should not bite."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One probe container: its script under `scripts/`, its limits, and numbers that the script reads."""

    name: str
    limits: Limits
    sizes: Mapping[str, int]

    @property
    def script(self) -> bytes:
        return (files(__package__) / "scripts" / f"{self.name}.sh").read_bytes()


ISOLATION = Trial(
    "isolation",
    ISOLATION_LIMITS,
    {"blocks": FLOOD_BYTES // 65536, "files": MANY_FILES, "processes": MANY_PROCESSES},
)
HUNGER = Trial("hunger", HUNGER_LIMITS, {"burners": BURNERS, "seconds": BURN_S, "bytes": HUNGER_BYTES})
STUBBORN = Trial("stubborn", STUBBORN_LIMITS, {"lines": LOG_LINES})
TRIALS = (ISOLATION, HUNGER, STUBBORN)


@dataclass(frozen=True, slots=True)
class Trace:
    """What came back of a trial: how the container ended, what it said, and what its programs printed.

    `trouble` says why there is nothing, where the engine did not run it. `log_bytes` is what the engine had kept of
    its log when it ended.
    """

    outcome: RunOutcome | None = None
    said: Mapping[str, str] = field(default_factory=dict)
    printed: Mapping[str, bytes] = field(default_factory=dict)
    log_bytes: int | None = None
    trouble: str = ""


def read_trace(outcome: RunOutcome, *, log_bytes: int | None) -> Trace:
    """The trace in what a run left. Files of another shape than a probe writes are left out."""
    found: dict[str, bytes] = {}
    if outcome.results is not None:
        with tarfile.open(outcome.results) as tar:
            for member in tar:
                if member.isreg() and member.size <= LONGEST_SAID_BYTES and re.fullmatch(r"said|[a-z]+\.bin", member.name):
                    content = tar.extractfile(member)
                    found[member.name] = b"" if content is None else content.read()
    trouble = "" if outcome.started_at is not None else outcome.engine_error or "the container never started"
    return Trace(outcome, parse_said(found.pop("said", b"")), found, log_bytes, trouble)


def parse_said(text: bytes) -> dict[str, str]:
    """`name=value` lines. A line of another shape is left out; of two with one name, neither counts."""
    said: dict[str, str] = {}
    doubled: set[str] = set()
    for line in text.decode("ascii", "replace").splitlines():
        if match := _LINE.fullmatch(line):
            name, value = match.groups()
            if name in said:
                doubled.add(name)
            said[name] = value.strip()
    return {name: value for name, value in said.items() if name not in doubled}


def write_trial(trial: Trial, inputs: Path, *, host_paths: tuple[Path, ...]) -> None:
    """Lay what a trial's container reads into the folder `inputs`, as a run's inputs are: for any user to read."""
    inputs.mkdir(mode=0o755)
    sizes = "".join(f"{name}={value}\n" for name, value in trial.sizes.items())
    told = {"probe.sh": trial.script, "sizes": sizes.encode(), "host_paths": "".join(f"{path}\n" for path in host_paths).encode()}
    for name, content in told.items():
        (inputs / name).write_bytes(content)
        (inputs / name).chmod(0o444)
    inputs.chmod(0o755)
