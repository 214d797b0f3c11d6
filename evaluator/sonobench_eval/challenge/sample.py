"""A challenge on a folder of public sample images in the UUSIC25 layout, in place of its own hidden cases.

The folder holds `images/`, a list of cases, and where the references are public `truth/`. The list is the first of
`ground_truth.json`, `participants.json` and `cases.json` that is there; entries without `mask_path_relative` and
`label` are cases without references.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from sonobench_eval.challenge.digest import challenge_hash
from sonobench_eval.challenge.errors import ChallengeError
from sonobench_eval.challenge.import_uusic25 import GROUND_TRUTH, INPUTS, MAX_BYTES, TRUTH, slug
from sonobench_eval.challenge.load import LoadedChallenge
from sonobench_eval.challenge.model import Case, Center, Task, is_plain_relative_path
from sonobench_eval.challenge.public import PublicChallenge, tasks_of, with_cases
from sonobench_eval.io.strict_json import StrictJsonError, loads

LISTS = (GROUND_TRUTH, "participants.json", "cases.json")
_NO_CENTER = Center(id="sample", role="internal", title="Sample")
Entry = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Sample:
    """A challenge with a sample's cases. Without references there is nothing to score, but results can be checked.

    `tasks_without_cases` are the challenge's tasks that the sample says nothing of.
    """

    loaded: LoadedChallenge
    has_references: bool
    tasks_without_cases: tuple[str, ...]


def challenge_on_sample(public: PublicChallenge, folder: Path) -> Sample:
    """The challenge with the cases of `folder`; nothing is written.

    Raises:
        ChallengeError: the folder is not in the layout, or its cases belong to no task of the challenge.
    """
    listed, entries = _entries(folder)
    tasks = tasks_of(public)
    cases = [_case(entry, tasks, folder, f"{listed}: entry {number}") for number, entry in enumerate(entries)]
    centers = _centers(public, cases)
    if centers == (_NO_CENTER,):
        cases = [case.model_copy(update={"center": _NO_CENTER.id}) for case in cases]
    referenced = all(case.has_reference for case in cases)
    if not referenced:
        cases = [case.model_copy(update={"mask": None, "label": None}) for case in cases]
    challenge = with_cases(public, cases, centers=centers, name=str(listed))
    used = {case.task for case in cases}
    return Sample(
        LoadedChallenge(challenge, listed, folder, challenge_hash(challenge)),
        has_references=referenced,
        tasks_without_cases=tuple(task.title or task.id for task in tasks if task.id not in used),
    )


def _entries(folder: Path) -> tuple[Path, Sequence[Entry]]:
    listed = next((folder / name for name in LISTS if (folder / name).is_file()), None)
    if listed is None:
        what = f"there is none of {', '.join(LISTS)} in it" if folder.is_dir() else "there is no such folder"
        raise ChallengeError(f"{folder}: {what}; give a folder in the UUSIC25 layout")
    try:
        content = loads(listed.read_bytes(), max_bytes=MAX_BYTES)
    except StrictJsonError as error:
        raise ChallengeError(f"{listed}: is not usable JSON: {error}") from error
    except OSError as error:
        raise ChallengeError(f"{listed}: cannot be read: {error.strerror}") from error
    if not isinstance(content, list) or not content or not all(isinstance(entry, dict) for entry in content):
        raise ChallengeError(f"{listed}: must be a list of cases, and not empty")
    return listed, content


def _case(entry: Entry, tasks: Sequence[Task], folder: Path, place: str) -> Case:
    image = _file(entry.get("img_path_relative"), folder / INPUTS, f"{place}: img_path_relative")
    task = _task(entry, tasks, place)
    document: dict[str, object] = {
        "id": image,
        "task": task.id,
        "center": slug(str(entry.get("center") or _NO_CENTER.id)),
        "subject": None if entry.get("subject") is None else str(entry["subject"]),
        "pixel_size_mm": entry.get("pixel_size_mm"),
    }
    if task.is_segmentation and entry.get("mask_path_relative") is not None:
        document["mask"] = _file(entry["mask_path_relative"], folder / TRUTH, f"{place}: mask_path_relative")
    elif not task.is_segmentation:
        document["label"] = entry.get("label")
    try:
        return Case.model_validate(document)
    except ValidationError as error:
        wrong = error.errors()[0]
        raise ChallengeError(f"{place}: {'.'.join(map(str, wrong['loc']))}: {wrong['msg']}") from error


def _file(path: object, folder: Path, place: str) -> str:
    if not isinstance(path, str) or not is_plain_relative_path(path):
        raise ChallengeError(f"{place} is missing, or is not a plain relative path")
    if not (folder / path).is_file():
        raise ChallengeError(f"{place}: there is no file {folder / path}")
    return path


def _task(entry: Entry, tasks: Sequence[Task], place: str) -> Task:
    kind, dataset = entry.get("task"), entry.get("dataset_name")
    for task in tasks:
        if task.dataset_name == dataset and task.is_segmentation == (kind == "segmentation"):
            return task
    known = ", ".join(f"{'segmentation' if task.is_segmentation else 'classification'} of {task.dataset_name}" for task in tasks)
    raise ChallengeError(f"{place}: {kind} of {dataset} is no task of this challenge; it has {known}")


def _centers(public: PublicChallenge, cases: Sequence[Case]) -> tuple[Center, ...]:
    """The challenge's centers where every case is from one of them, else one for the whole sample."""
    declared = [Center.model_validate(center) for center in public.settings.get("centers", [])]
    used = {case.center for case in cases}
    known = tuple(center for center in declared if center.id in used)
    return known if len(known) == len(used) else (_NO_CENTER,)
