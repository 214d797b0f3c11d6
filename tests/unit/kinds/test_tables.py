"""Every kind but masks: from answers as the contract hands them out to metrics that can be resampled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pytest

from sonobench_eval.challenge.model import Case, Task, UndefinedPolicy
from sonobench_eval.contract.port import (
    BoxesAnswer,
    ClassAnswer,
    FoundBox,
    LabelsAnswer,
    MaskAnswer,
    PointsAnswer,
    ValueAnswer,
)
from sonobench_eval.io.findings import FindingCode
from sonobench_eval.kinds.measuring import measure_task
from sonobench_eval.kinds.port import Asked, Measured

MISSING = FindingCode.MISSING_RESULT
INSTANCES: dict[str, object] = {"kind": "instances", "metrics": [{"name": "pq"}]}
POINTS: dict[str, object] = {"kind": "keypoints", "points": ["apex", "base"], "metrics": [{"name": "mre", "unit": "px"}]}
BOXES: dict[str, object] = {
    "kind": "detection",
    "classes": ["nodule", "cyst"],
    "metrics": [{"name": "recall", "threshold": 0.5}, {"name": "precision", "threshold": 0.5}],
}
CLASSES: dict[str, object] = {"kind": "binary", "classes": ["a", "b"], "metrics": [{"name": "auc"}, {"name": "acc"}]}


@dataclass
class Given:
    """Answers by case id, whatever they are."""

    by_case: Mapping[str, object]

    def __getattr__(self, _kind: str) -> object:
        return lambda case: self.by_case[case.id]

    def masks(self, cases: Iterable[Case]) -> Iterator[object]:
        return (self.by_case[case.id] for case in cases)


@dataclass
class Truth:
    by_case: Mapping[str, np.ndarray]

    def flat_size(self, case: Case) -> tuple[int, int]:
        return (30, 40)

    def masks(self, cases: Iterable[Case]) -> Iterator[np.ndarray]:
        return (self.by_case[case.id] for case in cases)


def measured(task: dict[str, object], cases: list[dict[str, object]], *answers: object, masks: object = None) -> Measured:
    made = Task.model_validate({"id": "T", "dataset_name": "T", "organ": "T", **task})
    listed = [Case.model_validate({"id": f"{n}.png", "task": "T", "center": "C", **case}) for n, case in enumerate(cases)]
    given = Given({case.id: answer for case, answer in zip(listed, answers, strict=True)})
    truth = Truth({case.id: mask for case, mask in zip(listed, masks or answers, strict=True)})
    told: list[None] = []
    (found,) = measure_task(Asked(made, listed, "fast"), [given], truth, policy=UndefinedPolicy(), told=lambda: told.append(None))
    assert len(told) == len(listed)
    return found


def value(found: Measured, key: str, *which: int) -> float:
    cases = np.array(which or range(len(found.cases)), dtype=np.intp)
    return float(found.task.measures[key](cases, np.ones((1, len(cases))))[0])


def problems(found: Measured) -> list[str | None]:
    return [case.problem for case in found.cases]


class TestClasses:
    def test_are_measured_from_decisions_and_probabilities(self) -> None:
        found = measured(
            CLASSES,
            [{"label": 0}, {"label": 1}, {"label": 1}],
            ClassAnswer((0.9, 0.1), 0),
            ClassAnswer((0.4, 0.6), 1),
            ClassAnswer((0.95, 0.05), 0),
        )
        # One of two positives is above the negative, and two of three decisions are right.
        assert (value(found, "auc"), value(found, "acc")) == (0.5, pytest.approx(2 / 3))
        assert found.cases[1].scores == {"acc": 1.0, "decided": 1.0, "p_0": 0.4, "p_1": 0.6}

    def test_what_cannot_be_used_is_wrong_and_is_named(self) -> None:
        found = measured(CLASSES, [{"label": 0}, {"label": 1}], ClassAnswer((0.9, 0.1), 0), ClassAnswer(None, None, MISSING))
        assert (value(found, "auc"), value(found, "acc")) == (0.0, 0.5)
        assert problems(found) == [None, "missing_result"]

    def test_an_abstention_is_wrong_but_keeps_its_probabilities(self) -> None:
        found = measured(
            CLASSES,
            [{"label": 0}, {"label": 1}],
            ClassAnswer((0.9, 0.1), 0),
            ClassAnswer((0.2, 0.8), None, abstains=True),
        )
        assert (value(found, "auc"), value(found, "acc")) == (1.0, 0.5)
        assert found.cases[1].scores["abstained"] == 1.0

    def test_closed_intervals_are_made_for_the_metrics_that_ask(self) -> None:
        task = {
            **CLASSES,
            "metrics": [{"name": "auc", "interval": "delong"}, {"name": "acc", "interval": "wilson"}, {"name": "f1"}],
        }
        answers = [ClassAnswer((1 - p, p), int(p > 0.5)) for p in (0.1, 0.3, 0.7, 0.2, 0.8, 0.9)]
        found = measured(task, [{"label": label} for label in (0, 0, 0, 1, 1, 1)], *answers)
        assert set(found.task.closed) == {"auc", "acc"}
        # Wilson for 4 of 6 at 95 %: (4 + z^2/2) / (6 + z^2) -+ z / (6 + z^2) sqrt(4 * 2 / 6 + z^2/4), z = 1.95996.
        wilson = found.task.closed["acc"](np.arange(6), 0.95)
        assert (wilson.low, wilson.high) == (pytest.approx(0.3000, abs=1e-4), pytest.approx(0.9032, abs=1e-4))
        delong = found.task.closed["auc"](np.arange(6), 0.95)
        assert delong.value == pytest.approx(7 / 9)
        assert delong.method.startswith("DeLong")


class TestLabels:
    def test_uncertain_labels_are_left_out_of_what_is_told_of_a_case(self) -> None:
        task = {"kind": "multilabel", "classes": ["x", "y", "z"], "metrics": [{"name": "label_acc"}, {"name": "subset_acc"}]}
        found = measured(
            task,
            [{"labels": [1, 0, None]}, {"labels": [0, 0, 1]}],
            LabelsAnswer((0.9, 0.8, 0.2), (True, True, False)),
            LabelsAnswer((0.1, 0.1, 0.9), (False, False, True)),
        )
        assert [case.scores["label_acc"] for case in found.cases] == [0.5, 1.0]
        assert value(found, "subset_acc") == 0.5

    def test_no_answer_is_wrong_in_every_label(self) -> None:
        task = {"kind": "multilabel", "classes": ["x", "y"], "metrics": [{"name": "label_acc"}]}
        found = measured(task, [{"labels": [1, 0]}], LabelsAnswer(None, None, MISSING))
        assert value(found, "label_acc") == 0.0
        assert problems(found) == ["missing_result"]


class TestValues:
    def test_a_measurement_errs_by_its_distance(self) -> None:
        task = {"kind": "regression", "range": [0, 100], "metrics": [{"name": "mae"}]}
        found = measured(task, [{"value": 40}, {"value": 10}], ValueAnswer(43.0), ValueAnswer(9.0))
        assert value(found, "mae") == 2.0
        assert found.cases[0].scores == {"value": 43.0, "error": 3.0, "abs_error": 3.0}

    def test_no_answer_errs_by_all_that_the_range_allows(self) -> None:
        task = {"kind": "regression", "range": [0, 100], "metrics": [{"name": "mae"}]}
        assert value(measured(task, [{"value": 40}], ValueAnswer(None, MISSING)), "mae") == 60.0

    def test_scores_become_grades_by_the_tasks_edges(self) -> None:
        task = {
            "kind": "ordinal",
            "range": [0, 10],
            "edges": [0, 4, 6, 8, 10],
            "metrics": [{"name": "acc"}, {"name": "within_one"}],
        }
        # 3.9 and 4.0 are neighbours in two grades; 10 is in the last one.
        found = measured(task, [{"value": 3.9}, {"value": 9.0}], ValueAnswer(4.0), ValueAnswer(10.0))
        assert (value(found, "acc"), value(found, "within_one")) == (0.5, 1.0)


class TestBoxes:
    def test_are_matched_by_class_and_overlap(self) -> None:
        reference = [{"class": "nodule", "box": [0, 0, 10, 10]}, {"class": "cyst", "box": [20, 20, 30, 30]}]
        found = measured(
            BOXES,
            [{"boxes": reference}],
            BoxesAnswer((FoundBox(0, 0.9, 0, 0, 10, 10), FoundBox(0, 0.8, 20, 20, 30, 30))),
        )
        assert found.cases[0].scores["tp"] == 1.0
        # Nodules: the one is found, one of two boxes is right. Cysts: nothing is found. Both are means over the classes.
        assert (value(found, "recall"), value(found, "precision")) == (0.5, 0.25)

    def test_no_answer_finds_nothing(self) -> None:
        found = measured(BOXES, [{"boxes": [{"class": "cyst", "box": [0, 0, 5, 5]}]}], BoxesAnswer(None, MISSING))
        assert value(found, "recall") == 0.0
        assert problems(found) == ["missing_result"]


class TestPoints:
    def test_err_by_their_distance(self) -> None:
        reference = {"points": {"apex": [10, 10], "base": None}}
        found = measured(POINTS, [reference], PointsAnswer(((13.0, 14.0), (1.0, 1.0))))
        assert value(found, "mre") == 5.0

    def test_a_missing_point_errs_by_the_images_diagonal(self) -> None:
        # The image has 30 rows and 40 columns.
        found = measured(POINTS, [{"points": {"apex": [10, 10], "base": [0, 0]}}], PointsAnswer(None, MISSING))
        assert value(found, "mre") == 50.0


class TestInstances:
    REFERENCE = np.array([[1, 1, 0, 2, 2]], dtype=np.uint8)

    def test_objects_are_matched_whatever_their_numbers(self) -> None:
        answer = MaskAnswer(np.array([[7, 7, 0, 3, 3]], dtype=np.uint8))
        found = measured(INSTANCES, [{"mask": "m.png"}], answer, masks=[self.REFERENCE])
        assert value(found, "pq") == 1.0
        assert found.cases[0].scores["tp"] == 2.0

    def test_no_mask_finds_nothing(self) -> None:
        found = measured(INSTANCES, [{"mask": "m.png"}], MaskAnswer(None, MISSING), masks=[self.REFERENCE])
        assert value(found, "pq") == 0.0
        assert problems(found) == ["missing_result"]
