"""A reader study beside a challenge: a CSV of two readers and an arbitrator, how far they agree, and what they settle on."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sonobench_eval.challenge.model import Bootstrap, Case, Challenge, ContractRules, Task
from sonobench_eval.presets.catalogue import PresetError
from sonobench_eval.statistics.interval import ConfidenceInterval
from sonobench_eval.statistics.readers import NOT_RATED, Distance, arbitrate, cohen_kappa
from sonobench_eval.statistics.resampled import CountsMeasure, bootstrap_interval
from sonobench_eval.statistics.resampling import Resampling

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
COLUMNS = ("case", "first", "second", "arbitrator")


@dataclass(frozen=True, slots=True)
class Readings:
    """What three readers said of cases of one ordinal task: grades counted from the lowest, -1 where nothing, shape (n,)."""

    task: Task
    cases: tuple[Case, ...]
    first: IntArray
    second: IntArray
    arbitrator: IntArray


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its interval; None where there is none."""

    value: float | None
    low: float | None
    high: float | None
    method: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far the two readers agree beyond chance, and how the cases were settled.

    same: share of cases of which both say the same. kappa, weighted_kappa (quadratic): at most 1; over the `rated` cases that
    both read. agreed, arbitrated, open: cases, as in `statistics.readers`. unlike_reference: settled cases whose reference in
    the challenge is something else.
    """

    task: str
    cases: int
    rated: int
    same: Estimate
    kappa: Estimate
    weighted_kappa: Estimate
    agreed: int
    arbitrated: int
    open: int
    unlike_reference: int


def read_readings(path: Path, challenge: Challenge) -> Readings:
    """Read `case,first,second,arbitrator`; empty cells were not read. Grades as the contract names them (`4A`), or as numbers.

    Raises:
        PresetError: the file cannot be read, or a line does not fit the challenge; the message says which.
    """
    rows = _rows(path)
    by_id = {case.id: case for case in challenge.cases}
    if unknown := [(line, row["case"]) for line, row in rows if row["case"] not in by_id]:
        raise PresetError(f"{path}:{unknown[0][0]}: the challenge has no case {unknown[0][1]!r}.")
    cases = tuple(by_id[row["case"]] for _, row in rows)
    if twice := [case.id for number, case in enumerate(cases) if case in cases[:number]]:
        raise PresetError(f"{path}: {twice[0]} stands twice.")
    tasks = {case.task for case in cases}
    task = challenge.task(min(tasks))
    if len(tasks) > 1 or task.kind != "ordinal" or task.edges is not None:
        raise PresetError(f"{path}: readings are of the cases of one ordinal task of grades, not of {', '.join(sorted(tasks))}.")
    grades = grade_names(challenge, task)
    columns = [[_grade(path, line, row[name], grades) for line, row in rows] for name in COLUMNS[1:]]
    first, second, arbitrator = (np.array(column, dtype=np.intp) for column in columns)
    return Readings(task, cases, first, second, arbitrator)


def agreement(readings: Readings, bootstrap: Bootstrap, *, grades: int) -> Agreement:
    """How far two readers agree, with bootstrap intervals over subjects."""
    rated = np.flatnonzero((readings.first != NOT_RATED) & (readings.second != NOT_RATED))
    if not rated.size:
        raise PresetError(f"No case of {readings.task.id} was read by both readers.")
    first, second = readings.first[rated], readings.second[rated]
    units = [readings.cases[position].unit for position in rated]
    resampling = Resampling(units, bootstrap.resamples, bootstrap.seed, f"{readings.task.id} readers")

    def estimate(measure: CountsMeasure) -> Estimate:
        return _estimate(bootstrap_interval(measure, resampling, confidence=bootstrap.confidence))

    def kappa(distance: Distance) -> CountsMeasure:
        return partial(cohen_kappa, first, second, categories=grades, distance=distance)

    settled = arbitrate(readings.first, readings.second, readings.arbitrator)
    references = np.array([_reference(case, readings.task) for case in readings.cases], dtype=np.intp)
    return Agreement(
        task=readings.task.id,
        cases=len(readings.cases),
        rated=len(rated),
        same=estimate(partial(_share, (first == second).astype(np.float64))),
        kappa=estimate(kappa("nominal")),
        weighted_kappa=estimate(kappa("quadratic")),
        agreed=settled.agreed,
        arbitrated=settled.arbitrated,
        open=settled.open,
        unlike_reference=int(np.sum((settled.answers != NOT_RATED) & (settled.answers != references))),
    )


def grade_names(challenge: Challenge, task: Task) -> tuple[str, ...]:
    """The grades of an ordinal task from the lowest: bins, names as the contract maps them, else whole numbers."""
    if task.edges is not None:
        return tuple(f"{low:g}-{high:g}" for low, high in zip(task.edges, task.edges[1:], strict=False))
    low, high = task.range or (0.0, 0.0)
    numbers = range(int(np.ceil(low)), int(np.floor(high)) + 1)
    names = {value: name for name, value in _mapped(challenge, task).items()}
    return tuple(names.get(float(number), str(number)) for number in numbers)


def _mapped(challenge: Challenge, task: Task) -> Mapping[str, float]:
    if not isinstance(challenge.contract, ContractRules):
        return {}
    rules = challenge.contract.values
    own = [rule for rule in rules if rule.tasks is not None and task.id in rule.tasks]
    chosen = own or [rule for rule in rules if rule.tasks is None]
    return (chosen[0].map or {}) if chosen else {}


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="")
            rows = [(reader.line_num, {name: (row.get(name) or "").strip() for name in COLUMNS}) for row in reader]
            named = reader.fieldnames or ()
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PresetError(f"{path}: cannot be read as a CSV: {error}.") from error
    if missing := [name for name in COLUMNS if name not in named]:
        raise PresetError(f"{path}: there is no column {missing[0]!r}; a reader study has {', '.join(COLUMNS)}.")
    if not rows:
        raise PresetError(f"{path}: there are no readings in it.")
    return rows


def _grade(path: Path, line: int, said: str, grades: Sequence[str]) -> int:
    if said == "":
        return NOT_RATED
    if said not in grades:
        raise PresetError(f"{path}:{line}: {said!r} is no grade; they are {', '.join(grades)}.")
    return grades.index(said)


def _reference(case: Case, task: Task) -> int:
    return NOT_RATED if case.value is None else int(case.value - np.ceil((task.range or (0.0, 0.0))[0]))


def _share(hits: FloatArray, counts: FloatArray) -> FloatArray:
    return np.asarray(counts @ hits / counts.sum(axis=1))


def _estimate(found: ConfidenceInterval) -> Estimate:
    return Estimate(found.value, found.low, found.high, f"{found.method}, seed {found.seed}")
