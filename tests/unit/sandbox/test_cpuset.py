"""Sets of CPUs as text."""

from __future__ import annotations

import pytest

from sonobench_eval.sandbox.cpuset import parse_cpuset, why_not_on_node


class TestParseCpuset:
    @pytest.mark.parametrize(
        ("text", "cpus"), [("0", {0}), ("0-3", {0, 1, 2, 3}), ("0-1, 8,10-11", {0, 1, 8, 10, 11}), ("3-3", {3})]
    )
    def test_numbers_and_ranges(self, text, cpus):
        assert parse_cpuset(text) == cpus

    @pytest.mark.parametrize("text", ["", "a", "1-", "-1", "3-1", "0,,1", "0;1", "1" * 9, "0\n1"])
    def test_what_is_none_is_refused(self, text):
        with pytest.raises(ValueError, match="not a set of CPUs"):
            parse_cpuset(text)


class TestWhyNotOnNode:
    def test_one_that_fits(self):
        assert why_not_on_node("0-1", cpus=2) is None

    def test_one_that_is_too_large_names_the_first_cpu_that_is_not_there(self):
        assert why_not_on_node("0-3", cpus=2) == "The CPU set 0-3 names CPU 2, and this node has 2 (0 to 1)."

    def test_one_that_is_none(self):
        assert why_not_on_node("all", cpus=2) == "'all' is not a set of CPUs; write it like 0-7 or 0,2,4-6."
