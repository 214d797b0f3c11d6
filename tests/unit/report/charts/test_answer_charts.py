"""Charts of answers, on cases worked by hand: ROC, confusion, reliability, accuracy and rejection, Bland-Altman, difficulty."""

from __future__ import annotations

import numpy as np
import pytest

from sonobench_eval.metrics.class_answers import ABSTAIN, NO_DECISION, ClassAnswers, FloatArray, Question, once
from sonobench_eval.metrics.regression_answers import ValueAnswers
from sonobench_eval.metrics.roc_curve import roc_curve
from sonobench_eval.report.charts.bland_altman import bland_altman_plot
from sonobench_eval.report.charts.confusion import confusion_matrix
from sonobench_eval.report.charts.difficulty import difficulty_chart
from sonobench_eval.report.charts.rejection import accuracy_rejection
from sonobench_eval.report.charts.reliability import reliability_diagram
from sonobench_eval.report.charts.roc import GRID, band_of, roc_curves
from sonobench_eval.statistics.resampling import Resampling


def binary(labels: list[int], scores: list[float], decisions: list[int] | None = None) -> ClassAnswers:
    p = np.array(scores)
    decided = np.where(np.isnan(p), NO_DECISION, p >= 0.5) if decisions is None else np.array(decisions)
    return ClassAnswers(np.array(labels), np.stack([1 - p, p], axis=1), decided.astype(np.intp))


def drawn(labels: list[int], resamples: int = 40) -> Resampling:
    return Resampling([f"case{number}" for number in range(len(labels))], resamples, 7, "T")


LABELS = [0, 1] * 8
GOOD = binary(LABELS, [0.1, 0.9] * 8)
FAIR = binary(LABELS, [0.1, 0.9, 0.8, 0.2] * 4)


class TestRocCurves:
    def test_a_perfect_team_comes_first_with_an_area_of_one(self) -> None:
        # Of FAIR the positives have 0.9 and 0.2, the negatives 0.1 and 0.8, four times each: 4 x 8 + 4 x 4 of 64 pairs are won.
        chart = roc_curves({"fair": FAIR, "good": GOOD}, drawn(LABELS), task="T")

        assert chart is not None
        assert chart.takeaway.startswith(
            "good has the largest area under the curve, 1.00, 95 % interval 1.00 to 1.00; next is fair with 0.75"
        )
        assert chart.takeaway.endswith("(16 cases).")

    def test_the_curve_has_its_corners_only(self) -> None:
        chart = roc_curves({"fair": FAIR}, drawn(LABELS), task="T")

        assert chart is not None
        curve = chart.table[chart.table["part"] == "curve"]
        # Thresholds 0.9: 4 of 8 positives; 0.8: 4 of 8 negatives; 0.2: all positives; 0.1: all.
        assert curve["false_positive_rate"].tolist() == [0, 0, 0.5, 0.5, 1]
        assert curve["sensitivity"].tolist() == [0, 0.5, 0.5, 1, 1]

    def test_the_band_holds_the_curve_of_the_sample(self) -> None:
        chart = roc_curves({"fair": FAIR}, drawn(LABELS, 400), task="T")

        assert chart is not None
        band = chart.table[(chart.table["part"] == "band") & (chart.table["false_positive_rate"] == 0.25)]
        assert float(band["low"].iloc[0]) <= 0.5 <= float(band["high"].iloc[0])

    def test_cases_of_one_class_have_no_curve(self) -> None:
        assert roc_curves({"A": binary([0, 0], [0.1, 0.9])}, drawn([0, 0]), task="T") is None


class TestBandOf:
    def test_equals_the_curve_of_each_resample_at_every_rate(self) -> None:
        rng = np.random.default_rng(3)
        question = Question(rng.random(40) < 0.4, np.round(rng.random(40), 1), np.zeros(40, dtype=bool))
        counts = drawn([0] * 40, 25).counts()

        found = band_of(question, counts, GRID)

        for number in range(25):
            which = np.repeat(np.arange(40), counts[number].astype(int))
            np.testing.assert_allclose(found[:, number], upper(question.take(which)), atol=1e-12)

    def test_a_resample_of_one_class_has_no_sensitivity(self) -> None:
        question = Question(np.array([True, False]), np.array([0.9, 0.1]), np.array([True, False]))

        assert np.isnan(band_of(question, np.array([[2.0, 0.0], [0.0, 2.0]]), GRID)).all()

    def test_the_sample_itself_is_one_of_the_resamples(self) -> None:
        assert band_of(FAIR.question(1), once(16), np.array([0.0, 0.49, 0.5, 1.0]))[:, 0].tolist() == [0.5, 0.5, 1.0, 1.0]


