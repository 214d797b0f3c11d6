"""Entries about classes: one for each case, or several labels, as an organiser's rules say where they stand."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, TypeVar

from sonobench_eval.challenge.contract_rules import (
    BoxesRule,
    ClassRule,
    DecisionRule,
    DecisionsRule,
    LabelsRule,
    ProbabilityRule,
)
from sonobench_eval.challenge.model import Task
from sonobench_eval.contract.abstaining import abstains
from sonobench_eval.contract.fields import value_at, value_or_none
from sonobench_eval.contract.judging import SUM_TOLERANCE, Cell, Note, Unusable, class_index, listed, number, probability
from sonobench_eval.contract.naming import ClassNames
from sonobench_eval.contract.port import ClassAnswer, LabelsAnswer
from sonobench_eval.io.findings import FindingCode
from sonobench_eval.io.strict_json import JsonObject, shown

DEFAULT_THRESHOLD = 0.5
_SHOWN_CHARS = 40

T = TypeVar("T")
Judge = Callable[[object, str], T]


class ReadClass(NamedTuple):
    answer: ClassAnswer
    notes: tuple[Note, ...] = ()


def class_names(task: Task, rule: ClassRule | LabelsRule | BoxesRule) -> ClassNames:
    """The names that answers may call the task's classes."""
    decision = rule.decision if isinstance(rule, ClassRule) else None
    return ClassNames(task.classes or (), {} if decision is None else decision.synonyms)


def read_class(
    entry: object, rule: ClassRule, names: ClassNames, *, classes: Sequence[str], not_normalised: Literal["accept", "invalid"]
) -> ReadClass:
    """The class that an entry answers.

    Raises:
        Unusable: it has none that counts.
    """
    if abstains(entry, rule.abstain):
        return ReadClass(ClassAnswer(_probabilities_if_told(entry, rule, names, classes), None, abstains=True))
    _look_up(entry, rule)
    probabilities = None if rule.probabilities is None else _probabilities(entry, rule.probabilities, names, classes)
    prediction = _decision(entry, rule.decision, names, classes=len(classes), probabilities=probabilities or ())
    if probabilities is None:
        return ReadClass(ClassAnswer(tuple(float(at == prediction) for at in range(len(classes))), prediction))
    return ReadClass(ClassAnswer(probabilities, prediction), tuple(_notes(probabilities, prediction, not_normalised)))


def read_labels(entry: object, rule: LabelsRule, names: ClassNames, *, classes: Sequence[str]) -> LabelsAnswer:
    """The labels that an entry answers.

    Raises:
        Unusable: it has none that count.
    """
    if abstains(entry, rule.abstain):
        told = None
        if rule.probabilities is not None and _is_told(entry, rule.probabilities):
            told = _by_class(entry, rule.probabilities, names, classes, probability)
        return LabelsAnswer(told, None, abstains=True)
    probabilities = None
    if rule.probabilities is not None:
        probabilities = _by_class(entry, rule.probabilities, names, classes, probability)
    decisions = _decisions(entry, rule.decisions, names, classes, probabilities or ())
    return LabelsAnswer(probabilities or tuple(map(float, decisions)), decisions)


def _look_up(entry: object, rule: ClassRule) -> None:
    """All that is declared must be there before any of it is judged: what is missing is the plainest thing to tell."""
    fields = [] if rule.probabilities is None else _fields_of(rule.probabilities)
    decision = rule.decision
    fields += [] if decision is None else [each for each in (decision.index, decision.name, decision.text) if each is not None]
    for field in fields:
        value_at(entry, field)


def _fields_of(rule: ProbabilityRule) -> list[str]:
    one = rule.in_order or rule.by_name or rule.positive
    return [one] if one is not None else list((rule.fields or {}).values())


def _is_told(entry: object, rule: ProbabilityRule) -> bool:
    return any(value_or_none(entry, field) is not None for field in _fields_of(rule))


def _probabilities_if_told(entry: object, rule: ClassRule, names: ClassNames, classes: Sequence[str]) -> tuple[float, ...] | None:
    """Whoever abstains need not say how sure it is; whoever does must say it well."""
    if rule.probabilities is None or not _is_told(entry, rule.probabilities):
        return None
    return _probabilities(entry, rule.probabilities, names, classes)


