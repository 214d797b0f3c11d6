from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from ranking_world import BREAST, HEAD, SUBTYPE, World, make_world

from sonobench_eval.challenge.model import Bootstrap
from sonobench_eval.challenge.ranking_rules import Group, IdentityScale, Leaf, Ranking
from sonobench_eval.ranking.build import build_leaderboard
from sonobench_eval.ranking.entries import Entry
from sonobench_eval.ranking.gathered import gathered, resampled_figures, table_of
from sonobench_eval.ranking.records import Figures, Weights
from sonobench_eval.ranking.stability_analysis import NoRankingError, stability_report, table_stability
from sonobench_eval.ranking.stability_report import StabilityReport
from sonobench_eval.ranking.uusic25 import table_scheme
from sonobench_eval.statistics.replicates import Replicates

NOW = datetime(2026, 1, 2, tzinfo=UTC)
SKILLS = {"Slow but good": 2.0, "Middling": 1.0, "Poor": 0.0}


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(SKILLS, tasks=(HEAD, BREAST, SUBTYPE))


@pytest.fixture(scope="module")
def report(world: World) -> StabilityReport:
    return stability_report(world.challenge, world.entries)


def with_replicates(world: World) -> list[Entry]:
    """Entries whose replicates are those of their own case scores."""
    found = gathered(world.challenge, world.entries)
    drawn = table_of(world.challenge, found.entries).resampled(resamples=200, seed=world.challenge.bootstrap.seed)
    return [
        replace(entry, replicates=Replicates({_key(name): row[:, number] for name, row in drawn.items()}))
        for number, entry in enumerate(found.entries)
    ]


def _key(figure: str) -> tuple[str, str]:
    task, _, metric = figure.rpartition(".")
    return task, metric


