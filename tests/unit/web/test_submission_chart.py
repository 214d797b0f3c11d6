"""The course of a run as drawings: peaks in words, limits where they are near, lines inside their frames, numbers beside."""

from __future__ import annotations

import re

import pytest

from sonobench_eval.challenge.model import Limits
from sonobench_platform.runs.course import NOTHING, Course, CoursePoint
from sonobench_platform.web.contexts_submission import CoursePart
from sonobench_platform.web.submission_chart import BOTTOM, LEFT, RIGHT, TOP, course_part

GIB = 2**30
LIMITS = Limits(memory_bytes=8 * GIB, cpus=4)


def drawn(course: Course) -> CoursePart:
    part = course_part(course, LIMITS, why_not="")
    assert part is not None
    return part


def rising(count: int = 100, *, gpu: int | None = None) -> Course:
    return Course(tuple(CoursePoint(0.5 * at, at * GIB // 32, gpu, 2.0) for at in range(1, count + 1)))


class TestWords:
    def test_the_peak_the_limit_and_the_moment_are_said(self) -> None:
        assert drawn(rising()).sentences[0] == "Memory peaked at 3.12 GiB of 8 GiB after 50 s."

    def test_of_a_coarse_course_no_moment_is_told(self) -> None:
        part = drawn(Course(tuple(CoursePoint(float(at), GIB, GIB, 1.0) for at in range(12)), is_coarse=True))
        assert part.sentences[0] == "Memory peaked at 1.00 GiB of 8 GiB."
        assert part.note.startswith("In twelve parts of the run")
        assert not any("after" in each for each in part.sentences)

    def test_without_a_gpu_nothing_is_said_of_one(self) -> None:
        assert len(drawn(rising()).panels) == 2
        assert len(drawn(rising(gpu=GIB)).panels) == 3
        assert len(drawn(rising(gpu=0)).panels) == 2

    def test_where_there_is_none_it_says_why_or_nothing(self) -> None:
        assert course_part(NOTHING, LIMITS, why_not="") is None
        part = course_part(NOTHING, LIMITS, why_not="It is not shown.")
        assert part is not None
        assert (part.why_not, part.panels) == ("It is not shown.", ())


class TestDrawings:
    @pytest.mark.parametrize("count", [1, 2, 240])
    def test_every_line_stays_inside_its_frame(self, count: int) -> None:
        for panel in drawn(rising(count, gpu=3 * GIB)).panels:
            numbers = [float(number) for number in re.findall(r"-?[\d.]+", panel.path)]
            assert all(LEFT <= x <= RIGHT for x in numbers[::2])
            assert all(TOP <= y <= BOTTOM for y in numbers[1::2])

    def test_a_limit_is_drawn_where_it_is_near_and_not_where_it_would_flatten_the_line(self) -> None:
        near, far = drawn(rising(200)), drawn(rising(10))
        assert near.panels[0].limit_y is not None
        assert near.panels[0].limit_words == "limit 8 GiB"
        assert far.panels[0].limit_y is None

    def test_a_coarse_course_is_drawn_in_steps(self) -> None:
        points = (CoursePoint(0.0, GIB, None, None), CoursePoint(10.0, 2 * GIB, None, None))
        steps, slope = drawn(Course(points, is_coarse=True)).panels[0].path, drawn(Course(points)).panels[0].path
        assert steps.count("L") == slope.count("L") + 1


class TestNumbers:
    def test_they_are_few_and_keep_the_largest(self) -> None:
        rows = drawn(rising(240)).rows
        assert len(rows) <= 40
        assert rows[-1].host == "7.50 GiB"

    def test_what_was_not_measured_is_a_dash(self) -> None:
        assert {row.gpu for row in drawn(rising()).rows} == {"–"}
