"""Makes a challenge from a data set for nnU-Net (v2, or v1) or of the Medical Segmentation Decathlon: folders and `dataset.json`.

One task, one center. Images of several channels are no case of a challenge, as a container is given one file; one of their
channels can be chosen. Regions (labels made of others) and an ignored label say what a mask's values mean in a way that a
challenge cannot, and are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal, NamedTuple

from sonobench_eval.challenge.errors import ChallengeError, Problem
from sonobench_eval.challenge.imported import Imported, made_into_a_challenge, slug, why_no_file
from sonobench_eval.io.strict_json import StrictJsonError, loads

DATASET = "dataset.json"
MAX_BYTES = 256 * 2**20
ENDINGS = (".nii.gz", ".nii", ".png", ".tif", ".tiff", ".bmp", ".jpg", ".jpeg")
HIGHEST_LABEL = 255
FOLDERS = {"train": ("imagesTr", "labelsTr"), "test": ("imagesTs", "labelsTs")}

Part = Literal["train", "test"]


@dataclass(frozen=True, slots=True)
class Choices:
    """What the folder does not say.

    Args:
        name, title: of the challenge.
        part: `train` for imagesTr and labelsTr, `test` for imagesTs and labelsTs.
        organ: told to containers.
        center: where all cases are from; `external` where it was never seen in training.
        channel: which channel's images are the cases', counted from 0, where there are several.
        contract: how containers are fed and answer.
    """

    name: str
    title: str | None = None
    part: Part = "test"
    organ: str = "unknown"
    center: str = "dataset"
    external: bool = False
    channel: int | None = None
    contract: str = "json-list"


class Pair(NamedTuple):
    """An image and its mask, below their folders."""

    image: str
    mask: str


@dataclass(frozen=True, slots=True)
class _Folder:
    """The data set's folder as it was found."""

    root: Path
    document: Mapping[str, object]
    choices: Choices
    notes: list[str] = field(default_factory=list)

    @property
    def images(self) -> str:
        return FOLDERS[self.choices.part][0]

    @property
    def masks(self) -> str:
        return FOLDERS[self.choices.part][1]


def import_dataset_json(folder: Path, choices: Choices) -> Imported:
    """Make a challenge from `folder`; nothing is written.

    Raises:
        ChallengeError: a file is missing or not as it should be; one line for each problem.
    """
    found = _Folder(folder, _document(folder), choices)
    labels, channel = _labels(found.document), _channel(found)
    pairs = _pairs(found, channel)
    _refuse_broken(found, pairs)
    _note_the_count(found, pairs)
    return Imported(made_into_a_challenge(_challenge(found, labels, pairs), name=DATASET), tuple(found.notes))


def _document(folder: Path) -> Mapping[str, object]:
    path = folder / DATASET
    try:
        data = path.read_bytes()
    except OSError as error:
        what = "there is no such folder" if not folder.exists() else f"there is no readable {DATASET} in it"
        raise ChallengeError(f"{folder}: {what}; give the folder of a data set for nnU-Net or of the Decathlon") from error
    try:
        content = loads(data.removeprefix(b"\xef\xbb\xbf"), max_bytes=MAX_BYTES)
    except StrictJsonError as error:
        raise ChallengeError(f"{path}: is not usable JSON: {error}") from error
    if not isinstance(content, dict):
        raise ChallengeError(f"{path}: must be an object with labels and channel_names (or modality)")
    return content


def _labels(document: Mapping[str, object]) -> dict[str, int]:
    """Structures by name, without the background. nnU-Net v2 maps names to values, v1 and the Decathlon values to names."""
    given = document.get("labels")
    if not isinstance(given, dict) or not given:
        raise ChallengeError(f"{DATASET}: labels must name the values of the masks, for example {{background: 0, lesion: 1}}")
    if "regions_class_order" in document or any(isinstance(value, list) for value in given.values()):
        raise ChallengeError(
            f"{DATASET}: its labels are regions, made of several values; a challenge has one value for each structure. "
            "Write masks with a value for each, or make a challenge for each region"
        )
    pairs = [_label(key, value) for key, value in given.items()]
    if any(name.lower() == "ignore" for name, _ in pairs):
        raise ChallengeError(f"{DATASET}: has an ignored label, and a challenge scores every pixel; take it out of the masks")
    labels = {slug(name): value for name, value in pairs if value != 0}
    values = [value for _, value in pairs]
    if len(set(values)) != len(values) or len(labels) != sum(value != 0 for value in values):
        raise ChallengeError(f"{DATASET}: two labels have the same value, or names too alike to be told apart")
    return labels


