"""How a container is fed and what it must write, as data: the `contract:` mapping of a challenge, and its records.

Pure records: `sonobench_eval.contract` feeds and reads with them. A layout that can be said here needs no Python. What of
it does not fit a challenge (a task that nothing reads, results that would collide) is told by the contract's `misfits`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sonobench_eval.challenge.contract_parts import (
    VALUE_PARTS,
    CaseField,
    FieldPath,
    FirstIndex,
    PathRule,
    Place,
    TextRule,
    Threshold,
    Word,
    parts_of,
)
from sonobench_eval.challenge.kinds import TaskKind
from sonobench_eval.challenge.record import Record, Slug
from sonobench_eval.challenge.sizes import Bytes

ContractName = Literal["uusic25", "folder-per-case", "json-list"]


def _needs_no_lists(rule: EntryRule, record: Record | None, names: Collection[str]) -> None:
    """Refuse fields that hold lists or mappings where the answers are rows of a table.

    Raises:
        ValueError: one of the named fields is given.
    """
    if rule.form == "csv" and record is not None and (given := [n for n in names if getattr(record, n) is not None]):
        raise ValueError(f"a cell of a CSV holds one value, so {given[0]} cannot be read from it; name a column for each value")


def _only_one(record: Record, names: Collection[str], *, or_none: str = "") -> None:
    """Refuse a record in which not exactly one of the named fields is given.

    Raises:
        ValueError: none is given (and `or_none` says nothing that then holds), or several are.
    """
    given = [name for name in names if getattr(record, name) is not None]
    if len(given) > 1 or not (given or or_none):
        raise ValueError(f"say exactly one of {', '.join(names)}" + (f", not both {given[0]} and {given[1]}" if given else ""))


class InputRules(Record):
    """Where the images are. `path` is that of a case's image below `at`.

    With `folders: hidden` a pseudonym takes the place of a case's whole id, and not of the file's own name alone: for
    challenges whose folders are named after patients.
    """

    at: Place = "/input"
    path: PathRule = "{path}"
    folders: Literal["kept", "hidden"] = "kept"


class CaseListRules(Record):
    """The file that lists the cases. `fields` are the keys (or columns) of each case, and what stands there.

    A key with dots lies in others (`image.path`), and the list of a JSON file `under` a key. `at` may lie in the folder of
    inputs. `kinds` renames `{kind}`.
    """

    at: Place = "/input_json"
    form: Literal["json", "csv"] = "json"
    under: FieldPath | None = None
    fields: Annotated[dict[Word, CaseField | int | float], Field(min_length=1)]
    kinds: dict[TaskKind, Word] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits_its_form(self) -> Self:
        if self.form == "csv" and self.under is not None:
            raise ValueError("under is for JSON; a CSV has nothing above its rows")
        whole = [name for name, rule in self.fields.items() if set(parts_of(str(rule))) & set(VALUE_PARTS)]
        if self.form == "csv" and whole:
            raise ValueError(f"{whole[0]} can stand in a JSON list only: a cell of a CSV holds text")
        if self.form == "json" and (inner := [name for name in self.fields if _lies_in_another(name, self.fields)]):
            raise ValueError(f"{inner[0]} lies in a field that has a value of its own")
        return self


class MaskRule(Record):
    """A mask for each case, of the image's size: PNG, TIFF or NIfTI by its ending.

    `replace` has pairs of texts: each first one becomes the second wherever it stands in the path, in this order.
    `values`: `as_written`, or `binary_255` where 255 stands for the task's one structure; `map` says which written value
    means which of the task's (`{128: 1, 255: 2}`).
    """

    tasks: tuple[Slug, ...] | None = None
    path: PathRule = "{path}"
    replace: tuple[tuple[Word, Annotated[str, Field(max_length=200)]], ...] = ()
    values: Literal["as_written", "binary_255"] = "as_written"
    map: dict[Annotated[int, Field(ge=1, le=65535)], Annotated[int, Field(ge=0, le=255)]] | None = None

    @model_validator(mode="after")
    def _says_values_once(self) -> Self:
        if self.map is not None and self.values != "as_written":
            raise ValueError("map says what every value means; leave values out")
        return self


class AbstainRule(Record):
    """How an algorithm says that a human must answer instead: a field that is true, or one of the words in `says`."""

    field: FieldPath
    says: Annotated[tuple[Word, ...], Field(min_length=1)] = ("true", "yes", "1")


class EntryRule(Record):
    """Where the answers of cases stand. `tasks` are those it is for; every one of its kind where none is named.

    `form`: `object`, one JSON object with a key for each case; `list`, a JSON list of objects; `file`, a JSON file for each
    case; `csv`, a table. `key` is what a case is called there, and `id` the field or column that says so (`list`, `csv`).
    `under` is where in a JSON file the object, the list or the case's entry stands.
    """

    tasks: tuple[Slug, ...] | None = None
    file: PathRule
    form: Literal["object", "list", "file", "csv"] = "object"
    under: FieldPath | None = None
    key: TextRule = "{path}"
    id: FieldPath = "id"
    delimiter: Literal["comma", "semicolon", "tab"] = "comma"
    bytes_per_case: Annotated[Bytes, Field(le=2**26)] | None = None
    most_bytes: Annotated[Bytes, Field(le=2**30)] = 32 * 2**20
    abstain: AbstainRule | None = None

    @model_validator(mode="after")
    def _file_fits_its_form(self) -> Self:
        of_a_case = [part for part in parts_of(self.file) if part != "task"]
        if of_a_case and self.form != "file":
            raise ValueError(f"{{{of_a_case[0]}}} is of one case, and form {self.form} has one file for all; use form file")
        if not of_a_case and self.form == "file":
            raise ValueError(
                "form file has a file for each case; name it by a part of the case, for example {folder}/{stem}.json"
            )
        if self.form == "csv" and self.under is not None:
            raise ValueError("under is for JSON; a CSV has nothing above its rows")
        return self


class ProbabilityRule(Record):
    """Where probabilities are: a list `in_order` of the classes, a mapping `by_name`, or one of `fields` for each class.

    `positive` is one number, the probability of class 1 of a binary task.
    """

    in_order: FieldPath | None = None
    by_name: FieldPath | None = None
    fields: dict[str, FieldPath] | None = None
    positive: FieldPath | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        _only_one(self, ("in_order", "by_name", "fields", "positive"))
        return self


class DecisionRule(Record):
    """Where the decision for one class is: its `index`, its `name`, or a `text` in which exactly one class is named.

    `synonyms` are other words for classes (`{malignant: [cancer, carcinoma]}`). `threshold` decides a binary task by the
    probability of class 1. Where nothing is said, the most probable class is the decision, the first of equals.
    """

    index: FieldPath | None = None
    name: FieldPath | None = None
    text: FieldPath | None = None
    threshold: Threshold | None = None
    first_index: FirstIndex = 0
    synonyms: dict[str, tuple[Word, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        _only_one(self, ("index", "name", "text", "threshold"))
        return self


class ClassRule(EntryRule):
    """One class for each case. Without `probabilities` the decision's class has 1 and the others 0."""

    probabilities: ProbabilityRule | None = None
    decision: DecisionRule | None = None

    @model_validator(mode="after")
    def _has_an_answer(self) -> Self:
        if self.probabilities is None and (self.decision is None or self.decision.threshold is not None):
            raise ValueError("say where the probabilities are, or the decision, or both")
        _needs_no_lists(self, self.probabilities, ("in_order", "by_name"))
        return self


