"""What is different between two definitions of a challenge, and how far each difference reaches. Pure.

Every line names a place in the file. Cases are counted, not listed: there may be thousands, and a reference is nobody's to read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Literal, TypeGuard

from sonobench_eval.challenge.case import Case
from sonobench_eval.challenge.model import Challenge

Kind = Literal["added", "removed", "changed", "moved"]

_FIRST = 3
_LONGEST = 80


class Reach(IntEnum):
    """How far a change reaches: what is shown, what scores are made with, or what containers are given and may use."""

    SHOWN = 0
    SCORES = 1
    RUNS = 2


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `old` and `new` are as people read them; None where there is none, or where it is not for everyone.

    `cases` are the first of the cases that it is about: for organisers alone.
    """

    what: str
    kind: Kind
    old: str | None
    new: str | None
    reach: Reach
    cases: tuple[str, ...] = ()


def compare(old: Challenge, new: Challenge) -> list[Change]:
    """Every difference, in the order of the file; an empty list where both are the same challenge."""
    return [
        *_of_values("", _settings(old), _settings(new)),
        *_of_cases("cases", old.cases, new.cases),
        *_of_cases("warm_up", old.warm_up, new.warm_up),
    ]


def furthest(changes: Sequence[Change]) -> Reach:
    """How far they reach together."""
    return max((change.reach for change in changes), default=Reach.SHOWN)


def _settings(challenge: Challenge) -> dict[str, Any]:
    return challenge.model_dump(mode="json", by_alias=True, exclude={"sonobench", "cases", "warm_up"})


def _of_values(place: str, old: object, new: object) -> Iterator[Change]:
    if old == new:
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys((*old, *new)):
            yield from _of_values(f"{place}.{key}" if place else str(key), old.get(key), new.get(key))
    elif _is_named(old) and _is_named(new):
        yield from _of_named(place, _by_name(old), _by_name(new))
    else:
        yield _change(place, old, new)


def _of_named(place: str, old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[Change]:
    for name in dict.fromkeys((*old, *new)):
        here = f"{place}.{name}"
        if name in old and name in new:
            yield from _of_values(here, old[name], new[name])
        else:
            yield Change(here, "removed" if name in old else "added", None, None, _reach(here))
    if [name for name in old if name in new] != [name for name in new if name in old]:
        yield Change(place, "moved", None, None, _reach(place))


def _change(place: str, old: object, new: object) -> Change:
    kind: Kind = "added" if _is_nothing(old) else "removed" if _is_nothing(new) else "changed"
    reach = _reach(place)
    if place in _NOT_FOR_EVERYONE:
        return Change(place, kind, None, None, reach)
    return Change(place, kind, _told(old), _told(new), reach)


_NOT_FOR_EVERYONE = {"inputs", "truth"}


def _is_nothing(value: object) -> bool:
    return value is None or value == []


def _told(value: object) -> str | None:
    if _is_nothing(value):
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False).removesuffix(".0")
    return text if len(text) <= _LONGEST and "\n" not in text else f"({len(text):,} characters)"


def _is_named(value: object) -> TypeGuard[Sequence[Mapping[str, Any]]]:
    return isinstance(value, list) and all(isinstance(each, Mapping) and ("id" in each or "name" in each) for each in value)


def _by_name(values: Sequence[Mapping[str, Any]]) -> dict[str, object]:
    return {str(each.get("id") or each.get("name")): each for each in values}


_SHOWN = {"title", "description", "logs", "entry", "phases"}
_RUNS = {"contract", "writable", "limits", "measuring", "pseudonyms", "inputs"}
_OF_A_TASK_SCORES = {"title", "metrics", "undefined"}


def _reach(place: str) -> Reach:
    first, *rest = place.split(".")
    if first in _SHOWN or (first in {"tasks", "centers"} and rest[1:] == ["title"]):
        return Reach.SHOWN
    if first in _RUNS or (first == "tasks" and rest and (rest[1:2] == [] or rest[1] not in _OF_A_TASK_SCORES)):
        return Reach.RUNS
    return Reach.SCORES


def _of_cases(place: str, old: Sequence[Case], new: Sequence[Case]) -> Iterator[Change]:
    before, after = {case.id: case for case in old}, {case.id: case for case in new}
    added, removed = [each for each in after if each not in before], [each for each in before if each not in after]
    if added:
        yield Change(place, "added", None, _counted(added), Reach.RUNS, tuple(added[:_FIRST]))
    if removed:
        yield Change(place, "removed", _counted(removed), None, Reach.RUNS, tuple(removed[:_FIRST]))
    yield from _of_changed_cases(place, [(before[each], after[each]) for each in after if each in before])
    if [each for each in before if each in after] != [each for each in after if each in before]:
        yield Change(place, "moved", None, None, Reach.SCORES)


def _of_changed_cases(place: str, both: Sequence[tuple[Case, Case]]) -> Iterator[Change]:
    for field in Case.model_fields:
        changed = [new.id for old, new in both if getattr(old, field) != getattr(new, field)]
        if changed:
            reach = Reach.RUNS if field in {"task", "phase"} or place == "warm_up" else Reach.SCORES
            yield Change(f"{place}.{field}", "changed", None, _counted(changed), reach, tuple(changed[:_FIRST]))


def _counted(cases: Sequence[str]) -> str:
    return f"{len(cases):,} case{'s' * (len(cases) != 1)}"
