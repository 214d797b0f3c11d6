"""A plausible board: means, times and memory as published for UUSIC25; per-task figures, NSD, ACC and rank ranges are made up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

import pytest

from sonobench_eval.challenge.model import Case, Center, Challenge, Metric, Task
from sonobench_eval.evaluation import CenterScore, GeneralisationGap, MetricScore
from sonobench_eval.ranking.leaderboard import Leaderboard, Row, TaskColumn
from sonobench_platform.web.contexts import Crumb, Page
from sonobench_platform.web.rendering import page_frame
from sonobench_platform.web.source import PublicChallenge, PublishedBoard

# rank, team, segmentation rank, classification rank, seconds, GPU memory in GB, mean DSC and half width, mean AUC and half width
TABLE_1 = [
    (1, "SMART", 1, 5, 36.03, 0.59, 0.854, 0.0065, 0.766, 0.048),
    (2, "AImageLab-zip", 4, 3, 46.67, 2.76, 0.833, 0.008, 0.752, 0.052),
    (3, "Lanzhou", 7, 2, 52.55, 0.74, 0.825, 0.0065, 0.776, 0.053),
    (4, "FDBMELAB", 3, 8, 33.00, 2.27, 0.843, 0.0075, 0.707, 0.054),
    (5, "SDFMU", 2, 9, 45.90, 1.53, 0.850, 0.0075, 0.628, 0.058),
    (6, "Sigma-WHU", 6, 4, 54.77, 5.57, 0.828, 0.008, 0.768, 0.050),
    (7, "flamingo", 13, 1, 7.14, 12.41, 0.738, 0.007, 0.798, 0.048),
    (8, "junqiangmler", 5, 10, 42.79, 0.39, 0.828, 0.007, 0.613, 0.062),
    (9, "cvhci", 9, 7, 55.70, 3.45, 0.800, 0.0085, 0.714, 0.049),
    (10, "Anidiot", 11, 11, 29.84, 1.63, 0.784, 0.0095, 0.606, 0.067),
    (11, "ZRS03", 14, 6, 54.40, 1.07, 0.719, 0.0075, 0.745, 0.051),
    (12, "NCCK_BC", 10, 12, 44.07, 1.31, 0.796, 0.0095, 0.634, 0.056),
    (13, "Zhijianlife", 12, 13, 37.23, 2.51, 0.747, 0.0105, 0.533, 0.065),
    (14, "BeautyUS", 8, 14, 46.69, 4.36, 0.819, 0.0075, 0.578, 0.060),
    (15, "U-Vision", 15, 15, 45.81, 0.00, 0.208, 0.008, 0.487, 0.060),
]

Kind = Literal["segmentation", "binary", "multiclass"]
TASKS: list[tuple[str, str, Kind, str, int]] = [
    ("breast", "Breast lesion", "segmentation", "Breast", 320),
    ("cardiac", "Cardiac chambers", "segmentation", "Cardiac", 260),
    ("fetal_head", "Fetal head", "segmentation", "Fetal_Head", 240),
    ("kidney", "Kidney", "segmentation", "Kidney", 210),
    ("thyroid", "Thyroid nodule", "segmentation", "Thyroid", 330),
    ("breast_malignancy", "Breast malignancy", "binary", "Breast", 310),
    ("fatty_liver", "Fatty liver", "binary", "Fatty-Liver", 180),
    ("appendicitis", "Appendicitis", "binary", "Appendix", 117),
    ("breast_subtype", "Breast molecular subtype", "multiclass", "Breast_luminal", 512),
]


def score(name: str, value: float, half: float, *, n: int = 300) -> MetricScore:
    low, high = max(value - half, 0.0), min(value + half, 1.0)
    definition = "nsd pixel 2 px" if name == "nsd" else name
    return MetricScore(
        name=name, definition=definition, value=value, ci_low=low, ci_high=high, n=n, units=n, ci_method="percentile"
    )


def _task_column(number: int, place: int, dsc: float, auc: float) -> TaskColumn:
    task_id, title, kind, _, n = TASKS[number]
    shift = ((number * 7 + place * 3) % 11 - 5) / 100
    if kind == "segmentation":
        base = min(max(dsc + shift, 0.05), 0.97)
        metrics = (score("dsc", base, 0.012, n=n), score("nsd", base * 0.71, 0.017, n=n))
        return TaskColumn(id=task_id, title=title, kind=kind, metrics=metrics)
    base = min(max(auc + shift - (0.2 if kind == "multiclass" else 0), 0.45), 0.97)
    metrics = (score("auc", base, 0.061, n=n), score("acc", base * 0.93, 0.052, n=n))
    gap = 0.025 - ((place * 5 + number * 7) % 13) / 75
    roles = (
        CenterScore(id="internal", role="internal", metrics=(score("auc", base - gap / 2, 0.06, n=n // 2),)),
        CenterScore(id="external", role="external", metrics=(score("auc", base + gap / 2, 0.07, n=n // 2),)),
    )
    gaps = (GeneralisationGap(metric="auc", value=gap, ci_low=gap - 0.05, ci_high=gap + 0.05),)
    return TaskColumn(id=task_id, title=title, kind=kind, metrics=metrics, roles=roles, gaps=gaps)


def _row(line: tuple[int, str, int, int, float, float, float, float, float, float]) -> Row:
    place, team, seg_rank, cls_rank, time_s, gpu_gb, dsc, dsc_half, auc, auc_half = line
    performance = 1 - ((seg_rank + cls_rank) / 2 - 1) / 14
    efficiency = ((55.70 - time_s) / (55.70 - 7.14) + (12.41 - gpu_gb) / 12.41) / 2
    means = (
        score("dsc", dsc, dsc_half),
        score("nsd", dsc * 0.72, 0.011),
        score("auc", auc, auc_half),
        score("acc", auc * 0.94, 0.041),
    )
    return Row(
        rank=place,
        team=team,
        score=0.7 * performance + 0.3 * efficiency,
        performance=performance,
        efficiency=efficiency,
        segmentation_rank=seg_rank,
        classification_rank=cls_rank,
        means=means,
        tasks=tuple(_task_column(number, place, dsc, auc) for number in range(len(TASKS))),
        time_s=time_s,
        gpu_memory_bytes=int(gpu_gb * 10**9) or None,
        host_memory_bytes=int((1.1 + place * 0.17) * 10**9),
        problems=12 if team == "U-Vision" else 0,
    )


def _ranked(rows: list[Row]) -> list[Row]:
    """In the order of their scores (two pairs of neighbours differ from the published order)."""
    ordered = sorted(rows, key=lambda row: -(row.score or 0.0))
    return [row.model_copy(update={"rank": place, **_range(place)}) for place, row in enumerate(ordered, 1)]


def _range(place: int) -> dict[str, int]:
    return {"rank_low": max(1, place - (place > 1) - place // 4), "rank_high": min(15, place + 1 + place // 4)}


def published_board() -> Leaderboard:
    return Leaderboard(
        challenge="uusic25",
        title="Universal UltraSound Image Challenge 2025",
        challenge_hash="sha256:3f9c" + "0" * 58 + "a1",
        dataset_hash="sha256:" + "b7" * 32,
        generated_at=datetime(2025, 10, 2, 14, 30, tzinfo=UTC),
        scheme="uusic25",
        performance_weight=0.7,
        efficiency_weight=0.3,
        resamples=1000,
        confidence=0.95,
        cases=2479,
        centers=3,
        external_centers=1,
        rows=tuple(_ranked([_row(line) for line in TABLE_1])),
    )


def published_challenge() -> Challenge:
    cases = [
        Case(id=f"{task_id}/img/{number:04d}.png", task=task_id, center=("zch", "hfph", "nki")[number % 3])
        for task_id, *_ in TASKS
        for number in range(6)
    ]
    return Challenge(
        sonobench=1,
        name="uusic25",
        title="Universal UltraSound Image Challenge 2025",
        description="One model for seven organs: segmentation and classification of ultrasound images from three centers.",
        centers=(
            Center(id="zch", role="internal", title="Zhejiang Cancer Hospital"),
            Center(id="hfph", role="internal", title="Hangzhou First People's Hospital"),
            Center(id="nki", role="external", title="Netherlands Cancer Institute"),
        ),
        tasks=tuple(_task(*task) for task in TASKS),
        cases=tuple(cases),
    )


def _task(task_id: str, title: str, kind: Kind, dataset: str, _n: int) -> Task:
    if kind == "segmentation":
        metrics = (Metric(name="dsc"), Metric(name="nsd", convention="pixel", tolerance=2, unit="px"))
        return Task(
            id=task_id,
            kind=kind,
            dataset_name=dataset,
            organ=title,
            title=title,
            labels={"foreground": "nonzero"},
            metrics=metrics,
        )
    classes = ("no", "yes") if kind == "binary" else ("Luminal A", "Luminal B", "HER2", "triple negative")
    metrics = (Metric(name="auc"), Metric(name="acc"))
    return Task(id=task_id, kind=kind, dataset_name=dataset, organ=title, title=title, classes=classes, metrics=metrics)


@pytest.fixture
def board() -> Leaderboard:
    return published_board()


@pytest.fixture
def challenge() -> Challenge:
    return published_challenge()


@pytest.fixture
def page() -> Page:
    return page_frame("Leaderboard", Crumb("Challenge", "/challenges/uusic25"))


def published(board: Leaderboard) -> PublishedBoard:
    return PublishedBoard(board, board.to_json(), "sha256:" + "5b4f" * 16)


@pytest.fixture
def publish() -> Callable[[Leaderboard], PublishedBoard]:
    return published


@pytest.fixture
def public_challenge(challenge: Challenge) -> PublicChallenge:
    return PublicChallenge(challenge, "sha256:" + "3f" * 32, is_open=True)
