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
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sonobench_eval.challenge.dump import dump_challenge
from sonobench_eval.challenge.model import Case
from sonobench_eval.challenge.phantom_questions import QUESTIONS, SITES, Question, Site, challenge_of
from sonobench_eval.challenge.phantom_scanner import Random, pixel_grid, scan

RECIPE = 2
"""Raised whenever the pictures of a seed change, so that a folder made before is not taken for the same."""


class PhantomError(Exception):
    """The phantom cannot be written. The message says what to do."""


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


# Writing ------------------------------------------------------------------------------------------------------


def _write(folder: Path, pictures: list[Picture], size: int) -> None:
    for picture in pictures:
        _save(folder / "images" / picture.case.id, picture.image)
        if picture.mask is not None and picture.case.mask is not None:
            _save(folder / "truth" / picture.case.mask, picture.mask)
    _save_json(folder / "participants.json", [_as_participants_see(picture) for picture in pictures])
    _save_json(folder / "ground_truth.json", [_as_organisers_know(picture, size) for picture in pictures])
    (folder / "challenge.yaml").write_text(dump_challenge(challenge_of([picture.case for picture in pictures])), encoding="utf-8")


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
