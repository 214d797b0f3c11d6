"""Wilson's interval and the exact one."""

from __future__ import annotations

import numpy as np
import pytest

from sonobench_eval.statistics.interval import ClusteredCasesError
from sonobench_eval.statistics.proportions import exact, proportion_interval, wilson


class TestWilson:
    def test_of_no_hits_has_a_closed_form(self) -> None:
        # z^2 / (n + z^2) with z^2 = 3.841459
        assert wilson(0, 10, confidence=0.95) == (0.0, pytest.approx(3.841459 / 13.841459))

    def test_of_half_is_symmetric(self) -> None:
        low, high = wilson(5, 10, confidence=0.95)
        # z / 2 / sqrt(n + z^2) = 0.9799820 / 3.7204111
        assert (0.5 - low, high - 0.5) == (pytest.approx(0.9799820 / 3.7204111), pytest.approx(0.9799820 / 3.7204111))

    def test_of_all_reaches_one(self) -> None:
        assert wilson(7, 7, confidence=0.9)[1] == 1.0


class TestExact:
    def test_of_no_hits_is_what_half_the_error_leaves(self) -> None:
        assert exact(0, 10, confidence=0.95) == (0.0, pytest.approx(1 - 0.025**0.1))  # (1 - p)^10 = 0.025

    def test_of_all_reaches_one(self) -> None:
        assert exact(10, 10, confidence=0.95) == (pytest.approx(0.025**0.1), 1.0)

    def test_of_one_in_two(self) -> None:
        # 1 - (1 - p)^2 = 0.025 below, p^2 = 1 - 0.975 ... above: the other way round.
        assert exact(1, 2, confidence=0.95) == (pytest.approx(1 - 0.975**0.5), pytest.approx(0.975**0.5))


class TestProportionInterval:
    RIGHT = np.array([True] * 8 + [False] * 2)
    ALONE = tuple(f"case {n}" for n in range(10))

    @pytest.mark.parametrize(
        ("kind", "low", "high", "method"),
        [
            ("wilson", 0.4901625, 0.9433178, "Wilson, 10 cases"),  # Brown, Cai and DasGupta's worked form
            ("exact", 0.4439045, 0.9747893, "Clopper-Pearson (exact), 10 cases"),  # R: binom.test(8, 10)
        ],
    )
    def test_of_eight_in_ten(self, kind: str, low: float, high: float, method: str) -> None:
        found = proportion_interval(self.RIGHT, self.ALONE, confidence=0.95, kind=kind)
        assert (found.value, found.low, found.high) == (0.8, pytest.approx(low, abs=1e-6), pytest.approx(high, abs=1e-6))
        assert (found.method, found.resamples, found.seed) == (method, 0, None)

    @pytest.mark.parametrize(("kind", "named"), [("wilson", "Wilson's interval"), ("exact", "the exact interval")])
    def test_refuses_subjects_with_several_cases(self, kind: str, named: str) -> None:
        with pytest.raises(ClusteredCasesError, match=f"{named} needs independent cases, and these 10 are of 9 subjects"):
            proportion_interval(self.RIGHT, [*self.ALONE[:9], "case 0"], confidence=0.95, kind=kind)

    def test_of_no_cases_says_so(self) -> None:
        found = proportion_interval(np.array([], dtype=bool), [], confidence=0.95)
        assert (found.value, found.low, found.why_none) == (None, None, "there are no cases")