def _probabilities(entry: object, rule: ProbabilityRule, names: ClassNames, classes: Sequence[str]) -> tuple[float, ...]:
    if rule.positive is not None:
        positive = probability(value_at(entry, rule.positive), rule.positive)
        return (1 - positive, positive)
    return _by_class(entry, rule, names, classes, probability)


def _by_class(
    entry: object, rule: ProbabilityRule | DecisionsRule, names: ClassNames, classes: Sequence[str], judge: Judge[T]
) -> tuple[T, ...]:
    if rule.in_order is not None:
        field = rule.in_order
        return tuple(judge(each, field) for each in listed(value_at(entry, field), field, length=len(classes)))
    if rule.by_name is not None:
        return _of_mapping(value_at(entry, rule.by_name), rule.by_name, names, classes, judge)
    fields = rule.fields or {}
    return tuple(judge(value_at(entry, fields[name]), fields[name]) for name in classes)


def _of_mapping(value: object, field: str, names: ClassNames, classes: Sequence[str], judge: Judge[T]) -> tuple[T, ...]:
    if not isinstance(value, JsonObject):
        raise Unusable(FindingCode.MALFORMED_ENTRY, f"{field} is not an object")
    found: dict[int, T] = {}
    for key, each in value.items():
        at = names.named(key, f"a key of {field}")
        if at in found or key in value.repeated:
            raise Unusable(FindingCode.DUPLICATE_KEY, f"{field} has {classes[at]} twice")
        found[at] = judge(each, f"{field}.{classes[at]}")
    if len(found) != len(classes):
        lacking = next(name for at, name in enumerate(classes) if at not in found)
        raise Unusable(FindingCode.WRONG_LENGTH, f"{field} lacks {lacking}")
    return tuple(found[at] for at in range(len(classes)))


def _decision(
    entry: object, rule: DecisionRule | None, names: ClassNames, *, classes: int, probabilities: Sequence[float]
) -> int:
    if rule is None:
        return max(range(classes), key=lambda at: probabilities[at])
    if rule.index is not None:
        return class_index(value_at(entry, rule.index), rule.index, classes=classes, first=rule.first_index)
    if rule.name is not None:
        return names.named(value_at(entry, rule.name), rule.name)
    if rule.text is not None:
        return names.named_in(value_at(entry, rule.text), rule.text)
    return int(rule.threshold is not None and probabilities[1] >= rule.threshold)


def _notes(probabilities: Sequence[float], prediction: int, not_normalised: Literal["accept", "invalid"]) -> list[Note]:
    notes = []
    total = math.fsum(probabilities)
    if abs(total - 1) > SUM_TOLERANCE:
        if not_normalised == "invalid":
            raise Unusable(FindingCode.SUM_NOT_ONE, f"sum {total:.4g}")
        notes.append(Note(FindingCode.NOT_NORMALISED, f"sum {total:.4g}"))
    if probabilities[prediction] < max(probabilities):
        notes.append(Note(FindingCode.PREDICTION_NOT_ARGMAX))
    return notes


def _decisions(
    entry: object, rule: DecisionsRule | None, names: ClassNames, classes: Sequence[str], probabilities: Sequence[float]
) -> tuple[bool, ...]:
    if rule is None or rule.threshold is not None:
        least = DEFAULT_THRESHOLD if rule is None or rule.threshold is None else rule.threshold
        return tuple(each >= least for each in probabilities)
    if rule.thresholds is not None:
        return tuple(each >= rule.thresholds[name] for name, each in zip(classes, probabilities, strict=True))
    if rule.present is None:
        return _by_class(entry, rule, names, classes, _flag)
    given = value_at(entry, rule.present)
    if not isinstance(given, list):
        raise Unusable(FindingCode.MALFORMED_ENTRY, f"{rule.present} is not a list")
    present = {names.named(each, rule.present) for each in given}
    return tuple(at in present for at in range(len(classes)))


def _flag(value: object, what: str) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, Cell) and value.strip().lower() in {"true", "false"}:
        return value.strip().lower() == "true"
    given = number(value, what)
    if given not in {0, 1}:
        raise Unusable(FindingCode.MALFORMED_ENTRY, f"{what} is {shown(str(given), longest=_SHOWN_CHARS)}, neither 0 nor 1")
    return given == 1
