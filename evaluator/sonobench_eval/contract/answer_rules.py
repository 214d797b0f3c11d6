"""Whether an organiser's rules can read the answers of a task: its classes, points and values must be what the rules speak of."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from sonobench_eval.challenge.contract_rules import (
    BoxesRule,
    ClassRule,
    LabelsRule,
    MaskRule,
    PointsRule,
    ProbabilityRule,
)
from sonobench_eval.challenge.model import Task
from sonobench_eval.contract.naming import ClassNames
from sonobench_eval.contract.rule_choice import AnyRule


def why_unreadable(rule: AnyRule, task: Task) -> Iterator[str]:
    """A sentence for each reason why the rule cannot read the task's answers."""
    if isinstance(rule, MaskRule):
        yield from _of_masks(rule, task)
    elif isinstance(rule, ClassRule):
        yield from _of_classes(rule, task)
    elif isinstance(rule, LabelsRule):
        yield from _of_labels(rule, task)
    elif isinstance(rule, BoxesRule):
        yield from _of_boxes(rule, task)
    elif isinstance(rule, PointsRule):
        yield from _of_points(rule, task)


def _of_masks(rule: MaskRule, task: Task) -> Iterator[str]:
    values = list((task.labels or {}).values())
    if rule.values == "binary_255" and len(values) != 1:
        yield f"binary_255 is for one structure, and {task.id} has {len(values)}; say under map which value means which"
    if rule.map is not None and "nonzero" not in values and (strange := set(rule.map.values()) - {0, *values}):
        yield f"map makes {min(strange)}, which is no structure of {task.id}"


def _of_classes(rule: ClassRule, task: Task) -> Iterator[str]:
    classes, decision = task.classes or (), rule.decision
    yield from _of_probabilities(rule.probabilities, task)
    if rule.probabilities is not None and rule.probabilities.positive is not None and len(classes) != 2:
        yield f"positive is the probability of one of two classes, and {task.id} has {len(classes)}"
    if decision is None:
        yield from _of_names(ClassNames(classes, {}), rule.probabilities, task)
        return
    if decision.threshold is not None and len(classes) != 2:
        yield f"threshold decides between two classes, and {task.id} has {len(classes)}"
    yield from _unknown(decision.synonyms, classes, "synonyms", task)
    names = ClassNames(classes, decision.synonyms)
    yield from _of_names(names, rule.probabilities, task, also=decision.name is not None)
    if decision.text is not None and (alike := next(names.alike_in_text(), None)) is not None:
        named = " and ".join(classes[at] for at in sorted(alike))
        yield f"{named} of {task.id} cannot be told apart, or found, in a text; read names or indices instead"


def _of_labels(rule: LabelsRule, task: Task) -> Iterator[str]:
    classes, decisions = task.classes or (), rule.decisions
    yield from _of_probabilities(rule.probabilities, task)
    by_name = decisions is not None and (decisions.present is not None or decisions.by_name is not None)
    yield from _of_names(ClassNames(classes, {}), rule.probabilities, task, also=by_name)
    if decisions is not None:
        yield from _of_fields(decisions.fields, classes, "decisions.fields", task)
        yield from _of_fields(decisions.thresholds, classes, "thresholds", task)


def _of_boxes(rule: BoxesRule, task: Task) -> Iterator[str]:
    if rule.class_index is None and rule.class_name is None and len(task.classes or ()) != 1:
        yield f"{task.id} has {len(task.classes or ())} classes; say where a box's class is"
    yield from _of_names(ClassNames(task.classes or (), {}), None, task, also=rule.class_name is not None)


def _of_points(rule: PointsRule, task: Task) -> Iterator[str]:
    points = task.points or ()
    yield from _of_fields(rule.fields, points, "fields", task, what="points")
    if rule.by_name is not None and (alike := next(ClassNames(points, {}).alike(), None)) is not None:
        yield f"{' and '.join(points[at] for at in sorted(alike))} of {task.id} are one name in different spellings"


def _of_probabilities(rule: ProbabilityRule | None, task: Task) -> Iterator[str]:
    if rule is not None:
        yield from _of_fields(rule.fields, task.classes or (), "probabilities.fields", task)


def _of_names(names: ClassNames, rule: ProbabilityRule | None, task: Task, *, also: bool = False) -> Iterator[str]:
    """Names are told apart without regard to spelling, so classes must differ in more than that where they are read."""
    read = also or (rule is not None and rule.by_name is not None)
    if read and (alike := next(names.alike(), None)) is not None:
        yield f"{' and '.join((task.classes or ())[at] for at in sorted(alike))} of {task.id} are one name in different spellings"


def _of_fields(
    fields: Mapping[str, object] | None, names: Sequence[str], key: str, task: Task, *, what: str = "classes"
) -> Iterator[str]:
    if fields is None:
        return
    yield from _unknown(fields, names, key, task, what=what)
    if lacking := [name for name in names if name not in fields]:
        yield f"{key} lacks {lacking[0]} of {task.id}"


def _unknown(given: Collection[str], names: Collection[str], key: str, task: Task, *, what: str = "classes") -> Iterator[str]:
    if unknown := [name for name in given if name not in names]:
        yield f"{key} has {unknown[0]!r}, which {task.id} has not; its {what} are {', '.join(names)}"
