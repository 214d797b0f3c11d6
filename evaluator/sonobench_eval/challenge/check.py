"""The organiser's check of a challenge's data, before anybody is scored on it: every file is opened and decoded.

A challenge may be valid and its data not: a mask of another size, a label value no structure has, a link that
leads out of the folder, an image whose headers cannot be taken off. Each is found here, by name, and not by a team's
surprising score.
"""

from __future__ import annotations

import gzip
import io
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from PIL import Image

from sonobench_eval.challenge.model import Case, Challenge, Task
from sonobench_eval.io.findings import FindingCode
from sonobench_eval.io.images import INPUT_FORMATS, ImageUnreadable, image_geometry, image_size, read_reference
from sonobench_eval.io.png import MAX_PIXELS
from sonobench_eval.io.strip.registry import NotStrippable, stripped
from sonobench_eval.io.volumes import Geometry

_ORIENTATION, _UPRIGHT = 0x0112, 1


@dataclass(frozen=True, slots=True)
class DataProblem:
    """What is wrong with the data of one case."""

    case: str
    sentence: str


def check_data(
    challenge: Challenge,
    inputs_dir: Path,
    truth_dir: Path | None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> list[DataProblem]:
    """Check every image and, where `truth_dir` is given, every reference; an empty list where all is well.

    Images of the warm-up are checked as the others are; they have no reference.

    Args:
        challenge: the challenge, with references.
        inputs_dir: the folder of the images.
        truth_dir: the folder of the reference masks; None where there are none to check (a run worker).
        progress: called with (images done, images) after each.
    """
    tasks = {task.id: task for task in challenge.tasks}
    problems: list[DataProblem] = []
    everything = [*((case, truth_dir) for case in challenge.cases), *((case, None) for case in challenge.warm_up)]
    for done, (case, references) in enumerate(everything, start=1):
        sentences = list(
            _problems_of(case, tasks[case.task], inputs_dir, references, named_after_images=challenge.contract == "uusic25")
        )
        if challenge.pseudonyms and not sentences:
            look = _volume_header_problems if case.is_volume else _header_problems
            sentences += look(inputs_dir / case.id)
        problems += [DataProblem(case.id, sentence) for sentence in sentences]
        if progress is not None:
            progress(done, len(everything))
    return problems


def _problems_of(case: Case, task: Task, inputs_dir: Path, truth_dir: Path | None, *, named_after_images: bool) -> Iterator[str]:
    image = inputs_dir / case.id
    look = _volume_problem if case.is_volume else _image_problem
    if sentence := _not_a_file_inside(image, inputs_dir) or look(image):
        yield f"image {image}: {sentence}"
        return
    if task.is_segmentation and named_after_images and image.suffix.lower() != ".png":
        yield f"image {image}: masks take the name of their image and are PNG files; convert the image to PNG"
    if truth_dir is not None:
        yield from _reference_problems(case, task, truth_dir, image)


def _reference_problems(case: Case, task: Task, truth_dir: Path, image: Path) -> Iterator[str]:
    if not case.has_reference:
        yield f"it has no {task.rules.reference}, so no answer to it can be scored"
    if case.mask is not None:
        mask = truth_dir / case.mask
        if sentence := _not_a_file_inside(mask, truth_dir) or _mask_problem(mask, task, _size_of(case, image)):
            yield f"mask {mask}: {sentence}"
    if (case.boxes or case.points) and not case.is_volume:
        yield from _places_outside(case, *image_size(image))


def _size_of(case: Case, image: Path) -> tuple[int, int] | Geometry:
    return image_geometry(image) if case.is_volume else image_size(image)


def _mask_problem(path: Path, task: Task, size: tuple[int, int] | Geometry) -> str | None:
    read = read_reference(path, size)
    if read.problem is FindingCode.FILE_TOO_LARGE:
        return "is far larger than a mask of its image can be"
    if read.array is None:
        return f"cannot be used: {read.detail}"
    values = {int(value) for value in np.unique(read.array)}
    named = set((task.labels or {}).values())
    if task.kind == "segmentation" and "nonzero" not in named and (strange := sorted(values - {0} - named)):
        return f"has value {strange[0]}, which names no structure of {task.id}"
    return None


def _places_outside(case: Case, height: int, width: int) -> Iterator[str]:
    """Boxes and points of the reference that no answer could reach."""
    for number, box in enumerate(case.boxes or ()):
        left, top, right, bottom = box.box
        if left < 0 or top < 0 or right > width or bottom > height:
            yield f"box {number} reaches beyond the image of {width} x {height} pixels"
    for name, point in (case.points or {}).items():
        if point is not None and not (0 <= point[0] <= width and 0 <= point[1] <= height):
            yield f"point {name} lies beyond the image of {width} x {height} pixels"


def _header_problems(path: Path) -> Iterator[str]:
    """Why this image cannot be handed over without its headers. Only asked of images that can be decoded."""
    data = path.read_bytes()
    cure = "save it anew, or set `pseudonyms: false`"
    try:
        without = stripped(data)
    except NotStrippable as error:
        yield f"image {path}: its headers cannot be taken off: it {error}; {cure}"
        return
    with Image.open(io.BytesIO(data), formats=INPUT_FORMATS) as image:
        if _is_turned(image):
            yield f"image {path}: a header says that it is to be turned, which not every program does; turn its pixels themselves"
        if _looks(image) != _looks_without(without):
            yield f"image {path}: it does not decode to the same pixels once its headers are taken off; {cure}"


def _volume_header_problems(path: Path) -> Iterator[str]:
    """The same for a volume, which must keep its voxels and its place."""
    data, cure = path.read_bytes(), "save it anew, or set `pseudonyms: false`"
    try:
        without = stripped(data)
    except NotStrippable as error:
        yield f"image {path}: its header cannot be taken off: it {error}; {cure}"
        return
    if _voxels(data) != _voxels(without):
        yield f"image {path}: it is another volume once its header is taken off; {cure}"


def _voxels(data: bytes) -> tuple[bytes, bytes]:
    import nibabel

    plain = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    kind = nibabel.Nifti2Image if struct.unpack_from("<i", plain)[0] == 540 or struct.unpack_from(">i", plain)[0] == 540 else None
    volume = cast(Any, kind or nibabel.Nifti1Image).from_bytes(plain)
    return np.asanyarray(volume.dataobj).tobytes(), np.asarray(volume.affine).tobytes()


def _is_turned(image: Image.Image) -> bool:
    try:
        return bool(image.getexif().get(_ORIENTATION, _UPRIGHT) != _UPRIGHT)
    # A header that cannot be read turns nothing.
    except Exception:
        return False


def _looks_without(data: bytes) -> tuple[object, ...] | None:
    try:
        with Image.open(io.BytesIO(data), formats=INPUT_FORMATS) as image:
            return _looks(image)
    # Whatever the decoder says, the file is not what it was.
    except Exception:
        return None


def _looks(image: Image.Image) -> tuple[object, ...]:
    image.load()
    return image.mode, image.size, image.tobytes(), image.getpalette(), image.info.get("transparency")


def _not_a_file_inside(path: Path, folder: Path) -> str | None:
    """Links are allowed as long as they stay in the folder: what leads out would not be where the images are copied to."""
    try:
        inside = path.resolve(strict=True).is_relative_to(folder.resolve())
    except (OSError, RuntimeError):
        return "there is no such file"
    if not inside:
        return f"is a link that leads out of {folder}; copy the file instead"
    return None if path.is_file() else "is not a file"


def _volume_problem(path: Path) -> str | None:
    import nibabel

    try:
        image_geometry(path)
        np.asanyarray(cast(Any, nibabel.load(path)).dataobj)
    except ImageUnreadable as error:
        return str(error).removeprefix(f"{path}: ")
    # nibabel raises errors of many kinds; for the organiser they mean one thing.
    except Exception:
        return "is damaged and cannot be decoded"
    return None


def _image_problem(path: Path) -> str | None:
    try:
        height, width = image_size(path)
        if height * width > MAX_PIXELS:
            return f"has {width} x {height} pixels; at most {MAX_PIXELS:,} can be scored"
        with Image.open(path, formats=INPUT_FORMATS) as image:
            image.load()
    except ImageUnreadable as error:
        return str(error).removeprefix(f"{path}: ")
    # Decoders raise errors of many kinds; for the organiser they mean one thing.
    except Exception:
        return "is damaged and cannot be decoded"
    return None
