"""Geometry: ticks, scales with outliers, labels that keep out of each other's way."""

from __future__ import annotations

import pytest

from sonobench_eval.evaluation import MetricScore
from sonobench_platform.web.drawing import WHISKER_WIDTH, Box, Disc, Scale, column_scale, nice_ticks, place_labels, whisker


def score(value: float | None, half: float = 0.01) -> MetricScore:
    low, high = (None, None) if value is None else (value - half, value + half)
    return MetricScore(name="dsc", definition="dsc", value=value, ci_low=low, ci_high=high, n=9, units=9)


class TestNiceTicks:
    @pytest.mark.parametrize(
        ("low", "high", "count", "texts"),
        [
            (0.0, 56.0, 6, ["0", "10", "20", "30", "40", "50", "60"]),
            (0.0, 1.0, 4, ["0.00", "0.25", "0.50", "0.75", "1.00"]),
            (-0.17, 0.08, 3, ["−0.2", "−0.1", "0.0", "0.1"]),
            (0.0, 1.3, 6, ["0.00", "0.25", "0.50", "0.75", "1.00", "1.25", "1.50"]),
        ],
    )
    def test_ticks_are_round_and_cover_the_data(self, low: float, high: float, count: int, texts: list[str]) -> None:
        ticks = nice_ticks(low, high, count)
        assert [tick.text for tick in ticks] == texts
        assert ticks[0].at <= low
        assert ticks[-1].at >= high

    def test_one_value_alone_still_has_two_ticks(self) -> None:
        assert len(nice_ticks(3.0, 3.0, 4)) >= 2
        assert len(nice_ticks(0.0, 0.0, 4)) >= 2


class TestColumnScale:
    def test_nothing_measured_has_no_scale(self) -> None:
        assert column_scale([None, score(None)]) is None

    def test_a_far_outlier_does_not_squeeze_the_others(self) -> None:
        scores = [score(value) for value in (0.82, 0.83, 0.84, 0.85, 0.86, 0.2)]
        scale = column_scale(scores)
        assert scale is not None
        assert scale.low == pytest.approx(0.81)
        drawn = whisker(scores[-1], scale)
        assert drawn is not None
        assert drawn.side == "left"

    def test_every_whisker_lies_inside_the_drawing(self) -> None:
        scores = [score(value, 0.1) for value in (0.1, 0.5, 0.9)]
        scale = column_scale(scores)
        assert scale is not None
        for each in scores:
            drawn = whisker(each, scale)
            assert drawn is not None
            assert 0 <= drawn.x_low <= drawn.x_value <= drawn.x_high <= WHISKER_WIDTH
            assert drawn.side == "inside"

    def test_equal_scores_without_interval_stand_in_the_middle(self) -> None:
        scale = column_scale([score(0.5, 0.0)])
        assert scale is not None
        assert scale(0.5) == WHISKER_WIDTH / 2


class TestPlaceLabels:
    def test_two_close_discs_get_labels_that_do_not_overlap(self) -> None:
        discs = [Disc(100, 100, 5), Disc(104, 102, 5)]
        labels = place_labels([("alpha", discs[0]), ("beta", discs[1])], [disc.box for disc in discs], Box(0, 0, 300, 200))
        assert abs(labels[0].y - labels[1].y) >= 13 or labels[0].anchor != labels[1].anchor

    def test_a_label_at_the_right_edge_turns_to_the_left(self) -> None:
        disc = Disc(290, 100, 5)
        (label,) = place_labels([("a long name", disc)], [disc.box], Box(0, 0, 300, 200))
        assert label.anchor == "end"


class TestScale:
    def test_values_outside_are_held_at_the_ends(self) -> None:
        scale = Scale(0, 10, 100, 200)
        assert [scale.clamped(value) for value in (-5, 5, 50)] == [100, 150, 200]
