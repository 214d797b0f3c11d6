"""Who and what the phantom challenge asks about: its centres and their scanners, its subjects, its five tasks.

Pure: numbers in, records out. `phantom.py` draws and writes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from sonobench_eval.challenge import phantom_anatomy as anatomy
from sonobench_eval.challenge.model import Case, Center, Challenge, Limits, Metric, Task
from sonobench_eval.challenge.phantom_scanner import Look, Paint, Random


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

_OUTLINES = (Metric(name="dsc"), Metric(name="nsd", parameters={"convention": "pixel", "tolerance": 2.0, "unit": "px"}))
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


def challenge_of(cases: Sequence[Case]) -> Challenge:
    """The phantom challenge with these cases. Its limits are modest: it runs beside other work."""
    return Challenge(
        sonobench=1,
        name="phantom",
        title="Phantom ultrasound challenge",
        description="Made-up images with known masks and labels. The external center has a scanner never seen in training.",
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
        centers=tuple(site.center for site in SITES),
        tasks=tuple(question.task for question in QUESTIONS),
        cases=tuple(cases),
    )
