"""Makes a challenge from a CSV table, one row for each case, and folders of images and masks.

What the table cannot say about a task (its kind, classes, structures, range) is inferred where that is safe, and else given as
options; what was inferred is told. Boxes, points and several labels of one case need a challenge file written by hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from sonobench_eval.challenge.errors import ChallengeError, Problem
from sonobench_eval.challenge.imported import Imported, made_into_a_challenge, slug, why_no_file
from sonobench_eval.challenge.kinds import KINDS
from sonobench_eval.challenge.tables import TableRow, read_table

REFERENCE_COLUMNS = ("mask", "label", "value")
COLUMNS = ("path", "task", "center", "role", "subject", "subgroup", "phase", "pixel_size_mm", "organ", *REFERENCE_COLUMNS)
GROUP = "group."
KINDS_OF_TABLES = ("segmentation", "instances", "binary", "multiclass", "ordinal", "regression")
_METRICS: Mapping[str, tuple[Mapping[str, object], ...]] = {
    "segmentation": ({"name": "dsc"}, {"name": "nsd", "convention": "surface", "tolerance": 2, "unit": "px"}),
    "instances": ({"name": "pq"},),
    "binary": ({"name": "auc"}, {"name": "acc"}),
    "multiclass": ({"name": "auc"}, {"name": "acc"}),
    "ordinal": ({"name": "mae"},),
    "regression": ({"name": "mae"},),
}


@dataclass(frozen=True, slots=True)
class TaskOptions:
    """What is said of a task beside the table."""

    kind: str | None = None
    classes: tuple[str, ...] = ()
    labels: Mapping[str, int] = field(default_factory=dict)
    range: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class TableChoices:
    """What the table does not say.

    Args:
        name, title: of the challenge.
        images, truth: folders that the paths in the table start from.
        tasks: options by the task's name in the table.
        task, center: for tables without such a column.
        external: centers never seen in training.
        contract: how containers are fed and answer.
    """

    name: str
    images: Path
    truth: Path
    title: str | None = None
    tasks: Mapping[str, TaskOptions] = field(default_factory=dict)
    task: str = "task"
    center: str = "dataset"
    external: tuple[str, ...] = ()
    contract: str = "json-list"


class _Case(NamedTuple):
    """One row with its paths made plain."""

    row: TableRow
    path: str
    task: str
    center: str

    def cell(self, name: str) -> str:
        return self.row.cells.get(name, "")


def import_table(table: Path, choices: TableChoices) -> Imported:
    """Make a challenge from a table; nothing is written.

    Raises:
        ChallengeError: a column or a file is missing, or a row makes no sense; one line for each problem, by line.
    """
    rows = read_table(table, required=("path",), known=COLUMNS, prefixes=(GROUP,))
    cases = [_case(row, choices) for row in rows]
    notes: list[str] = []
    _refuse(table, [*_row_problems(cases, choices), *_strange_options(cases, choices)])
    tasks = [_Task.of(name, cases, choices, notes) for name in dict.fromkeys(case.task for case in cases)]
    _refuse(table, [problem for task in tasks for problem in task.problems()])
    document = {
        "sonobench": 1,
        "name": choices.name,
        "title": choices.title or choices.name,
        "contract": choices.contract,
        "inputs": choices.images.as_posix(),
        "truth": choices.truth.as_posix(),
        "centers": list(_centers(table, cases, choices)),
        "tasks": [task.document() for task in tasks],
        "cases": [entry for case, entry in _entries(cases, tasks)],
        **_phases(cases),
    }
    return Imported(made_into_a_challenge(document, name=table.name), tuple(notes))


def _case(row: TableRow, choices: TableChoices) -> _Case:
    cells = row.cells
    return _Case(row, _plain(cells["path"]), cells.get("task") or choices.task, cells.get("center") or choices.center)


def _plain(path: str) -> str:
    r"""`.\a\b.png`, as Windows writes it, is `a/b.png`."""
    return path.replace("\\", "/").removeprefix("./")


def _refuse(table: Path, problems: Sequence[Problem]) -> None:
    if problems:
        raise ChallengeError.of(table.name, problems)


def _row_problems(cases: Sequence[_Case], choices: TableChoices) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for case in cases:
        line = case.row.line
        if case.path in seen:
            yield Problem(("path",), f"{case.path!r} is there already, in line {seen[case.path]}", line)
        seen.setdefault(case.path, line)
        if why := why_no_file(case.path, choices.images):
            yield Problem(("path",), why, line)
        if (mask := case.cell("mask")) and (why := why_no_file(_plain(mask), choices.truth)):
            yield Problem(("mask",), why, line)
        if case.cell("role") not in ("", "internal", "external"):
            yield Problem(("role",), f"must be internal or external, not {case.cell('role')!r}", line)
        if case.cell("pixel_size_mm") and _pixel_size(case.cell("pixel_size_mm")) is None:
            yield Problem(("pixel_size_mm",), "must be one number, or row and column with an x between them: 0.2x0.3", line)
        given = [name for name in REFERENCE_COLUMNS if case.cell(name)]
        if len(given) != 1:
            what = f"has {' and '.join(given)}" if given else f"has none of {', '.join(REFERENCE_COLUMNS)}"
            yield Problem((), f"{what}; a case has one reference", line)


def _strange_options(cases: Sequence[_Case], choices: TableChoices) -> Iterator[Problem]:
    there = {case.task for case in cases}
    for name in choices.tasks:
        if name not in there:
            yield Problem((), f"has no task {name!r}; it has {', '.join(sorted(there))}")


def _pixel_size(text: str) -> object:
    parts = [_number(part) for part in re.split(r"[xX×]", text)]
    if None in parts or len(parts) > 3:
        return None
    return parts[0] if len(parts) == 1 else parts


def _number(text: str) -> float | None:
    """A number; `0,25` too, as a table with semicolons may write it."""
    try:
        value = float(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text)
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None


@dataclass(frozen=True, slots=True)
class _Task:
    """One task, its rows, and what is known of it."""

    id: str
    name: str
    cases: Sequence[_Case]
    kind: str
    classes: tuple[str, ...]
    options: TaskOptions

    @classmethod
    def of(cls, name: str, cases: Sequence[_Case], choices: TableChoices, notes: list[str]) -> _Task:
        own, options = [case for case in cases if case.task == name], choices.tasks.get(name, TaskOptions())
        kind, classes = options.kind or _kind(own), options.classes
        if options.kind is None:
            notes.append(f"{name} is taken as {kind}; say otherwise with --kind {name}=KIND")
        if kind in ("binary", "multiclass") and not classes:
            classes = _classes(own)
            notes.append(f"classes of {name}, from 0: {', '.join(classes)}; say otherwise with --classes {name}=A,B")
        if kind == "segmentation" and not options.labels:
            notes.append(f"{name} has one structure, foreground: every value but 0; say otherwise with --labels {name}=A:1,B:2")
        return cls(slug(name), name, own, kind, classes, options)

    def problems(self) -> Iterator[Problem]:
        if self.kind not in KINDS_OF_TABLES:
            known = ", ".join(KINDS_OF_TABLES)
            what = "needs a challenge file written by hand" if self.kind in KINDS else "is no kind of task"
            yield Problem((), f"{self.name}: {self.kind} {what}; a table can have {known}")
            return
        if self.kind in ("ordinal", "regression") and self.options.range is None:
            yield Problem((), f"{self.name}: needs the lowest and the highest value, for example --range {self.name}=0:10")
        wanted = KINDS[self.kind].reference  # type: ignore[index]
        for case in self.cases:
            if not case.cell(wanted):
                yield Problem((wanted,), f"is missing: {self.name} is {self.kind}", case.row.line)
            elif wanted == "label" and self.label(case) is None:
                known = ", ".join(self.classes)
                yield Problem(
                    ("label",), f"{case.cell('label')!r} is no class of {self.name}; its classes are {known}", case.row.line
                )
            elif wanted == "value" and _number(case.cell("value")) is None:
                yield Problem(("value",), f"{case.cell('value')!r} is not a number", case.row.line)

    def label(self, case: _Case) -> int | None:
        """The index of the case's class, which the table names or counts from 0."""
        text = case.cell("label")
        if text in self.classes:
            return self.classes.index(text)
        return int(text) if re.fullmatch(r"\d{1,4}", text) and int(text) < len(self.classes) else None

    def document(self) -> dict[str, object]:
        organ = next((case.cell("organ") for case in self.cases if case.cell("organ")), "unknown")
        task: dict[str, object] = {"id": self.id, "kind": self.kind, "dataset_name": self.name[:100], "organ": organ}
        if self.id != self.name:
            task["title"] = self.name
        if self.kind == "segmentation":
            task["labels"] = dict(self.options.labels) or {"foreground": "nonzero"}
        if self.classes:
            task["classes"] = list(self.classes)
        if self.options.range is not None:
            task["range"] = list(self.options.range)
        return task | {"metrics": [dict(metric) for metric in _METRICS[self.kind]]}

    def reference(self, case: _Case) -> dict[str, object]:
        wanted = KINDS[self.kind].reference  # type: ignore[index]
        made: Mapping[str, Callable[[], object]] = {
            "mask": lambda: _plain(case.cell("mask")),
            "label": lambda: self.label(case),
            "value": lambda: _number(case.cell("value")),
        }
        return {wanted: made[wanted]()}


