"""Closer looks at the answers of several algorithms to one task. Pure: tables of answers in, records out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sonobench_eval.metrics.class_abstention import abstention, acc_at_coverage, risk_coverage_curve
from sonobench_eval.metrics.class_answers import ClassAnswers, once
from sonobench_eval.metrics.class_table import ClassRow, class_table
from sonobench_eval.metrics.confusion import tabulate
from sonobench_eval.metrics.ordinal_answers import GradeAnswers
from sonobench_eval.statistics.difficulty import TIERS, OwnTiers, TierName, own_tiers, tier_of_cases

BoolArray = NDArray[np.bool_]
BANDS = ((1, 1), (2, 2), (3, 9), (10, None))
"""Of how many cases a class has: from, to; None is no end."""
COVERAGES = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """One class of a task, by algorithm: sensitivity and one-vs-rest AUC in [0, 1], None where they have no value."""

    name: str
    cases: int
    sensitivity: dict[str, float | None]
    auc: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Band:
    """The classes of `fewest` to `most` cases (None: no end), and their mean sensitivity and AUC, by algorithm."""

    fewest: int
    most: int | None
    classes: int
    cases: int
    sensitivity: dict[str, float | None]
    auc: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class LongTail:
    """A task of many classes. `classes`: the rarest first, those without a case before all."""

    task: str
    bands: tuple[Band, ...]
    classes: tuple[ClassFigures, ...]


@dataclass(frozen=True, slots=True)
class GradeMatrix:
    """How many cases of a grade (rows) were given which (columns) by one algorithm; `unusable`: those without an answer."""

    task: str
    algorithm: str
    grades: tuple[str, ...]
    cases: tuple[tuple[int, ...], ...]
    unusable: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Rejection:
    """Accuracy of one algorithm if its least sure answers are left to a human, abstentions before all.

    at_coverage: accuracy at each of `COVERAGES`. curve: (share accepted, accuracy among these), by rising share.
    """

    task: str
    algorithm: str
    abstained: float
    at_coverage: tuple[float, ...]
    curve: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class TierFigures:
    """Cases of one tier, made by all algorithms; and by algorithm the share it solves of the tier that all others make.

    None where that has no cases. The two need not be the same cases: nobody is measured on tiers it helped to make.
    """

    name: TierName
    cases: int
    solved: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Difficulty:
    """The cases of one task by how many algorithms solve them, easiest first."""

    task: str
    tiers: tuple[TierFigures, ...]


def long_tail(task: str, classes: Sequence[str], tables: Mapping[str, ClassAnswers]) -> LongTail:
    """Every class of a task, and how they do by how many cases they have.

    Args:
        task: Its id.
        classes: The names, in the order of their indices.
        tables: The answers of each algorithm to the same cases.
    """
    rows = {name: {row.number: row for row in class_table(table)} for name, table in tables.items()}
    one = next(iter(rows.values()))
    figures = tuple(_class_figures(classes[number], number, rows) for number in one)
    bands = (_band(fewest, most, figures) for fewest, most in BANDS)
    return LongTail(task, tuple(band for band in bands if band.classes), figures)


def _class_figures(name: str, number: int, rows: Mapping[str, Mapping[int, ClassRow]]) -> ClassFigures:
    of_class = {algorithm: by_number[number] for algorithm, by_number in rows.items()}
    return ClassFigures(
        name=name,
        cases=next(iter(of_class.values())).support,
        sensitivity={algorithm: row.sensitivity for algorithm, row in of_class.items()},
        auc={algorithm: row.auc for algorithm, row in of_class.items()},
    )


def _band(fewest: int, most: int | None, figures: Sequence[ClassFigures]) -> Band:
    here = [each for each in figures if each.cases >= fewest and (most is None or each.cases <= most)]
    return Band(
        fewest=fewest,
        most=most,
        classes=len(here),
        cases=sum(each.cases for each in here),
        sensitivity=_means([each.sensitivity for each in here]),
        auc=_means([each.auc for each in here]),
    )


def _means(values: Sequence[Mapping[str, float | None]]) -> dict[str, float | None]:
    """The mean over classes, which weigh the same; those without a value are left out."""
    algorithms = values[0] if values else {}
    known = {name: [each for row in values if (each := row[name]) is not None] for name in algorithms}
    return {name: float(np.mean(each)) if each else None for name, each in known.items()}


def grade_matrix(task: str, algorithm: str, answers: GradeAnswers, grades: tuple[str, ...]) -> GradeMatrix:
    """Which grade was taken for which.

    Args:
        task, algorithm: Their names.
        answers: The n cases.
        grades: Names of the grades, the lowest first.
    """
    found = tabulate(answers.reference_grades(), answers.predicted_grades(), answers.grades, once(len(answers.reference)))
    cases = tuple(tuple(int(each) for each in row) for row in found.cases[0])
    return GradeMatrix(task, algorithm, grades, cases, tuple(int(each) for each in found.unusable[0]))


def rejection(task: str, algorithm: str, answers: ClassAnswers) -> Rejection:
    """The accuracy-rejection curve of one algorithm."""
    every, curve = once(len(answers.labels)), risk_coverage_curve(answers)
    shares, right = curve.coverage.tolist(), (1 - curve.risk).tolist()
    return Rejection(
        task=task,
        algorithm=algorithm,
        abstained=float(abstention(answers, every)[0]),
        at_coverage=tuple(float(acc_at_coverage(answers, every, coverage=share)[0]) for share in COVERAGES),
        curve=tuple(zip(shares, right, strict=True)),
    )


def difficulty(task: str, solved: Mapping[str, BoolArray]) -> Difficulty:
    """Difficulty tiers of the cases of one task.

    Args:
        task: Its id.
        solved: Which cases each algorithm solves, shape (n,); at least two algorithms.
    """
    table = np.stack(list(solved.values()))
    held = np.bincount(tier_of_cases(table), minlength=len(TIERS))
    own = dict(zip(solved, own_tiers(table), strict=True))
    tiers = (
        TierFigures(name, int(held[number]), {algorithm: _accuracy(each, number) for algorithm, each in own.items()})
        for number, name in enumerate(TIERS)
    )
    return Difficulty(task, tuple(tiers))


def _accuracy(own: OwnTiers, tier: int) -> float | None:
    return float(own.accuracy[tier]) if own.cases[tier] else None
