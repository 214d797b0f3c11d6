"""Differences between two definitions: each named once, with how far it reaches, and nothing hidden in it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import platform_world
import pytest

from sonobench_eval.challenge.model import Challenge
from sonobench_platform.challenges.comparing import Change, Reach, compare, furthest


def changed(edit: Callable[[dict[str, Any]], object]) -> list[Change]:
    """What `compare` says of the tiny challenge and an edited one."""
    document = copy.deepcopy(platform_world.CHALLENGE)
    edit(document)
    return compare(Challenge.model_validate(platform_world.CHALLENGE), Challenge.model_validate(document))


class TestCompare:
    def test_of_the_same_there_is_none(self) -> None:
        assert changed(lambda document: None) == []

    @pytest.mark.parametrize(
        ("edit", "expected"),
        [
            (lambda d: d.update(title="B"), Change("title", "changed", "Tiny challenge", "B", Reach.SHOWN)),
            (lambda d: d.update(description="New."), Change("description", "changed", "", "New.", Reach.SHOWN)),
            (lambda d: d.update(entry={"approval": True}), Change("entry.approval", "changed", "false", "true", Reach.SHOWN)),
            (lambda d: d["tasks"][0].update(title="H"), Change("tasks.head.title", "added", None, "H", Reach.SHOWN)),
            (lambda d: d["centers"][0].update(title="N"), Change("centers.north.title", "added", None, "N", Reach.SHOWN)),
            (lambda d: d["centers"][1].update(role="internal"), None),
            (lambda d: d["bootstrap"].update(resamples=30), Change("bootstrap.resamples", "changed", "20", "30", Reach.SCORES)),
            (lambda d: d.update(ranking={"performance": 0.5, "efficiency": 0.5}), None),
            (lambda d: d["limits"].update(cpus=2), Change("limits.cpus", "changed", "4", "2", Reach.RUNS)),
            (lambda d: d.update(pseudonyms=False), Change("pseudonyms", "changed", "true", "false", Reach.RUNS)),
            (lambda d: d["tasks"][0].update(organ="Skull"), Change("tasks.head.organ", "changed", "Head", "Skull", Reach.RUNS)),
            (lambda d: d["tasks"][0]["metrics"].pop(), Change("tasks.head.metrics.nsd", "removed", None, None, Reach.SCORES)),
            (lambda d: d["tasks"].reverse(), Change("tasks", "moved", None, None, Reach.SCORES)),
            (lambda d: d.update(truth="labels"), Change("truth", "changed", None, None, Reach.SCORES)),
        ],
    )  # fmt: skip
    def test_each_reaches_as_far_as_it_does(self, edit: Callable[[dict[str, Any]], object], expected: Change | None) -> None:
        found = changed(edit)
        if expected is None:
            assert {each.reach for each in found} == {Reach.SCORES}
        else:
            assert found == [expected]

    def test_a_phase_is_one_line_and_its_dates_are_only_shown(self) -> None:
        (line,) = changed(lambda d: d.update(phases=[{"id": "test", "opens": "2026-09-01T12:00:00Z"}]))
        assert (line.what, line.kind, line.reach) == ("phases.test", "added", Reach.SHOWN)


class TestCases:
    def test_they_are_counted_and_what_their_references_are_is_not_told(self) -> None:
        (line,) = changed(lambda d: [case.update(label=0) for case in d["cases"][3:]])
        assert line == Change("cases.label", "changed", None, "1 case", Reach.SCORES, ("breast/img/2.png",))

    def test_added_and_removed_ones_mean_other_runs(self) -> None:
        def edit(document: dict[str, Any]) -> None:
            document["cases"] += [{**document["cases"][2], "id": f"breast/img/{number}.png"} for number in range(3, 1503)]
            del document["cases"][0]

        added, removed = changed(edit)
        assert (added.new, len(added.cases), added.reach) == ("1,500 cases", 3, Reach.RUNS)
        assert (removed.old, removed.cases, removed.reach) == ("1 case", ("head/img/1.png",), Reach.RUNS)

    def test_another_order_is_told(self) -> None:
        assert changed(lambda d: d["cases"].reverse()) == [Change("cases", "moved", None, None, Reach.SCORES)]


class TestTogether:
    def test_they_reach_as_far_as_the_furthest(self) -> None:
        found = changed(lambda d: (d.update(title="B"), d["limits"].update(cpus=2)))
        assert (len(found), furthest(found)) == (2, Reach.RUNS)
        assert furthest([]) == Reach.SHOWN
