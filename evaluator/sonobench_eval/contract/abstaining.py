"""An answer that says that a human must answer instead."""

from __future__ import annotations

from sonobench_eval.challenge.contract_rules import AbstainRule
from sonobench_eval.contract.fields import value_or_none
from sonobench_eval.contract.judging import Unusable, number
from sonobench_eval.contract.naming import normalised
from sonobench_eval.io.findings import FindingCode


def abstains(entry: object, rule: AbstainRule | None) -> bool:
    """True where an entry says that a human must answer.

    Raises:
        Unusable: the field is neither a word nor a number nor true, false or null.
    """
    said = None if rule is None else value_or_none(entry, rule.field)
    if rule is None or said is None:
        return False
    if isinstance(said, bool):
        return said
    if isinstance(said, int | float):
        said = f"{number(said, rule.field):g}"
    if not isinstance(said, str):
        raise Unusable(FindingCode.MALFORMED_ENTRY, f"{rule.field} is not a word")
    return normalised(said) in {normalised(word) for word in rule.says}