class TestStabilityReport:
    def test_teams_stand_in_the_order_of_the_ranking(self, report: StabilityReport) -> None:
        assert (report.teams, report.ranks) == (("Slow but good", "Middling", "Poor"), (1, 2, 3))
        assert list(report.scores) == sorted(report.scores, reverse=True)

    def test_is_the_same_after_a_round_trip_through_json(self, report: StabilityReport) -> None:
        assert StabilityReport.from_json(report.to_json()) == report

    def test_a_clear_winner_is_one_in_every_way(self, report: StabilityReport) -> None:
        assert report.whole is not None
        first = report.whole.teams[0]
        assert first.p_first > 0.95
        assert (first.low, first.set_low) == (1, 1)
        assert report.whole.tau.median == 1

    def test_every_task_has_its_own_distribution(self, report: StabilityReport) -> None:
        assert [task.scope for task in report.tasks] == ["Head", "Breast", "Subtype"]

    def test_there_is_a_map_for_the_score_and_for_each_metric_that_can_be_tested(self, report: StabilityReport) -> None:
        scopes = [each.scope for each in report.significance]
        assert scopes == ["score", "Head.dsc", "Head.nsd", "Breast.acc", "Breast.auc", "Subtype.acc"]
        by_scope = dict(zip(scopes, report.significance, strict=True))
        assert by_scope["Head.dsc"].better[0] == (False, True, True)
        assert by_scope["Head.dsc"].wins == (2, 1, 0)
        assert (by_scope["Head.dsc"].units, by_scope["Breast.auc"].test) == (60, "DeLong, one-sided")

    def test_other_schemes_are_compared(self, report: StabilityReport) -> None:
        assert [scheme.name for scheme in report.schemes] == [
            *("uusic25", "sonobench-70-30"),
            *("mean-then-rank", "median-then-rank", "rank-then-mean", "rank-then-median", "test-based"),
        ]
        assert {scheme.ranks[0] for scheme in report.schemes} == {1}

    def test_each_task_and_each_center_is_left_out_once(self, report: StabilityReport) -> None:
        assert [(each.kind, each.id) for each in report.left_out] == [
            *(("task", task) for task in ("Head", "Breast", "Subtype")),
            *(("center", center) for center in ("Near", "Next", "Far")),
        ]

    def test_weights_and_trade_offs_are_of_the_ranked_teams(self, report: StabilityReport) -> None:
        assert report.weights is not None
        assert report.weights.declared == 0.7
        assert [each.team for each in report.trade_offs] == list(report.teams)

    def test_the_order_of_the_entries_changes_nothing(self, world: World, report: StabilityReport) -> None:
        assert stability_report(world.challenge, world.entries[::-1]) == report

    def test_kept_replicates_give_the_same_as_the_cases(self, world: World, report: StabilityReport) -> None:
        assert stability_report(world.challenge, with_replicates(world)).whole == report.whole

    def test_ranges_are_those_of_the_board(self, world: World, report: StabilityReport) -> None:
        board = build_leaderboard(world.challenge, with_replicates(world), dataset_hash="sha256:data", generated_at=NOW)
        assert report.whole is not None
        assert [(row.team, row.rank_low, row.rank_high) for row in board.rows] == [
            (team.team, team.low, team.high) for team in report.whole.teams
        ]

    def test_one_team_alone_has_a_report(self) -> None:
        alone = make_world({"A": 1.0})
        found = stability_report(alone.challenge, alone.entries)
        assert found.whole is not None
        assert (found.ranks, found.whole.teams[0].p_first, found.whole.tau.mean) == ((1,), 1, None)
        assert found.weights is not None
        assert found.weights.crossings == ()
        assert found.significance[0].p == ((1.0,),)

    def test_with_one_task_nothing_is_left_without_it(self) -> None:
        one = make_world({"A": 1.0, "B": 0.0}, tasks=(HEAD,), measured=False)
        found = stability_report(one.challenge, one.entries)
        assert [each.kind for each in found.left_out] == ["center"] * 3
        assert found.weights is None
        assert found.notes == ()

    def test_without_references_what_needs_them_is_left_out_and_said(self, world: World) -> None:
        found = stability_report(world.challenge.without_references(), world.entries)
        assert found.whole is None
        assert [each.kind for each in found.left_out] == ["task"] * 3
        assert any("Breast.auc, Subtype.auc needs them" in note for note in found.notes)
        assert any("without a center the ranking is not made again" in note for note in found.notes)

    def test_without_resamples_there_are_no_bootstrap_ranks(self, world: World) -> None:
        none = world.challenge.model_copy(update={"bootstrap": Bootstrap(resamples=0)})
        found = stability_report(none, world.entries)
        assert (found.whole, found.tasks) == (None, ())
        assert "There are no bootstrap ranks: the challenge draws no resamples." in found.notes

    def test_a_disqualified_team_is_left_out_of_all_of_it(self, world: World) -> None:
        entries = [replace(world.entries[0], disqualified=True), *world.entries[1:]]
        found = stability_report(world.challenge, entries)
        assert found.teams == ("Middling", "Poor")
        assert all(len(each.p) == 2 for each in found.significance)

    def test_where_there_is_no_ranking_there_is_no_report(self, world: World) -> None:
        entries = [replace(world.entries[0], time_s=None), *world.entries[1:]]
        with pytest.raises(NoRankingError, match="time was not measured for Slow but good"):
            stability_report(world.challenge, entries)

    def test_all_teams_equal_share_the_first_place_in_every_resample(self) -> None:
        one = make_world({"A": 1.0}, measured=False)
        twins = [one.entries[0], replace(one.entries[0], team="B")]
        found = stability_report(one.challenge, twins)
        assert found.whole is not None
        assert [(team.rank, team.p_first, team.set_low, team.set_high) for team in found.whole.teams] == [(1, 1, 1, 2)] * 2
        assert {scheme.ranks for scheme in found.schemes} == {(1, 1)}
        assert {each for sig in found.significance for row in sig.better for each in row} == {False}

    def test_subjects_with_several_cases_are_drawn_and_tested_as_one(self) -> None:
        grouped = make_world({"A": 1.0, "B": 0.5}, per_subject=4)
        found = stability_report(grouped.challenge, grouped.entries)
        assert [each.units for each in found.significance if each.scope == "Head.dsc"] == [15]


