"""Which of a contract's rules is for which task: one that names it, else one that names none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sonobench_eval.challenge.contract_rules import RULES_OF_KIND, ContractRules, EntryRule, MaskRule
from sonobench_eval.challenge.model import Challenge, Task

AnyRule = MaskRule | EntryRule


class Chosen(NamedTuple):
    """A rule, and where it stands in the contract: `("classes", 0)`."""

    rule: AnyRule
    loc: tuple[str, int]


def rules_for(task: Task, rules: ContractRules) -> list[Chosen]:
    """The rules that claim a task: exactly one where the contract fits. Those that name it go before those that name none."""
    name = RULES_OF_KIND[task.kind]
    listed = [Chosen(rule, (name, at)) for at, rule in enumerate(rules.rules_by_answer[name])]
    by_name = [each for each in listed if each.rule.tasks is not None and task.id in each.rule.tasks]
    return by_name or [each for each in listed if each.rule.tasks is None]


def chosen_rules(challenge: Challenge, rules: ContractRules) -> dict[str, AnyRule]:
    """The rule of each task that one is for."""
    found = {task.id: rules_for(task, rules) for task in challenge.tasks}
    return {task_id: each[0].rule for task_id, each in found.items() if each}


def rule_of_mask(task_id: str, rules: Sequence[MaskRule]) -> MaskRule:
    """The rule for the masks of a task.

    Raises:
        LookupError: there is none.
    """
    for rule in sorted(rules, key=lambda rule: rule.tasks is None):
        if rule.tasks is None or task_id in rule.tasks:
            return rule
    raise LookupError(f"the contract reads no masks of {task_id}")
