from __future__ import annotations

import numpy as np
import pytest

from sonobench_eval.challenge.ranking_rules import Gate, Group, IdentityScale, Leaf, RankScale
from sonobench_eval.ranking.tree import counting_leaves, pruned, scores, without

PLAIN = IdentityScale()


def leaf(of: str, weight: float = 1.0) -> Leaf:
    return Leaf(of=of, weight=weight, scale=PLAIN)


def values(**rows: list[float]) -> dict[str, np.ndarray]:
    return {name: np.array(row, dtype=float) for name, row in rows.items()}


class TestScores:
    def test_weights_count_in_proportion(self) -> None:
        tree = Group(children=(leaf("a", 3), leaf("b", 1)))
        assert scores(tree, values(a=[1, 0], b=[0, 1])).score.tolist() == [0.75, 0.25]

    def test_median_geometric_and_harmonic_means(self) -> None:
        known = values(a=[1, 0], b=[4, 4], c=[16, 8])
        children = (leaf("a"), leaf("b"), leaf("c"))
        assert scores(Group(children=children, combine="median"), known).score.tolist() == [4, 4]
        assert scores(Group(children=children, combine="geometric"), known).score.tolist() == [pytest.approx(4), 0]
        # 3 / (1 + 1/4 + 1/16) = 16/7
        assert scores(Group(children=children, combine="harmonic"), known).score.tolist() == [pytest.approx(16 / 7), 0]

    def test_a_group_can_be_ranked_after_it_is_combined(self) -> None:
        tree = Group(children=(leaf("a"), leaf("b")), then=RankScale())
        assert scores(tree, values(a=[1, 2, 3], b=[5, 0, 0])).score.tolist() == [1, 0, 0.5]

    def test_a_gate_shuts_a_group_for_teams_whose_sibling_is_too_low(self) -> None:
        fast = Group(name="fast", only_if=Gate(part="good", at_least=0.5), children=(leaf("b"),))
        tree = Group(children=(fast, Group(name="good", children=(leaf("a"),))))
        found = scores(tree, values(a=[0.5, 0.49, 0.9], b=[1, 1, 0.2]))
        assert found.parts["fast"].tolist() == [1, 0, 0.2]
        assert found.score.tolist() == [0.75, 0.245, 0.55]

    def test_parts_without_weight_are_shown_and_do_not_count(self) -> None:
        tree = Group(children=(leaf("a"), Group(name="idle", weight=0, children=(leaf("b"),))))
        found = scores(tree, values(a=[1, 2], b=[9, 9]))
        assert (found.score.tolist(), found.parts["idle"].tolist()) == ([1, 2], [9, 9])

    def test_a_thousand_resamples_are_one_call_and_what_was_measured_once_is_held(self) -> None:
        tree = Group(children=(leaf("a"), Leaf(of="time_s")))
        known = {"a": np.random.default_rng(0).normal(size=(1000, 4)), "time_s": np.array([4.0, 3.0, 2.0, 1.0])}
        found = scores(tree, known).score
        assert found.shape == (1000, 4)
        assert found[7].tolist() == scores(tree, {"a": known["a"][7], "time_s": known["time_s"]}).score.tolist()


class TestPruned:
    def test_what_nobody_has_leaves_and_its_weight_goes_to_the_others(self) -> None:
        tree = Group(children=(leaf("a", 7), Group(name="cost", weight=3, children=(leaf("b"), leaf("c")))))
        known = values(a=[1, 0], b=[0, 1], c=[np.nan, np.nan])
        cut = pruned(tree, known)
        assert [(lost.leaf.of, lost.group.name, lost.left) for lost in cut.lost] == [("c", "cost", ("b",))]
        assert cut.tree is not None
        assert scores(cut.tree, known).score.tolist() == [0.7, 0.3]

    def test_a_whole_group_can_fall_away(self) -> None:
        tree = Group(children=(leaf("a", 7), Group(name="cost", weight=3, children=(leaf("b"),))))
        cut = pruned(tree, values(a=[1, 0]))
        assert cut.tree is not None
        assert scores(cut.tree, values(a=[1, 0])).score.tolist() == [1, 0]

    def test_a_gate_falls_with_the_part_it_looks_at(self) -> None:
        fast = Group(name="fast", only_if=Gate(part="good", at_least=0.5), children=(leaf("b"),))
        cut = pruned(Group(children=(fast, Group(name="good", children=(leaf("a"),)))), values(b=[1, 2]))
        assert cut.tree is not None
        assert scores(cut.tree, values(b=[1, 2])).score.tolist() == [1, 2]

    def test_nothing_is_left_where_nobody_has_anything(self) -> None:
        assert pruned(Group(children=(leaf("a"),)), values(a=[np.nan])).tree is None

    def test_a_tree_that_is_complete_stays_itself(self) -> None:
        tree = Group(children=(leaf("a"), Group(children=(leaf("b"),))))
        assert pruned(tree, values(a=[1], b=[2])).tree is tree


class TestWithout:
    def test_takes_the_leaves_of_a_task_out(self) -> None:
        tree = Group(children=(leaf("heart.dsc"), leaf("head.dsc"), leaf("heart2.dsc")))
        left = without(tree, "heart.")
        assert left is not None
        assert [each.of for each in left.leaves()] == ["head.dsc", "heart2.dsc"]

    def test_is_none_where_nothing_is_left(self) -> None:
        assert without(Group(children=(leaf("heart.dsc"),)), "heart.") is None


class TestCountingLeaves:
    def test_a_weight_of_0_anywhere_above_means_not_counting(self) -> None:
        tree = Group(children=(leaf("a"), leaf("b", 0), Group(weight=0, children=(leaf("c"),))))
        assert [each.of for each in counting_leaves(tree)] == ["a"]
