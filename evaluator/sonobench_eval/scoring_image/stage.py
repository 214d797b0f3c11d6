"""What a scoring image is given: two folders, made anew for one scoring and readable by any user.

`/truth` has `truth.json` and copies of the reference masks; `/predictions` has `predictions.json` and the answers' masks. The
answers are those that the contract could read, written anew: nothing that a submission wrote reaches the scoring image as it
was, so a file made to break its reader breaks the confined decoder at most.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sonobench_eval.challenge.case import REFERENCES
from sonobench_eval.challenge.load import LoadedChallenge
from sonobench_eval.challenge.model import Case, Task
from sonobench_eval.contract.port import Answers, BoxesAnswer, PointsAnswer
from sonobench_eval.io.findings import NOTES, FindingCode
from sonobench_eval.io.volumes import Geometry
from sonobench_eval.scoring_image.trouble import ScoringImageTrouble

TRUTH_SCHEMA, PREDICTIONS_SCHEMA = "sonobench.truth/1", "sonobench.predictions/1"
MASKS, IMAGES = "masks", "images"
LARGEST_IN_A_PNG = 255

ImageSize = Callable[[Case], "tuple[int, int] | Geometry"]
Entry = dict[str, Any]


class Folders(NamedTuple):
    """The two folders on this host."""

    truth: Path
    predictions: Path


class Truth(Protocol):
    """The organiser's files."""

    def image_size(self, case: Case) -> tuple[int, int] | Geometry: ...


def stage(loaded: LoadedChallenge, answers: Answers, truth: Truth, base: Path) -> Folders:
    """Write both folders below `base`, an empty private folder.

    Raises:
        ScoringImageTrouble: a reference or an image is missing, or cannot be copied.
    """
    folders = Folders(base / "truth", base / "predictions")
    for folder in folders:
        (folder / MASKS).mkdir(parents=True)
    try:
        _stage_truth(loaded, folders.truth)
        _stage_predictions(loaded, answers, truth, folders.predictions)
    except OSError as error:
        raise ScoringImageTrouble(
            f"{error.filename or base} could not be read or written for the scoring image: {error.strerror or error}; "
            "put the file back, or free some space"
        ) from error
    for path in (*folders.truth.rglob("*"), *folders.predictions.rglob("*"), *folders):
        path.chmod(0o755 if path.is_dir() else 0o444)
    return folders


def _stage_truth(loaded: LoadedChallenge, folder: Path) -> None:
    challenge = loaded.challenge
    with_images = challenge.scoring_image is not None and challenge.scoring_image.with_images
    cases = [_reference(loaded, case, number, folder) for number, case in enumerate(challenge.cases, start=1)]
    if with_images:
        for case, entry in zip(challenge.cases, cases, strict=True):
            entry["image"] = f"{IMAGES}/{case.id}"
            _copy(loaded.inputs_dir / case.id, folder / IMAGES / case.id)
    tasks = [task.model_dump(mode="json", exclude_none=True) for task in challenge.tasks]
    _write(folder / "truth.json", {"schema": TRUTH_SCHEMA, "challenge": challenge.name, "tasks": tasks, "cases": cases})


def _reference(loaded: LoadedChallenge, case: Case, number: int, folder: Path) -> Entry:
    kept = {"id", "task", "center", "subject", "subgroup", "groups", "pixel_size_mm", *REFERENCES}
    entry: Entry = case.model_dump(mode="json", include=kept, exclude_none=True, by_alias=True)
    if case.mask is not None and loaded.truth_dir is not None:
        entry["mask"] = f"{MASKS}/{number:06}{_ending(case.mask)}"
        _copy(loaded.truth_dir / case.mask, folder / entry["mask"])
    return entry