def _kind(cases: Sequence[_Case]) -> str:
    """By the column that is filled in: masks are segmentation, labels classes, values a regression."""
    if any(case.cell("mask") for case in cases):
        return "segmentation"
    if any(case.cell("value") for case in cases):
        return "regression"
    return "binary" if len(_classes(cases)) <= 2 else "multiclass"


def _classes(cases: Sequence[_Case]) -> tuple[str, ...]:
    """The labels that occur: numbers count from 0, so that all below the highest are there; names in their order."""
    texts = sorted({case.cell("label") for case in cases if case.cell("label")})
    if all(re.fullmatch(r"\d{1,3}", text) for text in texts):
        return tuple(f"class {number}" for number in range(max([2, *(int(text) + 1 for text in texts)])))
    return tuple(texts) if len(texts) > 1 else (*texts, f"not {texts[0]}")


def _centers(table: Path, cases: Sequence[_Case], choices: TableChoices) -> Iterator[dict[str, object]]:
    roles: dict[str, set[str]] = {}
    for case in cases:
        roles.setdefault(case.center, set()).add(case.cell("role"))
    problems = [
        Problem((), f"has no case from the external center {name!r}; found are {', '.join(sorted(roles))}")
        for name in choices.external
        if name not in roles
    ]
    problems += [
        Problem((), f"center {name!r} is internal in some rows and external in others")
        for name, said in roles.items()
        if {"internal", "external"} <= said
    ]
    _refuse(table, [*problems, *_alike("center", roles), *_alike("task", dict.fromkeys(case.task for case in cases))])
    for name, said in sorted(roles.items()):
        role = "external" if name in choices.external or "external" in said else "internal"
        center: dict[str, object] = {"id": slug(name), "role": role}
        yield center if slug(name) == name else center | {"title": name}


