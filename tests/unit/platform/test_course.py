"""The course of a run: how busy processors were, and the twelve steps that a team may see of a run on hidden data."""

from __future__ import annotations

import pytest

from sonobench_platform.runs.course import STEPS, CoursePoint, _whole, coarse
from sonobench_platform.runs.report import ReportedPoint

MIB = 2**20


def points(count: int, *, every_s: float = 1.0, cpus: float = 2.0) -> list[ReportedPoint]:
    return [
        ReportedPoint(t_s=every_s * at, host_memory_bytes=at * MIB, cpu_time_s=cpus * every_s * at, gpu_memory_bytes=None)
        for at in range(1, count + 1)
    ]


class TestTheWhole:
    def test_a_counter_becomes_how_many_were_busy(self) -> None:
        busy = [point.cpus for point in _whole(points(100)).points]
        assert busy == pytest.approx([2.0] * 100)

    def test_it_has_at_most_240_points_and_keeps_the_largest(self) -> None:
        shown = _whole(points(600)).points
        assert len(shown) <= 240
        assert max(point.host_memory_bytes or 0 for point in shown) == 600 * MIB

    def test_two_looks_that_nearly_coincide_make_no_peak(self) -> None:
        beside = [ReportedPoint(t_s=50.06, cpu_time_s=100.9), ReportedPoint(t_s=50.0, cpu_time_s=100.0)]
        shown = _whole([*points(100), *beside]).points
        assert max(point.cpus or 0 for point in shown) < 4

    def test_without_a_counter_nothing_is_said_of_processors(self) -> None:
        shown = _whole([ReportedPoint(t_s=1.0, host_memory_bytes=5), ReportedPoint(t_s=2.0, host_memory_bytes=6)]).points
        assert [point.cpus for point in shown] == [None, None]

    def test_of_nothing_there_is_nothing(self) -> None:
        assert _whole([]).points == ()
        assert coarse(()).points == ()


class TestTwelveSteps:
    def test_they_are_twelve_however_long_the_run(self) -> None:
        for length_s in (3.0, 3600.0, 86400.0):
            found = coarse(_whole(points(600, every_s=length_s / 600)).points)
            assert len(found.points) == STEPS, length_s
            assert found.is_coarse

    def test_memory_goes_up_to_64_mib_and_processors_to_tenths(self) -> None:
        found = coarse([CoursePoint(float(at), 65 * MIB, 1, 1.23) for at in range(1, 13)])
        assert {point.host_memory_bytes for point in found.points} == {128 * MIB}
        assert {point.gpu_memory_bytes for point in found.points} == {64 * MIB}
        assert {round(point.cpus or 0, 6) for point in found.points} == {1.3}

    def test_a_program_cannot_write_more_than_a_few_hundred_bits(self) -> None:
        """Of 8 GiB in steps of 64 MiB and 4 processors in tenths: 7 and under 6 bits for each of twelve parts."""
        wild = [
            CoursePoint(at / 10, (at * 7919 * 104729) % (8 * 1024 * MIB), None, (at * 31 % 4000) / 1000) for at in range(1, 600)
        ]
        found = coarse(wild)
        assert all((point.host_memory_bytes or 0) % (64 * MIB) == 0 for point in found.points)
        assert all(point.t_s == int(point.t_s) for point in found.points)