def _ending(name: str) -> str:
    """`.nii.gz`, `.png`: programs choose their reader by it."""
    return "".join(Path(name).suffixes[-2:]) if name.lower().endswith(".nii.gz") else Path(name).suffix


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _stage_predictions(loaded: LoadedChallenge, answers: Answers, truth: Truth, folder: Path) -> None:
    tasks = {task.id: task for task in loaded.challenge.tasks}
    entries: list[Entry] = []
    for number, case in enumerate(loaded.challenge.cases, start=1):
        entry: Entry = {"id": case.id, "task": case.task}
        entries.append(entry | _answer(answers, tasks[case.task], case, Slot(folder, number, truth.image_size)))
    _write(folder / "predictions.json", {"schema": PREDICTIONS_SCHEMA, "cases": entries})


class Slot(NamedTuple):
    """Where the answer to one case goes, and how large its image is."""

    folder: Path
    number: int
    image_size: ImageSize


def _answer(answers: Answers, task: Task, case: Case, slot: Slot) -> Entry:
    if task.is_segmentation:
        answer = answers.mask(case)
        entry = _problem(answer.problem)
        return entry if entry["problem"] or answer.array is None else entry | _mask(answer.array, case, slot)
    return _entry(answers, task, case)


def _entry(answers: Answers, task: Task, case: Case) -> Entry:
    if task.is_classification:
        of_class = answers.classification(case)
        said = {"probabilities": of_class.probabilities, "prediction": of_class.prediction}
        return _said(of_class.problem, said, abstains=of_class.abstains)
    if task.kind == "multilabel":
        of_labels = answers.labels(case)
        said = {"probabilities": of_labels.probabilities, "decisions": of_labels.decisions}
        return _said(of_labels.problem, said, abstains=of_labels.abstains)
    if task.kind == "detection":
        of_boxes = answers.boxes(case)
        return _said(of_boxes.problem, {"boxes": list(_boxes(of_boxes, task))}, abstains=of_boxes.abstains)
    if task.kind == "keypoints":
        of_points = answers.points(case)
        return _said(of_points.problem, {"points": _points(of_points, task)}, abstains=of_points.abstains)
    of_value = answers.value(case)
    return _said(of_value.problem, {"value": of_value.value}, abstains=of_value.abstains)


def _problem(code: FindingCode | None) -> Entry:
    return {"problem": None if code is None or code in NOTES else code.value}


def _said(code: FindingCode | None, said: Entry, *, abstains: bool) -> Entry:
    entry = _problem(code)
    return entry if entry["problem"] else {**entry, "abstains": abstains, **said}


def _boxes(answer: BoxesAnswer, task: Task) -> Iterator[Entry]:
    classes: Sequence[str] = task.classes or ()
    for box in answer.boxes or ():
        place = [box.left, box.top, box.right, box.bottom]
        yield {"class": classes[box.class_index], "confidence": box.confidence, "box": place}


def _points(answer: PointsAnswer, task: Task) -> Entry:
    return dict(zip(task.points or (), answer.points or (), strict=False))


def _mask(array: NDArray[Any], case: Case, slot: Slot) -> Entry:
    """An 8-bit PNG, or a compressed NIfTI file that lies where the case's image does."""
    if array.ndim == 2 and int(array.max(initial=0)) <= LARGEST_IN_A_PNG:
        name = f"{MASKS}/{slot.number:06}.png"
        Image.fromarray(array.astype(np.uint8)).save(slot.folder / name, "PNG", compress_level=1)
        return {"mask": name}
    name = f"{MASKS}/{slot.number:06}.nii.gz"
    _save_nifti(array, slot.image_size(case), slot.folder / name)
    return {"mask": name}


def _save_nifti(array: NDArray[Any], size: tuple[int, int] | Geometry, target: Path) -> None:
    import nibabel

    affine = size.affine if isinstance(size, Geometry) and size.affine is not None else np.eye(4)
    volume = array if array.ndim == 3 else array[np.newaxis]
    kept = volume.astype(np.uint8 if volume.max(initial=0) <= LARGEST_IN_A_PNG else np.uint32)
    cast(Any, nibabel).Nifti1Image(kept.transpose(2, 1, 0), affine).to_filename(target)


def _write(path: Path, document: object) -> None:
    path.write_text(json.dumps(document, ensure_ascii=False, allow_nan=False), encoding="utf-8")
