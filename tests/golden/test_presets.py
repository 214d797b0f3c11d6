"""The metrics of every preset against scikit-learn, or against plain loops and arithmetic.

The files are read here with csv, json, yaml and Pillow alone, so that neither the contract nor the tables of answers are trusted.
"""

from __future__ import annotations

import csv
import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    cohen_kappa_score,
    confusion_matrix,
    f1_score,
    hamming_loss,
    jaccard_score,
    mean_absolute_error,
    recall_score,
    roc_auc_score,
)

from sonobench_eval.challenge.load import LoadedChallenge, load_challenge
from sonobench_eval.evaluation import Evaluation
from sonobench_eval.io.sources import FolderResults
from sonobench_eval.pipeline import Results, score_many
from sonobench_eval.presets.analysis import Analysis, analyze
from sonobench_eval.presets.catalogue import PRESETS, preset_named
from sonobench_eval.presets.making import make_preset
from sonobench_eval.presets.readings import read_readings
from sonobench_eval.presets.synthetic import ALGORITHMS
from sonobench_eval.ranking.build import build_leaderboard
from sonobench_eval.ranking.entries import Entry
from sonobench_eval.statistics.resampling import Resampling

RESAMPLES = 60
EXACTLY = pytest.approx


@dataclass(frozen=True)
class Scored:
    """A preset that was made and scored, and its files."""

    loaded: LoadedChallenge
    evaluations: Mapping[str, Evaluation]
    analysis: Analysis

    @property
    def folder(self) -> Path:
        return self.loaded.folder

    def cases(self, task: str) -> list[dict[str, Any]]:
        """Cases as they stand in the file."""
        return [case for case in document(self.folder)["cases"] if case["task"] == task]

    def value(self, algorithm: str, task: str, metric: str) -> float:
        (found,) = (each for each in self.evaluations[algorithm].task(task).metrics if each.name == metric)
        assert found.value is not None
        return found.value

    def json(self, algorithm: str, path: str) -> Any:
        return json.loads((self.folder / "predictions" / algorithm / path).read_text())

    def csv(self, algorithm: str, path: str) -> list[dict[str, str]]:
        with (self.folder / "predictions" / algorithm / path).open(newline="") as file:
            return list(csv.DictReader(file))


@cache
def document(folder: Path) -> Any:
    """The challenge file as it stands."""
    return yaml.safe_load((folder / "challenge.yaml").read_text())


def scored(folder: Path, name: str, cases: int | None = None) -> Scored:
    loaded = load_challenge(make_preset(preset_named(name), folder, cases=cases))
    fewer = loaded.challenge.bootstrap.model_copy(update={"resamples": RESAMPLES})
    loaded = replace(loaded, challenge=loaded.challenge.model_copy(update={"bootstrap": fewer}))
    study = folder / "readings.csv"
    readings = read_readings(study, loaded.challenge) if study.is_file() else None
    with ExitStack() as opened:
        sources = {each: opened.enter_context(FolderResults(folder / "predictions" / each)) for each in ALGORITHMS}
        evaluations = [each.evaluation for each in score_many(loaded, [Results(source) for source in sources.values()])]
        return Scored(loaded, dict(zip(sources, evaluations, strict=True)), analyze(loaded, sources, readings=readings))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Scored]:
    """Each preset once, when it is first asked for."""
    found: dict[str, Scored] = {}

    def of(name: str) -> Scored:
        if name not in found:
            found[name] = scored(tmp_path_factory.mktemp("presets") / name, name, 120 if name == "bus-cot" else None)
        return found[name]

    return of


