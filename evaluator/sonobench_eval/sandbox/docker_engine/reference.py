"""The reference container: a fixed piece of work of ours, run as a stranger's image is, to see how fast a node is.

It is one program, written here instruction by instruction, that needs no download and no library: 16 MiB of memory are
touched at places that a generator (xorshift64) chooses, each with an addition. It uses one CPU and no GPU, so it tells
about a node's processor, caches and sandbox, and nothing about its graphics card. Its answer is known beforehand: a
container that ends with 0 has done all of the work.

A node's time for it changes when the node does: a neighbour, a clock held down by heat, another kernel.
"""

from __future__ import annotations

import hashlib
import json
import struct
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

from sonobench_eval.challenge.model import Limits
from sonobench_eval.sandbox.docker_engine.keeper import image_tar
from sonobench_eval.sandbox.docker_engine.tiny_elf import code_address, executable
from sonobench_eval.sandbox.port import (
    ImageIdentity,
    ImageRefusedByEngine,
    Mounts,
    RunOutcome,
    RunSpec,
    Sandbox,
    SandboxTrouble,
    container_name,
)

RUNS = 3
STEPS = 100_000_000
"""About a second on a processor of 2020. Never changed without a new `TAG`: times of another amount are no comparison."""
SEED = 0x5EED_5EED_5EED_5EED
ANSWER = 7663041473572918932
TAG = "sonobench/reference:1"
COMMAND = "/reference"
WORDS = 1 << 21
"""The memory that is touched, in words of 8 bytes."""

_LIMITS = Limits(
    time_s=120,
    memory_bytes=64 * 2**20,
    cpus=1,
    pids=16,
    shm_bytes=2**20,
    scratch_bytes=2**20,
    output_bytes=2**20,
    output_files=16,
    log_bytes=64 * 1024,
)
_ALIGNED_TO = 8

_STEP = bytes.fromhex(
    "4889c2 48c1e20d 4831d0"  # mov rdx, rax; shl rdx, 13; xor rax, rdx    the generator's next state
    "4889c2 48c1ea07 4831d0"  # mov rdx, rax; shr rdx, 7;  xor rax, rdx
    "4889c2 48c1e211 4831d0"  # mov rdx, rax; shl rdx, 17; xor rax, rdx
    "4889c2 4821f2"  #          mov rdx, rax; and rdx, rsi                 chooses a word
    "480104d7"  #               add [rdi + 8 * rdx], rax                   to which it is added
    "4c0304d7"  #               add r8, [rdi + 8 * rdx]                    and the word to the answer
    "48ffc9"  #                 dec rcx
)
_END = bytes.fromhex("31ff 4d39c8 400f95c7 b8e7000000 0f05")
"""xor edi, edi; cmp r8, r9; setne dil; mov eax, 231; syscall: end with 0 where the answer is right, else with 1."""


def work_program(*, steps: int = STEPS, answer: int = ANSWER) -> bytes:
    """A static ELF program for linux/amd64 that makes `steps` steps and ends with 0 if they lead to `answer`."""
    again = b"\x75" + struct.pack("<b", -len(_STEP) - 2)  # jnz: back to the first instruction of a step
    rest = _STEP + again + _END
    room_at = code_address(_aligned(len(_setup(steps, answer, 0) + rest)))
    code = _setup(steps, answer, room_at) + rest
    return executable(code + bytes(_aligned(len(code)) - len(code)), room_bytes=8 * WORDS)


def answer_of(steps: int) -> int:
    """What the program's steps lead to, computed in Python: a second for a million of them."""
    mask, state, answer, words = (1 << 64) - 1, SEED, 0, dict[int, int]()
    for _ in range(steps):
        state ^= (state << 13) & mask
        state ^= state >> 7
        state ^= (state << 17) & mask
        place = state & (WORDS - 1)
        words[place] = (words.get(place, 0) + state) & mask
        answer = (answer + words[place]) & mask
    return answer


