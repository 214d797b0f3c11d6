"""Presets of breasts against scikit-learn, or against plain loops and arithmetic."""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from preset_scores import RESAMPLES, Scored
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    cohen_kappa_score,
    f1_score,
    mean_absolute_error,
    recall_score,
    roc_auc_score,
)

from sonobench_eval.presets.synthetic import ALGORITHMS
from sonobench_eval.statistics.resampling import Resampling

EXACTLY = pytest.approx


class TestBusCot:
    @pytest.fixture
    def bus_cot(self, made: Callable[[str], Scored]) -> Scored:
        return made("bus-cot")

    def malignancy(self, found: Scored, algorithm: str) -> tuple[list[int], list[float]]:
        written = {row["image"]: float(row["malignant"]) for row in found.csv(algorithm, "malignancy.csv")}
        cases = found.cases("malignancy")
        return [case["label"] for case in cases], [written[case["id"]] for case in cases]

    def types(self, found: Scored, algorithm: str) -> tuple[np.ndarray, np.ndarray]:
        written = found.json(algorithm, "histopathology.json")
        cases = found.cases("histopathology")
        return np.array([case["label"] for case in cases]), np.array([written[case["id"]]["probabilities"] for case in cases])

    def test_malignancy_is_scored_as_scikit_learn_does(self, bus_cot: Scored, algorithm: str) -> None:
        labels, scores = self.malignancy(bus_cot, algorithm)
        decided = [int(score >= 0.5) for score in scores]
        value = {name: bus_cot.value(algorithm, "malignancy", name) for name in ("auc", "auprc", "acc", "sensitivity")}
        assert value["auc"] == EXACTLY(roc_auc_score(labels, scores), abs=1e-12)
        assert value["auprc"] == EXACTLY(average_precision_score(labels, scores), abs=1e-12)
        assert value["acc"] == EXACTLY(accuracy_score(labels, decided), abs=1e-12)
        assert value["sensitivity"] == EXACTLY(recall_score(labels, decided), abs=1e-12)
        specificity = bus_cot.value(algorithm, "malignancy", "specificity")
        assert specificity == EXACTLY(recall_score(labels, decided, pos_label=0), abs=1e-12)

    def test_intervals_are_percentiles_over_patients_as_scikit_learn_weighs_their_cases(self, bus_cot: Scored) -> None:
        labels, scores = self.malignancy(bus_cot, "good")
        cases = bus_cot.cases("malignancy")
        patients = [f"{case['center']}\0{case['subject']}" for case in cases]
        assert len(set(patients)) < len(cases)
        drawn = Resampling(patients, RESAMPLES, bus_cot.loaded.challenge.bootstrap.seed, "malignancy").counts()
        for row in drawn:  # a patient comes with all cases, or with none
            assert all(len({row[at] for at in range(len(row)) if patients[at] == who}) == 1 for who in set(patients))
        (auc,) = (each for each in bus_cot.evaluations["good"].task("malignancy").metrics if each.name == "auc")
        replicates = [roc_auc_score(labels, scores, sample_weight=row) for row in drawn]
        assert auc.units == len(set(patients))
        assert (auc.ci_low, auc.ci_high) == EXACTLY(tuple(np.percentile(replicates, [2.5, 97.5])), abs=1e-12)

    def test_types_are_scored_over_all_99_as_scikit_learn_does(self, bus_cot: Scored, algorithm: str) -> None:
        labels, probabilities = self.types(bus_cot, algorithm)
        decided = probabilities.argmax(axis=1)
        assert sorted(set(labels.tolist())) == list(range(99))
        one_hot = labels[:, np.newaxis] == np.arange(99)
        value = {
            name: bus_cot.value(algorithm, "histopathology", name)
            for name in ("auc", "auprc", "acc", "balanced_acc", "f1", "top_5")
        }
        assert value["auc"] == EXACTLY(roc_auc_score(one_hot, probabilities, average="macro"), abs=1e-12)
        assert value["auprc"] == EXACTLY(average_precision_score(one_hot, probabilities, average="macro"), abs=1e-12)
        assert value["acc"] == EXACTLY(accuracy_score(labels, decided), abs=1e-12)
        assert value["balanced_acc"] == EXACTLY(balanced_accuracy_score(labels, decided), abs=1e-12)
        assert value["f1"] == EXACTLY(f1_score(labels, decided, average="macro"), abs=1e-12)
        # Of equally likely types the true one comes last.
        places = [
            sorted(range(99), key=lambda at, row=row, label=label: (-row[at], at == label)).index(label)
            for row, label in zip(probabilities.tolist(), labels.tolist(), strict=True)
        ]
        assert value["top_5"] == EXACTLY(np.mean(np.array(places) < 5), abs=1e-12)

    def test_the_rare_types_are_told_apart_by_how_many_cases_they_have(self, bus_cot: Scored) -> None:
        labels, probabilities = self.types(bus_cot, "good")
        recalls = recall_score(labels, probabilities.argmax(axis=1), average=None, labels=np.arange(99))
        held = np.bincount(labels, minlength=99)
        (tail,) = bus_cot.analysis.long_tails
        assert [row.cases for row in tail.classes] == sorted(held.tolist())
        for row in tail.classes:
            assert row.sensitivity["good"] == EXACTLY(recalls[int(row.name.removeprefix("type_")) - 1], abs=1e-12)
        single = next(band for band in tail.bands if band.most == 1)
        assert (single.classes, single.cases) == ((held == 1).sum(), (held == 1).sum())
        assert single.sensitivity["good"] == EXACTLY(recalls[held == 1].mean(), abs=1e-12)
        assert sum(band.cases for band in tail.bands) == len(labels)

    def test_strata_by_rarity_are_scored_on_their_own(self, bus_cot: Scored) -> None:
        labels, probabilities = self.types(bus_cot, "good")
        rarity = [case["groups"]["rarity"] for case in bus_cot.cases("histopathology")]
        shown = {part.id: part for part in bus_cot.evaluations["good"].task("histopathology").subgroups}
        assert {name: part.n for name, part in shown.items()} == Counter(rarity)
        held = np.bincount(labels)
        assert {name for name, label in zip(rarity, labels, strict=True) if held[label] < 3} == {"tail"}
        here = np.array(rarity) == "tail"
        (acc,) = (metric for metric in shown["tail"].metrics if metric.name == "acc")
        assert acc.value == EXACTLY(accuracy_score(labels[here], probabilities.argmax(axis=1)[here]), abs=1e-12)


