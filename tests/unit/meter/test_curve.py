"""The curve of a run: bounded in points, exact in its peaks."""

from __future__ import annotations

from itertools import pairwise

import pytest

from sonobench_eval.meter.curve import MOST_POINTS, Curve, Moment, merged


def a_curve(*points: tuple[float, int]) -> Curve:
    curve = Curve()
    for t_s, memory in points:
        curve.add(t_s, host_memory_bytes=memory)
    return curve


class TestCurve:
    def test_a_short_run_is_kept_as_it_was_seen(self):
        curve = Curve()
        curve.add(0.0, host_memory_bytes=5, cpu_time_s=0.0)
        curve.add(0.05, host_memory_bytes=7, cpu_time_s=0.04)
        assert curve.points() == (Moment(0.0, 5, 0.0), Moment(0.05, 7, 0.04))

    @pytest.mark.parametrize("samples", [600, 601, 5_000, 50_000])
    def test_it_never_has_more_points_than_it_may(self, samples):
        points = a_curve(*((0.05 * n, n) for n in range(samples))).points()
        assert len(points) <= MOST_POINTS
        assert len(points) >= MOST_POINTS // 2  # thinned evenly, not more than needed
        gaps = {round(after.t_s - before.t_s, 2) for before, after in pairwise(points)}
        assert max(gaps) <= 2 * min(gaps) + 0.06

    def test_a_peak_of_a_single_sample_survives_all_thinning(self):
        curve = a_curve(*((0.05 * n, 10**9 if n == 12_345 else 1) for n in range(40_000)))
        peak = max(curve.points(), key=lambda point: point.host_memory_bytes)
        assert peak.host_memory_bytes == 10**9
        assert abs(peak.t_s - 12_345 * 0.05) < 8

    def test_a_figure_that_is_not_measured_stays_unmeasured(self):
        curve = a_curve((0.0, 1), (0.01, 2))
        assert curve.points() == (Moment(0.0, host_memory_bytes=2),)

    def test_a_clock_that_says_less_than_nothing_is_the_start(self):
        assert len(a_curve((-0.001, 1), (0.0, 2)).points()) == 1

    def test_a_name_that_is_no_figure_is_refused(self):
        with pytest.raises(TypeError):
            Curve().add(0.0, temperature=3)


class TestMerged:
    def test_points_of_one_moment_become_one(self):
        gpu = Curve()
        gpu.add(0.01, gpu_memory_bytes=9)
        together = merged(a_curve((0.0, 5)).points(), gpu.points())
        assert together == (Moment(0.0, host_memory_bytes=5, gpu_memory_bytes=9),)

    def test_it_is_by_time_and_bounded(self):
        one, two = ([Moment(0.1 * n + shift, host_memory_bytes=n) for n in range(600)] for shift in (0.0, 0.05))
        together = merged(one, two)
        assert len(together) <= MOST_POINTS
        assert [point.t_s for point in together] == sorted(point.t_s for point in together)
        assert max(point.host_memory_bytes for point in together) == 599

    def test_of_nothing_is_nothing(self):
        assert merged((), ()) == ()