def _label(key: str, value: object) -> tuple[str, int]:
    named = (key, value) if not key.isdigit() else (value, key)
    name, number = str(named[0]), str(named[1])
    if not re.fullmatch(r"\d{1,5}", number) or isinstance(value, bool) or int(number) > HIGHEST_LABEL:
        raise ChallengeError(f"{DATASET}: the label {key!r} must be a whole number from 0 to {HIGHEST_LABEL}, and not {value!r}")
    return name, int(number)


def _channel(found: _Folder) -> int | None:
    """The number in the names of the images (`CASE_0000`); None where images are named without one."""
    named = found.document.get("channel_names", found.document.get("modality"))
    if not isinstance(named, dict) or not named:
        raise ChallengeError(
            f"{DATASET}: channel_names (or modality) must say what the images are, for example {{0: ultrasound}}"
        )
    channel = found.choices.channel
    names = ", ".join(f"{key}: {value}" for key, value in named.items())
    if len(named) > 1 and _is_one_file(found, named):
        found.notes.append(f"its {len(named)} channels ({names}) are the colours of one image, which is taken as it is")
        return 0
    if len(named) > 1 and channel is None:
        raise ChallengeError(
            f"{DATASET}: has {len(named)} channels ({names}), and a case of a challenge is one image. Choose one with --channel"
        )
    if channel is not None and str(channel) not in named:
        raise ChallengeError(f"{DATASET}: has no channel {channel}; it has {names}")
    if len(named) > 1:
        found.notes.append(f"of its {len(named)} channels only {channel} ({named[str(channel)]}) is used")
    return channel or 0


def _is_one_file(found: _Folder, named: Mapping[str, object]) -> bool:
    """Colour images: nnU-Net counts red, green and blue as channels of one file."""
    colours = {str(value).strip().lower() for value in named.values()} <= {"r", "g", "b", "red", "green", "blue"}
    return colours and not any((found.root / found.images).glob("*_0001.*"))


def _pairs(found: _Folder, channel: int | None) -> list[Pair]:
    own = found.document.get("dataset")
    if isinstance(own, dict) and own and found.choices.part == "train":
        return list(_of_the_dataset_key(found, own, channel or 0))
    listed = found.document.get("training" if found.choices.part == "train" else "test")
    if isinstance(listed, list) and listed and "file_ending" not in found.document:
        return list(_of_a_list(found, listed, channel or 0))
    return list(_of_the_folder(found, channel or 0))


def _of_the_dataset_key(found: _Folder, own: Mapping[str, object], channel: int) -> Iterator[Pair]:
    """nnU-Net v2 may name the files of each case: `{"case": {"images": [...], "label": ...}}`."""
    problems = []
    for name, files in own.items():
        images = files.get("images") if isinstance(files, dict) else None
        mask = files.get("label") if isinstance(files, dict) else None
        if not isinstance(images, list) or len(images) <= channel or not all(isinstance(each, str) for each in (*images, mask)):
            problems.append(Problem((f"dataset.{name}",), "must have a list of images and a label"))
            continue
        pair = _below(found, str(images[channel]), str(mask))
        if pair is None:
            problems.append(Problem((f"dataset.{name}",), f"its files are not in {found.images} and {found.masks}"))
        else:
            yield pair
    if problems:
        raise ChallengeError.of(DATASET, problems)


def _of_a_list(found: _Folder, listed: Sequence[object], channel: int) -> Iterator[Pair]:
    """The Decathlon, and nnU-Net v1: every image is named, without the channel's number."""
    problems = []
    for number, entry in enumerate(listed):
        image = entry.get("image") if isinstance(entry, dict) else entry
        if not isinstance(image, str):
            problems.append(Problem((f"entry {number}",), "must name an image"))
            continue
        mask = entry.get("label") if isinstance(entry, dict) else None
        mask = mask if isinstance(mask, str) else f"{found.masks}/{PurePosixPath(_plain(image)).name}"
        pair = _below(found, _with_channel(found.root, _plain(image), channel), mask)
        if pair is None:
            problems.append(
                Problem((f"entry {number}",), f"{image!r} is not in {found.images}, or {mask!r} not in {found.masks}")
            )
        else:
            yield pair
    if problems:
        raise ChallengeError.of(DATASET, problems)


def _with_channel(root: Path, image: str, channel: int) -> str:
    """nnU-Net v1 lists `a.nii.gz` where the file is `a_0000.nii.gz`."""
    ending = _ending(image)
    named = f"{image.removesuffix(ending)}_{channel:04}{ending}"
    return named if not (root / image).exists() and why_no_file(named, root) is None else image


