"""Scores of real images against other people's software, case by case (`reference.json` says which)."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, average_precision_score, f1_score, roc_auc_score

from sonobench_eval.challenge.digest import challenge_hash
from sonobench_eval.challenge.load import LoadedChallenge
from sonobench_eval.challenge.model import Bootstrap, Case, Center, Challenge, Metric, Task
from sonobench_eval.evaluation import Evaluation
from sonobench_eval.io.sources import FolderResults
from sonobench_eval.metrics.mask_boundary import Convention
from sonobench_eval.pipeline import score_results

pytestmark = pytest.mark.real_data

CLASS_METRICS = tuple(Metric(name=name) for name in ("auc", "acc", "f1", "auprc"))  # type: ignore[arg-type]


def challenge_for(truth: list[dict[str, Any]], *, convention: Convention, tolerance: float) -> Challenge:
    nsd = Metric(name="nsd", convention=convention, tolerance=tolerance, unit="px")
    head = Task(
        id="Fetal_Head",
        kind="segmentation",
        dataset_name="Fetal_Head",
        organ="Head",
        labels={"head": "nonzero"},
        metrics=(Metric(name="dsc"), nsd),
    )
    breast = Task(
        id="Breast", kind="binary", dataset_name="Breast", organ="Breast", classes=("benign", "malignant"), metrics=CLASS_METRICS
    )
    cases = tuple(
        Case(
            id=entry["img_path_relative"],
            task=entry["dataset_name"],
            center=entry["center"],
            subject=entry.get("subject"),
            mask=entry.get("mask_path_relative"),
            label=entry.get("label"),
        )
        for entry in truth
    )
    centers = tuple(Center(id=center, role="internal") for center in sorted({case.center for case in cases}))
    return Challenge(
        sonobench=1,
        name="real",
        title="Real images",
        bootstrap=Bootstrap(resamples=100),
        centers=centers,
        tasks=(head, breast),
        cases=cases,
    )


@cache
def scored(folder: Path, convention: Convention, tolerance: float) -> Evaluation:
    truth = json.loads((folder / "ground_truth.json").read_text())
    challenge = challenge_for(truth, convention=convention, tolerance=tolerance)
    loaded = LoadedChallenge(challenge, folder / "challenge.yaml", folder, challenge_hash(challenge))
    with FolderResults(folder / "predictions") as source:
        return score_results(loaded, source).evaluation


def reference(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "reference.json").read_text())
    return found


def compare_cases(folder: Path, evaluation: Evaluation, *, metric: str, column: str) -> int:
    """Compare every case the reference has a number for; returns how many there were."""
    expected = {each["case"]: each[column] for each in reference(folder)["cases"] if column in each}
    found = {case.id: case.scores[metric] for case in evaluation.cases if case.id in expected}
    assert found == pytest.approx(expected, abs=1e-5)
    return len(found)


class TestSegmentation:
    def test_dsc_is_that_of_the_published_script_and_of_medpy(self, real_data: Path) -> None:
        evaluation = scored(real_data, "pixel", 1)
        assert compare_cases(real_data, evaluation, metric="dsc", column="dsc_official") == 101
        assert compare_cases(real_data, evaluation, metric="dsc", column="dsc_medpy") == 98

    @pytest.mark.parametrize("tolerance", [1, 2])
    def test_nsd_uusic25_is_that_of_the_published_script(self, real_data: Path, tolerance: int) -> None:
        evaluation = scored(real_data, "uusic25", tolerance)
        assert compare_cases(real_data, evaluation, metric="nsd", column=f"nsd{tolerance}_official") == 101

    @pytest.mark.parametrize("tolerance", [1, 2])
    def test_nsd_pixel_is_monais(self, real_data: Path, tolerance: int) -> None:
        evaluation = scored(real_data, "pixel", tolerance)
        assert compare_cases(real_data, evaluation, metric="nsd", column=f"nsd{tolerance}_monai") == 98

    def test_means_are_those_of_the_published_script(self, real_data: Path) -> None:
        dsc, nsd = scored(real_data, "uusic25", 1).task("Fetal_Head").metrics
        summary = reference(real_data)["summary"]
        assert dsc.value == pytest.approx(summary["mean_dsc_official"], abs=1e-5)
        assert nsd.value == pytest.approx(summary["mean_nsd1_official"], abs=1e-5)

    def test_empty_answers_are_named(self, real_data: Path) -> None:
        problems = [case.problem for case in scored(real_data, "pixel", 1).cases if case.problem is not None]
        assert problems == ["prediction_empty"] * 3


class TestClassification:
    def test_is_scikit_learns_computed_here_and_as_recorded(self, real_data: Path) -> None:
        truth = json.loads((real_data / "ground_truth.json").read_text())
        answers = json.loads((real_data / "predictions" / "classification.json").read_text())
        labels = {entry["img_path_relative"]: entry["label"] for entry in truth if "label" in entry}
        label = np.array(list(labels.values()))
        score = np.array([answers[case]["probability"][1] for case in labels])
        said = np.array([answers[case]["prediction"] for case in labels])
        found = {metric.name: metric.value for metric in scored(real_data, "pixel", 1).task("Breast").metrics}
        assert found == pytest.approx(
            {
                "auc": roc_auc_score(label, score),
                "acc": accuracy_score(label, said),
                "f1": f1_score(label, said),
                "auprc": average_precision_score(label, score),
            },
            abs=1e-12,
        )
        summary = reference(real_data)["summary"]
        recorded = {"auc": "auc_sklearn", "acc": "accuracy_sklearn", "f1": "f1_sklearn", "auprc": "auprc_sklearn"}
        assert found == pytest.approx({name: summary[column] for name, column in recorded.items()}, abs=1e-12)
