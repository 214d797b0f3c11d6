from __future__ import annotations

import numpy as np
import pytest

from sonobench_eval.statistics import resampling
from sonobench_eval.statistics.resampling import Resampling, named_generator


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


class TestNamedGenerator:
    def test_is_the_same_on_every_machine(self) -> None:
        # Written down once: a change here makes stored replicates of old and new evaluations unpaired.
        assert named_generator(20250923, "Fetal_Head").integers(1000, size=4).tolist() == [216, 336, 820, 637]
