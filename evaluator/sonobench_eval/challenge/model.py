"""What a challenge is: tasks, centres, cases, metrics, policies, limits, ranking.

Pure records. `load.py` makes them from YAML, `digest.py` hashes them. Nothing here opens a file.

Two views of one challenge exist: the organiser's (with references) and the one a run worker
gets (`Challenge.without_references`), because hidden truth never lies where strangers' code runs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from sonobench_eval.challenge.errors import CrossCheckError, Problem
from sonobench_eval.challenge.sizes import Bytes, Seconds

TaskKind = Literal["segmentation", "binary", "multiclass"]
CenterRole = Literal["internal", "external"]
MetricName = Literal["dsc", "nsd", "auc", "acc", "f1", "auprc"]
ContractName = Literal["uusic25"]

SEGMENTATION_METRICS: frozenset[str] = frozenset({"dsc", "nsd"})
CLASSIFICATION_METRICS: frozenset[str] = frozenset({"auc", "acc", "f1", "auprc"})

Millimetres = Annotated[float, Field(gt=0, le=100)]
Slug = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]


class Record(BaseModel):
    """A frozen record that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, allow_inf_nan=False)


class Center(Record):
    """Where cases come from. `external` centres were never seen in training."""

    id: Slug
    role: CenterRole
    title: str | None = None


class Metric(Record):
    """A metric and the parameters that define it; a score is meaningless without them."""

    name: MetricName
    convention: Literal["pixel", "uusic25"] | None = None
    tolerance: Annotated[float, Field(ge=0, le=1000)] | None = None
    unit: Literal["px", "mm"] | None = None

    @model_validator(mode="after")
    def _parameters_belong_to_nsd(self) -> Self:
        given = (self.convention, self.tolerance, self.unit)
        if self.name == "nsd" and None in given:
            raise ValueError("nsd needs convention (pixel or uusic25), tolerance and unit (px or mm)")
        if self.name != "nsd" and given != (None, None, None):
            raise ValueError(f"{self.name} takes no convention, tolerance or unit")
        return self


