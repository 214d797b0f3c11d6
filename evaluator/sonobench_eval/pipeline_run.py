"""One run of one image on a challenge's inputs: stage what the container may see, run it, clean up.

The container is given a private folder that holds the cases' images where its contract puts them, and the case list as a
file of its own or among them, and nothing else. All are copies: their times and modes must not tell anything, and the
originals must stay as they are. A program in the container can read the host path of the folder, so its name is random and
says nothing. Under pseudonyms (see `contract.pseudonyms`) the copies are written in shuffled order, so that neither the
order of a folder nor that of inode numbers is the list's, and without headers (see `io.strip`). Sizes and pixels stay: they
are what an algorithm is for.

Raises `SandboxTrouble`, like the sandbox itself, where staging fails: nothing is known about the algorithm then.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import gettempdir, mkdtemp

from sonobench_eval.challenge.load import LoadedChallenge
from sonobench_eval.challenge.model import Challenge
from sonobench_eval.contract.port import Feed
from sonobench_eval.contract.pseudonyms import CaseNames, case_names
from sonobench_eval.contract.registry import contract_of
from sonobench_eval.io.strip.registry import NotStrippable, stripped
from sonobench_eval.sandbox.port import (
    ImageIdentity,
    LogFn,
    Mounts,
    ProgressFn,
    RunOutcome,
    RunSpec,
    Sandbox,
    SandboxTrouble,
    container_name,
)

STAGED_AT_S = 946_684_800
"""The time on every staged file: 2000-01-01 UTC. The real ones would tell when and in which order images were taken."""
_PREFIX = "sonobench-staged-"
_TRIES = 5


class InputsIncomplete(SandboxTrouble):
    """The challenge's inputs are not all there or cannot be copied. The message names the first one."""


@dataclass(frozen=True, slots=True)
class Staged:
    """What a container is given, on this host; `case_list` is None where none is mounted by itself."""

    inputs_dir: Path
    case_list: Path | None


@dataclass(frozen=True, slots=True)
class RunPlan:
    """Which image is run, as which attempt, and what this node gives it; `runtime` to `cpuset`, and `tell_log`, as in
    `RunSpec`.

    `inputs_dir` has the cases' images, each at its case id. `pseudonym_key` makes the names and the order that the
    container is given (`pseudonyms.new_key`), and its answers are read with the same key; None gives it the cases' own
    names, and the images as they are. `staging` is a folder on this host for the private copy, as the engine sees it too,
    by default the system's temporary folder; it needs room for all images.
    """

    identity: ImageIdentity
    inputs_dir: Path
    run_id: str
    attempt: int
    node: str
    runtime: str | None = None
    gpu_uuid: str | None = None
    gpu_exclusive: bool = False
    cpuset: str | None = None
    pseudonym_key: bytes | None = field(default=None, repr=False)
    staging: Path | None = None
    tell_log: LogFn | None = field(default=None, repr=False)


def run_image(
    challenge: LoadedChallenge | Challenge,
    plan: RunPlan,
    *,
    sandbox: Sandbox,
    results: Path,
    should_stop: Callable[[], bool] = lambda: False,
    progress: ProgressFn = lambda _phase: None,
) -> RunOutcome:
    """Run an image on every case of a challenge and write what it left to the tar `results`.

    Args:
        progress: called with `stage`, then with the sandbox's phases.

    Raises:
        InputsIncomplete: an image is missing, could not be copied, or cannot be freed of its headers.
        SandboxTrouble: see `port.Sandbox.run`.
    """
    challenge = challenge if isinstance(challenge, Challenge) else challenge.challenge
    contract, names = contract_of(challenge), case_names(challenge, plan.pseudonym_key)
    feed = contract.feed(names.as_told(challenge))
    progress("stage")
    with staged(names, feed, inputs_dir=plan.inputs_dir, base=plan.staging) as ready:
        spec = RunSpec(
            name=container_name(plan.run_id, plan.attempt),
            image=plan.identity,
            mounts=Mounts(
                inputs_dir=ready.inputs_dir,
                inputs_at=feed.inputs_at,
                case_list=ready.case_list,
                case_list_at=None if feed.case_list is None else feed.case_list.at,
                output_at=feed.output_at,
            ),
            limits=challenge.limits,
            writable=challenge.writable,
            run_id=plan.run_id,
            attempt=plan.attempt,
            node=plan.node,
            runtime=plan.runtime,
            gpu_uuid=plan.gpu_uuid,
            gpu_exclusive=plan.gpu_exclusive,
            cpuset=plan.cpuset,
            tell_log=plan.tell_log,
        )
        return sandbox.run(spec, results, should_stop=should_stop, progress=progress)