def upper(question: Question) -> FloatArray:
    """The curve's value at each rate of the grid: the top of a rise, and straight between points."""
    curve = roc_curve(question)
    assert curve is not None
    x, y = curve.false_positive_rate, curve.true_positive_rate
    tops = np.array([y[x <= rate + 1e-12].max() for rate in GRID])
    last = [int(np.flatnonzero(x <= rate + 1e-12)[-1]) for rate in GRID]
    return np.array(
        [
            top if at + 1 == len(x) else top + (y[at + 1] - y[at]) * (rate - x[at]) / (x[at + 1] - x[at])
            for top, at, rate in zip(tops, last, GRID, strict=True)
        ]
    )


class TestConfusionMatrix:
    def test_counts_abstentions_and_unusable_answers_in_their_columns(self) -> None:
        answers = binary([0, 0, 1, 1], [0.1, 0.6, 0.7, np.nan], [0, 1, ABSTAIN, NO_DECISION])

        chart = confusion_matrix(answers, ["benign", "malignant"], team="A", task="T")

        assert chart is not None
        rows = chart.table.set_index(["reference", "decision"])["cases"].to_dict()
        assert rows["benign", "malignant"] == 1
        assert rows["malignant", "abstained"] == 1
        assert rows["malignant", "no usable answer"] == 1
        assert chart.takeaway == "25 % of 4 cases are right; most often wrong: benign taken for malignant (1 of 2)."

    def test_columns_that_nobody_needs_are_left_out(self) -> None:
        chart = confusion_matrix(GOOD, ["no", "yes"], team="A", task="T")

        assert chart is not None
        assert set(chart.table["decision"]) == {"no", "yes"}
        assert chart.takeaway == "100 % of 16 cases are right."

    def test_classes_of_one_name_stay_apart(self) -> None:
        chart = confusion_matrix(GOOD, ["same", "same"], team="A", task="T")

        assert chart is not None
        assert chart.table["reference"].nunique() == 2

    def test_many_classes_are_drawn_without_numbers(self) -> None:
        many = ClassAnswers(np.arange(40), np.eye(40), np.arange(40))

        chart = confusion_matrix(many, [f"class {number}" for number in range(40)], team="A", task="T")

        assert chart is not None
        assert [layer["mark"]["type"] for layer in chart.spec["layer"]] == ["rect"]

    def test_without_a_case_there_is_none(self) -> None:
        assert confusion_matrix(GOOD.take(np.array([], dtype=np.intp)), ["a", "b"], team="A", task="T") is None


class TestReliabilityDiagram:
    def test_the_rows_are_the_bins_that_hold_cases(self) -> None:
        # Four answers at 0.9 of which three are right, four at 0.6 of which two are: ECE = (4 x 0.15 + 4 x 0.1) / 8 = 0.125.
        answers = binary([1, 1, 1, 0, 1, 1, 0, 0], [0.9] * 4 + [0.6] * 4)

        chart = reliability_diagram({"A": answers}, task="T", bins=10)

        assert chart is not None
        assert chart.table["cases"].tolist() == [4, 4]
        assert chart.table["confidence"].tolist() == pytest.approx([0.6, 0.9])
        assert chart.table["accuracy"].tolist() == [0.5, 0.75]
        assert "expected calibration error of 0.125; 1 of 1 teams are overconfident" in chart.takeaway
        assert chart.takeaway.endswith("on average, so below the diagonal. 8 cases.")

    def test_bins_of_too_few_cases_are_left_out_and_the_sentence_says_so(self) -> None:
        answers = binary([1, 1, 1, 0, 1, 1, 0], [0.9] * 4 + [0.6] * 3)

        chart = reliability_diagram({"A": answers}, task="T", bins=10, fewest_cases=4)

        assert chart is not None
        assert chart.table["cases"].tolist() == [4]
        assert chart.takeaway.endswith("7 cases. Bins of fewer than 4 cases are not shown.")

    def test_where_every_bin_has_too_few_cases_there_is_none(self) -> None:
        assert reliability_diagram({"A": binary([1, 0], [0.9, 0.6])}, task="T", fewest_cases=2) is None

    def test_a_team_without_a_usable_answer_is_left_out(self) -> None:
        nobody = binary([0, 1], [np.nan, np.nan])

        assert reliability_diagram({"A": nobody}, task="T") is None