class Task(Record):
    """One question asked of every algorithm.

    `dataset_name` and `organ` are what the container is told in its case list. `labels` maps the
    structures of a segmentation task to their value in a mask, or to `nonzero`; `classes` names
    the classes of a classification task in the order of their indices.
    """

    id: Slug
    kind: TaskKind
    dataset_name: Annotated[str, Field(min_length=1, max_length=100)]
    organ: Annotated[str, Field(min_length=1, max_length=100)]
    title: str | None = None
    labels: dict[str, int | Literal["nonzero"]] | None = None
    classes: tuple[str, ...] | None = None
    metrics: Annotated[tuple[Metric, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _shape_fits_kind(self) -> Self:
        names = [metric.name for metric in self.metrics]
        if twice := [name for name, n in Counter(names).items() if n > 1]:
            raise ValueError(f"metric {twice[0]} is declared twice")
        known = SEGMENTATION_METRICS if self.is_segmentation else CLASSIFICATION_METRICS
        if wrong := [name for name in names if name not in known]:
            raise ValueError(f"{wrong[0]} is not a metric for a {self.kind} task; choose from {', '.join(sorted(known))}")
        if self.is_segmentation:
            self._check_labels()
        else:
            self._check_classes()
        return self

    def _check_labels(self) -> None:
        if self.classes is not None:
            raise ValueError("a segmentation task has labels, not classes")
        if not self.labels:
            raise ValueError("a segmentation task needs labels, for example {foreground: nonzero}")
        values = list(self.labels.values())
        if "nonzero" in values and len(values) > 1:
            raise ValueError("nonzero stands alone: give each structure its own value instead")
        numbers = [value for value in values if value != "nonzero"]
        if len(set(numbers)) != len(numbers) or any(not 1 <= value <= 255 for value in numbers):
            raise ValueError("label values are different whole numbers from 1 to 255")

    def _check_classes(self) -> None:
        if self.labels is not None:
            raise ValueError(f"a {self.kind} task has classes, not labels")
        needed = "exactly 2" if self.kind == "binary" else "at least 3"
        count = len(self.classes or ())
        if (self.kind == "binary" and count != 2) or (self.kind == "multiclass" and count < 3):
            raise ValueError(f"a {self.kind} task needs {needed} classes, not {count}")
        if len(set(self.classes or ())) != count:
            raise ValueError("two classes have the same name")

    @property
    def is_segmentation(self) -> bool:
        return self.kind == "segmentation"


class Case(Record):
    """One input with one task. `id` is the path of the image under the inputs folder.

    `mask` (a path under the truth folder) or `label` (a class index) is the hidden reference;
    both are None in a challenge without references. `pixel_size_mm` is `(row, column)` or one number.
    """

    id: Annotated[str, Field(min_length=1, max_length=500)]
    task: Slug
    center: Slug
    subject: Annotated[str, Field(max_length=200)] | None = None
    subgroup: Annotated[str, Field(max_length=200)] | None = None
    pixel_size_mm: Millimetres | tuple[Millimetres, Millimetres] | None = None
    mask: str | None = None
    label: Annotated[int, Field(ge=0, le=1000)] | None = None

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


class UndefinedPolicy(Record):
    """What counts where a metric has no value of its own.

    Segmentation: each number is the score given, in [0, 1]. Classification: a case without a usable
    answer is wrong for ACC and F1, and ranks worst for AUC and AUPRC (a positive below all others, a
    negative above all), so leaving a hard case out never pays.
    """

    both_empty: Annotated[float, Field(ge=0, le=1)] = 1.0
    prediction_empty: Annotated[float, Field(ge=0, le=1)] = 0.0
    reference_empty: Annotated[float, Field(ge=0, le=1)] = 0.0
    missing: Annotated[float, Field(ge=0, le=1)] = 0.0
    unreadable: Annotated[float, Field(ge=0, le=1)] = 0.0
    wrong_size: Annotated[float, Field(ge=0, le=1)] = 0.0
    probabilities_not_normalised: Literal["accept", "invalid"] = "accept"


class Limits(Record):
    """What one run may use. Sizes in bytes (`512M`, `8G` in YAML), times in seconds (`90s`, `30min`)."""

    time_s: Seconds = 3600.0
    memory_bytes: Bytes = 8 * 2**30
    cpus: Annotated[float, Field(gt=0, le=1024)] = 4.0
    pids: Annotated[int, Field(ge=16, le=100_000)] = 512
    shm_bytes: Bytes = 64 * 2**20
    scratch_bytes: Bytes = 1 * 2**30
    output_bytes: Bytes = 1 * 2**30
    output_files: Annotated[int, Field(ge=1, le=10_000_000)] = 20_000
    open_files: Annotated[int, Field(ge=64, le=1_048_576)] = 4096
    log_bytes: Bytes = 1 * 2**20
    gpus: Annotated[int, Field(ge=0, le=1)] = 0


class Bootstrap(Record):
    """How uncertainty is computed: percentile bootstrap over subjects (cases where none is known)."""

    resamples: Annotated[int, Field(ge=0, le=100_000)] = 1000
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 20250923


class Measuring(Record):
    """How a container's time is taken. One timed run of all cases is the default, as in UUSIC25.

    With `repeats` above 1 the time is the median of as many timed runs. Where their coefficient of variation is above
    `largest_cv`, all of them are run once more, and the steadier set counts. `relative_to_reference` ranks times in units
    of the node's reference container, so that they are comparable across nodes.
    """

    repeats: Annotated[int, Field(ge=1, le=20)] = 1
    largest_cv: Annotated[float, Field(gt=0, le=1)] = 0.05
    relative_to_reference: bool = False


class Ranking(Record):
    """The 70/30 accuracy-efficiency ranking of UUSIC25 (see `sonobench_eval.ranking`)."""

    scheme: Literal["uusic25"] = "uusic25"
    performance: Annotated[float, Field(ge=0, le=1)] = 0.7
    efficiency: Annotated[float, Field(ge=0, le=1)] = 0.3
    segmentation_metrics: tuple[MetricName, ...] = ("dsc", "nsd")
    classification_metrics: tuple[MetricName, ...] = ("auc", "acc")

    @model_validator(mode="after")
    def _weights_sum_to_one(self) -> Self:
        if abs(self.performance + self.efficiency - 1) > 1e-9:
            raise ValueError(f"performance and efficiency must sum to 1, not {self.performance + self.efficiency:g}")
        if wrong := [m for m in self.segmentation_metrics if m not in SEGMENTATION_METRICS]:
            raise ValueError(f"{wrong[0]} is not a segmentation metric")
        if wrong := [m for m in self.classification_metrics if m not in CLASSIFICATION_METRICS]:
            raise ValueError(f"{wrong[0]} is not a classification metric")
        return self


class Challenge(Record):
    """One challenge, whole. Folders are relative to the YAML file that declares them."""

    sonobench: Literal[1]
    name: Slug
    title: Annotated[str, Field(min_length=1, max_length=200)]
    description: str = ""
    contract: ContractName = "uusic25"
    inputs: str = "images"
    truth: str | None = "truth"
    writable: tuple[str, ...] = ("/app",)
    limits: Limits = Limits()
    undefined: UndefinedPolicy = UndefinedPolicy()
    bootstrap: Bootstrap = Bootstrap()
    ranking: Ranking = Ranking()
    measuring: Measuring = Measuring()
    pseudonyms: bool = True
    """Containers are given opaque names in shuffled order, new for every run, in place of the cases' own."""
    logs: Literal["organisers", "team"] = "organisers"
    """Who may read a run's log. `team` is for public sample data only: a log can carry what the images show."""
    centers: Annotated[tuple[Center, ...], Field(min_length=1)]
    tasks: Annotated[tuple[Task, ...], Field(min_length=1)]
    cases: Annotated[tuple[Case, ...], Field(min_length=1)]
    warm_up: tuple[Case, ...] = ()
    """Public cases of an untimed run before the timed ones. Never scored, so they need no reference."""

    @field_validator("writable")
    @classmethod
    def _writable_places_are_safe(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for place in value:
            if not re.fullmatch(r"(/[A-Za-z0-9._-]+)+", place) or ".." in PurePosixPath(place).parts:
                raise ValueError(f"{place!r} is not an absolute path inside the container")
            if PurePosixPath(place).parts[1] in {
                "proc",
                "sys",
                "dev",
                "input",
                "input_json",
                "output",
                "etc",
                "usr",
                "bin",
                "lib",
            }:
                raise ValueError(f"{place!r} cannot be made writable")
        return value

    @model_validator(mode="after")
    def _references_resolve(self) -> Self:
        problems = [*_twice("tasks", self.tasks), *_twice("centers", self.centers), *_twice("cases", self.cases)]
        tasks, centers = {task.id: task for task in self.tasks}, {center.id for center in self.centers}
        for number, case in enumerate(self.cases):
            problems += [Problem(("cases", number, key), sentence) for key, sentence in _case_problems(case, tasks, centers)]
        for number, case in enumerate(self.warm_up):
            problems += [Problem(("warm_up", number, key), sentence) for key, sentence in _case_problems(case, tasks, centers)]
        problems += _warm_up_problems(self.warm_up, self.cases)
        used = {case.task for case in self.cases}
        problems += [Problem(("tasks", at), "has no cases") for at, task in enumerate(self.tasks) if task.id not in used]
        if problems:
            raise CrossCheckError(problems)
        return self

    def task(self, task_id: str) -> Task:
        return next(task for task in self.tasks if task.id == task_id)

    def center(self, center_id: str) -> Center:
        return next(center for center in self.centers if center.id == center_id)

    def cases_of(self, task_id: str) -> tuple[Case, ...]:
        return tuple(case for case in self.cases if case.task == task_id)

    def without_references(self) -> Challenge:
        """The same challenge as a run worker may see it: no labels, masks, centres' subjects or subgroups."""
        hidden = {"mask": None, "label": None, "subject": None, "subgroup": None}
        cases = tuple(case.model_copy(update=hidden) for case in self.cases)
        warm_up = tuple(case.model_copy(update=hidden) for case in self.warm_up)
        return self.model_copy(update={"truth": None, "cases": cases, "warm_up": warm_up})

    def only_warm_up(self) -> Challenge:
        """The same challenge with its public warm-up cases in place of its own; tasks without any are left as they are."""
        return self.model_copy(update={"cases": self.warm_up, "warm_up": ()})

    @property
    def input_ids(self) -> tuple[str, ...]:
        """Every file that is needed under the inputs folder, sorted: the cases' and those of the warm-up."""
        return tuple(sorted({case.id for case in (*self.cases, *self.warm_up)}))


def is_plain_relative_path(path: str) -> bool:
    """True for `a/b/c.png`; False for absolute paths, `..`, empty parts, and characters that need escaping."""
    parts = path.split("/")
    return all(re.fullmatch(r"[A-Za-z0-9._ -]{1,200}", part) and part not in {".", ".."} for part in parts)


def _twice(key: str, records: Sequence[Center | Task | Case]) -> list[Problem]:
    seen: set[str] = set()
    problems = []
    for number, record in enumerate(records):
        if record.id in seen:
            problems.append(Problem((key, number, "id"), f"{record.id!r} is declared twice"))
        seen.add(record.id)
    return problems


def _warm_up_problems(warm_up: Sequence[Case], cases: Sequence[Case]) -> list[Problem]:
    hidden, problems = {case.id for case in cases}, _twice("warm_up", warm_up)
    for number, case in enumerate(warm_up):
        if case.id in hidden:
            problems.append(Problem(("warm_up", number, "id"), f"{case.id!r} is in the test set; warm up on public images"))
        if case.mask is not None or case.label is not None:
            problems.append(Problem(("warm_up", number, "id"), f"{case.id!r} is never scored; leave mask and label out"))
    return problems


def _case_problems(case: Case, tasks: Mapping[str, Task], centers: Set[str]) -> Iterator[tuple[str, str]]:
    """`(key, sentence)` for each way a case does not fit the rest of its challenge."""
    if case.center not in centers:
        yield "center", f"there is no center {case.center!r}; declare it under centers"
    if case.task not in tasks:
        yield "task", f"there is no task {case.task!r}; declare it under tasks"
        return
    task = tasks[case.task]
    if case.mask is not None and not task.is_segmentation:
        yield "mask", f"a {task.kind} case has label, not mask"
    if case.label is not None and task.is_segmentation:
        yield "label", "a segmentation case has mask, not label"
    if case.label is not None and not task.is_segmentation and case.label >= len(task.classes or ()):
        yield "label", f"label {case.label} is outside the {len(task.classes or ())} classes of {task.id}"
    if case.pixel_size_mm is None and any(metric.unit == "mm" for metric in task.metrics):
        yield "pixel_size_mm", f"is missing, and {task.id} measures in mm"