def _plain(path: str) -> str:
    return path.replace("\\", "/").removeprefix("./")


def _below(found: _Folder, image: str, mask: str) -> Pair | None:
    """Both paths, below the folders of this part; None where they are elsewhere."""
    image, mask = _plain(image), _plain(mask)
    if not image.startswith(f"{found.images}/") or not mask.startswith(f"{found.masks}/"):
        return None
    return Pair(image.removeprefix(f"{found.images}/"), mask.removeprefix(f"{found.masks}/"))


def _of_the_folder(found: _Folder, channel: int) -> Iterator[Pair]:
    """nnU-Net v2: every `CASE_0000.ending` in the folder is a case, and its mask is `CASE.ending`."""
    ending = found.document.get("file_ending", ".nii.gz")
    if ending not in ENDINGS:
        raise ChallengeError(f"{DATASET}: file_ending is {ending!r}; images here end in {', '.join(ENDINGS)}. Convert them")
    images, suffix = found.root / found.images, f"_{channel:04}{ending}"
    if not images.is_dir():
        other = "--part train" if found.choices.part == "test" else "--part test"
        raise ChallengeError(f"{found.root}: there is no folder {found.images}; choose the other part with {other}")
    names = sorted(path.name for path in images.iterdir() if path.name.endswith(suffix))
    if not names:
        raise ChallengeError(f"{images}: has no image whose name ends in {suffix}")
    yield from (Pair(name, f"{name.removesuffix(suffix)}{ending}") for name in names)


def _ending(name: str) -> str:
    return next((ending for ending in ENDINGS if name.lower().endswith(ending)), PurePosixPath(name).suffix)


def _refuse_broken(found: _Folder, pairs: Sequence[Pair]) -> None:
    problems = []
    for pair in pairs:
        images, masks = found.root / found.images, found.root / found.masks
        why = why_no_file(pair.image, images) or why_no_file(pair.mask, masks) or _many_pages(images / pair.image)
        if why is not None:
            problems.append(Problem((pair.image,), why))
    if not (found.root / found.masks).is_dir():
        raise ChallengeError(f"{found.root}: there is no folder {found.masks}, so nothing could be scored")
    if problems:
        raise ChallengeError.of(DATASET, problems)


def _many_pages(path: Path) -> str | None:
    """A TIFF of several pages is a volume to nnU-Net, and one flat image here."""
    from PIL import Image

    if not path.name.lower().endswith((".tif", ".tiff")):
        return None
    try:
        with Image.open(path) as image:
            pages = int(getattr(image, "n_frames", 1))
    except (OSError, ValueError, SyntaxError):
        return None  # `sonobench dataset verify` says what is wrong with it
    return f"{path} has {pages} pages; save volumes as NIfTI (.nii.gz)" if pages > 1 else None


def _note_the_count(found: _Folder, pairs: Sequence[Pair]) -> None:
    key = "numTraining" if found.choices.part == "train" else "numTest"
    said = found.document.get(key)
    if isinstance(said, int) and said != len(pairs):
        found.notes.append(f"{DATASET} says {key} {said:,}, and there are {len(pairs):,} cases")


def _challenge(found: _Folder, labels: Mapping[str, int], pairs: Sequence[Pair]) -> dict[str, object]:
    choices, task, center = found.choices, slug(str(found.document.get("name") or "segmentation")), slug(found.choices.center)
    return {
        "sonobench": 1,
        "name": choices.name,
        "title": choices.title or str(found.document.get("name") or choices.name),
        "description": str(found.document.get("description") or ""),
        "contract": choices.contract,
        "inputs": found.images,
        "truth": found.masks,
        "centers": [{"id": center, "role": "external" if choices.external else "internal"}],
        "tasks": [
            {
                "id": task,
                "kind": "segmentation",
                "dataset_name": str(found.document.get("name") or choices.name)[:100],
                "organ": choices.organ,
                "labels": dict(labels),
                "metrics": [{"name": "dsc"}, {"name": "nsd", "convention": "surface", **_tolerance(pairs)}],
            }
        ],
        "cases": [{"id": pair.image, "task": task, "center": center, "mask": pair.mask} for pair in pairs],
    }


def _tolerance(pairs: Sequence[Pair]) -> dict[str, object]:
    """Volumes say their spacing themselves; of flat images nothing is known but pixels."""
    volumes = all(pair.image.lower().endswith((".nii", ".nii.gz")) for pair in pairs)
    return {"tolerance": 2, "unit": "mm" if volumes else "px"}
