"""Reads the answers of classification cases from one JSON file. Each case stands or falls alone.

Only a file that is no JSON object at all costs every case. A key that stands twice, a NaN or a list of the wrong
length costs the case it belongs to.

What is accepted beyond the letter, and why: a prediction written `1.0` (many JSON writers do that to a whole
number), and probabilities that leave [0, 1] by a rounding error of at most 1e-6 (clipped).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sonobench_eval.challenge.model import Case, Task, UndefinedPolicy
from sonobench_eval.contract.judging import SUM_TOLERANCE, Unusable, class_index, listed, probability
from sonobench_eval.contract.port import ClassAnswer
from sonobench_eval.io.findings import Finding, FindingCode
from sonobench_eval.io.sources import printable_name
from sonobench_eval.io.strict_json import JsonObject, StrictJsonError, loads_marking

_LONGEST_KEY = 200

ClassCases = Sequence[tuple[Case, Task]]


@dataclass(frozen=True, slots=True)
class ClassFile:
    """The answers by case id (one for every case, usable or not), and what was found."""

    answers: dict[str, ClassAnswer]
    findings: tuple[Finding, ...]


def max_class_file_bytes(cases: ClassCases) -> int:
    """The largest file these cases can sensibly need, with long numbers and wide indentation."""
    return 2**16 + sum(512 + 2 * len(case.id) + 64 * len(task.classes or ()) for case, task in cases)


def read_class_file(
    data: bytes | None, cases: ClassCases, *, file: str, problem: FindingCode | None, policy: UndefinedPolicy
) -> ClassFile:
    """Judge a file of classification answers.

    Args:
        data: its bytes; None where `problem` says why there are none.
        cases: the classification cases with their tasks.
        file: its name, for findings about the file as a whole.
        policy: the challenge's word on probabilities that do not sum to 1.
    """
    if not cases:
        return ClassFile({}, ())
    if data is None:
        return _all_lost(cases, problem or FindingCode.MISSING_RESULT, file=file, detail="")
    try:
        content = loads_marking(data, max_bytes=max_class_file_bytes(cases))
    except StrictJsonError as error:
        return _all_lost(cases, error.code, file=file, detail=str(error))
    if not isinstance(content, JsonObject):
        return _all_lost(cases, FindingCode.INVALID_JSON, file=file, detail="it is not an object of cases")
    return _judge_each(content, cases, policy)


def _all_lost(cases: ClassCases, code: FindingCode, *, file: str, detail: str) -> ClassFile:
    answers = {case.id: ClassAnswer(None, None, code) for case, _ in cases}
    if code is FindingCode.MISSING_RESULT:
        return ClassFile(answers, tuple(Finding(code, case.id) for case, _ in cases))
    cost = f"{len(cases):,} cases have no answer because of it"
    return ClassFile(answers, (Finding(code, file, f"{detail}; {cost}" if detail else cost),))


def _judge_each(content: JsonObject, cases: ClassCases, policy: UndefinedPolicy) -> ClassFile:
    answers: dict[str, ClassAnswer] = {}
    findings: list[Finding] = []
    for case, task in cases:
        try:
            answer, notes = _judge(content, case, len(task.classes or ()), policy.probabilities_not_normalised)
        except Unusable as unusable:
            answer, notes = ClassAnswer(None, None, unusable.code), [Finding(unusable.code, case.id, unusable.detail)]
        answers[case.id] = answer
        findings += notes
    findings += [Finding(FindingCode.UNKNOWN_CASE, shown_name(key)) for key in content if key not in answers]
    return ClassFile(answers, tuple(findings))


def _judge(
    content: JsonObject, case: Case, classes: int, not_normalised: Literal["accept", "invalid"]
) -> tuple[ClassAnswer, list[Finding]]:
    entry = _entry(content, case.id)
    written = listed(entry["probability"], "probability", length=classes)
    probabilities = tuple(probability(each, "probability") for each in written)
    prediction = class_index(entry["prediction"], "prediction", classes=classes)
    notes = []
    total = math.fsum(probabilities)
    if abs(total - 1) > SUM_TOLERANCE:
        if not_normalised == "invalid":
            raise Unusable(FindingCode.SUM_NOT_ONE, f"sum {total:.4g}")
        notes.append(Finding(FindingCode.NOT_NORMALISED, case.id, f"sum {total:.4g}"))
    if probabilities[prediction] < max(probabilities):
        notes.append(Finding(FindingCode.PREDICTION_NOT_ARGMAX, case.id))
    return ClassAnswer(probabilities, prediction), notes


def _entry(content: JsonObject, case_id: str) -> JsonObject:
    if case_id not in content:
        raise Unusable(FindingCode.MISSING_RESULT)
    if case_id in content.repeated:
        raise Unusable(FindingCode.DUPLICATE_KEY, "the case stands twice")
    entry = content[case_id]
    if not isinstance(entry, JsonObject):
        raise Unusable(FindingCode.MALFORMED_ENTRY, "it is not an object")
    for key in ("probability", "prediction"):
        if key not in entry:
            raise Unusable(FindingCode.MALFORMED_ENTRY, f"{key} is missing")
        if key in entry.repeated:
            raise Unusable(FindingCode.DUPLICATE_KEY, f"{key} stands twice")
    return entry


def shown_name(key: str) -> str:
    """A key that a stranger wrote, as it can stand in a finding."""
    return printable_name(key if len(key) <= _LONGEST_KEY else key[:_LONGEST_KEY] + "...")
