"""`sonobench import uusic25` and `sonobench score`, from a folder to numbers, against what other software says of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sklearn.metrics import accuracy_score, average_precision_score, f1_score, roc_auc_score

pytestmark = pytest.mark.real_data


def sonobench(*words: str) -> None:
    done = subprocess.run([sys.executable, "-m", "sonobench_eval.cli.main", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def scored(real_data: Path, folder: Path, *, convention: str) -> dict[str, Any]:
    challenge, report = folder / "challenge.yaml", folder / "evaluation.json"
    options = ("--nsd-convention", convention, "--nsd-tolerance", "1")
    sonobench("import", "uusic25", str(real_data), "-o", str(challenge), *options)
    sonobench("score", str(challenge), str(real_data / "predictions"), "--json", str(report))
    evaluation: dict[str, Any] = json.loads(report.read_text())
    return evaluation


class TestSegmentation:
    @pytest.mark.parametrize(
        ("convention", "reference", "compared"), [("uusic25", "nsd1_official", 101), ("pixel", "nsd1_monai", 98)]
    )
    def test_every_case_has_the_dsc_and_nsd_of_the_reference(
        self, real_data: Path, tmp_path: Path, convention: str, reference: str, compared: int
    ) -> None:
        evaluation = scored(real_data, tmp_path, convention=convention)
        ours = {case["id"]: case["scores"] for case in evaluation["cases"]}
        theirs = json.loads((real_data / "reference.json").read_text())["cases"]
        assert {case["case"]: ours[case["case"]]["dsc"] for case in theirs} == {
            case["case"]: pytest.approx(case["dsc_official"], abs=1e-5) for case in theirs
        }
        # MONAI gives no value where a mask is empty.
        with_value = {case["case"]: case[reference] for case in theirs if reference in case}
        assert len(with_value) == compared
        assert {case: ours[case]["nsd"] for case in with_value} == {
            case: pytest.approx(value, abs=1e-5) for case, value in with_value.items()
        }


class TestClassification:
    def test_auc_accuracy_f1_and_auprc_are_those_of_scikit_learn(self, real_data: Path, tmp_path: Path) -> None:
        evaluation = scored(real_data, tmp_path, convention="pixel")
        truth = [case for case in json.loads((real_data / "ground_truth.json").read_text()) if "label" in case]
        answers = json.loads((real_data / "predictions" / "classification.json").read_text())
        labels = [case["label"] for case in truth]
        scores = [answers[case["img_path_relative"]]["probability"][1] for case in truth]
        decided = [answers[case["img_path_relative"]]["prediction"] for case in truth]
        (task,) = [task for task in evaluation["tasks"] if task["kind"] == "binary"]
        values = {metric["name"]: metric["value"] for metric in task["metrics"]}
        assert values == {
            "auc": pytest.approx(roc_auc_score(labels, scores), abs=1e-12),
            "acc": pytest.approx(accuracy_score(labels, decided), abs=1e-12),
            "f1": pytest.approx(f1_score(labels, decided), abs=1e-12),
            "auprc": pytest.approx(average_precision_score(labels, scores), abs=1e-12),
        }
        assert all(metric["ci_low"] < metric["value"] < metric["ci_high"] for metric in task["metrics"])
