"""Bootstraps of a complete ranking against a pandas and scikit-learn loop, and all stability analyses:

    python -m infra.bench_ranking

A challenge of the size of UUSIC25: 15 algorithms, 7 tasks (4 segmentation with DSC and NSD, 2 binary and one of 4 classes
with AUC and ACC), 2,479 cases, 1,000 resamples, from scores case by case to rank distributions. The loop is run for a few
resamples, its values are compared with ours first, and its time is scaled; that is said in the line. Prints; asserts
nothing about time.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from sonobench_eval.challenge.model import Case, Center, Challenge, Metric, Task
from sonobench_eval.evaluation import CaseScore, Evaluation, MetricScore, Provenance, TaskScore
from sonobench_eval.ranking.case_table import CaseTable, TaskTable, case_table
from sonobench_eval.ranking.entries import Entry
from sonobench_eval.ranking.rank import rescore
from sonobench_eval.ranking.rank_distribution import rank_distribution
from sonobench_eval.ranking.records import Figures, Scheme
from sonobench_eval.ranking.schemes import ranked_metrics, scheme_of
from sonobench_eval.ranking.stability import BootstrapRanks, bootstrap_ranks
from sonobench_eval.ranking.stability_analysis import stability_report

FloatArray = NDArray[np.float64]
Result = TypeVar("Result")
TEAMS, CASES, RESAMPLES, LOOP = 15, 2479, 1000, 3
CENTERS = (("North", "internal"), ("South", "internal"), ("Far", "external"))


@dataclass(frozen=True, slots=True)
class World:
    """A made-up challenge with all teams' evaluations."""

    challenge: Challenge
    entries: tuple[Entry, ...]
    table: CaseTable
    scheme: Scheme
    measured: dict[str, FloatArray]

    def bootstrap(self, resamples: int) -> BootstrapRanks:
        drawn = self.table.resampled(resamples=resamples, seed=self.challenge.bootstrap.seed)
        return bootstrap_ranks(self.scheme.tree, {**drawn, **self.measured})


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--loop", type=int, default=LOOP, help="how many resamples the pandas loop makes")
    options = parser.parse_args()
    with threadpool_limits(1):
        run(make_world(TEAMS, CASES), loop=options.loop)


def run(world: World, *, loop: int) -> None:
    print(f"{TEAMS} algorithms, {len(world.challenge.tasks)} tasks, {CASES:,} cases, {RESAMPLES:,} resamples, one thread")
    compare_with_loop(world, loop)
    show_slopes()
    started = time.perf_counter()
    report = stability_report(world.challenge, world.entries)
    took = time.perf_counter() - started
    print(f"all stability analyses ({len(report.significance)} significance maps, {len(report.left_out)} left out): {took:.2f} s")
    figures = Figures(world.table.teams, {**world.table.values(), **world.measured})
    print(f"what-if ranking of {TEAMS} teams: {1000 * best(lambda: rescore(figures, world.scheme), repeats=20):.2f} ms")


def compare_with_loop(world: World, resamples: int) -> None:
    """The same values first, then the times, interleaved."""
    looped, loop_s = timed(lambda: pandas_loop(world, resamples))
    found = world.bootstrap(RESAMPLES)
    print(f"same ranks in {resamples} resamples: {bool((found.ranks[:resamples] == looped).all())}")
    ours_s = best(lambda: distribution(world, world.bootstrap(RESAMPLES)), repeats=5)
    scaled = loop_s * RESAMPLES / resamples
    print(
        f"bootstrap of the ranking: {ours_s:.3f} s; pandas and scikit-learn loop {scaled:.0f} s "
        f"({resamples} resamples in {loop_s:.2f} s, scaled); ratio {scaled / ours_s:,.0f}"
    )


def distribution(world: World, found: BootstrapRanks) -> object:
    figures = Figures(world.table.teams, {**world.table.values(), **world.measured})
    rows = {row.team: row.rank for row in rescore(figures, world.scheme).rows}
    ranks = np.array([rows[team] for team in world.table.teams], dtype=np.float64)
    return rank_distribution("score", world.table.teams, ranks, found, confidence=0.95)


