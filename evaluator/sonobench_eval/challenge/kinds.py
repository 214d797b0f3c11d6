"""The kinds of task, and for each which metrics it can have, what it declares, and what the reference of a case is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sonobench_eval.metrics.spec import Family

TaskKind = Literal[
    "segmentation", "instances", "binary", "multiclass", "multilabel", "ordinal", "regression", "detection", "keypoints"
]
ReferenceField = Literal["mask", "label", "labels", "value", "boxes", "points"]


@dataclass(frozen=True, slots=True)
class Kind:
    """What a kind of task is made of.

    `reference` is the field of a case that holds the hidden truth. `classes` is the least and the largest number of
    `classes` the task declares, None where it declares none. `declares` names the other fields it must have.
    """

    family: Family
    reference: ReferenceField
    classes: tuple[int, int] | None = None
    declares: tuple[str, ...] = ()


MANY = 1000
KINDS: dict[TaskKind, Kind] = {
    "segmentation": Kind("masks", "mask", declares=("labels",)),
    "instances": Kind("instances", "mask"),
    "binary": Kind("classes", "label", classes=(2, 2)),
    "multiclass": Kind("classes", "label", classes=(3, MANY)),
    "multilabel": Kind("labels", "labels", classes=(1, MANY)),
    "ordinal": Kind("grades", "value", declares=("range",)),
    "regression": Kind("values", "value", declares=("range",)),
    "detection": Kind("boxes", "boxes", classes=(1, MANY)),
    "keypoints": Kind("points", "points", declares=("points",)),
}
MASK_KINDS: frozenset[str] = frozenset({"segmentation", "instances"})
CLASS_KINDS: frozenset[str] = frozenset({"binary", "multiclass"})
