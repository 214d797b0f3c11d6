"""How large a file of answers can sensibly be, with long numbers and wide indentation. More is not read: see `Limits`.

A JSON document takes many times its size in memory, so that a file's size is what bounds what a stranger can use up here.
"""

from __future__ import annotations

from collections.abc import Iterable

from sonobench_eval.challenge.contract_rules import BoxesRule, ClassRule, EntryRule, LabelsRule
from sonobench_eval.challenge.model import Task

FILE_BYTES = 2**16
CASE_BYTES = 512
NUMBER_BYTES = 64
TEXT_BYTES = 2**14
BOX_BYTES = 256


def file_allowance(cases: Iterable[tuple[str, Task, EntryRule]]) -> int:
    """The largest file that is read for these cases (what each is called in it, its task and its rule)."""
    listed = list(cases)
    wanted = FILE_BYTES + sum(2 * len(key) + _case_allowance(task, rule) for key, task, rule in listed)
    return min(wanted, max(rule.most_bytes for _, _, rule in listed))


def _case_allowance(task: Task, rule: EntryRule) -> int:
    if rule.bytes_per_case is not None:
        return rule.bytes_per_case
    names = (*(task.classes or ()), *(task.points or ()))
    if isinstance(rule, BoxesRule):
        return CASE_BYTES + rule.most * BOX_BYTES
    allowance = CASE_BYTES + NUMBER_BYTES * len(names)
    if isinstance(rule, ClassRule) and rule.decision is not None and rule.decision.text is not None:
        return allowance + TEXT_BYTES
    if isinstance(rule, ClassRule) and rule.probabilities is not None and rule.probabilities.in_order is not None:
        return allowance
    # Names may be written out for each number, and a decision beside it.
    return allowance + sum(NUMBER_BYTES + 4 * len(name) for name in names) * (1 + isinstance(rule, LabelsRule))
