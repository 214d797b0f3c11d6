"""One row for each class of a task: what a mean over 99 classes does not tell about the rare ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sonobench_eval.metrics.class_answers import ClassAnswers, Question, once
from sonobench_eval.metrics.roc import auc_of, auprc_of


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class against the rest.

    support: cases of it. share: of all cases. called: cases decided for it. sensitivity, auc, auprc: in [0, 1], None
    where they have no value. A class without a case has none of the three.
    """

    number: int
    support: int
    share: float
    called: int
    sensitivity: float | None
    auc: float | None
    auprc: float | None


def class_table(answers: ClassAnswers) -> tuple[ClassRow, ...]:
    """A row for each class, the rarest first (those without a case before all), equals in the order of the classes."""
    rows = [_row(answers, number) for number in range(answers.classes)]
    return tuple(sorted(rows, key=lambda row: row.support))


def rare_classes(rows: tuple[ClassRow, ...], *, fewer_than: int) -> tuple[ClassRow, ...]:
    """The classes of a table that the reference holds, but fewer than so many times."""
    return tuple(row for row in rows if 0 < row.support < fewer_than)


def _row(answers: ClassAnswers, number: int) -> ClassRow:
    question: Question = answers.question(number)
    every = once(len(answers.labels))
    support, cases = int(question.positive.sum()), len(answers.labels)
    found = int(np.sum(question.positive & question.decided))
    return ClassRow(
        number=number,
        support=support,
        share=support / cases if cases else 0.0,
        called=int(np.sum(answers.decisions == number)),
        sensitivity=found / support if support else None,
        auc=_number(float(auc_of(question, every)[0])),
        auprc=_number(float(auprc_of(question, every)[0])),
    )


def _number(value: float) -> float | None:
    return None if np.isnan(value) else value
