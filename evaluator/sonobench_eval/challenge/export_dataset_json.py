"""Writes a segmentation task as a data set for nnU-Net (v2): `imagesTr`, `labelsTr`, `dataset.json`.

nnU-Net wants label values that follow on each other from 1, and one format of images throughout; masks are written anew where
the challenge has others, and flat images that are no PNG become PNG.
"""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sonobench_eval.challenge.errors import ChallengeError
from sonobench_eval.challenge.load import LoadedChallenge
from sonobench_eval.challenge.model import Case, Task
from sonobench_eval.io.images import INPUT_FORMATS, image_geometry, image_size, read_reference
from sonobench_eval.io.volumes import Geometry

IMAGES, MASKS = "imagesTr", "labelsTr"
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class _Export:
    """One export: where to, of which task, and what each value of a mask becomes."""

    loaded: LoadedChallenge
    target: Path
    task: Task
    ending: str
    colour: bool


def export_dataset_json(
    loaded: LoadedChallenge, target: Path, *, task: str | None = None, progress: Progress | None = None
) -> int:
    """Write the data set; how many cases it has.

    Args:
        target: a folder that is not there yet.
        task: which segmentation task, where the challenge has several.

    Raises:
        ChallengeError: there is no such task, or its data cannot be written so.
    """
    chosen = _task(loaded, task)
    cases = loaded.challenge.cases_of(chosen.id)
    if target.exists():
        raise ChallengeError(f"{target}: is there already; name a new folder")
    ending = _one_format(chosen, cases)
    colour = ending == ".png" and any(_is_colour(loaded.inputs_dir / case.id) for case in cases)
    export = _Export(loaded, target, chosen, ending, colour)
    try:
        for folder in (IMAGES, MASKS):
            (target / folder).mkdir(parents=True)
        for number, case in enumerate(cases, start=1):
            _write_case(export, case, f"{chosen.id}_{number:05}")
            if progress is not None:
                progress(number, len(cases))
        document = json.dumps(_document(export, len(cases)), indent=1, ensure_ascii=False) + "\n"
        (target / "dataset.json").write_text(document, encoding="utf-8")
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise
    return len(cases)


def _task(loaded: LoadedChallenge, task: str | None) -> Task:
    there = [each for each in loaded.challenge.tasks if each.kind == "segmentation"]
    chosen = [each for each in there if task in (None, each.id)]
    names = ", ".join(each.id for each in there) or "none"
    if len(chosen) != 1:
        what = "has several segmentation tasks" if chosen else f"has no segmentation task {task or ''}".rstrip()
        raise ChallengeError(f"{loaded.path.name}: {what}; choose one with --task: {names}")
    return chosen[0]


def _one_format(task: Task, cases: tuple[Case, ...]) -> str:
    volumes = {case.is_volume for case in cases}
    if len(volumes) > 1:
        raise ChallengeError(f"{task.id}: has flat images and volumes, and nnU-Net takes one kind; make a task of each")
    return ".nii.gz" if volumes == {True} else ".png"


def _is_colour(path: Path) -> bool:
    try:
        with Image.open(path, formats=INPUT_FORMATS) as image:
            return image.mode not in ("1", "L", "LA", "I;16", "I", "F")
    except (OSError, ValueError, SyntaxError) as error:
        raise ChallengeError(f"{path}: cannot be read as an image; see `sonobench dataset verify`") from error


def _write_case(export: _Export, case: Case, name: str) -> None:
    image = export.loaded.inputs_dir / case.id
    target = export.target / IMAGES / f"{name}_0000{export.ending}"
    try:
        if case.is_volume:
            _write_volume(image, target)
        else:
            _write_flat(image, target, colour=export.colour)
        _write_mask(export, case, image, export.target / MASKS / f"{name}{export.ending}")
    except OSError as error:
        raise ChallengeError(f"case {case.id}: cannot be written to {export.target}: {error.strerror or error}") from error


def _write_flat(image: Path, target: Path, *, colour: bool) -> None:
    with Image.open(image, formats=INPUT_FORMATS) as opened:
        if opened.format == "PNG" and (opened.mode == "RGB" or not colour):
            shutil.copyfile(image, target)  # as it is: 16 bits stay 16 bits
        else:
            opened.convert("RGB" if colour else "L").save(target, "PNG")


def _write_volume(image: Path, target: Path) -> None:
    data = image.read_bytes()
    target.write_bytes(data if data.startswith(b"\x1f\x8b") else gzip.compress(data, 6, mtime=0))


def _write_mask(export: _Export, case: Case, image: Path, target: Path) -> None:
    if case.mask is None or export.loaded.truth_dir is None:
        raise ChallengeError(f"case {case.id}: has no mask to write")
    path = export.loaded.truth_dir / case.mask
    size: tuple[int, int] | Geometry = image_geometry(image) if case.is_volume else image_size(image)
    read = read_reference(path, size)
    if read.array is None:
        raise ChallengeError(f"{path}: cannot be used: {read.detail or read.problem}; see `sonobench dataset verify`")
    values = _renumbered(read.array, export.task)
    if isinstance(size, Geometry):
        affine = np.eye(4) if size.affine is None else size.affine
        import nibabel

        cast(Any, nibabel).Nifti1Image(values.transpose(2, 1, 0), affine).to_filename(target)
    else:
        Image.fromarray(values).save(target, "PNG")


def _renumbered(array: NDArray[Any], task: Task) -> NDArray[np.uint8]:
    """Structures in their order from 1; whatever else there is becomes background."""
    labels = task.labels or {}
    if "nonzero" in labels.values():
        return np.asarray(array != 0, dtype=np.uint8)
    made = np.zeros(array.shape, np.uint8)
    for number, value in enumerate(labels.values(), start=1):
        made[array == value] = number
    return made


def _document(export: _Export, cases: int) -> Mapping[str, object]:
    names = ("R", "G", "B") if export.colour else (export.task.organ,)
    labels = {"background": 0} | {name: number for number, name in enumerate(export.task.labels or {}, start=1)}
    return {
        "name": export.task.dataset_name,
        "description": f"{export.loaded.challenge.title}: {export.task.title or export.task.id}",
        "channel_names": {str(number): name for number, name in enumerate(names)},
        "labels": labels,
        "numTraining": cases,
        "file_ending": export.ending,
    }
