"""What these benchmarks report besides scores: rare classes, grades mistaken for each other, abstention, difficulty, readers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sonobench_eval.challenge.kinds import CLASS_KINDS
from sonobench_eval.challenge.load import LoadedChallenge
from sonobench_eval.challenge.model import Task
from sonobench_eval.contract.port import Answers
from sonobench_eval.io.results import ResultSource
from sonobench_eval.presets import looks
from sonobench_eval.presets.answers import answers_of, class_answers, grade_answers
from sonobench_eval.presets.looks import Difficulty, GradeMatrix, LongTail, Rejection
from sonobench_eval.presets.readings import Agreement, Readings, agreement, grade_names

MANY_CLASSES = 10
"""Tasks of more classes than this get a table of the rare ones."""
_ABOUT_ABSTAINING = frozenset({"aurc", "acc_at_coverage", "selective_acc", "coverage"})


@dataclass(frozen=True, slots=True)
class Analysis:
    """All of it; empty where a challenge has no such task."""

    algorithms: tuple[str, ...]
    agreement: Agreement | None
    long_tails: tuple[LongTail, ...]
    grades: tuple[GradeMatrix, ...]
    rejections: tuple[Rejection, ...]
    difficulty: tuple[Difficulty, ...]


def analyze(loaded: LoadedChallenge, results: Mapping[str, ResultSource], *, readings: Readings | None = None) -> Analysis:
    """Look closer at the results of several algorithms.

    Args:
        loaded: The organiser's challenge, with references.
        results: What each algorithm's container left, by the algorithm's name.
        readings: Of the readers who made the reference of an ordinal task.
    """
    challenge, found = loaded.challenge, _Found()
    answers = answers_of(loaded, results)
    for task in challenge.tasks:
        if task.kind in CLASS_KINDS:
            _look_at_classes(loaded, task, answers, found)
        elif task.kind == "ordinal":
            _look_at_grades(loaded, task, answers, found)
    agreed = None
    if readings is not None:
        agreed = agreement(readings, challenge.bootstrap, grades=len(grade_names(challenge, readings.task)))
    parts = (tuple(found.long_tails), tuple(found.grades), tuple(found.rejections), tuple(found.difficulty))
    return Analysis(tuple(results), agreed, *parts)


class _Found:
    def __init__(self) -> None:
        self.long_tails: list[LongTail] = []
        self.grades: list[GradeMatrix] = []
        self.rejections: list[Rejection] = []
        self.difficulty: list[Difficulty] = []


def _look_at_classes(loaded: LoadedChallenge, task: Task, answers: Mapping[str, Answers], found: _Found) -> None:
    tables = {name: class_answers(loaded, task, each) for name, each in answers.items()}
    asked = {metric.name for metric in task.metrics}
    if len(task.classes or ()) > MANY_CLASSES:
        found.long_tails.append(looks.long_tail(task.id, task.classes or (), tables))
    if asked & _ABOUT_ABSTAINING:
        found.rejections += [looks.rejection(task.id, name, table) for name, table in tables.items()]
    if "acc" in asked and len(tables) > 1:
        found.difficulty.append(looks.difficulty(task.id, {name: table.right for name, table in tables.items()}))


def _look_at_grades(loaded: LoadedChallenge, task: Task, answers: Mapping[str, Answers], found: _Found) -> None:
    tables = {name: grade_answers(loaded, task, each) for name, each in answers.items()}
    names = grade_names(loaded.challenge, task)
    found.grades += [looks.grade_matrix(task.id, name, table, names) for name, table in tables.items()]
    if len(tables) > 1:
        right = {name: table.predicted_grades() == table.reference_grades() for name, table in tables.items()}
        found.difficulty.append(looks.difficulty(task.id, right))