@pytest.fixture(params=ALGORITHMS)
def algorithm(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def iou(one: Sequence[float], other: Sequence[float]) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(width, 0) * max(height, 0)
    return shared / (area(one) + area(other) - shared)


def area(box: Sequence[float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


class TestEveryPreset:
    @pytest.mark.parametrize("name", [preset.name for preset in PRESETS])
    def test_perfect_answers_have_the_best_value_of_every_metric_and_the_others_follow_in_order(
        self, made: Callable[[str], Scored], name: str
    ) -> None:
        found = made(name)
        for task in found.loaded.challenge.tasks:
            for metric in task.metrics:
                spec = task.spec(metric)
                perfect, good, poor = (found.value(each, task.id, metric.key) for each in ALGORITHMS)
                sign = 1 if spec.higher_is_better else -1
                assert perfect == spec.best, (task.id, metric.key)
                assert sign * perfect >= sign * good >= sign * poor, (task.id, metric.key)
                assert perfect != poor, (task.id, metric.key)


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


class TestAbvlmQ:
    @pytest.fixture
    def abvlm_q(self, made: Callable[[str], Scored]) -> Scored:
        return made("abvlm-q")

    def answers(self, found: Scored, algorithm: str, task: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        for case in found.cases(task):
            yield case, found.json(algorithm, case["id"].replace(".png", ".json"))

    @pytest.mark.parametrize(("confidence", "suffix"), [(0.5, ""), (0.25, "_at_25"), (0.75, "_at_75")])
    def test_structures_are_matched_as_a_plain_search_does(
        self, abvlm_q: Scored, algorithm: str, confidence: float, suffix: str
    ) -> None:
        held, called, hits, alarms = Counter[str](), Counter[str](), Counter[str](), 0
        overlap: Counter[str] = Counter()
        for case, answer in self.answers(abvlm_q, algorithm, "structures"):
            open_ones = [(each["class"], each["box"]) for each in case["boxes"]]
            held.update(kind for kind, _ in open_ones)
            boxes = [box for box in answer["structures"] if box["confidence"] >= confidence]
            for box in sorted(boxes, key=lambda each: -each["confidence"]):
                called[box["name"]] += 1
                near = [(iou(box["box"], at), kind, at) for kind, at in open_ones if kind == box["name"]]
                best = max(near, default=(0.0, "", []))
                if best[0] >= 0.5:
                    hits[best[1]] += 1
                    overlap[best[1]] += best[0]  # type: ignore[assignment]
                    open_ones.remove((best[1], best[2]))
                else:
                    alarms += 1
        kinds = sorted({*held, *called})
        recalls = [hits[kind] / held[kind] for kind in held]
        # Of classes that nobody calls, precision is 0 where the reference holds them.
        precisions = [hits[kind] / called[kind] if called[kind] else 0.0 for kind in kinds]
        value = {
            name: abvlm_q.value(algorithm, "structures", name + suffix) for name in ("precision", "recall", "fppi", "mean_iou")
        }
        assert value["recall"] == EXACTLY(np.mean(recalls), abs=1e-12)
        assert value["precision"] == EXACTLY(np.mean(precisions), abs=1e-12)
        assert value["fppi"] == EXACTLY(alarms / len(abvlm_q.cases("structures")), abs=1e-12)
        assert value["mean_iou"] == EXACTLY(np.mean([overlap[kind] / held[kind] for kind in held]), abs=1e-9)

    def planes(self, found: Scored, algorithm: str) -> tuple[np.ndarray, np.ndarray]:
        names = [f"plane_{number:02d}" for number in range(1, 12)]
        pairs = list(self.answers(found, algorithm, "planes"))
        truth = np.array([case["labels"] for case, _ in pairs])
        return truth, np.array([[int(name in answer["planes"]) for name in names] for _, answer in pairs])

    def test_planes_are_scored_as_scikit_learn_does(self, abvlm_q: Scored, algorithm: str) -> None:
        truth, said = self.planes(abvlm_q, algorithm)
        assert (truth.sum(axis=1) == 0).any(), "some images show no standard plane"
        assert abvlm_q.value(algorithm, "planes", "label_acc") == EXACTLY(1 - hamming_loss(truth, said), abs=1e-12)
        assert abvlm_q.value(algorithm, "planes", "subset_acc") == EXACTLY(accuracy_score(truth, said), abs=1e-12)
        for name, average in (("f1", "macro"), ("f1_micro", "micro")):
            assert abvlm_q.value(algorithm, "planes", name) == EXACTLY(f1_score(truth, said, average=average), abs=1e-12)

    def test_quality_is_scored_by_grade_as_scikit_learn_does(self, abvlm_q: Scored, algorithm: str) -> None:
        pairs = list(self.answers(abvlm_q, algorithm, "quality"))
        truth, said = [case["value"] for case, _ in pairs], [answer["score"] for _, answer in pairs]
        grades = [np.digitize(values, [4, 6, 8]) for values in (truth, said)]
        assert abvlm_q.value(algorithm, "quality", "mae") == EXACTLY(mean_absolute_error(truth, said), abs=1e-12)
        assert abvlm_q.value(algorithm, "quality", "acc") == EXACTLY(accuracy_score(*grades), abs=1e-12)
        qwk = cohen_kappa_score(*grades, weights="quadratic")
        assert abvlm_q.value(algorithm, "quality", "qwk") == EXACTLY(qwk, abs=1e-12)
        within = np.mean(np.abs(grades[0] - grades[1]) <= 1)
        assert abvlm_q.value(algorithm, "quality", "within_one") == EXACTLY(within, abs=1e-12)
        (matrix,) = (each for each in abvlm_q.analysis.grades if each.algorithm == algorithm)
        assert matrix.grades == ("0-4", "4-6", "6-8", "8-10")
        assert np.array_equal(matrix.cases, confusion_matrix(*grades, labels=range(4)))

    @pytest.mark.parametrize("group", ["vendor", "probe"])
    def test_every_vendor_and_probe_is_a_subgroup(self, abvlm_q: Scored, group: str) -> None:
        truth, said = self.planes(abvlm_q, "good")
        parts = np.array([case["groups"][group] for case in abvlm_q.cases("planes")])
        shown = {part.id: part for part in abvlm_q.evaluations["good"].task("planes").subgroups if part.group == group}
        assert set(shown) == set(parts.tolist())
        for name, part in shown.items():
            (subset,) = (metric for metric in part.metrics if metric.name == "subset_acc")
            here = parts == name
            assert subset.value == EXACTLY(accuracy_score(truth[here], said[here]), abs=1e-12)


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


class TestChestXray:
    FIVE: Mapping[str, str] = {
        "auc_atelectasis": "Atelectasis",
        "auc_cardiomegaly": "Cardiomegaly",
        "auc_consolidation": "Consolidation",
        "auc_edema": "Edema",
        "auc_effusion": "Pleural Effusion",
    }

    @pytest.fixture
    def chest(self, made: Callable[[str], Scored]) -> Scored:
        return made("chest-xray")

    def labels(self, found: Scored, algorithm: str) -> tuple[list[str], np.ndarray, np.ndarray]:
        """Names, labels with NaN where the reference is unsure, and probabilities by the names of the columns."""
        names = document(found.folder)["tasks"][0]["classes"]
        written = {row["image"]: row for row in found.csv(algorithm, "labels.csv")}
        cases = found.cases("findings")
        truth = np.array([[np.nan if label is None else label for label in case["labels"]] for case in cases], dtype=float)
        return names, truth, np.array([[float(written[case["id"]][name]) for name in names] for case in cases])

    @pytest.mark.parametrize(
        ("metric", "unsure"), [("auc", None), ("auc_uncertain_positive", 1.0), ("auc_uncertain_negative", 0.0)]
    )
    def test_auc_over_14_labels_is_that_of_scikit_learn_under_each_rule_for_what_is_uncertain(
        self, chest: Scored, algorithm: str, metric: str, unsure: float | None
    ) -> None:
        _, truth, scores = self.labels(chest, algorithm)
        assert truth.shape[1] == 14
        assert np.isnan(truth).any(axis=0).sum() > 7
        found = []
        for label, score in zip(truth.T, scores.T, strict=True):
            taken_for = label if unsure is None else np.where(np.isnan(label), unsure, label)
            known = ~np.isnan(taken_for)
            found.append(roc_auc_score(taken_for[known], score[known]))
        assert chest.value(algorithm, "findings", metric) == EXACTLY(np.mean(found), abs=1e-12)

    def test_auprc_leaves_out_what_is_uncertain(self, chest: Scored, algorithm: str) -> None:
        _, truth, scores = self.labels(chest, algorithm)
        known = ~np.isnan(truth)
        found = [average_precision_score(truth[known[:, at], at], scores[known[:, at], at]) for at in range(14)]
        assert chest.value(algorithm, "findings", "auprc") == EXACTLY(np.mean(found), abs=1e-12)

    def test_the_five_compared_with_radiologists_are_the_observations_of_these_names(self, chest: Scored) -> None:
        names, truth, scores = self.labels(chest, "good")
        for metric, name in self.FIVE.items():
            at = names.index(name)
            known = ~np.isnan(truth[:, at])
            assert chest.value("good", "findings", metric) == EXACTLY(
                roc_auc_score(truth[known, at], scores[known, at]), abs=1e-12
            )

    @pytest.mark.parametrize(
        ("metric", "threshold", "over_the_box"),
        [
            ("localization_10", 0.1, False),
            ("localization_30", 0.3, False),
            ("localization_50", 0.5, False),
            ("localization_70", 0.7, False),
            ("localization_iobb_50", 0.5, True),
        ],
    )
    def test_a_finding_is_located_where_its_surest_box_overlaps_it_enough(
        self, chest: Scored, algorithm: str, metric: str, threshold: float, over_the_box: bool
    ) -> None:
        right, held = Counter[str](), Counter[str]()
        for case in chest.cases("localization"):
            for each in case["boxes"]:  # one of a finding at most
                held[each["class"]] += 1
                surest = self.surest(chest, algorithm, case["id"], each["class"])
                if surest is not None:
                    overlap = iou(surest, each["box"])
                    shared = overlap * (area(surest) + area(each["box"])) / (1 + overlap)
                    right[each["class"]] += (shared / area(surest) if over_the_box else overlap) >= threshold
        macro = np.mean([right[kind] / held[kind] for kind in held])
        assert len(held) == 8
        assert chest.value(algorithm, "localization", metric) == EXACTLY(macro, abs=1e-12)

    def surest(self, found: Scored, algorithm: str, image: str, finding: str) -> tuple[float, ...] | None:
        rows = [row for row in found.csv(algorithm, "boxes.csv") if (row["image"], row["finding"]) == (image, finding)]
        if not rows:
            return None
        row = max(rows, key=lambda each: float(each["confidence"]))
        x, y, w, h = (float(row[side]) for side in "xywh")
        return x, y, x + w, y + h


class TestUBench:
    @pytest.fixture
    def u_bench(self, made: Callable[[str], Scored]) -> Scored:
        return made("u-bench")

    def masks(self, found: Scored, algorithm: str, task: str) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
        for case in found.cases(task):
            paths = (found.folder / "truth" / case["mask"], found.folder / "predictions" / algorithm / case["id"])
            truth, said = (np.asarray(Image.open(path)).ravel() > 0 for path in paths)
            yield case["center"], truth, said

    @pytest.mark.parametrize("task", ["breast_ultrasound", "skin_lesion", "polyp", "retinal_vessel"])
    def test_overlap_is_the_mean_over_cases_as_scikit_learn_has_it(self, u_bench: Scored, algorithm: str, task: str) -> None:
        pairs = [(truth, said) for _, truth, said in self.masks(u_bench, algorithm, task)]
        assert u_bench.value(algorithm, task, "iou") == EXACTLY(np.mean([jaccard_score(*pair) for pair in pairs]), abs=1e-12)
        assert u_bench.value(algorithm, task, "dsc") == EXACTLY(np.mean([f1_score(*pair) for pair in pairs]), abs=1e-12)

    def test_the_gap_is_zero_shot_minus_in_domain(self, u_bench: Scored) -> None:
        by_center: dict[str, list[float]] = {"in_domain": [], "zero_shot": []}
        for center, truth, said in self.masks(u_bench, "good", "polyp"):
            by_center[center].append(jaccard_score(truth, said))
        gap = next(gap for gap in u_bench.evaluations["good"].task("polyp").gaps if gap.metric == "iou")
        assert gap.value == EXACTLY(np.mean(by_center["zero_shot"]) - np.mean(by_center["in_domain"]), abs=1e-12)
        assert gap.value < 0

    def test_the_score_is_the_harmonic_mean_of_accuracy_and_efficiency(self, u_bench: Scored) -> None:
        used = {"perfect": (900.0, 12.0), "good": (12.0, 2.0), "poor": (2.0, 0.5)}  # seconds, GiB
        entries = [
            Entry(team=name, evaluation=u_bench.evaluations[name], time_s=time, gpu_memory_bytes=int(memory * 2**30))
            for name, (time, memory) in used.items()
        ]
        board = build_leaderboard(
            u_bench.loaded.challenge,
            entries,
            dataset_hash=entries[0].evaluation.made_from.dataset_hash,
            generated_at=datetime(2026, 1, 2, tzinfo=UTC),
            definition_hash=u_bench.loaded.hash,
        )
        tasks = [task.id for task in u_bench.loaded.challenge.tasks]
        for row in board.rows:
            performance = np.mean([u_bench.value(row.team, task, "iou") for task in tasks])
            seconds, gib = used[row.team]
            # Even steps for even ratios: 1 up to 2 s and 1 GiB, 0 from 1800 s and 24 GiB on.
            time = min(1.0, math.log(1800 / seconds) / math.log(1800 / 2))
            memory = min(1.0, math.log(24 / gib) / math.log(24))
            efficiency = (time + memory) / 2
            assert row.score == EXACTLY(2 * performance * efficiency / (performance + efficiency), abs=1e-12)
        # Perfect masks do not make up for a quarter of an hour and 12 GiB: 0.102 and 0.218 make an efficiency of 0.16.
        assert [row.team for row in board.rows] == ["good", "poor", "perfect"]