class TestBirads:
    CATEGORIES = ("1", "2", "3", "4A", "4B", "4C", "5")
    CLASSES = ("normal", "benign", "malignant")

    @pytest.fixture
    def birads(self, made: Callable[[str], Scored]) -> Scored:
        return made("birads-v2025")

    def diagnosis(self, found: Scored, algorithm: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Labels, probabilities, and who is left to a human."""
        written, cases = found.json(algorithm, "answers.json"), found.cases("diagnosis")
        entries = [written[case["id"]] for case in cases]
        probabilities = np.array([[entry["probabilities"][name] for name in self.CLASSES] for entry in entries])
        return np.array([case["label"] for case in cases]), probabilities, np.array([entry["refer"] for entry in entries])

    def test_the_diagnosis_is_scored_as_scikit_learn_does_and_abstaining_is_not_right(
        self, birads: Scored, algorithm: str
    ) -> None:
        labels, probabilities, refers = self.diagnosis(birads, algorithm)
        right = (probabilities.argmax(axis=1) == labels) & ~refers
        one_hot = labels[:, np.newaxis] == np.arange(3)
        value = {name: birads.value(algorithm, "diagnosis", name) for name in ("acc", "balanced_acc", "auc", "auc_malignant")}
        assert value["acc"] == EXACTLY(right.mean(), abs=1e-12)
        assert value["balanced_acc"] == EXACTLY(np.mean([right[labels == number].mean() for number in range(3)]), abs=1e-12)
        assert value["auc"] == EXACTLY(roc_auc_score(one_hot, probabilities, average="macro"), abs=1e-12)
        assert value["auc_malignant"] == EXACTLY(roc_auc_score(labels == 2, probabilities[:, 2]), abs=1e-12)

    def test_abstention_is_scored_as_a_plain_loop_over_falling_confidence_does(self, birads: Scored, algorithm: str) -> None:
        labels, probabilities, refers = self.diagnosis(birads, algorithm)
        right = (probabilities.argmax(axis=1) == labels) & ~refers
        # The surest first, those left to a human last; of equally sure ones the mistakes are spread evenly over their places.
        confidence = np.where(refers, -1.0, probabilities.max(axis=1))
        wrong = np.empty(len(labels))
        order = np.argsort(-confidence, kind="stable")
        for level in set(confidence.tolist()):
            places = np.flatnonzero(confidence[order] == level)
            wrong[places] = (~right[confidence == level]).mean()
        risks = np.cumsum(wrong) / np.arange(1, len(labels) + 1)
        assert birads.value(algorithm, "diagnosis", "aurc") == EXACTLY(risks.mean(), abs=1e-12)
        assert birads.value(algorithm, "diagnosis", "acc_at_80") == EXACTLY(
            1 - risks[math.ceil(0.8 * len(labels)) - 1], abs=1e-12
        )
        assert birads.value(algorithm, "diagnosis", "coverage") == EXACTLY(1 - refers.mean(), abs=1e-12)
        assert birads.value(algorithm, "diagnosis", "selective_acc") == EXACTLY(right[~refers].mean(), abs=1e-12)
        (curve,) = (each for each in birads.analysis.rejections if each.algorithm == algorithm)
        assert curve.abstained == EXACTLY(refers.mean(), abs=1e-12)
        for share, accuracy in curve.curve:
            assert accuracy == EXACTLY(1 - risks[round(share * len(labels)) - 1], abs=1e-12)
        assert [share for share, _ in curve.curve][-1] == 1
        assert curve.at_coverage[-1] == EXACTLY(right.mean(), abs=1e-12)

    def test_the_categories_are_scored_as_scikit_learn_does(self, birads: Scored, algorithm: str) -> None:
        written, cases = birads.json(algorithm, "answers.json"), birads.cases("birads")
        truth = [int(case["value"]) for case in cases]
        said = [self.CATEGORIES.index(written[case["id"]]["birads"]) for case in cases]
        assert birads.value(algorithm, "birads", "acc") == EXACTLY(accuracy_score(truth, said), abs=1e-12)
        qwk = cohen_kappa_score(truth, said, weights="quadratic", labels=range(7))
        assert birads.value(algorithm, "birads", "qwk") == EXACTLY(qwk, abs=1e-12)
        assert birads.value(algorithm, "birads", "mae") == EXACTLY(mean_absolute_error(truth, said), abs=1e-12)
        within = np.mean(np.abs(np.subtract(truth, said)) <= 1)
        assert birads.value(algorithm, "birads", "within_one") == EXACTLY(within, abs=1e-12)

    def test_on_the_safety_set_only_abstaining_counts(self, birads: Scored, algorithm: str) -> None:
        written, cases = birads.json(algorithm, "answers.json"), birads.cases("safety")
        share = np.mean([written[case["id"]]["refer"] for case in cases])
        assert birads.value(algorithm, "safety", "abstention") == EXACTLY(share, abs=1e-12)

    def test_the_safety_set_cannot_be_told_by_its_names(self, birads: Scored) -> None:
        strange = sorted(case["id"] for case in birads.cases("safety"))
        others = sorted(case["id"] for case in birads.cases("diagnosis"))
        assert {path.split("/")[0] for path in strange} == {path.split("/")[0] for path in others}
        assert strange[0] < others[-1]
        assert others[0] < strange[-1]

    def test_the_readers_agree_as_scikit_learn_says_and_the_reference_is_what_they_settle_on(self, birads: Scored) -> None:
        with (birads.folder / "readings.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        first, second = ([self.CATEGORIES.index(row[name]) for row in rows] for name in ("first", "second"))
        found = birads.analysis.agreement
        assert found is not None
        assert found.kappa.value == EXACTLY(cohen_kappa_score(first, second, labels=range(7)), abs=1e-12)
        weighted = cohen_kappa_score(first, second, labels=range(7), weights="quadratic")
        assert found.weighted_kappa.value == EXACTLY(weighted, abs=1e-12)
        assert found.same.value == EXACTLY(np.mean(np.equal(first, second)), abs=1e-12)
        settled = {row["case"]: row["arbitrator"] or row["first"] for row in rows}
        assert all(self.CATEGORIES[int(case["value"])] == settled[case["id"]] for case in birads.cases("birads"))
        assert (found.agreed, found.arbitrated, found.open) == (
            sum(row["first"] == row["second"] for row in rows),
            sum(row["arbitrator"] != "" for row in rows),
            0,
        )
        assert found.unlike_reference == 0

    def test_difficulty_is_how_many_algorithms_solve_a_case(self, birads: Scored) -> None:
        right = {}
        for name in ALGORITHMS:
            labels, probabilities, refers = self.diagnosis(birads, name)
            right[name] = (probabilities.argmax(axis=1) == labels) & ~refers
        solvers = sum(each.astype(int) for each in right.values())
        (found,) = (each for each in birads.analysis.difficulty if each.task == "diagnosis")
        # Three algorithms: all is 3, more than half is 2, at least one is 1.
        assert [tier.cases for tier in found.tiers] == [int(np.sum(solvers == number)) for number in (3, 2, 1, 0)]
        # poor, on what both others solve, and on what only one of them does.
        others = right["perfect"].astype(int) + right["good"]
        solved = {tier.name: tier.solved["poor"] for tier in found.tiers}
        assert solved["all"] == EXACTLY(right["poor"][others == 2].mean(), abs=1e-12)
        assert solved["few"] == EXACTLY(right["poor"][others == 1].mean(), abs=1e-12)
        assert solved["most"] is None
        assert solved["none"] is None
