"""How quickly are other weights answered? python -m infra.bench_what_if [--teams 15]

A made-up board of 15 teams and 10 tasks. Told is what one turn of the slider costs at the server: the ranking by the engine, and
the whole answer, from the address's parameters to HTML. The named peer, in the same run: the ranking made anew as one would
without an engine, with pandas' `rank` over the same figures; its ranks are compared with ours first. Prints; asserts nothing
about time.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median
from typing import Any

import numpy as np
import pandas as pd

from sonobench_eval.challenge.digest import challenge_hash
from sonobench_eval.challenge.model import Bootstrap, Case, Center, Challenge, Task
from sonobench_eval.evaluation import Evaluation, MetricScore, Provenance, TaskScore
from sonobench_eval.ranking.build import build_leaderboard
from sonobench_eval.ranking.entries import Entry
from sonobench_platform.leaderboards.what_if import Choice, answer
from sonobench_platform.leaderboards.what_if_ground import Ground, ground_of
from sonobench_platform.web.board_state import ViewState
from sonobench_platform.web.contexts_what_if import WhatIfPart
from sonobench_platform.web.rendering import render
from sonobench_platform.web.what_if_build import answered, what_if_found
from sonobench_platform.web.what_if_query import read_asked

TASKS = 10
TURNS = 60
_KINDS: tuple[dict[str, Any], ...] = (
    {
        "kind": "segmentation",
        "labels": {"it": "nonzero"},
        "metrics": [{"name": "dsc"}, {"name": "nsd", "convention": "pixel", "tolerance": 2, "unit": "px"}],
    },
    {"kind": "binary", "classes": ["no", "yes"], "metrics": [{"name": "auc"}, {"name": "acc"}]},
)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--teams", type=int, default=15)
    run(parser.parse_args().teams)


def run(teams: int) -> None:
    ground = make_ground(teams)
    shares = [round(turn % 101 / 100, 2) for turn in range(TURNS)]
    same = all(_ranks(ground, share) == pandas_ranks(ground, share) for share in shares[::6])
    print(f"{teams} teams, {TASKS} tasks; the same ranks as pandas at {len(shares[::6])} weights: {same}")
    ours = typical_ms(lambda share: _ranks(ground, share), shares)
    peer = typical_ms(lambda share: pandas_ranks(ground, share), shares)
    whole = typical_ms(lambda share: _html(ground, share), shares)
    print(f"the ranking by other weights: {ours:.2f} ms; with pandas {peer:.2f} ms; ratio {peer / ours:.1f}")
    print(f"the whole answer, table and charts as HTML: {whole:.1f} ms")


def typical_ms(turn: Callable[[float], object], shares: list[float]) -> float:
    """The median over one turn for each share, after one to warm up."""
    turn(shares[0])
    took = []
    for share in shares:
        started = time.perf_counter()
        turn(share)
        took.append(time.perf_counter() - started)
    return 1000 * median(took)


def pandas_ranks(ground: Ground, share: float) -> dict[str, int | None]:
    """UUSIC25 as one writes it first, with a frame of figures."""
    frame = pd.DataFrame(dict(ground.figures.values), index=list(ground.figures.teams))
    parts = []
    for kind, metrics in (("segmentation", ("dsc", "nsd")), ("binary", ("auc", "acc"))):
        tasks = [task.id for task in ground.challenge.tasks if task.kind == kind]
        places = [pd.concat([_place(frame[f"{task}.{metric}"]) for metric in metrics], axis=1).mean(axis=1) for task in tasks]
        parts.append(_place(pd.concat(places, axis=1).mean(axis=1)))
    performance = pd.concat(parts, axis=1).mean(axis=1)
    amounts = frame[["time_s", "gpu_memory_bytes"]]
    efficiency = ((amounts.max() - amounts) / (amounts.max() - amounts.min())).mean(axis=1)
    score = (share * performance + (1 - share) * efficiency).round(12)
    return {str(team): int(rank) for team, rank in score.rank(ascending=False, method="min").items()}


def _place(values: pd.Series[float]) -> pd.Series[float]:
    return 1 - (values.round(12).rank(ascending=False, method="min") - 1) / (len(values) - 1)


def _ranks(ground: Ground, share: float) -> dict[str, int | None]:
    return {row.team: row.rank for row in answer(ground, Choice(performance=share), over_cases={}).result.rows}


def _html(ground: Ground, share: float) -> str:
    asked = read_asked([("performance", f"{100 * share:g}")])
    state = ViewState("/challenges/bench/leaderboard/what-if")
    return render(WhatIfPart(what_if_found(ground, answered(ground, asked, over_cases={}), state=state)))


def make_ground(teams: int) -> Ground:
    """A board of as many teams, of different skill."""
    dice = np.random.default_rng(11)
    challenge = make_challenge()
    entries = [_entry(challenge, f"team {number:03}", dice) for number in range(teams)]
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    board = build_leaderboard(challenge, entries, dataset_hash="sha256:bench", generated_at=moment)
    return ground_of(board, challenge, definition_hash=challenge_hash(challenge))


def make_challenge() -> Challenge:
    tasks = tuple(
        Task.model_validate({"id": f"task{number}", "dataset_name": "x", "organ": "x", **_KINDS[number % 2]})
        for number in range(TASKS)
    )
    cases = [
        Case.model_validate({"id": f"{task.id}.png", "task": task.id, "center": "here", **_reference(task)}) for task in tasks
    ]
    return Challenge(
        sonobench=1,
        name="bench",
        title="Bench",
        centers=(Center(id="here", role="internal"),),
        tasks=tasks,
        cases=tuple(cases),
        bootstrap=Bootstrap(resamples=0),
    )


def _reference(task: Task) -> dict[str, Any]:
    return {"mask": "m.png"} if task.classes is None else {"label": 0}


def _entry(challenge: Challenge, team: str, dice: np.random.Generator) -> Entry:
    skill = dice.uniform(0.3, 0.9)
    tasks = tuple(
        TaskScore(
            id=task.id,
            title=task.id,
            kind=task.kind,
            n=100,
            metrics=tuple(_score(metric.key, skill + dice.normal(0, 0.05)) for metric in task.metrics),
        )
        for task in challenge.tasks
    )
    made_from = Provenance(
        challenge=challenge.name,
        challenge_hash=challenge_hash(challenge),
        dataset_hash="sha256:bench",
        evaluator_version="0",
        engine="fast",
        resamples=0,
        confidence=0.95,
        seed=1,
    )
    evaluation = Evaluation(made_from=made_from, tasks=tasks, means=tasks[0].metrics, cases=())
    return Entry(team, evaluation, time_s=float(dice.uniform(5, 60)), gpu_memory_bytes=int(dice.integers(10**9, 10**10)))


def _score(key: str, value: float) -> MetricScore:
    return MetricScore(name=key, definition=key, value=value, ci_low=value - 0.02, ci_high=value + 0.02, n=100, units=100)


if __name__ == "__main__":
    main()
