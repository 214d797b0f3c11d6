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
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sonobench_eval.challenge.model import Case, Challenge, Task
from sonobench_eval.io.findings import FindingCode
from sonobench_eval.io.images import INPUT_FORMATS, ImageUnreadable, image_geometry, image_size, read_reference
from sonobench_eval.io.png import MAX_PIXELS
from sonobench_eval.io.strip.registry import NotStrippable, stripped
from sonobench_eval.io.volumes import Geometry, spacing_of

_ORIENTATION, _UPRIGHT = 0x0112, 1
EMPTY = "holds no structure"


Code = Literal["image", "mask", "reference", "header", "empty-mask", "spacing"]
_MOST_SPACING_ERROR = 0.01


@dataclass(frozen=True, slots=True)
class DataProblem:
    """What is wrong with the data of one case; a warning leaves it usable. `code` says which part of it is meant."""

    case: str
    sentence: str
    code: Code = "image"
    is_warning: bool = False


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
    problems: list[DataProblem] = []
    everything = [*((case, truth_dir) for case in challenge.cases), *((case, None) for case in challenge.warm_up)]
    tasks = {task.id: task for task in challenge.tasks}
    for done, (case, references) in enumerate(everything, start=1):
        found = check_case(challenge, tasks[case.task], case, inputs_dir=inputs_dir, truth_dir=references)
        problems += [problem for problem in found if not problem.is_warning]
        if progress is not None:
            progress(done, len(everything))
    return problems


def check_case(challenge: Challenge, task: Task, case: Case, *, inputs_dir: Path, truth_dir: Path | None) -> list[DataProblem]:
    """The same for one case of `task`, with warnings: an empty mask, a distance of pixels that the volume says otherwise.

    Args:
        truth_dir: None where its reference is not to be checked.
    """
    named_after_images = challenge.contract == "uusic25"
    found = list(_problems_of(case, task, inputs_dir, truth_dir, named_after_images=named_after_images))
    if challenge.pseudonyms and all(problem.is_warning for problem in found):
        look = _volume_header_problems if case.is_volume else _header_problems
        found += [DataProblem(case.id, sentence, "header") for sentence in look(inputs_dir / case.id)]
    return found


def _problems_of(
    case: Case, task: Task, inputs_dir: Path, truth_dir: Path | None, *, named_after_images: bool
) -> Iterator[DataProblem]:
    image = inputs_dir / case.id
    look = _volume_problem if case.is_volume else _image_problem
    if sentence := _not_a_file_inside(image, inputs_dir) or look(image):
        yield DataProblem(case.id, f"image {image}: {sentence}")
        return
    if task.is_segmentation and named_after_images and image.suffix.lower() != ".png":
        sentence = "masks take the name of their image and are PNG files; convert the image to PNG"
        yield DataProblem(case.id, f"image {image}: {sentence}")
    if case.is_volume and case.pixel_size_mm is not None:
        yield from _other_spacing(case, image)
    if truth_dir is not None:
        yield from _reference_problems(case, task, truth_dir, image)


def _other_spacing(case: Case, image: Path) -> Iterator[DataProblem]:
    affine, declared = image_geometry(image).affine, np.atleast_1d(np.array(case.pixel_size_mm, np.float64))
    if affine is None or len(declared) == 2:
        return
    own = spacing_of(affine)
    if not np.allclose(declared, own, rtol=_MOST_SPACING_ERROR, atol=0):
        said = " x ".join(f"{each:.4g}" for each in own)
        sentence = f"image {image}: says that its voxels lie {said} mm apart (slice, row, column), not as pixel_size_mm says"
        yield DataProblem(case.id, sentence, "spacing", is_warning=True)


def _reference_problems(case: Case, task: Task, truth_dir: Path, image: Path) -> Iterator[DataProblem]:
    if not case.has_reference:
        yield DataProblem(case.id, f"it has no {task.rules.reference}, so no answer to it can be scored", "reference")
    if case.mask is not None:
        yield from _mask_problems(case, task, truth_dir, image)
    if (case.boxes or case.points) and not case.is_volume:
        for sentence in _places_outside(case, *image_size(image)):
            yield DataProblem(case.id, sentence, "reference")


def _mask_problems(case: Case, task: Task, truth_dir: Path, image: Path) -> Iterator[DataProblem]:
    mask = truth_dir / (case.mask or "")
    if sentence := _not_a_file_inside(mask, truth_dir):
        yield DataProblem(case.id, f"mask {mask}: {sentence}", "mask")
        return
    found = _mask_problem(mask, task, _size_of(case, image))
    if found is not None:
        yield DataProblem(case.id, f"mask {mask}: {found}", "empty-mask" if found is EMPTY else "mask", is_warning=found is EMPTY)


def _size_of(case: Case, image: Path) -> tuple[int, int] | Geometry:
    return image_geometry(image) if case.is_volume else image_size(image)


def _mask_problem(path: Path, task: Task, size: tuple[int, int] | Geometry) -> str | None:
    read = read_reference(path, size)
    if read.problem is FindingCode.FILE_TOO_LARGE:
        return "is far larger than a mask of its image can be"
    if read.array is None:
        return f"cannot be used: {read.detail}"
    values = set(_values_of(read.array))
    named = set((task.labels or {}).values())
    if task.kind == "segmentation" and "nonzero" not in named and (strange := sorted(values - {0} - named)):
        return f"has value {strange[0]}, which names no structure of {task.id}"
    return None if values - {0} else EMPTY


def _values_of(array: NDArray[Any]) -> list[int]:
    """Counting bytes is ten times faster than sorting them."""
    if array.dtype == np.uint8:
        return [int(value) for value in np.flatnonzero(np.bincount(array.ravel(), minlength=256))]
    return [int(value) for value in np.unique(array)]


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