class TestCustomTrees:
    TREE = Group(
        children=(
            Leaf(of="Head.dsc@rank-mean", scale=IdentityScale()),
            Leaf(of="Head.nsd@tests", scale=IdentityScale()),
            Leaf(of="Breast.acc@median", scale=IdentityScale()),
        )
    )

    def test_figures_over_single_cases_are_resampled_and_left_out_like_any_other(self, world: World) -> None:
        custom = make_world(SKILLS, tasks=(HEAD, BREAST), ranking=Ranking(scheme="custom", tree=self.TREE))
        found = stability_report(custom.challenge, custom.entries)
        assert found.scheme == "custom"
        assert found.whole is not None
        assert found.whole.teams[0].team == "Slow but good"
        assert [each.id for each in found.left_out] == ["Head", "Breast", "Near", "Next", "Far"]
        assert found.schemes[0].name == "custom"

    def test_the_board_ranks_by_them_and_says_why_it_has_no_ranges(self) -> None:
        custom = make_world(SKILLS, tasks=(HEAD, BREAST), ranking=Ranking(scheme="custom", tree=self.TREE))
        board = build_leaderboard(custom.challenge, with_replicates(custom), dataset_hash="sha256:data", generated_at=NOW)
        assert (board.rows[0].rank, board.rows[0].team, board.rows[0].rank_low) == (1, "Slow but good", None)
        assert any("is made from single cases, which replicates do not hold" in note for note in board.notes)
        assert (board.performance_weight, board.efficiency_weight) == (1, 0)


class TestTimedRepeats:
    def test_are_resampled_with_the_cases(self, world: World) -> None:
        # Two teams alike in everything but their times, which lie on both sides of each other.
        first = replace(world.entries[0], team="A", time_s=10.0, times_s=(8.0, 10.0, 30.0), gpu_memory_bytes=5)
        second = replace(world.entries[0], team="B", time_s=11.0, times_s=(9.0, 11.0, 12.0), gpu_memory_bytes=5)
        found = stability_report(world.challenge, [first, second])
        assert found.whole is not None
        assert 0.2 < found.whole.teams[0].p_first < 0.95
        assert not any("measured once" in note for note in found.notes)

    def test_a_time_that_is_not_their_median_is_held(self, world: World) -> None:
        entries = [replace(entry, time_s=99.0, times_s=(1.0, 2.0, 3.0)) for entry in with_replicates(world)]
        values = resampled_figures(gathered(world.challenge, entries), seed=1)
        assert values["time_s"].shape == (200, 3)
        assert set(np.unique(values["time_s"])) == {99.0}


class TestTableStability:
    def test_tells_what_a_table_can_tell(self) -> None:
        figures = Figures.of(["A", "B"], {"segmentation_rank": [2, 1], "time_s": [1.0, 2.0], "gpu_memory_bytes": [None, None]})
        found = table_stability(figures, [table_scheme(Weights(0.7, 0.3), ["segmentation"])], title="t")
        assert (found.teams, found.whole, found.significance) == (("B", "A"), None, ())
        assert found.weights is not None
        assert [each.weight for each in found.weights.crossings] == [0.5]
        assert "A table has no single cases" in found.notes[0]

    def test_refuses_where_there_is_no_ranking(self) -> None:
        figures = Figures.of(["A", "B"], {"segmentation_rank": [2, 1], "time_s": [1.0, None]})
        with pytest.raises(NoRankingError, match="time was not measured for B"):
            table_stability(figures, [table_scheme(Weights(0.7, 0.3), ["segmentation"])], title="t")