@contextmanager
def staged(names: CaseNames, feed: Feed, *, inputs_dir: Path, base: Path | None = None) -> Iterator[Staged]:
    """A private folder with exactly the named cases' images and the case list, readable by any user, gone afterwards.

    `feed` says where in it the image of each case lies, by the name that the container is given.

    What a killed process left under `base` goes first: hidden images would lie there for good.

    Raises:
        InputsIncomplete: an image is missing, could not be copied, or cannot be freed of its headers.
    """
    sweep_staging(base)
    folder, lock = _new_folder(base)
    try:
        try:
            ready = Staged(folder / "inputs", None if feed.case_list is None else folder / "cases")
            _stage(names, feed, inputs_dir, ready)
        except OSError as error:
            raise InputsIncomplete(_why_not_copied("The case list", error, folder.parent)) from error
        yield ready
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def sweep_staging(base: Path | None = None) -> list[str]:
    """Remove folders that a killed process left under `base`; returns their names. Those in use are locked and stay."""
    removed = []
    for folder in sorted((base or Path(gettempdir())).glob(f"{_PREFIX}*")):
        lock = _lock(folder)
        if lock is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)
            removed.append(folder.name)
    return removed


def _new_folder(base: Path | None) -> tuple[Path, int]:
    """A new folder and its lock. Between the two, the sweep of another process can take the folder away: then another."""
    for _ in range(_TRIES):
        try:
            if base is not None:
                base.mkdir(parents=True, exist_ok=True)
            folder = Path(mkdtemp(prefix=_PREFIX, dir=base)).resolve()
        except OSError as error:
            raise InputsIncomplete(
                f"No folder for a run's inputs can be made in {base or gettempdir()}: {error.strerror}."
            ) from error
        if (lock := _lock(folder)) is not None and folder.is_dir():
            return folder, lock
        if lock is not None:
            os.close(lock)
    raise InputsIncomplete(f"New folders in {base or gettempdir()} are taken away as they are made. Try again.")


def _lock(folder: Path) -> int | None:
    """A lock on the folder for as long as the descriptor is open; None where another process holds it, or it is gone."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _stage(names: CaseNames, feed: Feed, inputs_dir: Path, ready: Staged) -> None:
    # The folder around them keeps mode 0700: the engine mounts the inner ones, and nobody else needs a way in.
    copy = _copy_without_headers if names.are_pseudonyms else shutil.copyfile
    for case_id, name in names.given.items():
        source, target = inputs_dir / case_id, ready.inputs_dir / feed.images[name]
        if not source.is_file():
            raise InputsIncomplete(f"The image of case {case_id} is missing: there is no file {source}.")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            copy(source, target)
        except OSError as error:
            raise InputsIncomplete(_why_not_copied(case_id, error, ready.inputs_dir.parent.parent)) from error
        except NotStrippable as error:
            raise InputsIncomplete(f"The image of case {case_id} cannot be freed of its headers: it {error}.") from error
    lists = {ready.inputs_dir / path: content for path, content in feed.beside.items()}
    if ready.case_list is not None and feed.case_list is not None:
        lists[ready.case_list] = feed.case_list.content
    for path, content in lists.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for path in {*ready.inputs_dir.rglob("*"), ready.inputs_dir, *lists}:
        path.chmod(0o755 if path.is_dir() else 0o444)
        os.utime(path, (STAGED_AT_S, STAGED_AT_S))


def _copy_without_headers(source: Path, target: Path) -> None:
    target.write_bytes(stripped(source.read_bytes()))


def _why_not_copied(what: str, error: OSError, folder: Path) -> str:
    return f"{what} could not be copied to {folder}: {error.strerror or error}. The folder needs room for all images."