def show_slopes() -> None:
    """Time at half, once and twice the size: the slope of the logarithms is 1 where cost is linear."""
    for name, sizes in (
        ("cases", [(TEAMS, CASES // 2), (TEAMS, CASES), (TEAMS, CASES * 2)]),
        ("algorithms", [(8, CASES), (15, CASES), (30, CASES)]),
    ):
        worlds = [make_world(*size) for size in sizes]
        seconds = [best(lambda each=each: each.bootstrap(RESAMPLES), repeats=3) for each in worlds]  # type: ignore[misc]
        amounts = [size[1] if name == "cases" else size[0] for size in sizes]
        slope = np.polyfit(np.log(amounts), np.log(seconds), 1)[0]
        told = ", ".join(f"{amount:,}: {each:.3f} s" for amount, each in zip(amounts, seconds, strict=True))
        print(f"slope in {name}: {slope:.2f} ({told})")


def pandas_loop(world: World, resamples: int) -> FloatArray:
    """What one writes first: a frame for each task, rows drawn, means, roc_auc_score, ranks; shape (resamples, teams)."""
    frames = [_frame(task, world.table.teams) for task in world.table.tasks]
    drawn = [
        task.resampling(resamples=RESAMPLES, seed=world.challenge.bootstrap.seed).counts()[:resamples]
        for task in world.table.tasks
    ]
    ranks = []
    for number in range(resamples):
        by_part: dict[bool, list[Any]] = {True: [], False: []}
        for task, frame, counts in zip(world.table.tasks, frames, drawn, strict=True):
            positions = np.repeat(np.arange(task.cases), counts[number].astype(int))
            metrics = _metrics(task, frame.iloc[positions], world.table.teams)
            by_part[not task.areas].append(metrics.rank(ascending=False, method="min").mean(axis=1))
        parts = [pd.concat(tasks, axis=1).mean(axis=1).rank(method="min") for tasks in by_part.values()]
        performance = 1 - (pd.concat(parts, axis=1).mean(axis=1) - 1) / (len(world.table.teams) - 1)
        amounts = pd.DataFrame(world.measured, index=list(world.table.teams))
        efficiency = ((amounts.max() - amounts) / (amounts.max() - amounts.min())).mean(axis=1)
        score = (0.7 * performance + 0.3 * efficiency).round(12)
        ranks.append(score.rank(ascending=False, method="min").to_numpy())
    return np.array(ranks)


def _frame(task: TaskTable, teams: Sequence[str]) -> pd.DataFrame:
    columns: dict[Any, FloatArray] = {
        (metric, team): scores[number] for metric, scores in task.by_case.items() for number, team in enumerate(teams)
    }
    if task.labels is not None and task.probabilities is not None:
        columns[("label", "")] = task.labels.astype(np.float64)
        for number, team in enumerate(teams):
            for each in range(task.probabilities.shape[2]):
                columns[(f"p_{each}", team)] = task.probabilities[number, :, each]
    return pd.DataFrame(columns)


def _metrics(task: TaskTable, rows: pd.DataFrame, teams: Sequence[str]) -> pd.DataFrame:
    found = pd.DataFrame({metric: np.round(rows[metric].mean(), 12) for metric in task.by_case}, index=list(teams))
    if not task.areas or task.probabilities is None:
        return found
    labels = rows[("label", "")].astype(int)
    classes = task.probabilities.shape[2]
    for team in teams:
        if classes == 2:
            found.loc[team, "auc"] = roc_auc_score(labels, rows[("p_1", team)])
        else:
            given = rows[[(f"p_{each}", team) for each in range(classes)]].to_numpy()
            found.loc[team, "auc"] = roc_auc_score(labels, given, multi_class="ovr", average="macro")
    return found.round(12)


def make_world(teams: int, cases: int) -> World:
    """Teams of different skill; scores of a case share its difficulty."""
    rng = np.random.default_rng(7)
    challenge = make_challenge(rng, cases)
    names = [f"team {number:02}" for number in range(teams)]
    skills = rng.normal(0, 0.6, teams)
    difficulty = {case.id: rng.normal() for case in challenge.cases}
    evaluations = [make_evaluation(rng, challenge, skill, difficulty) for skill in skills]
    entries = tuple(
        Entry(name, evaluation, time_s=float(20 + 30 * rng.random()), gpu_memory_bytes=int(1e9 * (1 + 9 * rng.random())))
        for name, evaluation in zip(names, evaluations, strict=True)
    )
    measured = {
        "time_s": np.array([entry.time_s for entry in entries], dtype=np.float64),
        "gpu_memory_bytes": np.array([entry.gpu_memory_bytes for entry in entries], dtype=np.float64),
    }
    scheme = scheme_of(challenge, ranked_metrics(challenge))
    if scheme is None:
        raise RuntimeError("the made-up challenge has nothing to rank")
    return World(challenge, entries, case_table(challenge, names, evaluations), scheme, measured)


def make_challenge(rng: np.random.Generator, cases: int) -> Challenge:
    nsd = Metric.model_validate({"name": "nsd", "convention": "pixel", "tolerance": 2, "unit": "px"})
    kinds = [("segmentation", None)] * 4 + [("binary", ("no", "yes"))] * 2 + [("multiclass", ("a", "b", "c", "d"))]
    tasks = tuple(
        Task.model_validate(
            {
                "id": f"task{number}",
                "kind": kind,
                "dataset_name": "x",
                "organ": "x",
                "labels": {"it": "nonzero"} if classes is None else None,
                "classes": classes,
                "metrics": [Metric(name="dsc"), nsd] if classes is None else [Metric(name="auc"), Metric(name="acc")],
            }
        )
        for number, (kind, classes) in enumerate(kinds)
    )
    listed = []
    for number in range(cases):
        task = tasks[number % len(tasks)]
        center = CENTERS[int(rng.integers(len(CENTERS)))][0]
        reference: dict[str, Any] = {"mask": f"{number}.png"}
        if task.classes is not None:
            reference = {"label": int(rng.integers(len(task.classes)))}
        listed.append(Case.model_validate({"id": f"{number}.png", "task": task.id, "center": center, **reference}))
    centers = tuple(Center.model_validate({"id": name, "role": role}) for name, role in CENTERS)
    return Challenge(sonobench=1, name="bench", title="Bench", centers=centers, tasks=tasks, cases=tuple(listed))


def make_evaluation(rng: np.random.Generator, challenge: Challenge, skill: float, difficulty: dict[str, float]) -> Evaluation:
    scored = {
        task.id: [_case(rng, task, case, skill, difficulty) for case in challenge.cases_of(task.id)] for task in challenge.tasks
    }
    by_id = {each.id: each for cases in scored.values() for each in cases}
    tasks = tuple(_task(task, scored[task.id], [case.label for case in challenge.cases_of(task.id)]) for task in challenge.tasks)
    return Evaluation(made_from=_made_from(), tasks=tasks, cases=tuple(by_id[case.id] for case in challenge.cases))


def _case(rng: np.random.Generator, task: Task, case: Case, skill: float, difficulty: dict[str, float]) -> CaseScore:
    strength = skill - difficulty[case.id] + rng.normal()
    if case.label is None:
        dsc = 1 / (1 + np.exp(-1.5 - strength))
        scores = {"dsc": float(dsc), "nsd": float(np.clip(dsc + 0.1 * rng.normal(), 0, 1))}
    else:
        logits = rng.normal(size=len(task.classes or ()))
        logits[case.label] += 0.5 + 0.5 * strength
        given = np.exp(logits) / np.exp(logits).sum()
        scores = {f"p_{number}": float(each) for number, each in enumerate(given)}
        scores["acc"] = float(int(np.argmax(given)) == case.label)
    return CaseScore(id=case.id, task=case.task, center=case.center, scores=scores)


def _task(task: Task, cases: Sequence[CaseScore], labels: Sequence[int | None]) -> TaskScore:
    metrics = []
    for metric in task.metrics:
        known = [case.scores.get(metric.key) for case in cases]
        value = _area(task, cases, labels) if None in known else float(np.mean([each for each in known if each is not None]))
        metrics.append(MetricScore(name=metric.key, definition=metric.name, value=value, n=len(cases), units=len(cases)))
    return TaskScore(id=task.id, title=task.id, kind=task.kind, n=len(cases), metrics=tuple(metrics))


def _area(task: Task, cases: Sequence[CaseScore], labels: Sequence[int | None]) -> float:
    classes = len(task.classes or ())
    given = np.array([[case.scores[f"p_{number}"] for number in range(classes)] for case in cases])
    return float(roc_auc_score(labels, given[:, 1] if classes == 2 else given, multi_class="ovr", average="macro"))


def _made_from() -> Provenance:
    return Provenance(
        challenge="bench",
        challenge_hash="sha256:c",
        dataset_hash="sha256:d",
        evaluator_version="0",
        engine="fast",
        resamples=RESAMPLES,
        confidence=0.95,
        seed=20250923,
        pseudonyms=True,
    )


def timed(work: Callable[[], Result]) -> tuple[Result, float]:
    started = time.perf_counter()
    return work(), time.perf_counter() - started


def best(work: Callable[[], object], *, repeats: int) -> float:
    """Seconds of the quickest of a few runs."""
    return min(timed(work)[1] for _ in range(repeats))


if __name__ == "__main__":
    main()
