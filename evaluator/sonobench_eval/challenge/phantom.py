"""A made-up challenge: speckled B-mode-like images with known masks and labels, in the UUSIC25 layout.

Writes one folder, whole or not at all. Five tasks over three centres, one of them external with another
scanner, so that a generalisation gap really shows. The same seed gives the same pictures, bit for bit; pictures
of two seeds have nothing in common, so one seed trains and another one tests.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sonobench_eval.challenge import phantom_anatomy as anatomy
from sonobench_eval.challenge.dump import dump_challenge
from sonobench_eval.challenge.model import Bootstrap, Case, Center, Challenge, Limits, Metric, Task
from sonobench_eval.challenge.phantom_scanner import Look, Paint, Random, pixel_grid, scan

RECIPE = 2
"""Raised whenever the pictures of a seed change, so that a folder made before is not taken for the same."""


class PhantomError(Exception):
    """The phantom cannot be written. The message says what to do."""


@dataclass(frozen=True, slots=True)
class Site:
    """One centre: who it is, how its scanner looks, its share of the cases, and its pixel size at 160 pixels."""

    center: Center
    look: Look
    share: int
    pixel_size_mm: float


SITES = (
    Site(
        Center(id="Alder", role="internal", title="Alder hospital (phantom)"),
        Look("linear", axial=0.007, lateral=0.013, dynamic_range_db=55, gain_db=-17, gamma=1.0, noise_db=-50),
        share=3,
        pixel_size_mm=0.25,
    ),
    Site(
        Center(id="Birch", role="internal", title="Birch clinic (phantom)"),
        Look("linear", axial=0.009, lateral=0.017, dynamic_range_db=60, gain_db=-22, gamma=0.95, noise_db=-44, dropouts=0.3),
        share=2,
        pixel_size_mm=0.22,
    ),
    Site(
        Center(id="Cedar", role="external", title="Cedar institute (phantom, another scanner)"),
        Look(
            "linear",
            axial=0.012,
            lateral=0.03,
            dynamic_range_db=88,
            gain_db=-19,
            gamma=0.9,
            noise_db=-27,
            scatterers=1.5,
            tgc_error_db=4,
            reverberation_db=-5,
            dropouts=1.2,
            marks=True,
        ),
        share=3,
        pixel_size_mm=0.3,
    ),
)


@dataclass(frozen=True, slots=True)
class Subject:
    """What one subject has: `label` (0 in segmentation) decides the signs, the rest is chance."""

    label: int
    subgroup: str | None
    picture: Callable[[Random], tuple[Paint, anatomy.Outline | None]]


@dataclass(frozen=True, slots=True)
class Question:
    """One task of the phantom and how its subjects come about."""

    task: Task
    probe: Literal["linear", "curved"]
    subject: Callable[[Random, int], Subject]

    @property
    def folder(self) -> str:
        return f"{'segmentation' if self.task.is_segmentation else 'classification'}/{self.task.dataset_name}"

    @property
    def classes(self) -> int:
        return len(self.task.classes or ("",))


@dataclass(frozen=True, slots=True)
class Picture:
    """One case as drawn."""

    case: Case
    organ: str
    dataset_name: str
    image: NDArray[np.uint8]
    mask: NDArray[np.uint8] | None


def make_phantom(folder: Path, *, seed: int = 7, cases_per_task: int = 24, size: int = 160) -> Path:
    """Write a phantom test set and its challenge into `folder`; a folder that holds this very phantom is left as it is.

    Args:
        folder: made new; `images/`, `truth/`, `participants.json`, `ground_truth.json`, `challenge.yaml` go into it.
        seed: 0 or more. Every seed gives other subjects.
        cases_per_task: 12 or more, spread over the three centres.
        size: height and width of the pictures in pixels, 32 to 1024.

    Returns:
        The path of `challenge.yaml`.

    Raises:
        PhantomError: the arguments are out of range, or `folder` holds something else.
    """
    if seed < 0 or cases_per_task < 12 or not 32 <= size <= 1024:
        raise PhantomError(
            "A phantom needs a seed of 0 or more, at least 12 cases per task and a size of 32 to 1024 pixels, "
            f"not seed {seed}, {cases_per_task} cases and {size} pixels."
        )
    stamp = json.dumps({"recipe": RECIPE, "seed": seed, "cases_per_task": cases_per_task, "size": size})
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        return _same_phantom(folder, stamp)
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _write(unfinished, list(_pictures(seed, cases_per_task, size)), size)
        (unfinished / "phantom.json").write_text(stamp + "\n", encoding="utf-8")
        unfinished.chmod(0o755)
        unfinished.replace(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder / "challenge.yaml"


def _same_phantom(folder: Path, stamp: str) -> Path:
    made_as = folder / "phantom.json"
    if made_as.is_file() and made_as.read_text(encoding="utf-8").strip() == stamp:
        return folder / "challenge.yaml"
    raise PhantomError(f"{folder} already holds something else; name an empty folder, or remove it first.")


# Drawing ------------------------------------------------------------------------------------------------------


def _pictures(seed: int, cases_per_task: int, size: int) -> Iterator[Picture]:
    for question in QUESTIONS:
        planned = list(_plan(question, seed, cases_per_task))
        order = _random(seed, question.task.id, "order").permutation(len(planned))
        for number, index in enumerate(order):
            yield _draw(question, planned[index], seed, number, size)


@dataclass(frozen=True, slots=True)
class _Planned:
    site: Site
    subject_id: str
    label: int
    view: int


def _plan(question: Question, seed: int, cases_per_task: int) -> Iterator[_Planned]:
    """Which pictures there are: subjects of one or two pictures, their classes in turn at every centre."""
    for site, count in zip(SITES, _shares(cases_per_task), strict=True):
        first_label, made, number = _random(seed, question.task.id, site.center.id).randint(question.classes), 0, 0
        while made < count:
            subject_id = f"{site.center.id}-{question.task.id}-{number + 1:03d}"
            label = int(first_label + number) % question.classes
            for view in range(min((2, 2, 1)[number % 3], count - made)):
                yield _Planned(site, subject_id, label, view)
                made += 1
            number += 1


def _shares(cases_per_task: int) -> list[int]:
    whole = sum(site.share for site in SITES)
    counts = [cases_per_task * site.share // whole for site in SITES]
    counts[0] += cases_per_task - sum(counts)
    return counts


def _draw(question: Question, planned: _Planned, seed: int, number: int, size: int) -> Picture:
    """One picture of a subject: the subject from the subject's own numbers, the view and the speckle from the picture's."""
    who = _random(seed, planned.subject_id)
    here = _random(seed, planned.subject_id, planned.view)
    subject = question.subject(who, planned.label)
    paint, outline = subject.picture(here)
    look = planned.site.look.with_probe(question.probe)
    look = replace(look, gain_db=look.gain_db + here.normal(0, 1.5), tgc_error_db=look.tgc_error_db + here.normal(0, 0.7))
    image = scan(paint, look, here, size=size)
    path = f"{question.folder}/img/{number:04d}.png"
    case = Case(
        id=path,
        task=question.task.id,
        center=planned.site.center.id,
        subject=planned.subject_id,
        subgroup=subject.subgroup,
        pixel_size_mm=round(planned.site.pixel_size_mm * 160 / size, 6),
        mask=path.replace("img", "mask") if outline else None,
        label=None if outline else subject.label,
    )
    mask = outline.contains(*pixel_grid(size)).astype(np.uint8) * np.uint8(255) if outline else None
    return Picture(case, question.task.organ, question.task.dataset_name, image, mask)


def _random(seed: int, *words: object) -> Random:
    """A generator of its own for every name, so that no picture depends on how many others there are."""
    digest = hashlib.sha256(f"sonobench phantom {RECIPE} {seed} {words}".encode()).digest()
    return Random(np.frombuffer(digest, dtype="<u4"))


# Subjects -----------------------------------------------------------------------------------------------------


def _breast_with(mass: anatomy.Lesion, rng: Random, *, label: int, subgroup: str | None, masked: bool) -> Subject:
    background = int(rng.randint(2**31 - 1))

    def picture(here: Random) -> tuple[Paint, anatomy.Outline | None]:
        seen = replace(mass, outline=mass.outline.seen_again(here))
        return anatomy.breast(Random(background), seen), seen.outline if masked else None

    return Subject(label, subgroup, picture)


def _lesion_to_outline(rng: Random, _label: int) -> Subject:
    kind = ("solid", "cyst", "solid", "irregular", "solid", "bright")[rng.randint(6)]
    signs = {"solid": anatomy.BENIGN, "cyst": anatomy.CYST, "irregular": anatomy.MALIGNANT, "bright": anatomy.BRIGHT}[kind]
    return _breast_with(anatomy.lesion(rng, signs), rng, label=0, subgroup=kind, masked=True)


def _lesion_to_judge(rng: Random, label: int) -> Subject:
    signs = anatomy.MALIGNANT if label else anatomy.BENIGN
    return _breast_with(anatomy.lesion(rng, signs), rng, label=label, subgroup=None, masked=False)


def _lesion_to_type(rng: Random, label: int) -> Subject:
    return _breast_with(anatomy.lesion(rng, anatomy.SUBTYPES[label]), rng, label=label, subgroup=None, masked=False)


def _head(rng: Random, _label: int) -> Subject:
    outline, background = anatomy.skull(rng), int(rng.randint(2**31 - 1))

    def picture(here: Random) -> tuple[Paint, anatomy.Outline | None]:
        seen = outline.seen_again(here)
        return anatomy.fetal_head(Random(background), seen), seen

    return Subject(0, None, picture)


def _liver(rng: Random, label: int) -> Subject:
    fat = float(np.clip(rng.normal(0.68 if label else 0.24, 0.19), 0, 1))
    background = int(rng.randint(2**31 - 1))
    return Subject(label, None, lambda _here: (anatomy.liver(Random(background), fat), None))


# The challenge ------------------------------------------------------------------------------------------------

_OUTLINES = (Metric(name="dsc"), Metric(name="nsd", convention="pixel", tolerance=2, unit="px"))
_CLASSES = (Metric(name="auc"), Metric(name="acc"))

QUESTIONS = (
    Question(
        Task(id="breast_lesion", kind="segmentation", dataset_name="Breast", organ="Breast", title="Breast lesion",
             labels={"lesion": "nonzero"}, metrics=_OUTLINES),
        "linear",
        _lesion_to_outline,
    ),
    Question(
        Task(id="fetal_head", kind="segmentation", dataset_name="Fetal_Head", organ="Head", title="Fetal head",
             labels={"head": "nonzero"}, metrics=_OUTLINES),
        "curved",
        _head,
    ),
    Question(
        Task(id="breast_malignancy", kind="binary", dataset_name="Breast", organ="Breast", title="Breast malignancy",
             classes=("benign", "malignant"), metrics=_CLASSES),
        "linear",
        _lesion_to_judge,
    ),
    Question(
        Task(id="fatty_liver", kind="binary", dataset_name="Fatty_Liver", organ="Liver", title="Fatty liver",
             classes=("normal", "fatty"), metrics=_CLASSES),
        "curved",
        _liver,
    ),
    Question(
        Task(id="breast_luminal", kind="multiclass", dataset_name="Breast_luminal", organ="Breast",
             title="Breast molecular subtype", classes=("luminal A", "luminal B", "HER2", "triple negative"),
             metrics=_CLASSES),
        "linear",
        _lesion_to_type,
    ),
)  # fmt: skip


def _challenge(pictures: list[Picture]) -> Challenge:
    return Challenge(
        sonobench=1,
        name="phantom",
        title="Phantom ultrasound challenge",
        description="Made-up images with known masks and labels. The external centre has a scanner never seen in training.",
        limits=Limits(
            time_s=120,
            memory_bytes=2 * 2**30,
            cpus=2,
            pids=256,
            shm_bytes=64 * 2**20,
            scratch_bytes=256 * 2**20,
            output_bytes=64 * 2**20,
            output_files=2000,
        ),
        bootstrap=Bootstrap(),
        centers=tuple(site.center for site in SITES),
        tasks=tuple(question.task for question in QUESTIONS),
        cases=tuple(picture.case for picture in pictures),
    )


# Writing ------------------------------------------------------------------------------------------------------


def _write(folder: Path, pictures: list[Picture], size: int) -> None:
    for picture in pictures:
        _save(folder / "images" / picture.case.id, picture.image)
        if picture.mask is not None and picture.case.mask is not None:
            _save(folder / "truth" / picture.case.mask, picture.mask)
    _save_json(folder / "participants.json", [_as_participants_see(picture) for picture in pictures])
    _save_json(folder / "ground_truth.json", [_as_organisers_know(picture, size) for picture in pictures])
    (folder / "challenge.yaml").write_text(dump_challenge(_challenge(pictures)), encoding="utf-8")


def _as_participants_see(picture: Picture) -> dict[str, object]:
    kind = "classification" if picture.mask is None else "segmentation"
    return {"img_path_relative": picture.case.id, "task": kind, "dataset_name": picture.dataset_name, "organ": picture.organ}


def _as_organisers_know(picture: Picture, size: int) -> dict[str, object]:
    case = picture.case
    answer: dict[str, object] = {"label": case.label} if picture.mask is None else {"mask_path_relative": case.mask}
    about = {"center": case.center, "subject": case.subject, "subgroup": case.subgroup, "pixel_size_mm": case.pixel_size_mm}
    return _as_participants_see(picture) | answer | about | {"source": f"phantom {size} px"}


def _save(path: Path, pixels: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, format="PNG")


def _save_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
