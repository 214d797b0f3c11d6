from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sonobench_eval.challenge.model import Bootstrap, Case, Center, Metric, Task
from sonobench_eval.statistics.aggregation import TaskCases, score_task, weighted_mean
from sonobench_eval.statistics.resampling import Resampling, named_generator

UNITS = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=20)
SCORES = st.floats(0, 1, allow_nan=False)


def drawn_one_by_one(units: list[str], resamples: int, seed: int) -> list[list[int]]:
    """The plain loop: draw subjects with replacement, look up how often each case's subject came."""
    names, generator = sorted(set(units)), named_generator(seed, "T")
    counts = []
    for _ in range(resamples):
        drawn = Counter(names[number] for number in generator.integers(len(names), size=len(names)))
        counts.append([drawn[unit] for unit in units])
    return counts


class TestBootstrap:
    @given(UNITS, st.integers(0, 2**32 - 1))
    def test_counts_are_those_of_a_plain_loop(self, units: list[str], seed: int) -> None:
        blocks = Resampling(units, resamples=7, seed=seed, task_id="T").blocks()
        assert np.concatenate(list(blocks)).tolist() == drawn_one_by_one(units, 7, seed)

    @given(st.lists(st.tuples(st.sampled_from("abcd"), SCORES), min_size=1, max_size=12), st.integers(0, 1000))
    def test_replicates_are_means_of_the_cases_a_loop_collects(self, cases: list[tuple[str, float]], seed: int) -> None:
        units, scores = [unit for unit, _ in cases], [score for _, score in cases]
        task = Task(id="T", kind="segmentation", dataset_name="T", organ="T", labels={"a": 1}, metrics=(Metric(name="dsc"),))
        records = [Case(id=f"{n}.png", task="T", center="C", subject=unit) for n, unit in enumerate(units)]
        measured = TaskCases(task, records, {"dsc": weighted_mean(np.array(scores))})
        scored = score_task(measured, [Center(id="C", role="internal")], Bootstrap(resamples=5, seed=seed))
        collected = [np.repeat(scores, counts).mean() for counts in drawn_one_by_one(units, 5, seed)]
        np.testing.assert_allclose(scored.replicates["dsc"], collected, atol=1e-12)