class DecisionsRule(Record):
    """Where the decisions on several labels are: 0 or 1 `in_order`, `by_name` or in `fields`, or a list of those `present`.

    `threshold` decides by the probability, `thresholds` by one for each class.
    """

    in_order: FieldPath | None = None
    by_name: FieldPath | None = None
    fields: dict[str, FieldPath] | None = None
    present: FieldPath | None = None
    threshold: Threshold | None = None
    thresholds: dict[str, Threshold] | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        _only_one(self, ("in_order", "by_name", "fields", "present", "threshold", "thresholds"))
        return self


class LabelsRule(EntryRule):
    """Several labels for each case. Without `decisions` a label counts from a probability of 0.5 on."""

    probabilities: ProbabilityRule | None = None
    decisions: DecisionsRule | None = None

    @model_validator(mode="after")
    def _has_an_answer(self) -> Self:
        decisions = self.decisions
        by_probability = decisions is None or decisions.threshold is not None or decisions.thresholds is not None
        if self.probabilities is None and by_probability:
            raise ValueError("say where the probabilities are, or the decisions, or both")
        if self.probabilities is not None and self.probabilities.positive is not None:
            raise ValueError("positive is for binary tasks; several labels have in_order, by_name or fields")
        _needs_no_lists(self, self.probabilities, ("in_order", "by_name"))
        _needs_no_lists(self, decisions, ("in_order", "by_name", "present"))
        return self


class ValueRule(EntryRule):
    """One number for each case. `map` says which words mean which (`{"4A": 4}`).

    Outside the task's range an answer is `invalid`, or counts as the nearer end with `clip`.
    """

    field: FieldPath
    map: Annotated[dict[Word, float], Field(min_length=1)] | None = None
    outside: Literal["invalid", "clip"] = "invalid"


