"""Another weighting of a published board: the official one gives the official ranking, to the last tie."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ranking_world import BREAST, HEAD
from what_if_world import SKILLS, TOLERANCES, Published, board_of, published

from sonobench_eval.challenge.digest import challenge_hash
from sonobench_eval.challenge.model import Measuring, Task
from sonobench_eval.challenge.ranking_rules import Ranking
from sonobench_platform.leaderboards.what_if import Answer, Choice, UnknownChoiceError, answer, schemes_of
from sonobench_platform.leaderboards.what_if_ground import NoGround, NoGroundError, ground_of
from sonobench_platform.leaderboards.what_if_tolerance import variants

STRICT = Task.model_validate({**HEAD.model_dump(), "metrics": TOLERANCES})
CUSTOM = {
    "scheme": "custom",
    "tree": {
        "children": [
            {
                "name": "performance",
                "weight": 3,
                "children": [{"of": "Head.dsc"}, {"of": "Head.nsd", "weight": 2}, {"of": "Breast.auc"}],
            },
            {"name": "efficiency", "weight": 1, "children": [{"of": "time_s"}, {"of": "gpu_memory_bytes"}]},
        ]
    },
}
WORLDS: dict[str, dict[str, Any]] = {
    "uusic25": {},
    "sonobench": {"ranking": Ranking(scheme="sonobench-70-30")},
    "a tree of its own": {"ranking": Ranking.model_validate(CUSTOM)},
    "ties": {"twins": ("Twin", "ada")},
    "open": {"exact": False},
    "open with ties": {"exact": False, "twins": ("Twin",), "ranking": Ranking(scheme="sonobench-70-30")},
    "nothing measured": {"measured": False},
    "one team": {"skills": {"Only": 1.0}},
    "other weights": {"ranking": Ranking(performance=0.655, efficiency=0.345)},
}


def ranks(found: Answer) -> dict[str, int | None]:
    return {row.team: row.rank for row in found.result.rows}


def asked(world: Published, **choice: Any) -> Answer:
    return answer(world.ground, Choice(**choice), over_cases={})


class TestTheOfficialWeighting:
    @pytest.mark.parametrize("name", WORLDS)
    def test_it_gives_the_published_ranking_exactly(self, name: str) -> None:
        world = published(**WORLDS[name])
        found = asked(world)
        told = [(row.rank, row.team, row.score, row.performance, row.efficiency) for row in found.board.rows]
        assert told == [(row.rank, row.team, row.score, row.performance, row.efficiency) for row in world.board.rows]
        assert (found.moved, found.is_declared) == (0, True)

    def test_a_share_that_is_written_as_the_declared_one_is_the_declared_one(self) -> None:
        world = published(ranking=Ranking(performance=0.7, efficiency=0.3))
        assert asked(world, performance=70 / 100).is_declared
        assert not asked(world, performance=0.69).is_declared

    def test_multiples_of_one_change_nothing(self) -> None:
        world = published()
        knobs = {knob.key: 1.0 for knob in asked(world).knobs}
        assert "performance.segmentation" in knobs
        assert asked(world, factors=knobs).is_declared

    def test_teams_that_share_a_rank_share_it_here_too(self) -> None:
        found = ranks(asked(published(twins=("Twin", "ada"))))
        assert found["Ada"] == found["Twin"] == found["ada"]


class TestOtherWeights:
    def test_all_for_performance_is_the_ranking_by_performance(self) -> None:
        world = published()
        rows = asked(world, performance=1.0).result.rows
        official = {row.team: row.performance for row in world.board.rows}
        assert [official[row.team] for row in rows] == sorted(official.values(), reverse=True)  # type: ignore[type-var]
        assert all(row.score == row.performance for row in rows)

    def test_all_for_efficiency_puts_the_quickest_first(self) -> None:
        world = published()
        found = asked(world, performance=0.0)
        assert found.result.rows[0].efficiency == max(row.efficiency or 0 for row in world.board.rows)
        assert found.moved > 0

    def test_a_task_without_weight_has_no_say(self) -> None:
        world = published(tasks=(HEAD, BREAST))
        without = asked(world, performance=1.0, factors={"performance.classification": 0.0}).result.rows
        by_rank = {row.team: row.segmentation_rank for row in world.board.rows}
        assert [by_rank[row.team] for row in without] == sorted(by_rank.values())  # type: ignore[type-var]

    def test_shares_are_of_the_group_and_sum_to_one(self) -> None:
        found = asked(published(), factors={"performance.segmentation": 3.0})
        parts = {knob.key: knob.share for knob in found.knobs if knob.parent == "performance"}
        assert parts == {"performance.segmentation": 0.75, "performance.classification": 0.25}

    def test_where_every_part_of_a_group_is_set_to_zero_the_group_keeps_its_weights_and_that_is_told(self) -> None:
        world = published()
        zeros = {"efficiency.time": 0.0, "efficiency.gpu-memory": 0.0}
        found = asked(world, factors=zeros)
        assert (found.kept, found.moved) == (("efficiency",), 0)

    def test_where_all_the_weight_is_on_what_nobody_was_measured_for_no_team_is_ranked(self) -> None:
        found = asked(published(measured=False), performance=0.0)
        assert {row.rank for row in found.board.rows} == {None}
        assert "There is no ranking" in found.result.notes[0]
        assert found.sensitivity is None

    def test_disqualified_teams_stay_without_a_rank_whatever_the_weights(self) -> None:
        world = published()
        entries = tuple(replace(entry, disqualified=entry.team == "Ada") for entry in world.entries)
        out = Published(world.challenge, entries, board_of(world.challenge, entries))
        assert asked(out).moved == 0
        assert {asked(out, performance=share).board.rows[-1].team for share in (0.0, 0.5, 1.0)} == {"Ada"}
        alone = (replace(world.entries[0], disqualified=True),)
        assert asked(Published(world.challenge, alone, board_of(world.challenge, alone))).moved == 0

    def test_times_in_units_of_a_reference_container_are_ranked_as_the_board_ranks_them(self) -> None:
        world = published(measuring=Measuring(relative_to_reference=True))
        references = (30.0, 50.0, 10.0, 40.0, 20.0, 60.0)
        entries = tuple(replace(each, reference_s=at) for each, at in zip(world.entries, references, strict=True))
        for exact in (True, False):
            relative = Published(world.challenge, entries, board_of(world.challenge, entries, exact=exact))
            assert (asked(relative).moved, asked(relative).is_declared) == (0, True)
            by_time = asked(relative, performance=0.0, factors={"efficiency.gpu-memory": 0.0}).board.rows
            times = [row.time_relative for row in by_time]
            assert times == sorted(times)  # type: ignore[type-var]

    def test_a_key_of_nothing_is_told_and_does_nothing(self) -> None:
        found = asked(published(), factors={"performance.heart": 2.0})
        assert (found.unknown, found.moved) == (("performance.heart",), 0)

    def test_the_winners_spans_are_those_of_the_scores_at_every_percent(self) -> None:
        world = published()
        found = asked(world).sensitivity
        assert found is not None
        for percent in range(1, 100):
            first = {row.team for row in asked(world, performance=percent / 100).result.rows if row.rank == 1}
            spans = [set(span.teams) for span in found.winners if span.low <= percent / 100 <= span.high]
            assert any(first >= span for span in spans), percent


class TestOtherSchemes:
    def test_both_whole_schemes_and_the_one_over_means_can_be_asked_for(self) -> None:
        assert schemes_of(published().ground, over_cases={}) == ("uusic25", "sonobench-70-30", "mean-then-rank")

    def test_a_scheme_ranks_as_a_board_that_declares_it(self) -> None:
        declared = published(ranking=Ranking(scheme="sonobench-70-30"))
        assert ranks(asked(published(), scheme="sonobench-70-30")) == {row.team: row.rank for row in declared.board.rows}

    def test_over_means_performance_alone_counts(self) -> None:
        found = asked(published(), scheme="mean-then-rank")
        assert (found.performance, found.sensitivity) == (None, None)
        assert all(row.performance == row.score for row in found.board.rows)

    @pytest.mark.parametrize("name", ["median-then-rank", "custom", "", "nonsense"])
    def test_one_that_the_board_does_not_support_is_refused(self, name: str) -> None:
        with pytest.raises(UnknownChoiceError):
            asked(published(), scheme=name)


class TestTolerances:
    @staticmethod
    def strict(**changes: Any) -> Published:
        """A board whose stricter score, within 1 px, has the teams the other way round."""
        world = published(tasks=(HEAD,), **changes)
        challenge = world.challenge.model_copy(update={"tasks": (STRICT,)})
        entries = tuple(_with_strict(entry, challenge, number) for number, entry in enumerate(world.entries))
        return Published(challenge, entries, board_of(challenge, entries))

    def test_they_are_told_smallest_first(self) -> None:
        assert [each.key for each in variants(self.strict().ground.counted)] == ["nsd-1-px", "nsd-2-px"]
        assert variants(published().ground.counted) == ()

    def test_the_chosen_one_alone_counts(self) -> None:
        world = self.strict()
        found = asked(world, tolerance="nsd-1-px", performance=1.0, factors={"performance.segmentation.head.dsc": 0.0})
        places = ranks(asked(world, performance=1.0, factors={"performance.segmentation.head.dsc": 0.0}))
        assert [knob.key for knob in found.knobs if "nsd" in knob.key] == ["performance.segmentation.head.nsd-strict"]
        assert ranks(found) != places
        assert found.result.rows[0].team == list(SKILLS)[-1]

    def test_in_a_tree_of_the_organizers_own_too(self) -> None:
        world = self.strict()
        tree = {"children": [{"of": "Head.dsc"}, {"of": "Head.nsd"}]}
        challenge = world.challenge.model_copy(update={"ranking": Ranking.model_validate({"scheme": "custom", "tree": tree})})
        entries = tuple(_of(entry, challenge) for entry in world.entries)
        own = Published(challenge, entries, board_of(challenge, entries))
        leaves = [leaf.of for leaf in asked(own, tolerance="nsd-1-px").scheme.tree.leaves()]
        assert leaves == ["Head.dsc", "Head.nsd_strict"]

    def test_an_unknown_one_is_refused(self) -> None:
        with pytest.raises(UnknownChoiceError):
            asked(self.strict(), tolerance="nsd-9-px")


class TestWhereItCannotBeAnswered:
    def why(self, world: Published, **changes: Any) -> NoGround:
        board = world.board.model_copy(update=changes)
        with pytest.raises(NoGroundError) as found:
            ground_of(board, world.challenge, definition_hash=challenge_hash(world.challenge))
        return found.value.why

    def test_of_an_empty_board(self) -> None:
        assert self.why(published(), rows=()) is NoGround.EMPTY

    def test_of_a_board_by_an_earlier_definition(self) -> None:
        assert self.why(published(), challenge_hash="sha256:other") is NoGround.EARLIER_DEFINITION

    def test_of_a_board_whose_ranks_its_figures_do_not_give(self) -> None:
        world = published()
        rows = (world.board.rows[0].model_copy(update={"rank": 2}), *world.board.rows[1:])
        assert self.why(world, rows=rows) is NoGround.NOT_THE_SAME

    def test_of_a_row_that_lacks_a_metric(self) -> None:
        world = published()
        rows = (world.board.rows[0].model_copy(update={"tasks": ()}), *world.board.rows[1:])
        assert self.why(world, rows=rows) is NoGround.NOT_THE_SAME

    def test_of_a_scheme_that_looks_at_single_cases(self) -> None:
        tree = {"children": [{"of": "Head.dsc@median"}]}
        world = published(tasks=(HEAD,), ranking=Ranking.model_validate({"scheme": "custom", "tree": tree}))
        assert self.why(world) is NoGround.NEEDS_CASES


def _of(entry: Any, challenge: Any) -> Any:
    made_from = entry.evaluation.made_from.model_copy(update={"challenge_hash": challenge_hash(challenge)})
    return replace(entry, evaluation=entry.evaluation.model_copy(update={"made_from": made_from}))


def _with_strict(entry: Any, challenge: Any, number: int) -> Any:
    task = entry.evaluation.tasks[0]
    strict = task.metrics[1].model_copy(update={"name": "nsd_strict", "value": 0.1 * (number + 1)})
    changed = task.model_copy(update={"metrics": (*task.metrics, strict)})
    return _of(replace(entry, evaluation=entry.evaluation.model_copy(update={"tasks": (changed,)})), challenge)
