"""Entries about grades and measurements: one number for each case, within the range of its task."""

from __future__ import annotations

from typing import NamedTuple

from sonobench_eval.challenge.contract_rules import ValueRule
from sonobench_eval.contract.abstaining import abstains
from sonobench_eval.contract.fields import value_at
from sonobench_eval.contract.judging import Note, Unusable, number
from sonobench_eval.contract.naming import normalised
from sonobench_eval.contract.port import ValueAnswer
from sonobench_eval.io.findings import FindingCode
from sonobench_eval.io.strict_json import shown

_SHOWN_CHARS = 40


class ReadValue(NamedTuple):
    answer: ValueAnswer
    notes: tuple[Note, ...] = ()


def read_value(entry: object, rule: ValueRule, *, lowest: float, highest: float) -> ReadValue:
    """The number that an entry answers.

    Raises:
        Unusable: it has none that counts.
    """
    if abstains(entry, rule.abstain):
        return ReadValue(ValueAnswer(None, abstains=True))
    written = value_at(entry, rule.field)
    given = float(number(written, rule.field)) if rule.map is None else _meant(written, rule.field, rule.map)
    if lowest <= given <= highest:
        return ReadValue(ValueAnswer(given))
    outside = f"{given:.6g} is not within {lowest:g} to {highest:g}"
    if rule.outside == "invalid":
        raise Unusable(FindingCode.VALUE_OUT_OF_RANGE, outside)
    return ReadValue(ValueAnswer(min(max(given, lowest), highest)), (Note(FindingCode.VALUE_CLIPPED, outside),))


def _meant(written: object, field: str, meanings: dict[str, float]) -> float:
    if isinstance(written, int | float) and not isinstance(written, bool):
        written = f"{number(written, field):g}"
    if not isinstance(written, str):
        raise Unusable(FindingCode.MALFORMED_ENTRY, f"{field} is not a word")
    by_word = {normalised(word): value for word, value in meanings.items()}
    found = by_word.get(normalised(written))
    if found is None:
        raise Unusable(FindingCode.MALFORMED_ENTRY, f"{field} is {shown(written, longest=_SHOWN_CHARS)}, which means no value")
    return found
