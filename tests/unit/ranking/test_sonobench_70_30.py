from __future__ import annotations

import pytest

from sonobench_eval.challenge.ranking_rules import Leaf, MemoryScale, Ranking, Span, TimeScale
from sonobench_eval.ranking.rank import rescore
from sonobench_eval.ranking.records import Figures, RankingResult
from sonobench_eval.ranking.sonobench_70_30 import (
    between,
    part_of_values,
    relative_time_scale,
    sonobench_70_30,
    time_scale,
)

GIB = 2**30
RULES = Ranking(scheme="sonobench-70-30", memory_scale=MemoryScale(floor_bytes=2 * GIB, worst_bytes=32 * GIB))


def ranked(
    dsc: list[float | None], time_s: list[float | None], memory: list[float | None], rules: Ranking = RULES
) -> RankingResult:
    teams = ["A", "B", "C"][: len(dsc)]
    part = part_of_values("segmentation", [[between(Leaf(of="a.dsc"), Span(worst=0, best=1))]])
    scheme = sonobench_70_30([part], rules, time_scale(TimeScale(reference_s=1, floor=1, worst=100)))
    return rescore(Figures.of(teams, {"a.dsc": dsc, "time_s": time_s, "gpu_memory_bytes": memory}), scheme)


class TestSonobench7030:
    def test_the_score_by_hand(self) -> None:
        # Time 10 of 1 to 100: half. Memory 8 GiB of 2 to 32: half. 0.7 * 0.8 + 0.3 * 0.5 = 0.71.
        (row,) = ranked([0.8], [10], [8 * GIB]).rows
        assert (row.score, row.performance, row.efficiency) == (pytest.approx(0.71), 0.8, pytest.approx(0.5))

    def test_memory_below_the_floor_is_equal(self) -> None:
        assert [row.rank for row in ranked([0.8, 0.8], [10, 10], [0, 2 * GIB]).rows] == [1, 1]

    def test_an_instant_empty_answer_earns_nothing(self) -> None:
        (poor,) = ranked([0.0], [0.1], [0]).rows
        assert (poor.score, poor.efficiency) == (0, 0)

    def test_the_gate_is_where_the_rules_put_it(self) -> None:
        low, high = (ranked([0.3], [1], [GIB], RULES.model_copy(update={"gate": gate})).rows[0] for gate in (0.31, 0.3))
        assert (low.efficiency, high.efficiency) == (0, 1)

    def test_without_a_gate_efficiency_counts_for_everybody(self) -> None:
        assert ranked([0.0], [1], [GIB], RULES.model_copy(update={"gate": 0.0})).rows[0].efficiency == 1

    def test_memory_that_was_measured_for_nobody_is_dropped_with_its_weight(self) -> None:
        result = ranked([0.8, 0.8], [1, 100], [None, None])
        assert [row.efficiency for row in result.rows] == [1, 0]
        assert result.notes == ("GPU memory does not count: it was measured for no team, so efficiency is time alone.",)

    def test_without_any_measurement_performance_takes_the_whole_weight(self) -> None:
        result = ranked([0.8], [None], [None])
        assert (result.rows[0].score, result.weights) == (0.8, (1.0, 0.0))

    def test_a_team_without_a_value_in_a_metric_counts_as_without_skill(self) -> None:
        assert [row.performance for row in ranked([0.5, None], [1, 1], [0, 0]).rows] == [0.5, 0]


class TestTimeScale:
    def test_by_default_goes_by_the_time_limit(self) -> None:
        scale = time_scale(TimeScale(), limit_s=600)
        assert (scale.reference, scale.floor, scale.worst) == (600, 0.001, 1)

    def test_a_declared_reference_comes_first(self) -> None:
        scale = time_scale(TimeScale(reference_s=50, worst=10), limit_s=600)
        assert (scale.reference, scale.floor, scale.worst) == (50, 0.001, 10)

    def test_times_in_units_of_the_reference_container_need_no_limit(self) -> None:
        scale = relative_time_scale(TimeScale(reference_s=50))
        assert (scale.reference, scale.floor, scale.worst) == (1, 1, 1000)
