"""Significance maps: which team is better than which beyond chance, per metric of a task and for the whole score."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from sonobench_eval.ranking.case_table import TaskTable
from sonobench_eval.ranking.confidence_sets import CORRECTION, METHOD
from sonobench_eval.ranking.stability_report import SignificanceMap
from sonobench_eval.statistics.delong import NoAucError, auc_covariance
from sonobench_eval.statistics.multiplicity import holm
from sonobench_eval.statistics.paired import unit_sums
from sonobench_eval.statistics.pairs import ordered_pairs, pair_differences, pairwise_tests, unordered_pairs
from sonobench_eval.statistics.signed_ranks import signed_ranks
from sonobench_eval.statistics.wilcoxon import EXACT_BELOW, wilcoxon_tests

FloatArray = NDArray[np.float64]
HOLM = "Holm over all ordered pairs"
WILCOXON = "Wilcoxon signed-rank, one-sided"
DELONG = "DeLong, one-sided"


def task_maps(task: TaskTable, *, level: float) -> Iterator[SignificanceMap]:
    """A map for each metric of a task that can be tested: Wilcoxon on single cases, DeLong for the area of a binary task."""
    teams = _teams(task)
    if teams < 2 or task.units < 2:
        return
    for metric, scores in task.by_case.items():
        better = -scores if metric in task.lower else scores
        yield _map(f"{task.id}.{metric}", WILCOXON, HOLM, _wilcoxon(better, task), level=level, units=task.units)
    for metric in task.areas:
        p = _delong(task)
        if p is not None:
            yield _map(f"{task.id}.{metric}", DELONG, HOLM, p, level=level, units=task.units)


def score_map(p: FloatArray, *, level: float, units: int, scope: str = "score") -> SignificanceMap:
    """The map of a whole score, from `confidence_sets.better_p`."""
    return _map(scope, METHOD, CORRECTION, p, level=level, units=units)


def _map(scope: str, test: str, correction: str, p: FloatArray, *, level: float, units: int) -> SignificanceMap:
    return SignificanceMap(
        scope=scope,
        test=test,
        correction=correction,
        level=level,
        units=units,
        p=tuple(map(tuple, p.tolist())),
        better=tuple(map(tuple, (p <= level).tolist())),
    )


def _teams(task: TaskTable) -> int:
    every = [*task.by_case.values(), *([] if task.probabilities is None else [task.probabilities])]
    return len(every[0]) if every else 0


def _wilcoxon(scores: FloatArray, task: TaskTable) -> FloatArray:
    """Adjusted p, shape (teams, teams). A subject with several cases counts once, with the mean of its differences."""
    if task.units < EXACT_BELOW:
        tested = pairwise_tests(scores, task.unit_of_case, wilcoxon_tests, alternative="greater")
        return np.asarray(np.nan_to_num(tested.matrix(len(scores)), nan=1.0))
    pairs = unordered_pairs(len(scores))
    sums, each = unit_sums(scores, task.unit_of_case)
    found = signed_ranks(pair_differences(sums / each, pairs), np.ones((1, len(each))))
    return _adjusted(len(scores), found.p("greater")[0], found.p("less")[0])


def _delong(task: TaskTable) -> FloatArray | None:
    """Adjusted p, shape (teams, teams); None where the task has more than two classes or a class has a single unit."""
    if task.labels is None or task.probabilities is None or task.probabilities.shape[2] != 2:
        return None
    try:
        found = auc_covariance(task.labels == 1, task.scores_of_class(1), task.unit_of_case)
    except NoAucError:
        return None
    pairs = unordered_pairs(len(found.auc))
    difference = found.auc[pairs.first] - found.auc[pairs.second]
    spread = np.diagonal(found.covariance)
    variance = spread[pairs.first] + spread[pairs.second] - 2 * found.covariance[pairs.first, pairs.second]
    known = variance > 0
    z = np.divide(difference, np.sqrt(np.maximum(variance, 0)), out=np.zeros_like(difference), where=known)
    return _adjusted(len(found.auc), np.where(known, ndtr(-z), 1.0), np.where(known, ndtr(z), 1.0))


def _adjusted(teams: int, greater: FloatArray, less: FloatArray) -> FloatArray:
    """Both directions of every unordered pair, Holm over all of them, as a square with 1 on its diagonal."""
    once, both = unordered_pairs(teams), ordered_pairs(teams)
    raw = np.ones((teams, teams))
    raw[once.first, once.second], raw[once.second, once.first] = greater, less
    found = np.ones((teams, teams))
    found[both.first, both.second] = holm(raw[both.first, both.second])
    return found
