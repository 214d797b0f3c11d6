"""Entries about places in an image: boxes and points.

The strict rule: one box that cannot be one, or a box or point more than a pixel outside the image, costs the whole
case. Dropping it alone would make a box that is certain to be wrong cost less than an honest miss.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sonobench_eval.challenge.contract_rules import BoxesRule, PointsRule
from sonobench_eval.contract.abstaining import abstains
from sonobench_eval.contract.fields import Row, value_at, value_or_none
from sonobench_eval.contract.judging import Note, Unusable, class_index, listed, number, probability
from sonobench_eval.contract.naming import ClassNames
from sonobench_eval.contract.port import BoxesAnswer, FoundBox, PointsAnswer
from sonobench_eval.io.findings import FindingCode
from sonobench_eval.io.strict_json import JsonObject

SLACK_PX = 1.0
"""Rounding, and formats that count pixels from 1, may put an edge so far outside."""


class Size(NamedTuple):
    """An image's size in pixels."""

    height: int
    width: int


class ReadBoxes(NamedTuple):
    answer: BoxesAnswer
    notes: tuple[Note, ...] = ()


def read_boxes(entry: object, rule: BoxesRule, names: ClassNames, *, classes: int, size: Size) -> ReadBoxes:
    """The boxes that an entry lists.

    Raises:
        Unusable: there is no list, or one of the boxes is none.
    """
    if abstains(entry, rule.abstain):
        return ReadBoxes(BoxesAnswer(None, abstains=True))
    given = value_at(entry, rule.boxes or ".")
    if not isinstance(given, list):
        raise Unusable(FindingCode.MALFORMED_ENTRY, f"{rule.boxes} is not a list")
    return _counted([_box(each, rule, names, classes=classes, size=size) for each in given], rule.most)


def read_flat_boxes(entries: Sequence[object], rule: BoxesRule, names: ClassNames, *, classes: int, size: Size) -> ReadBoxes:
    """The boxes of one case, each an entry of its own. A single entry without a box says that there are none.

    Raises:
        Unusable: there is no entry, where that does not mean that there are no boxes, or one of the boxes is none.
    """
    for entry in entries:
        if isinstance(entry, Unusable):
            raise entry
    if not entries and rule.absent == "missing":
        raise Unusable(FindingCode.MISSING_RESULT)
    if len(entries) == 1 and abstains(entries[0], rule.abstain):
        return ReadBoxes(BoxesAnswer(None, abstains=True))
    if len(entries) == 1 and _has_no_box(entries[0], rule):
        return ReadBoxes(BoxesAnswer(()))
    return _counted([_box(each, rule, names, classes=classes, size=size) for each in entries], rule.most)


def read_points(entry: object, rule: PointsRule, names: Sequence[str], *, size: Size) -> PointsAnswer:
    """The points that an entry gives, in the order of `names`.

    Raises:
        Unusable: one of them is missing, or is none.
    """
    if abstains(entry, rule.abstain):
        return PointsAnswer(None, abstains=True)
    if rule.in_order is not None:
        given = listed(value_at(entry, rule.in_order), rule.in_order, length=len(names))
        return PointsAnswer(tuple(_point(each, rule.in_order, rule, size) for each in given))
    if rule.by_name is not None:
        by_name = _of_mapping(value_at(entry, rule.by_name), rule.by_name, names)
        return PointsAnswer(tuple(_point(by_name[at], f"{rule.by_name}.{name}", rule, size) for at, name in enumerate(names)))
    fields = rule.fields or {}
    return PointsAnswer(tuple(_point_of_fields(entry, name, fields[name], rule, size) for name in names))


def _counted(boxes: list[FoundBox], most: int) -> ReadBoxes:
    if len(boxes) <= most:
        return ReadBoxes(BoxesAnswer(tuple(boxes)))
    best = sorted(sorted(range(len(boxes)), key=lambda at: -boxes[at].confidence)[:most])
    note = Note(FindingCode.TOO_MANY_BOXES, f"{len(boxes):,} boxes; {most:,} count")
    return ReadBoxes(BoxesAnswer(tuple(boxes[at] for at in best)), (note,))


