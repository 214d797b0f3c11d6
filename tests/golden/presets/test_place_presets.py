"""Presets of boxes, labels and masks against scikit-learn, or against plain loops and arithmetic."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from PIL import Image
from preset_scores import Scored, area, document, iou
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    cohen_kappa_score,
    confusion_matrix,
    f1_score,
    hamming_loss,
    jaccard_score,
    mean_absolute_error,
    roc_auc_score,
)

from sonobench_eval.ranking.build import build_leaderboard
from sonobench_eval.ranking.entries import Entry

EXACTLY = pytest.approx


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