class TestAccuracyRejection:
    def test_accuracy_rises_as_the_doubtful_are_rejected(self) -> None:
        # 20 cases; the 4 least confident are wrong: 16 of 20 are right, and all once 20 % are rejected.
        labels, scores = [1] * 20, [0.9 - 0.01 * number for number in range(16)] + [0.4, 0.41, 0.42, 0.43]
        answers = binary(labels, scores)

        chart = accuracy_rejection({"A": answers}, task="T")

        assert chart is not None
        first = chart.table.iloc[0]
        assert (first["rejected"], first["accuracy"]) == (0, 0.8)
        assert chart.takeaway.startswith(
            "A has the smallest area under the risk-coverage curve: 0.80 of all answers are right, 1.00 once 20 %"
        )

    def test_accuracies_of_few_cases_are_not_drawn(self) -> None:
        chart = accuracy_rejection({"A": binary([1] * 40, np.linspace(0.5, 1, 40).tolist())}, task="T")

        assert chart is not None
        assert chart.table["rejected"].max() == pytest.approx(0.75)

    def test_the_dot_is_where_the_team_abstains(self) -> None:
        decisions = [1] * 15 + [ABSTAIN] * 5

        chart = accuracy_rejection({"A": binary([1] * 20, np.linspace(0.9, 0.6, 20).tolist(), decisions)}, task="T")

        assert chart is not None
        assert chart.table[chart.table["stops_here"]]["rejected"].tolist() == pytest.approx([0.25])

    def test_nobody_has_no_chart(self) -> None:
        assert accuracy_rejection({}, task="T") is None


class TestBlandAltmanPlot:
    def test_lines_are_the_bias_and_its_limits(self) -> None:
        # Differences 1, 3, 2, 2: mean 2, sd sqrt(2 / 3) = 0.8165; limits 2 -+ 1.96 x 0.8165 = 0.40 and 3.60.
        answers = ValueAnswers(np.array([10.0, 20, 30, 40, 50]), np.array([11.0, 23, 32, 42, np.nan]), 0.0, 100.0)

        chart = bland_altman_plot(answers, team="A", task="T", unit="mm")

        assert chart is not None
        lines = chart.table[chart.table["part"] != "case"].set_index("part")["difference"]
        assert lines["bias"] == pytest.approx(2)
        assert lines["lower limit"] == pytest.approx(2 - 1.96 * np.sqrt(2 / 3), abs=1e-4)
        assert lines["upper limit"] == pytest.approx(2 + 1.96 * np.sqrt(2 / 3), abs=1e-4)
        assert chart.takeaway.startswith(
            "Bias +2.00 mm (differs from 0); 95 % of differences are expected between +0.40 and +3.60 mm"
        )
        assert "(4 cases, 1 unusable answer not shown)" in chart.takeaway

    def test_one_answer_has_no_spread(self) -> None:
        assert bland_altman_plot(ValueAnswers(np.array([1.0]), np.array([2.0]), 0.0, 9.0), team="A", task="T") is None

    def test_equal_differences_are_drawn(self) -> None:
        chart = bland_altman_plot(ValueAnswers(np.array([1.0, 2]), np.array([1.0, 2]), 0.0, 9.0), team="A", task="T")

        assert chart is not None
        assert "Bias 0.00 (may be 0)" in chart.takeaway


class TestDifficultyChart:
    SOLVED = np.array([[1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0]], dtype=bool)

    def test_bars_are_the_tiers_of_all(self) -> None:
        chart = difficulty_chart(self.SOLVED, ["A", "B", "C"], task="T")

        assert chart is not None
        assert chart.table[chart.table["part"] == "cases"]["cases"].tolist() == [1, 1, 1, 1]
        # Shares solved 3/4, 2/4 and 1/4: the middle one is 50 %.
        assert chart.takeaway == "All 3 algorithms solve 25 % of 4 cases, none solves 25 %; the middle algorithm solves 50 %."

    def test_each_team_is_measured_on_the_tiers_of_the_others(self) -> None:
        chart = difficulty_chart(self.SOLVED, ["A", "B", "C"], task="T")

        assert chart is not None
        # Without A: case 1 is solved by both others, case 2 by one of two (half), cases 3 and 4 by none; A solves 1 to 3.
        own = chart.table[chart.table["team"] == "A"].set_index("tier")["share"]
        assert own["solved by all"] == 1
        assert own["by half or fewer"] == 1
        assert own["by none"] == 0.5

    def test_one_algorithm_has_nobody_to_make_tiers(self) -> None:
        assert difficulty_chart(self.SOLVED[:1], ["A"], task="T") is None
