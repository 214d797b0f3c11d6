"""One challenge of every kind of task, in a layout that is YAML alone, from files to scores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from PIL import Image

from sonobench_eval.challenge.check import check_data
from sonobench_eval.challenge.load import LoadedChallenge, dump_challenge, load_challenge, parse_challenge
from sonobench_eval.evaluation import Evaluation
from sonobench_eval.io.sources import FolderResults
from sonobench_eval.pipeline import UnusableReferenceError, score_results

CHALLENGE = """\
sonobench: 1
name: every-kind
title: Every kind of task
contract: json-list
pseudonyms: true
bootstrap: {resamples: 20, interval: bca}
subgroups: {fewest_cases: 2}
ranking: {other_metrics: [qwk, mae, f1, pck]}
centers: [{id: A, role: internal}, {id: B, role: external}]
tasks:
- id: liver
  kind: segmentation
  dataset_name: CT
  organ: Liver
  labels: {liver: 1}
  metrics: [{name: dsc}, {name: nsd, convention: surface, tolerance: 2, unit: mm}, {name: hd95, convention: surface, unit: mm}]
- id: cells
  kind: instances
  dataset_name: Cells
  organ: Skin
  metrics: [{name: pq}]
- id: malignancy
  kind: binary
  dataset_name: Breast
  organ: Breast
  classes: [benign, malignant]
  metrics: [{name: auc, interval: delong}, {name: acc, interval: wilson}]
- id: findings
  kind: multilabel
  dataset_name: Chest
  organ: Lung
  classes: [nodule, effusion]
  metrics: [{name: label_acc}]
- id: quality
  kind: ordinal
  dataset_name: Planes
  organ: Fetus
  range: [0, 10]
  metrics: [{name: qwk}, {name: mae}]
- id: length
  kind: regression
  dataset_name: Femur
  organ: Fetus
  range: [0, 90]
  value_unit: mm
  metrics: [{name: mae}]
- id: nodules
  kind: detection
  dataset_name: Nodules
  organ: Thyroid
  classes: [nodule]
  metrics: [{name: f1, threshold: 0.5, confidence: 0.5}]
- id: heart
  kind: keypoints
  dataset_name: Heart
  organ: Heart
  points: [apex, base]
  metrics: [{name: pck, threshold: 2, unit: px}]
cases:
"""
AFFINE = np.diag([0.5, 0.5, 2.0, 1.0])
REFERENCES: dict[str, list[dict[str, Any]]] = {
    "malignancy": [{"label": n % 2} for n in range(4)],
    "findings": [{"labels": [1, None if n else 0]} for n in range(4)],
    "quality": [{"value": float(2 * n)} for n in range(4)],
    "length": [{"value": 30.0 + n} for n in range(4)],
    "nodules": [{"boxes": [{"class": "nodule", "box": [2, 2, 12, 12]}] if n else []} for n in range(4)],
    "heart": [{"points": {"apex": [5, 5], "base": None if n == 1 else [20, 9]}} for n in range(4)],
}


def volume(path: Path, array: np.ndarray, affine: np.ndarray = AFFINE) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(np.ascontiguousarray(array.T), affine), path)


def picture(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


def cube() -> np.ndarray:
    """A block of 6 x 8 x 8 voxels, (z, y, x)."""
    made = np.zeros((10, 16, 16), dtype=np.uint8)
    made[2:8, 4:12, 4:12] = 1
    return made


def blobs() -> np.ndarray:
    made = np.zeros((24, 32), dtype=np.uint8)
    made[2:8, 2:8], made[12:20, 12:20] = 1, 2
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The challenge with its images and references, and `results/` with perfect answers."""
    lines = []
    for n in range(2):
        place = f"center: {'AB'[n]}, groups: {{scanner: {'xy'[n]}}}"
        volume(tmp_path / f"images/ct{n}.nii.gz", np.zeros((10, 16, 16), dtype=np.int16))
        volume(tmp_path / f"truth/ct{n}.nii.gz", cube())
        volume(tmp_path / f"results/masks/ct{n}.nii.gz", cube())
        lines.append(f"- {{id: ct{n}.nii.gz, task: liver, {place}, mask: ct{n}.nii.gz}}")
        picture(tmp_path / f"images/cells{n}.png", np.zeros((24, 32), dtype=np.uint8))
        picture(tmp_path / f"truth/cells{n}.png", blobs())
        picture(tmp_path / f"results/masks/cells{n}.png", blobs())
        lines.append(f"- {{id: cells{n}.png, task: cells, {place}, mask: cells{n}.png}}")
    for task, references in REFERENCES.items():
        for n, reference in enumerate(references):
            picture(tmp_path / f"images/{task}{n}.png", np.full((24, 32), n, dtype=np.uint8))
            lines.append(f"- {json.dumps({'id': f'{task}{n}.png', 'task': task, 'center': 'AB'[n % 2], **reference})}")
        entries = [{"id": f"{task}{n}.png", **perfect(task, reference)} for n, reference in enumerate(references)]
        (tmp_path / f"results/{task}.json").write_text(json.dumps(entries))
    (tmp_path / "challenge.yaml").write_text(CHALLENGE + "\n".join(lines) + "\n")
    return tmp_path


def perfect(task: str, reference: dict[str, Any]) -> dict[str, Any]:
    if task == "malignancy":
        return {"probabilities": {"benign": 1.0 - reference["label"], "malignant": float(reference["label"])}}
    if task == "findings":
        return {"probabilities": {"nodule": 0.9, "effusion": 0.1}}
    if task in ("quality", "length"):
        return {"value": reference["value"]}
    if task == "nodules":
        return {"boxes": [{"class": box["class"], "box": box["box"], "confidence": 0.9} for box in reference["boxes"]]}
    return {"points": {name: at or [1.0, 1.0] for name, at in reference["points"].items()}}