def _alike(what: str, names: Mapping[str, object]) -> Iterator[Problem]:
    owner: dict[str, str] = {}
    for name in names:
        if owner.setdefault(slug(name), name) != name:
            yield Problem((), f"{what}s {owner[slug(name)]!r} and {name!r} are too alike to be told apart; rename one")


def _entries(cases: Sequence[_Case], tasks: Sequence[_Task]) -> Iterator[tuple[_Case, dict[str, object]]]:
    by_name = {task.name: task for task in tasks}
    for case in cases:
        task = by_name[case.task]
        entry: dict[str, object] = {"id": case.path, "task": task.id, "center": slug(case.center)}
        entry |= {name: case.cell(name) for name in ("phase", "subject", "subgroup") if case.cell(name)}
        if groups := {name.removeprefix(GROUP): cell for name, cell in case.row.cells.items() if name.startswith(GROUP) and cell}:
            entry["groups"] = groups
        if size := case.cell("pixel_size_mm"):
            entry["pixel_size_mm"] = _pixel_size(size)
        yield case, entry | task.reference(case)


def _phases(cases: Sequence[_Case]) -> dict[str, object]:
    """The phases that the table names, in their order; `sample` and `validation` are phases of that kind."""
    names = list(dict.fromkeys(case.cell("phase") for case in cases if case.cell("phase")))
    kinds = {name: name if name in ("sample", "validation") else "test" for name in names}
    return {"phases": [{"id": name, "kind": kind} for name, kind in kinds.items()]} if names else {}
