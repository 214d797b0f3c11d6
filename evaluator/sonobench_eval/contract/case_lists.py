"""Writes the list of cases that a container is told. Holds what a challenge says openly, and nothing of the references."""

from __future__ import annotations

import csv
import io
import json

from sonobench_eval.challenge.contract_parts import VALUE_PARTS, parts_of
from sonobench_eval.challenge.contract_rules import CaseListRules, ContractRules
from sonobench_eval.challenge.model import Case, Challenge, Task
from sonobench_eval.contract.paths import filled, words_of


def input_path(case: Case, rules: ContractRules) -> str:
    """Where a case's image lies in the folder of inputs."""
    return filled(rules.inputs.path, words_of(case))


def key_words(case: Case, task: Task, rules: ContractRules) -> dict[str, str]:
    """What the parts of a text about a case stand for."""
    kinds = {} if rules.case_list is None else rules.case_list.kinds
    return {
        **words_of(case),
        "input": input_path(case, rules),
        "kind": kinds.get(task.kind, task.kind),
        "dataset_name": task.dataset_name,
        "organ": task.organ,
    }


def write_case_list(challenge: Challenge, rules: ContractRules) -> bytes:
    """The list of this challenge's cases, in its order; empty where the contract has none."""
    form = rules.case_list
    if form is None:
        return b""
    tasks = {task.id: task for task in challenge.tasks}
    rows = [_row(case, tasks[case.task], rules, form) for case in challenge.cases]
    return _table(rows, list(form.fields)) if form.form == "csv" else _json(rows, form.under)


def _row(case: Case, task: Task, rules: ContractRules, form: CaseListRules) -> dict[str, object]:
    words = key_words(case, task, rules)
    return {name: _value(rule, case, task, words) for name, rule in form.fields.items()}


def _value(rule: str | float, case: Case, task: Task, words: dict[str, str]) -> object:
    if not isinstance(rule, str):
        return rule
    if (parts := parts_of(rule)) and parts[0] in VALUE_PARTS:
        return case.pixel_size_mm if parts[0] == "pixel_size_mm" else getattr(task, parts[0])
    return filled(rule, words)


def _table(rows: list[dict[str, object]], columns: list[str]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def _json(rows: list[dict[str, object]], under: str | None) -> bytes:
    document: object = [_nested(row) for row in rows]
    for key in reversed(under.split(".") if under else []):
        document = {key: document}
    # The indentation is that of the UUSIC25 kit.
    return json.dumps(document, indent=1).encode()


def _nested(row: dict[str, object]) -> dict[str, object]:
    """`{"image.path": 1}` -> `{"image": {"path": 1}}`."""
    nested: dict[str, object] = {}
    for name, value in row.items():
        *above, last = name.split(".")
        place = nested
        for key in above:
            inner = place.setdefault(key, {})
            if not isinstance(inner, dict):
                raise TypeError(f"{name} lies in a field that has a value")
            place = inner
        place[last] = value
    return nested
