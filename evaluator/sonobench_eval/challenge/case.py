"""Cases: one input with one task, where it comes from, and its hidden reference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Annotated, Literal

from pydantic import Field, field_validator

from sonobench_eval.challenge.record import Record, Slug, is_plain_relative_path
from sonobench_eval.challenge.task import Task

CenterRole = Literal["internal", "external"]
Millimetres = Annotated[float, Field(gt=0, le=100)]
Text = Annotated[str, Field(max_length=200)]
Coordinate = Annotated[float, Field(ge=-1e6, le=1e6)]
REFERENCES = ("mask", "label", "labels", "value", "boxes", "points")


class Center(Record):
    """Where cases come from. `external` centres were never seen in training."""

    id: Slug
    role: CenterRole
    title: str | None = None


class Box(Record):
    """One reference box: its class, and its corners in pixels, `[left, top, right, bottom]`.

    An `ignored` one need not be found, and finding it is no false alarm.
    """

    kind: Annotated[str, Field(alias="class", min_length=1, max_length=200)]
    box: tuple[Coordinate, Coordinate, Coordinate, Coordinate]
    ignored: bool = False

    @field_validator("box")
    @classmethod
    def _has_an_inside(cls, value: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        if not (value[0] < value[2] and value[1] < value[3]):
            raise ValueError("a box is [left, top, right, bottom], with left < right and top < bottom")
        return value


class Case(Record):
    """One input with one task. `id` is the path of the image under the inputs folder.

    The hidden reference is `mask` (a path under the truth folder), `label` (a class index), `labels` (1, 0 or null for
    uncertain, one for each class), `value` (a grade or a measurement), `boxes` or `points` (`{name: [x, y]}` in pixels,
    null where one is not visible); all are None in a challenge without references. `pixel_size_mm` is
    `(row, column)`, for volumes `(slice, row, column)`, or one number. `groups` puts the case into subgroups
    (`{device: GE, trimester: "2"}`). `phase` is the phase it belongs to; None: the first of kind test.
    """

    id: Annotated[str, Field(min_length=1, max_length=500)]
    task: Slug
    center: Slug
    phase: Slug | None = None
    subject: Text | None = None
    subgroup: Text | None = None
    groups: dict[Slug, Text] | None = None
    pixel_size_mm: Millimetres | tuple[Millimetres, Millimetres] | tuple[Millimetres, Millimetres, Millimetres] | None = None
    mask: str | None = None
    label: Annotated[int, Field(ge=0, le=1000)] | None = None
    labels: tuple[Literal[0, 1] | None, ...] | None = None
    value: float | None = None
    boxes: tuple[Box, ...] | None = None
    points: dict[str, tuple[Coordinate, Coordinate] | None] | None = None

    @field_validator("id", "mask")
    @classmethod
    def _is_a_plain_relative_path(cls, value: str | None) -> str | None:
        if value is not None and not is_plain_relative_path(value):
            raise ValueError(f"{value!r} is not a plain relative path (letters, digits, space and . _ - / only)")
        return value

    @property
    def unit(self) -> str:
        """What is resampled in a bootstrap: the subject where known, else the case itself.

        Subjects are told apart by center, because centers that count their subjects from 1 do not mean the same ones.
        """
        return f"{self.center}\0{self.subject}" if self.subject is not None else f"\0{self.id}"

    @property
    def has_reference(self) -> bool:
        return any(getattr(self, name) is not None for name in REFERENCES)

    @property
    def is_volume(self) -> bool:
        """A NIfTI file, which says the size of its voxels itself."""
        return self.id.lower().endswith((".nii", ".nii.gz"))

    @property
    def subgroups(self) -> dict[str, str]:
        """Every subgroup the case is in; `subgroup` is one named so."""
        return {**({} if self.subgroup is None else {"subgroup": self.subgroup}), **(self.groups or {})}

    def without_reference(self) -> Case:
        """The case as a run worker may see it: no reference, subject or subgroup."""
        hidden: dict[str, object] = dict.fromkeys((*REFERENCES, "subject", "subgroup", "groups"))
        return self.model_copy(update=hidden)


def case_problems(case: Case, tasks: Mapping[str, Task], centers: Set[str]) -> Iterator[tuple[str, str]]:
    """`(key, sentence)` for each way a case does not fit the rest of its challenge."""
    if case.center not in centers:
        yield "center", f"there is no center {case.center!r}; declare it under centers"
    if case.task not in tasks:
        yield "task", f"there is no task {case.task!r}; declare it under tasks"
        return
    task = tasks[case.task]
    wanted = task.rules.reference
    for name in REFERENCES:
        if getattr(case, name) is not None and name != wanted:
            yield name, f"a {task.kind} case has {wanted}, not {name}"
    if getattr(case, wanted) is not None:
        yield from _reference_problems(case, task)
    if case.pixel_size_mm is None and not case.is_volume and any(metric.unit == "mm" for metric in task.metrics):
        yield "pixel_size_mm", f"is missing, and {task.id} measures in mm"


def _reference_problems(case: Case, task: Task) -> Iterator[tuple[str, str]]:
    classes = task.classes or ()
    if case.label is not None and case.label >= len(classes):
        yield "label", f"label {case.label} is outside the {len(classes)} classes of {task.id}"
    if case.labels is not None and len(case.labels) != len(classes):
        yield "labels", f"has {len(case.labels)} values, but {task.id} has {len(classes)} classes"
    if case.value is not None and task.range is not None and not task.range[0] <= case.value <= task.range[1]:
        yield "value", f"{case.value:g} is outside the range of {task.id}, {task.range[0]:g} to {task.range[1]:g}"
    if case.value is not None and task.kind == "ordinal" and task.edges is None and case.value != int(case.value):
        yield "value", f"{case.value:g} is no grade: the reference of an ordinal case is a whole number"
    if unknown := [box.kind for box in case.boxes or () if box.kind not in classes]:
        yield "boxes", f"{unknown[0]!r} is no class of {task.id}; its classes are {', '.join(classes)}"
    if unknown := [name for name in case.points or {} if name not in (task.points or ())]:
        yield "points", f"{unknown[0]!r} is no point of {task.id}; its points are {', '.join(task.points or ())}"
