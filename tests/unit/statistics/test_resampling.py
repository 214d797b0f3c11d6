from __future__ import annotations

import numpy as np
import pytest

from sonobench_eval.statistics import resampling
from sonobench_eval.statistics.resampling import Resampling, crossed, named_generator


def counts(units: list[str], *, resamples: int = 50, seed: int = 1, task_id: str = "T") -> np.ndarray:
    return np.concatenate(list(Resampling(units, resamples=resamples, seed=seed, task_id=task_id).blocks()))


class TestResampling:
    def test_draws_as_many_cases_as_there_are_where_each_is_its_own_unit(self) -> None:
        drawn = counts(["a", "b", "c", "d"])
        assert drawn.shape == (50, 4)
        assert (drawn.sum(axis=1) == 4).all()

    def test_the_cases_of_a_subject_come_and_go_together(self) -> None:
        drawn = counts(["x", "y", "x", "z", "y"])
        assert (drawn[:, 0] == drawn[:, 2]).all()
        assert (drawn[:, 1] == drawn[:, 4]).all()
        assert (drawn[:, 0] + drawn[:, 1] + drawn[:, 3] == 3).all()

    def test_resamples_differ(self) -> None:
        assert len({tuple(row) for row in counts(list("abcdef")).tolist()}) > 10

    def test_the_same_seed_and_task_give_the_same_resamples(self) -> None:
        assert (counts(list("abc")) == counts(list("abc"))).all()

    def test_another_seed_or_task_gives_others(self) -> None:
        assert (counts(list("abc")) != counts(list("abc"), seed=2)).any()
        assert (counts(list("abc")) != counts(list("abc"), task_id="U")).any()

    def test_the_order_of_cases_does_not_matter(self) -> None:
        assert (counts(["b", "a", "c"]) == counts(["a", "b", "c"])[:, [1, 0, 2]]).all()

    def test_the_size_of_a_block_does_not_matter(self, monkeypatch: pytest.MonkeyPatch) -> None:
        whole = counts(list("abcde"))
        monkeypatch.setattr(resampling, "NUMBERS_AT_ONCE", 15)
        assert len(list(Resampling(list("abcde"), resamples=50, seed=1, task_id="T").blocks())) == 17
        assert (counts(list("abcde")) == whole).all()

    def test_no_resamples_give_no_blocks(self) -> None:
        assert list(Resampling(["a"], resamples=0, seed=1, task_id="T").blocks()) == []


class TestLayout:
    @pytest.mark.parametrize("units", [list("abcde"), list("ebbca")])
    def test_each_cases_counts_lie_together(self, units: list[str]) -> None:
        plan = Resampling(units, resamples=20, seed=1, task_id="T")
        assert plan.counts().flags.f_contiguous
        assert all(block.flags.f_contiguous for block in plan.blocks())
        assert all(block.flags.f_contiguous for block in plan.without_one())

    def test_all_at_once_are_the_blocks_together(self) -> None:
        plan = Resampling(list("abcde"), resamples=600, seed=1, task_id="T")
        assert (plan.counts() == counts(list("abcde"), resamples=600)).all()


class TestWithoutOne:
    def test_lacks_each_unit_in_turn_with_all_its_cases(self) -> None:
        plan = Resampling(list("bab"), resamples=0, seed=1, task_id="T")
        assert np.concatenate(list(plan.without_one())).tolist() == [[1, 0, 1], [0, 1, 0]]

    def test_the_size_of_a_block_does_not_matter(self, monkeypatch: pytest.MonkeyPatch) -> None:
        plan = Resampling(list("abcde"), resamples=0, seed=1, task_id="T")
        monkeypatch.setattr(resampling, "NUMBERS_AT_ONCE", 10)
        blocks = list(plan.without_one())
        assert len(blocks) == 3
        assert (np.concatenate(blocks) == 1 - np.eye(5)).all()


class TestStrata:
    def stratified(self, units: str, strata: str, **other: int) -> Resampling:
        settings = {"resamples": 50, "seed": 1, **other}
        return Resampling(list(units), task_id="T", stratum_of_case=list(strata), **settings)

    def test_each_keeps_its_number_of_units(self) -> None:
        drawn = self.stratified("abcdefg", "xxxyyyy").counts()
        assert (drawn[:, :3].sum(axis=1) == 3).all()
        assert (drawn[:, 3:].sum(axis=1) == 4).all()

    def test_a_subject_that_spans_strata_is_drawn_among_its_like(self) -> None:
        # Subjects a and b have cases in both strata, c and d in x, e in y.
        plan = self.stratified("aabbcde", "xyxyxxy")
        assert [(stratum.name, stratum.units.tolist()) for stratum in plan.strata] == [
            ("x", [2, 3]),
            ("x + y", [0, 1]),
            ("y", [4]),
        ]
        drawn = plan.counts()
        assert (drawn[:, 0] + drawn[:, 2] == 2).all()
        assert (drawn[:, 4] + drawn[:, 5] == 2).all()
        assert (drawn[:, 6] == 1).all()
        assert plan.alone == 1

    def test_cases_added_to_one_stratum_change_nothing_in_another(self) -> None:
        few, more = self.stratified("abcde", "xxxyy"), self.stratified("abcdefg", "xxxyyyy")
        assert (few.counts()[:, :3] == more.counts()[:, :3]).all()

    def test_the_strata_of_units_are_told(self) -> None:
        assert self.stratified("acb", "yxy").stratum_of_unit.tolist() == [1, 1, 0]
        assert Resampling(list("ab"), resamples=1, seed=1, task_id="T").stratum_of_unit.tolist() == [0, 0]

    def test_blocks_continue_each_stratum(self, monkeypatch: pytest.MonkeyPatch) -> None:
        whole = self.stratified("abcde", "xxxyy").counts()
        monkeypatch.setattr(resampling, "NUMBERS_AT_ONCE", 15)
        assert (np.concatenate(list(self.stratified("abcde", "xxxyy").blocks())) == whole).all()

    def test_a_single_stratum_is_not_called_alone(self) -> None:
        assert self.stratified("aa", "xx").alone == 0

    def test_several_things_are_crossed(self) -> None:
        assert crossed(["Lyon", "Lyon", "Bern"], ["benign", "malignant", "benign"]) == [
            "Lyon, benign",
            "Lyon, malignant",
            "Bern, benign",
        ]


class TestNamedGenerator:
    def test_is_the_same_on_every_machine(self) -> None:
        # Written down once: a change here makes stored replicates of old and new evaluations unpaired.
        assert named_generator(20250923, "Fetal_Head").integers(1000, size=4).tolist() == [216, 336, 820, 637]


class TestGoldenDraws:
    def test_unstratified_draws_are_those_of_the_first_release(self) -> None:
        # Written down from the release before strata: replicates that were stored then stay paired with new ones.
        plan = Resampling(list("dacb"), resamples=3, seed=20250923, task_id="Fetal_Head")
        assert plan.counts().tolist() == [[1, 1, 1, 1], [2, 0, 0, 2], [0, 2, 0, 2]]

    def test_stratified_draws_are_the_same_on_every_machine(self) -> None:
        plan = Resampling(list("abcd"), resamples=3, seed=1, task_id="T", stratum_of_case=list("xxyy"))
        assert plan.counts().tolist() == [[2, 0, 0, 2], [1, 1, 2, 0], [0, 2, 1, 1]]