def scored(folder: Path) -> Evaluation:
    with FolderResults(folder / "results") as source:
        return score_results(load_challenge(folder / "challenge.yaml"), source).evaluation


def values(evaluation: Evaluation) -> dict[str, float | None]:
    return {f"{task.id}.{metric.name}": metric.value for task in evaluation.tasks for metric in task.metrics}


class TestEveryKind:
    def test_the_challenge_can_be_written_and_read_again(self, folder: Path) -> None:
        challenge = load_challenge(folder / "challenge.yaml").challenge
        assert parse_challenge(dump_challenge(challenge), name="again") == challenge

    def test_the_data_is_as_it_should_be(self, folder: Path) -> None:
        loaded: LoadedChallenge = load_challenge(folder / "challenge.yaml")
        assert check_data(loaded.challenge, loaded.inputs_dir, loaded.truth_dir) == []

    def test_perfect_answers_get_the_best_of_every_metric(self, folder: Path) -> None:
        evaluation = scored(folder)
        assert evaluation.findings == ()
        assert values(evaluation) == {
            "liver.dsc": 1.0,
            "liver.nsd": 1.0,
            "liver.hd95": 0.0,
            "cells.pq": 1.0,
            "malignancy.auc": 1.0,
            "malignancy.acc": 1.0,
            "findings.label_acc": 1.0,
            "quality.qwk": 1.0,
            "quality.mae": 0.0,
            "length.mae": 0.0,
            "nodules.f1": 1.0,
            "heart.pck": 1.0,
        }

    def test_no_answers_at_all_get_the_worst_and_count_every_case(self, folder: Path) -> None:
        for path in sorted(folder.joinpath("results").rglob("*.*")):
            path.unlink()
        found = values(scored(folder))
        # 16 x 0.5 mm, 16 x 0.5 mm and 10 x 2 mm: the diagonal is sqrt(64 + 64 + 400).
        assert found["liver.hd95"] == pytest.approx(np.sqrt(528))
        # |30 - 90| + |31 - 90| + |32 - 90| + |33 - 90| over four cases: the far end of the range each time.
        assert found["length.mae"] == pytest.approx(58.5)
        worst = {name for name, value in found.items() if value == 0.0}
        assert worst >= {"liver.dsc", "liver.nsd", "cells.pq", "malignancy.auc", "malignancy.acc", "nodules.f1", "heart.pck"}

    def test_distances_of_volumes_are_in_the_millimetres_of_their_files(self, folder: Path) -> None:
        # One plane up: 2 mm. In the volume's own spacing that is within the tolerance of 2 mm, and the farthest face.
        volume(folder / "results/masks/ct0.nii.gz", np.roll(cube(), 1, axis=0))
        liver = next(case for case in scored(folder).cases if case.id == "ct0.nii.gz")
        assert (liver.scores["nsd"], liver.scores["hd95"]) == (1.0, 2.0)

    def test_a_volume_that_lies_elsewhere_is_never_moved(self, folder: Path) -> None:
        moved = AFFINE.copy()
        moved[0, 3] = 7.0
        volume(folder / "results/masks/ct0.nii.gz", cube(), moved)
        evaluation = scored(folder)
        liver = next(case for case in evaluation.cases if case.id == "ct0.nii.gz")
        assert (liver.scores["dsc"], liver.problem) == (0.0, "wrong_geometry")
        assert [finding.code for finding in evaluation.findings] == ["wrong_geometry"]

    def test_a_volume_of_another_size_is_never_resized(self, folder: Path) -> None:
        volume(folder / "results/masks/ct0.nii.gz", cube()[:-1])
        assert next(case.problem for case in scored(folder).cases if case.id == "ct0.nii.gz") == "wrong_size"

    def test_a_reference_that_lies_elsewhere_is_the_organisers_trouble(self, folder: Path) -> None:
        volume(folder / "truth/ct0.nii.gz", cube(), np.diag([0.5, 0.5, 3.0, 1.0]))
        with pytest.raises(UnusableReferenceError, match=r"ct0\.nii\.gz.* cannot be used"):
            scored(folder)
        loaded = load_challenge(folder / "challenge.yaml")
        assert [each.case for each in check_data(loaded.challenge, loaded.inputs_dir, loaded.truth_dir)] == ["ct0.nii.gz"]

    def test_a_box_beyond_its_image_is_found_before_anybody_is_scored(self, folder: Path) -> None:
        text = (folder / "challenge.yaml").read_text().replace("[2, 2, 12, 12]", "[2, 2, 33, 12]", 1)
        (folder / "challenge.yaml").write_text(text)
        loaded = load_challenge(folder / "challenge.yaml")
        (problem,) = check_data(loaded.challenge, loaded.inputs_dir, loaded.truth_dir)
        assert "box 0 reaches beyond the image of 32 x 24 pixels" in problem.sentence

    def test_intervals_say_how_they_were_made(self, folder: Path) -> None:
        methods = {metric.name: metric.ci_method for metric in scored(folder).task("malignancy").metrics}
        assert methods["acc"] is not None
        assert methods["acc"].startswith("Wilson")
        # Four cases in perfect order have no spread for DeLong, nor for the bootstrap's correction: both are said.
        assert methods["auc"] is not None
        assert "not delong" in methods["auc"] or methods["auc"].startswith("DeLong")

    def test_subgroups_are_reported_or_named_as_too_few(self, folder: Path) -> None:
        groups = scored(folder).task("liver").subgroups
        assert [(each.group, each.id, each.too_few) for each in groups] == [
            ("scanner", "x", "too few: 1 case, fewer than 2"),
            ("scanner", "y", "too few: 1 case, fewer than 2"),
        ]
