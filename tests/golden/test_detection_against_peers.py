"""Detection and instance metrics against COCO's evaluation, scikit-learn, torchmetrics, MONAI, and plain search."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
import torch
from found_tables import label_image
from monai.metrics.froc import compute_froc_curve_data, compute_froc_score
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import average_precision_score, roc_curve
from torchmetrics.detection import PanopticQuality

from sonobench_eval.metrics.average_precision import ap, mean_ap
from sonobench_eval.metrics.class_answers import once
from sonobench_eval.metrics.detection import f1, recall
from sonobench_eval.metrics.detection_answers import DetectionAnswers, Found, ToFind, detection_answers
from sonobench_eval.metrics.detection_outcomes import Detections, detections_of
from sonobench_eval.metrics.detection_pairs import Near
from sonobench_eval.metrics.froc import RATES, froc
from sonobench_eval.metrics.instances import instance_answers, instance_overlaps
from sonobench_eval.metrics.matching import Pairs, matched_optimally
from sonobench_eval.metrics.panoptic import f1 as rq
from sonobench_eval.metrics.panoptic import pq, sq


def some_boxes(seed: int, *, images: int = 40, classes: int = 2, steps: int | None = None) -> DetectionAnswers:
    """Boxes near references, double ones and false ones; confidences all different, or of a few steps."""
    rng = np.random.default_rng(seed)

    def confidence() -> float:
        return float(rng.random()) if steps is None else float(rng.integers(steps)) / steps

    def box() -> np.ndarray:
        left, top, width, height = rng.integers([0, 0, 12, 12], [60, 60, 40, 40])
        return np.array([left, top, left + width, top + height])

    to_find, found = [], []
    for _ in range(images):
        refs = [ToFind(int(rng.integers(classes)), tuple(box().tolist())) for _ in range(rng.integers(4))]
        told = [Found(int(rng.integers(classes)), tuple(box().tolist()), confidence()) for _ in range(rng.integers(3))]
        for ref in refs:
            for _ in range(rng.integers(3)):
                told.append(Found(ref.kind, tuple((np.array(ref.box) + rng.integers(-4, 5, size=4)).tolist()), confidence()))
        to_find.append(refs)
        found.append(told)
    return detection_answers(to_find, found, classes=classes)


# COCOeval of pycocotools 2.0.11 (bbox, its own settings) on the boxes of `some_boxes(seed)`: stats[0:3], that is AP at
# 0.50:0.95, at 0.50 and at 0.75. Recorded by hand, so that nobody has to compile it.
RECORDED_OF_COCO = {
    0: (0.18599322601979806, 0.4290601954795839, 0.12042429258639252),
    1: (0.14993711460915582, 0.3547521745090531, 0.06749327775998847),
    2: (0.13831419949632084, 0.29564812074105784, 0.09764281855619691),
    3: (0.18181398649706734, 0.4522300757150907, 0.07172980690926235),
    4: (0.1692206044163436, 0.3873568186311719, 0.08338983406727023),
    5: (0.13569554947147633, 0.37405209998214567, 0.04242097649532733),
}


class TestAgainstCoco:
    @pytest.mark.parametrize("seed", RECORDED_OF_COCO)
    def test_average_precision_is_cocos_to_the_last_digit(self, seed: int) -> None:
        answers = some_boxes(seed)
        ours = [
            mean_ap(answers, once(answers.cases))[0],
            ap(answers, once(answers.cases), threshold=0.5)[0],
            ap(answers, once(answers.cases), threshold=0.75)[0],
        ]
        assert ours == pytest.approx(RECORDED_OF_COCO[seed], abs=1e-12)


def the_question(answers: DetectionAnswers) -> Detections:
    return detections_of(answers, Near("iou", 0.5, None), average="macro", of_class=0)[0]


class TestAgainstScikitLearn:
    @pytest.mark.parametrize("seed", range(5))
    def test_average_precision_by_steps(self, seed: int) -> None:
        answers = some_boxes(seed, classes=1, steps=8)
        question = the_question(answers)
        # scikit-learn knows no reference that nobody found: its recall ends at 1, here at the share that is found.
        found = question.hit.sum() / question.to_find.sum()
        theirs = average_precision_score(question.hit, question.confidence) * found
        ours = ap(answers, once(answers.cases), threshold=0.5, interpolation="step")[0]
        assert ours == pytest.approx(theirs, abs=1e-12)

    @pytest.mark.parametrize("seed", range(5))
    def test_froc_is_that_of_luna16s_script(self, seed: int) -> None:
        # The script takes sklearn's ROC curve of all candidates, scales it to false positives per scan and to lesions,
        # and interpolates by np.interp.
        answers = some_boxes(seed, classes=1, steps=8)
        question = the_question(answers)
        fpr, tpr, _ = roc_curve(question.hit, question.confidence)
        per_image = fpr * np.sum(~question.hit) / answers.cases
        sensitivity = tpr * question.hit.sum() / question.to_find.sum()
        theirs = np.mean(np.interp(RATES["luna16"], per_image, sensitivity))
        assert froc(answers, once(answers.cases), threshold=0.5)[0] == pytest.approx(theirs, abs=1e-12)


class TestAgainstMonai:
    @pytest.mark.parametrize("seed", range(5))
    def test_froc_where_not_every_lesion_is_found(self, seed: int) -> None:
        answers = some_boxes(seed, classes=1)
        question = the_question(answers)
        lesions = int(question.to_find.sum())
        missed = np.zeros(lesions - int(question.hit.sum()))  # MONAI's way to say that a lesion is not found
        assert len(missed)
        curve = compute_froc_curve_data(
            question.confidence[~question.hit],
            np.concatenate([question.confidence[question.hit], missed]),
            lesions,
            answers.cases,
        )
        theirs = compute_froc_score(*curve, eval_thresholds=RATES["luna16"])
        assert froc(answers, once(answers.cases), threshold=0.5)[0] == pytest.approx(theirs, abs=1e-12)

    def test_monai_loses_the_last_lesion_where_all_are_found_and_we_do_not(self) -> None:
        square, other = (0, 0, 10, 10), (20, 20, 30, 30)
        answers = detection_answers(
            [[ToFind(0, square), ToFind(0, other)]], [[Found(0, square, 0.9), Found(0, other, 0.6)]], classes=1
        )
        curve = compute_froc_curve_data(np.array([]), np.array([0.9, 0.6]), 2, 1)
        assert compute_froc_score(*curve) == 0.5
        assert froc(answers, once(1), threshold=0.5)[0] == 1.0


class TestAgainstTorchmetrics:
    @pytest.mark.parametrize("seed", range(6))
    def test_panoptic_quality_and_its_parts(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        references = [label_image(rng) for _ in range(8)]
        predictions = [np.roll(image, rng.integers(-1, 2), axis=0) * (rng.random(image.shape) < 0.9) for image in references]
        peer = PanopticQuality(things={1}, stuffs={0}, return_per_class=True, return_sq_and_rq=True)

        def as_panoptic(images: list[np.ndarray]) -> torch.Tensor:
            stacked = np.stack(images)
            return torch.tensor(np.stack([stacked > 0, stacked], axis=-1).astype(np.int64))

        peer.update(as_panoptic(predictions), as_panoptic(references))
        theirs = peer.compute()[0].tolist()  # of the objects, which come before the background
        answers = instance_answers([instance_overlaps(*pair) for pair in zip(predictions, references, strict=True)])
        ours = [metric(answers, once(8))[0] for metric in (pq, sq, rq)]
        assert ours == pytest.approx(theirs, abs=1e-6)  # torchmetrics sums in single precision


class TestAgainstPlainSearch:
    @pytest.mark.parametrize("seed", range(20))
    def test_optimal_matching_is_the_best_of_all_assignments(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        near = rng.random((4, 5)) * (rng.random((4, 5)) < 0.5)
        rows, columns = np.nonzero(near)
        match = matched_optimally(Pairs(rows, columns, near[rows, columns]), 4)

        def worth(taken: tuple[int, ...]) -> tuple[int, float]:
            values = near[np.arange(4), list(taken)]
            return int(np.count_nonzero(values)), float(values.sum())

        number, total = max(worth(taken) for taken in permutations(range(5), 4))
        kept = match >= 0
        assert kept.sum() == number
        assert near[np.flatnonzero(kept), match[kept]].sum() == pytest.approx(total)

    @pytest.mark.parametrize("seed", range(5))
    def test_as_many_boxes_match_as_scipy_finds_on_the_whole_matrix(self, seed: int) -> None:
        answers = some_boxes(seed, classes=1, images=12)
        hits = 0
        for case in range(answers.cases):
            one, other = answers.predicted.case == case, answers.reference.case == case
            low = np.maximum(answers.predicted.low[one][:, None], answers.reference.low[other][None])
            high = np.minimum(answers.predicted.high[one][:, None], answers.reference.high[other][None])
            shared = np.prod(np.clip(high - low, 0, None), axis=2)
            areas = [np.prod(each.high - each.low, axis=1) for each in (answers.predicted, answers.reference)]
            iou = shared / (areas[0][one][:, None] + areas[1][other][None] - shared)
            rows, columns = linear_sum_assignment(iou >= 0.5, maximize=True)
            hits += int((iou >= 0.5)[rows, columns].sum())
        ours = recall(answers, once(answers.cases), threshold=0.5, matching="optimal")[0]
        assert ours == pytest.approx(hits / len(answers.reference))
        said = len(answers.predicted) + len(answers.reference)
        assert f1(answers, once(answers.cases), threshold=0.5, matching="optimal")[0] == pytest.approx(2 * hits / said)
