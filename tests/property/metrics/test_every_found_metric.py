"""What holds for every metric of boxes, instances and points; made from the catalogues, so that none is forgotten."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from found_tables import (
    FOUND,
    Answers,
    Asked,
    answers_of,
    every_metric,
    label_image,
    moved,
    size_of,
    with_boxes,
    without,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sonobench_eval.metrics.class_answers import once
from sonobench_eval.metrics.detection_answers import BoxTable, DetectionAnswers
from sonobench_eval.metrics.instances import InstanceAnswers, instance_answers, instance_overlaps
from sonobench_eval.metrics.keypoints import KeypointAnswers
from sonobench_eval.metrics.spec import Family

BY_FAMILY = {family: every_metric(family) for family in FOUND}
CASES = st.sampled_from(FOUND).flatmap(lambda family: st.tuples(answers_of(family), st.just(family)))
BOXES, POINTS = answers_of("boxes"), answers_of("points")
SEEDS = st.integers(0, 999)
SLACK = 1e-9
few = partial(settings, suppress_health_check=[HealthCheck.too_slow], max_examples=25)
NO_ALARMS_IN_THEM = {"recall", "localization_acc"}


def drawn(size: int, seed: int, resamples: int = 4) -> np.ndarray:
    """Counts in Fortran order, as the bootstrap makes them."""
    return np.asfortranarray(np.random.default_rng(seed).integers(0, 4, size=(resamples, size)).astype(float))


def equal(left: np.ndarray, right: np.ndarray, asked: Asked) -> None:
    np.testing.assert_allclose(left, right, atol=1e-12, rtol=1e-12, equal_nan=True, err_msg=repr(asked))


def never_better(after: Answers, before: Answers, asked: Asked, counts: np.ndarray) -> None:
    good, less = asked.goodness(before, counts), asked.goodness(after, counts)
    # Where there was a value there still is one: a metric cannot be switched off.
    assert (np.isnan(good) | (less <= good + SLACK)).all(), (asked, good, less)


class TestEveryMetric:
    @given(CASES, SEEDS)
    @few()
    def test_a_count_is_the_same_as_repeating_the_case(self, case: tuple[Answers, Family], seed: int) -> None:
        answers, family = case
        counts = drawn(size_of(answers), seed)
        resamples = [answers.take(np.repeat(np.arange(size_of(answers)), row.astype(int))) for row in counts]
        for asked in BY_FAMILY[family]:
            alone = [asked.measure(each, once(size_of(each)))[0] for each in resamples]
            equal(asked.measure(answers, counts), np.array(alone), asked)

    @given(CASES, SEEDS)
    @few(max_examples=15)
    def test_many_resamples_are_measured_as_few_are_and_memory_order_does_not_matter(
        self, case: tuple[Answers, Family], seed: int
    ) -> None:
        answers, family = case
        counts = drawn(size_of(answers), seed, resamples=60)
        for asked in BY_FAMILY[family]:
            many = asked.measure(answers, counts)
            equal(many, asked.measure(answers, np.ascontiguousarray(counts)), asked)
            equal(many[:5], asked.measure(answers, counts[:5]), asked)

    @given(CASES, SEEDS)
    @few()
    def test_lies_within_its_declared_bounds_or_has_no_value(self, case: tuple[Answers, Family], seed: int) -> None:
        answers, family = case
        for asked in BY_FAMILY[family]:
            values = asked.measure(answers, drawn(size_of(answers), seed))
            assert values.dtype == np.float64
            assert values.shape == (4,)
            assert not np.isinf(values).any(), asked
            inside = (values >= asked.spec.low - SLACK) & (values <= asked.spec.high + SLACK)
            assert (np.isnan(values) | inside).all(), (asked, values)

    @given(CASES, SEEDS)
    @few(max_examples=15)
    def test_does_not_depend_on_the_order_of_the_cases(self, case: tuple[Answers, Family], seed: int) -> None:
        answers, family = case
        counts = drawn(size_of(answers), seed)
        order = np.random.default_rng(seed).permutation(size_of(answers))
        for asked in BY_FAMILY[family]:
            equal(asked.measure(answers.take(order), counts[:, order]), asked.measure(answers, counts), asked)

    @given(CASES)
    @few(max_examples=15)
    def test_a_resample_without_cases_has_no_value(self, case: tuple[Answers, Family]) -> None:
        answers, family = case
        for asked in BY_FAMILY[family]:
            assert np.isnan(asked.measure(answers, np.zeros((1, size_of(answers))))).all(), asked
            assert asked.measure(answers, np.zeros((0, size_of(answers)))).shape == (0,), asked

    @given(CASES, SEEDS, st.integers(0, 6))
    @few(max_examples=60)
    def test_leaving_an_answer_out_never_pays(self, case: tuple[Answers, Family], seed: int, which: int) -> None:
        """Unless there are two false alarms or more in it: an unusable case counts as one, since there is no largest number."""
        answers, family = case
        case_number = which % size_of(answers)
        counts = np.vstack([once(size_of(answers)), drawn(size_of(answers), seed)])
        for asked in BY_FAMILY[family]:
            before = answers
            if isinstance(answers, DetectionAnswers) and asked.spec.name not in NO_ALARMS_IN_THEM:
                here = answers.predicted.case == case_number
                before = with_boxes(answers, ~here | (np.cumsum(here) == 1))
            if isinstance(answers, InstanceAnswers) and len(answers.overlaps[case_number].predicted_px) > 1:
                continue
            never_better(without(before, case_number), before, asked, counts)

    @given(BOXES, SEEDS)
    @settings(max_examples=20)
    def test_is_what_other_peoples_software_says(self, answers: DetectionAnswers, seed: int) -> None:
        counts = drawn(size_of(answers), seed, resamples=2)
        for asked in BY_FAMILY["boxes"]:
            if asked.spec.reference is not None:
                equal(asked.measure(answers, counts), asked.measure(answers, counts, engine="reference"), asked)


class TestBoxes:
    @given(BOXES, SEEDS)
    @few()
    def test_do_not_depend_on_the_order_in_the_file(self, answers: DetectionAnswers, seed: int) -> None:
        rng = np.random.default_rng(seed)
        one, other = rng.permutation(len(answers.reference)), rng.permutation(len(answers.predicted))
        shuffled = DetectionAnswers(
            answers.classes,
            answers.reference.rows(one, answers.reference.case[one]),
            answers.ignored[one],
            answers.predicted.rows(other, answers.predicted.case[other]),
            answers.confidence[other],
            answers.unusable,
            answers.spacing_mm,
        )
        counts = drawn(answers.cases, seed)
        for asked in BY_FAMILY["boxes"]:
            equal(asked.measure(shuffled, counts), asked.measure(answers, counts), asked)

    @given(BOXES, SEEDS, st.tuples(st.integers(-50, 50), st.integers(-50, 50)))
    @few()
    def test_may_be_anywhere(self, answers: DetectionAnswers, seed: int, by: tuple[int, int]) -> None:
        elsewhere = DetectionAnswers(
            answers.classes,
            moved(answers.reference, by),
            answers.ignored,
            moved(answers.predicted, by),
            answers.confidence,
            answers.unusable,
            answers.spacing_mm,
        )
        counts = drawn(answers.cases, seed)
        for asked in BY_FAMILY["boxes"]:
            equal(asked.measure(elsewhere, counts), asked.measure(answers, counts), asked)

    @given(BOXES, SEEDS)
    @few(max_examples=30)
    def test_one_more_false_alarm_is_never_better(self, answers: DetectionAnswers, seed: int) -> None:
        rng = np.random.default_rng(seed)
        usable = np.flatnonzero(~answers.unusable)
        if not len(usable):
            return
        old = answers.predicted
        more = DetectionAnswers(
            answers.classes,
            answers.reference,
            answers.ignored,
            BoxTable(
                np.append(old.case, rng.choice(usable)),
                np.append(old.kind, rng.integers(answers.classes)),
                np.vstack([old.low, [900, 900]]),
                np.vstack([old.high, [901, 901]]),
            ),
            np.append(answers.confidence, rng.integers(1, 6) / 5),
            answers.unusable,
            answers.spacing_mm,
        )
        for asked in BY_FAMILY["boxes"]:
            never_better(more, answers, asked, drawn(answers.cases, seed))

    @given(BOXES, SEEDS)
    @few(max_examples=20)
    def test_only_the_order_of_confidences_matters_to_curves(self, answers: DetectionAnswers, seed: int) -> None:
        other = DetectionAnswers(
            answers.classes,
            answers.reference,
            answers.ignored,
            answers.predicted,
            np.exp(3 * answers.confidence) - 100,
            answers.unusable,
            answers.spacing_mm,
        )
        counts = drawn(answers.cases, seed)
        for asked in BY_FAMILY["boxes"]:
            if "confidence" not in asked.settings:
                equal(asked.measure(other, counts), asked.measure(answers, counts), asked)

    @given(BOXES, SEEDS)
    @few(max_examples=20)
    def test_optimal_matching_finds_no_fewer_than_greedy(self, answers: DetectionAnswers, seed: int) -> None:
        counts = drawn(answers.cases, seed)
        recall = next(asked for asked in BY_FAMILY["boxes"] if asked.spec.name == "recall")
        greedy = recall.measure(answers, counts)
        optimal = Asked(recall.spec, {**recall.settings, "matching": "optimal"}).measure(answers, counts)
        assert (np.isnan(greedy) | (optimal >= greedy - SLACK)).all()


class TestInstances:
    @given(SEEDS)
    @few()
    def test_their_numbers_and_where_they_lie_mean_nothing(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        prediction, reference = label_image(rng), label_image(rng)
        renamed = np.concatenate([[0], rng.permutation(np.arange(5, 50))[:5]])
        padded = [np.pad(renamed[image], ((2, 0), (1, 3))) for image in (prediction, reference)]
        one = instance_answers([instance_overlaps(prediction, reference)])
        other = instance_answers([instance_overlaps(*padded)])
        for asked in BY_FAMILY["instances"]:
            equal(asked.measure(other, once(1)), asked.measure(one, once(1)), asked)

    @given(SEEDS)
    @few()
    def test_one_more_false_alarm_is_never_better(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        prediction, reference = (np.pad(label_image(rng), 1) for _ in range(2))
        more = prediction.copy()
        more[0, 0] = 99
        before, after = (instance_answers([instance_overlaps(each, reference)]) for each in (prediction, more))
        for asked in BY_FAMILY["instances"]:
            never_better(after, before, asked, once(1))

    @given(SEEDS)
    @few()
    def test_a_perfect_answer_is_1(self, seed: int) -> None:
        image = label_image(np.random.default_rng(seed))
        answers = instance_answers([instance_overlaps(image, image)])
        for asked in BY_FAMILY["instances"]:
            values = asked.measure(answers, once(1))
            assert values[0] == pytest.approx(1.0) if image.any() else np.isnan(values[0]) or values[0] == 1.0


class TestPoints:
    @given(POINTS, SEEDS)
    @few()
    def test_millimetres_grow_with_the_spacing_and_shares_do_not(self, answers: KeypointAnswers, seed: int) -> None:
        assert answers.spacing_mm is not None
        larger = KeypointAnswers(answers.reference, answers.predicted, answers.size_px, answers.spacing_mm * 4)
        counts = drawn(size_of(answers), seed)
        mre = next(asked.spec for asked in BY_FAMILY["points"] if asked.spec.name == "mre")
        for said, factor in (({"unit": "mm"}, 4), ({"unit": "px"}, 1), ({"unit": "diagonal"}, 1)):
            asked = Asked(mre, said)
            equal(asked.measure(larger, counts), asked.measure(answers, counts) * factor, asked)