def _has_no_box(entry: object, rule: BoxesRule) -> bool:
    fields = rule.sides if rule.box is None else (rule.box,)
    return all(value_or_none(entry, field) is None for field in fields or ())


def _box(entry: object, rule: BoxesRule, names: ClassNames, *, classes: int, size: Size) -> FoundBox:
    left, top, right, bottom = _corners(_four(entry, rule), rule, size)
    inside = left >= -SLACK_PX and top >= -SLACK_PX and right <= size.width + SLACK_PX and bottom <= size.height + SLACK_PX
    if not inside:
        raise Unusable(FindingCode.OUTSIDE_IMAGE, f"the image has {size.width} x {size.height} pixels")
    if not (left < right and top < bottom):
        raise Unusable(FindingCode.MALFORMED_BOX)
    sure = 1.0 if rule.confidence is None else probability(value_at(entry, rule.confidence), rule.confidence)
    return FoundBox(_class_of(entry, rule, names, classes), sure, left, top, right, bottom)


def _four(entry: object, rule: BoxesRule) -> list[float]:
    if rule.box is not None:
        return [float(number(each, rule.box)) for each in listed(value_at(entry, rule.box), rule.box, length=4)]
    return [float(number(value_at(entry, field), field)) for field in rule.sides or ()]


def _corners(four: Sequence[float], rule: BoxesRule, size: Size) -> tuple[float, float, float, float]:
    scale_x, scale_y = (size.width, size.height) if rule.unit == "share" else (1, 1)
    first, second, third, fourth = four[0] * scale_x, four[1] * scale_y, four[2] * scale_x, four[3] * scale_y
    if rule.format == "xywh":
        return first, second, first + third, second + fourth
    if rule.format == "cxcywh":
        return first - third / 2, second - fourth / 2, first + third / 2, second + fourth / 2
    return first, second, third, fourth


def _class_of(entry: object, rule: BoxesRule, names: ClassNames, classes: int) -> int:
    if rule.class_index is not None:
        return class_index(value_at(entry, rule.class_index), rule.class_index, classes=classes, first=rule.first_index)
    return 0 if rule.class_name is None else names.named(value_at(entry, rule.class_name), rule.class_name)


def _of_mapping(value: object, field: str, names: Sequence[str]) -> Mapping[int, object]:
    if not isinstance(value, JsonObject):
        raise Unusable(FindingCode.MALFORMED_ENTRY, f"{field} is not an object")
    known, found = ClassNames(names, {}), dict[int, object]()
    for key, each in value.items():
        at = known.named(key, f"a key of {field}")
        if at in found or key in value.repeated:
            raise Unusable(FindingCode.DUPLICATE_KEY, f"{field} has {names[at]} twice")
        found[at] = each
    if lacking := [name for at, name in enumerate(names) if at not in found]:
        raise Unusable(FindingCode.WRONG_LENGTH, f"{field} lacks {lacking[0]}")
    return found


def _point_of_fields(entry: object, name: str, fields: Sequence[str], rule: PointsRule, size: Size) -> tuple[float, float] | None:
    if len(fields) == 1:
        return _point(value_at(entry, fields[0]), fields[0], rule, size)
    if isinstance(entry, Row) and not any(field in entry for field in fields):
        return None
    pair = [value_at(entry, field) for field in fields]
    return None if pair == [None, None] else _point(pair, name, rule, size)


def _point(value: object, what: str, rule: PointsRule, size: Size) -> tuple[float, float] | None:
    if value is None:
        return None
    x, y = (float(number(each, what)) for each in listed(value, what, length=2))
    if rule.unit == "share":
        x, y = x * size.width, y * size.height
    if not (-SLACK_PX <= x <= size.width + SLACK_PX and -SLACK_PX <= y <= size.height + SLACK_PX):
        raise Unusable(FindingCode.OUTSIDE_IMAGE, f"{what}; the image has {size.width} x {size.height} pixels")
    return x, y
