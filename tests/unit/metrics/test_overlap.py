from __future__ import annotations

import numpy as np
import pytest

from sonobench_eval.metrics.empty import Empty, emptiness
from sonobench_eval.metrics.overlap import dsc


def mask(*rows: str) -> np.ndarray:
    return np.array([[cell == "#" for cell in row] for row in rows])


class TestDsc:
    def test_equal_masks_score_one(self) -> None:
        assert dsc(mask("##.", "##."), mask("##.", "##.")) == 1.0

    def test_counts_what_is_shared_twice_over_both_areas(self) -> None:
        # A has 4 pixels, B has 2, they share 2: 2 * 2 / (4 + 2).
        assert dsc(mask("##..", "##.."), mask("#...", "#...")) == pytest.approx(4 / 6)

    def test_masks_apart_score_zero(self) -> None:
        assert dsc(mask("#..."), mask("...#")) == 0.0

    @pytest.mark.parametrize(
        ("prediction", "reference", "outcome"),
        [("..", "..", Empty.BOTH), ("..", "#.", Empty.PREDICTION), ("#.", "..", Empty.REFERENCE)],
    )
    def test_an_empty_mask_is_an_outcome_and_not_a_number(self, prediction: str, reference: str, outcome: Empty) -> None:
        assert dsc(mask(prediction), mask(reference)) is outcome
        assert emptiness(mask(prediction), mask(reference)) is outcome

    def test_two_masks_with_foreground_are_not_empty(self) -> None:
        assert emptiness(mask("#."), mask(".#")) is None