def run_reference(
    sandbox: Sandbox,
    *,
    node: str,
    work: Path,
    token: str,
    runtime: str | None = None,
    cpuset: str | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> float:
    """Seconds that the reference container takes on this node: the median of three runs, by the clock that runs are timed by.

    Args:
        work: an existing folder that the engine sees at the same path; nothing is left in it.
        token: makes the containers' names; new for every call.
        should_stop: asked about once a second; True ends it.

    Raises:
        SandboxTrouble: it could not be run, was stopped, or did not do its work. Nothing is known about the node's speed then.
    """
    try:
        with _files(work) as files:
            identity = _loaded(sandbox, files.image)
            try:
                specs = (_spec(identity, files, f"reference-{token}", number) for number in range(1, RUNS + 1))
                here = (replace(spec, node=node, runtime=runtime, cpuset=cpuset) for spec in specs)
                return median([_time_of(sandbox.run(spec, files.results, should_stop=should_stop)) for spec in here])
            finally:
                with suppress(SandboxTrouble):
                    sandbox.forget(identity)
    except OSError as error:
        raise SandboxTrouble(
            f"The reference container's files cannot be written to {work}: {error.strerror or error}."
        ) from error


class _Files(NamedTuple):
    image: Path
    inputs: Path
    case_list: Path
    results: Path


@contextmanager
def _files(work: Path) -> Iterator[_Files]:
    """What a run needs of files: an image, no inputs, an empty list of cases, and a place for results. Gone afterwards."""
    with TemporaryDirectory(prefix="reference-", dir=work, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        files = _Files(folder / "image.tar", folder / "inputs", folder / "cases.json", folder / "results.tar")
        files.inputs.mkdir(mode=0o755)
        files.case_list.write_text("[]")
        yield files


def _spec(identity: ImageIdentity, files: _Files, run_id: str, attempt: int) -> RunSpec:
    return RunSpec(
        name=container_name(run_id, attempt),
        image=identity,
        mounts=Mounts(files.inputs, "/input/", files.case_list, "/input_json", "/output"),
        limits=_LIMITS,
        writable=(),
        run_id=run_id,
        attempt=attempt,
        node="",
    )


def _loaded(sandbox: Sandbox, tar: Path) -> ImageIdentity:
    image, diff_id = image_tar({COMMAND.lstrip("/"): (work_program(), 0o755)}, tag=TAG, command=COMMAND)
    tar.write_bytes(image)
    try:
        return sandbox.load(tar, ImageIdentity(_config_digest(image), (diff_id,)))
    except ImageRefusedByEngine as refusal:
        raise SandboxTrouble(f"The Docker Engine does not take the reference image: {refusal}") from refusal


def _time_of(outcome: RunOutcome) -> float:
    wall_s = outcome.measurement.wall_time_s
    if outcome.cancelled:
        raise SandboxTrouble("The reference container was stopped before it had done its work.")
    if outcome.exit_code != 0 or not wall_s:
        why = outcome.engine_error or f"exit code {outcome.exit_code}"
        raise SandboxTrouble(f"The reference container did not do its work on this node ({why}).")
    return wall_s


def _config_digest(image: bytes) -> str:
    with tarfile.open(fileobj=BytesIO(image)) as tar:
        manifest = tar.extractfile("manifest.json")
        config = tar.extractfile(json.load(manifest)[0]["Config"]) if manifest else None
        return "sha256:" + hashlib.sha256(config.read() if config else b"").hexdigest()


def _setup(steps: int, answer: int, room_at: int) -> bytes:
    """mov rax, seed; mov rcx, steps; mov rdi, room; mov rsi, mask; mov r9, answer; xor r8d, r8d."""
    values = ((b"\x48\xb8", SEED), (b"\x48\xb9", steps), (b"\x48\xbf", room_at), (b"\x48\xbe", WORDS - 1), (b"\x49\xb9", answer))
    return b"".join(code + struct.pack("<Q", value) for code, value in values) + bytes.fromhex("4531c0")


def _aligned(count: int) -> int:
    return count + -count % _ALIGNED_TO