class BoxesRule(EntryRule):
    """Boxes of each case. `boxes` is the list of them in a case's entry; where it is not said, every entry or row is one box.

    `box` is a list of four numbers, or `sides` four fields of one. `format` is their meaning (corners; corner and size;
    center and size), `unit` whether pixels or shares of the image. `most` is how many of an image count, the most confident.
    `absent` is what a case without any entry of its own is: without an answer, or one with no boxes.
    """

    boxes: FieldPath | None = None
    box: FieldPath | None = None
    sides: tuple[FieldPath, FieldPath, FieldPath, FieldPath] | None = None
    format: Literal["xyxy", "xywh", "cxcywh"] = "xyxy"
    unit: Literal["px", "share"] = "px"
    class_index: FieldPath | None = None
    class_name: FieldPath | None = None
    first_index: FirstIndex = 0
    confidence: FieldPath | None = None
    most: Annotated[int, Field(ge=1, le=10_000)] = 1000
    absent: Literal["missing", "no_boxes"] = "missing"

    @model_validator(mode="after")
    def _can_be_read(self) -> Self:
        _only_one(self, ("box", "sides"))
        _only_one(self, ("class_index", "class_name"), or_none="every box is of the one class")
        if self.boxes is None and self.form in {"object", "file"}:
            raise ValueError(f"form {self.form} has one entry for each case; say where in it the list of boxes is")
        _needs_no_lists(self, self, ("boxes", "box"))
        if self.absent == "no_boxes" and self.boxes is not None:
            raise ValueError("an entry with an empty list says that there are no boxes; leave absent out")
        return self


class PointsRule(EntryRule):
    """Points of each case, x before y: a mapping `by_name`, a list `in_order` of the task's points, or `fields` for each point.

    A point's field holds `[x, y]`; or it has two fields (`{apex: [apex_x, apex_y]}`).
    """

    by_name: FieldPath | None = None
    in_order: FieldPath | None = None
    fields: dict[str, Annotated[tuple[FieldPath, ...], Field(min_length=1, max_length=2)]] | None = None
    unit: Literal["px", "share"] = "px"

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        _only_one(self, ("by_name", "in_order", "fields"))
        _needs_no_lists(self, self, ("by_name", "in_order"))
        for name, fields in (self.fields or {}).items():
            if self.form == "csv" and len(fields) == 1:
                raise ValueError(f"{name} needs two columns in a CSV, x and y")
        return self


class ContractRules(Record):
    """A whole contract. For each kind of answer there is a list of rules: several where tasks are answered in several ways."""

    inputs: InputRules = InputRules()
    case_list: CaseListRules | None = None
    output_at: Place = "/output"
    masks: tuple[MaskRule, ...] = ()
    classes: tuple[ClassRule, ...] = ()
    labels: tuple[LabelsRule, ...] = ()
    values: tuple[ValueRule, ...] = ()
    boxes: tuple[BoxesRule, ...] = ()
    points: tuple[PointsRule, ...] = ()

    @model_validator(mode="after")
    def _places_are_apart(self) -> Self:
        if not any((self.masks, self.classes, self.labels, self.values, self.boxes, self.points)):
            raise ValueError("say what is read: masks, classes, labels, values, boxes or points")
        if _overlap(self.inputs.at, self.output_at):
            raise ValueError(f"inputs and results lie in one another: {self.inputs.at} and {self.output_at}")
        listed = None if self.case_list is None else self.case_list.at
        if listed is not None and (_overlap(listed, self.output_at) or _is_in(self.inputs.at, listed)):
            raise ValueError(f"the case list at {listed} lies where the results or the inputs are")
        return self

    @property
    def rules_by_answer(self) -> Mapping[str, tuple[MaskRule | EntryRule, ...]]:
        """The rules by what they answer, as in the file."""
        return {name: getattr(self, name) for name in RULES_OF_KIND.values()}


RULES_OF_KIND: dict[TaskKind, str] = {
    "segmentation": "masks",
    "instances": "masks",
    "binary": "classes",
    "multiclass": "classes",
    "multilabel": "labels",
    "ordinal": "values",
    "regression": "values",
    "detection": "boxes",
    "keypoints": "points",
}
"""Which list of rules a task's answers are read by."""


RECORDS_OF_A_CONTRACT: dict[tuple[str, ...], type[Record]] = {
    ("contract",): ContractRules,
    ("contract", "inputs"): InputRules,
    ("contract", "case_list"): CaseListRules,
    ("contract", "masks", "*"): MaskRule,
    ("contract", "classes", "*"): ClassRule,
    ("contract", "classes", "*", "decision"): DecisionRule,
    ("contract", "labels", "*"): LabelsRule,
    ("contract", "labels", "*", "decisions"): DecisionsRule,
    ("contract", "values", "*"): ValueRule,
    ("contract", "boxes", "*"): BoxesRule,
    ("contract", "points", "*"): PointsRule,
    **{("contract", name, "*", "probabilities"): ProbabilityRule for name in ("classes", "labels")},
    **{("contract", name, "*", "abstain"): AbstainRule for name in ("classes", "labels", "values", "boxes", "points")},
}
"""Which record stands where in a challenge (`*` for any number)."""


def _lies_in_another(name: str, names: Collection[str]) -> bool:
    keys = name.split(".")
    return any(".".join(keys[:depth]) in names for depth in range(1, len(keys)))


def _is_in(path: str, folder: str) -> bool:
    return PurePosixPath(path).is_relative_to(folder)


def _overlap(one: str, other: str) -> bool:
    return _is_in(one, other) or _is_in(other, one)
