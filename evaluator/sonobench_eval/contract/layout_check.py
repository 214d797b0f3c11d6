"""Whether a challenge can be put to containers by an organiser's rules, before anybody is scored by them.

Every case needs a place of its own for its input and for its result, and a name of its own in the file that holds its
answer. Where containers are given pseudonyms this must hold for all of them, which is shown here and not left to chance.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from sonobench_eval.challenge.contract_rules import RULES_OF_KIND, BoxesRule, ContractRules, EntryRule, MaskRule, PointsRule
from sonobench_eval.challenge.model import Case, Challenge, Task
from sonobench_eval.challenge.record import is_plain_relative_path
from sonobench_eval.contract.answer_rules import why_unreadable
from sonobench_eval.contract.case_lists import input_path, key_words
from sonobench_eval.contract.entry_files import Layout
from sonobench_eval.contract.mask_files import IMAGE_MASKS, VOLUME_MASKS, is_volume
from sonobench_eval.contract.masks import mask_path
from sonobench_eval.contract.paths import collisions, filled, words_of
from sonobench_eval.contract.port import Misfit
from sonobench_eval.contract.pseudonyms import DIGITS, KEY_BYTES, case_names, with_digits
from sonobench_eval.contract.rule_choice import chosen_rules, rules_for

_CONTRACT = "contract"
_CASE_LIST = "the list of cases"
_MARK = "\0"
_DIGITS = frozenset("0123456789abcdef")


def misfits_of(challenge: Challenge, rules: ContractRules) -> list[Misfit]:
    """What in this challenge the rules cannot express, with its place."""
    found = [*_of_places(challenge, rules), *_of_tasks(challenge, rules)]
    found = found or [*_of_cases(challenge, rules), *_of_warm_up(challenge, rules)]
    if challenge.pseudonyms and not found:
        found = [*_of_replaced_texts(challenge, rules)] or [*_of_cases(_renamed(challenge, rules), rules)]
    return found


def case_list_beside(rules: ContractRules) -> str | None:
    """Where below the inputs the case list lies; None where it does not."""
    listed = None if rules.case_list is None else PurePosixPath(rules.case_list.at)
    if listed is None or not listed.is_relative_to(rules.inputs.at):
        return None
    return str(listed.relative_to(rules.inputs.at))


def entry_path(case: Case, rule: EntryRule) -> str:
    """The file that holds the answer of a case, relative to the output folder."""
    return filled(rule.file, words_of(case))


def entry_key(case: Case, task: Task, rule: EntryRule, rules: ContractRules) -> str:
    """What the case is called in that file."""
    return filled(rule.key, key_words(case, task, rules))


def _of_places(challenge: Challenge, rules: ContractRules) -> Iterator[Misfit]:
    listed = [] if rules.case_list is None else [rules.case_list.at]
    for number, writable in enumerate(challenge.writable):
        for place in (rules.inputs.at, rules.output_at, *listed):
            if PurePosixPath(writable).is_relative_to(place) or PurePosixPath(place).is_relative_to(writable):
                yield Misfit(("writable", number), f"{writable} and the contract's {place} lie in one another; leave it out")


def _of_tasks(challenge: Challenge, rules: ContractRules) -> Iterator[Misfit]:
    for number, task in enumerate(challenge.tasks):
        claims = rules_for(task, rules)
        name = RULES_OF_KIND[task.kind]
        if not claims:
            yield Misfit(
                ("tasks", number, "kind"), f"the contract reads no answers of {task.kind} tasks; add a rule under {name}"
            )
        elif len(claims) > 1:
            yield Misfit(
                (_CONTRACT, *claims[1].loc), f"{task.id} is read by another rule as well; say under tasks which is for which"
            )
        else:
            yield from (Misfit((_CONTRACT, *claims[0].loc), sentence) for sentence in why_unreadable(claims[0].rule, task))
    yield from _of_task_names(challenge, rules)


def _of_task_names(challenge: Challenge, rules: ContractRules) -> Iterator[Misfit]:
    kinds = {task.id: RULES_OF_KIND[task.kind] for task in challenge.tasks}
    for name, listed in rules.rules_by_answer.items():
        for number, rule in enumerate(listed):
            for at, task_id in enumerate(rule.tasks or ()):
                if kinds.get(task_id) != name:
                    why = f"has no {name}" if task_id in kinds else "is no task of this challenge"
                    yield Misfit((_CONTRACT, name, number, "tasks", at), f"{task_id} {why}")


def _of_cases(challenge: Challenge, rules: ContractRules) -> Iterator[Misfit]:
    yield from _of_inputs(challenge, rules)
    yield from _of_results(challenge, rules)
    yield from _of_names(challenge, rules)


def _of_warm_up(challenge: Challenge, rules: ContractRules) -> Iterator[Misfit]:
    """Results of the warm-up are thrown away, so that only its images need places."""
    for loc, sentence in _of_inputs(challenge.only_warm_up(), rules):
        yield Misfit(("warm_up", *loc[1:]), sentence)


def _renamed(challenge: Challenge, rules: ContractRules) -> Challenge:
    """The challenge under some pseudonyms: what fits for these fits for all, as none of the rules looks at their digits."""
    own = challenge.model_copy(update={"contract": rules})
    return case_names(own, bytes(KEY_BYTES)).as_declared(own)


def _of_inputs(challenge: Challenge, rules: ContractRules) -> Iterator[Misfit]:
    beside = case_list_beside(rules)
    yield from _colliding(
        challenge,
        {number: input_path(case, rules) for number, case in enumerate(challenge.cases)},
        taken={} if beside is None else {beside: _CASE_LIST},
        what="its image",
        file="an image",
    )


def _of_results(challenge: Challenge, rules: ContractRules) -> Iterator[Misfit]:
    chosen = chosen_rules(challenge, rules)
    wanted: dict[int, str] = {}
    files: dict[str, str] = {}
    for number, case in enumerate(challenge.cases):
        rule = chosen[case.task]
        if isinstance(rule, BoxesRule | PointsRule) and is_volume(case):
            yield Misfit(("cases", number, "id"), "its image is a volume, and boxes and points are read of flat images only")
        if isinstance(rule, MaskRule):
            wanted[number] = mask_path(case, rule)
            yield from _of_mask_path(case, number, rule)
        elif isinstance(rule, EntryRule) and rule.form == "file":
            wanted[number] = entry_path(case, rule)
        elif isinstance(rule, EntryRule):
            files[entry_path(case, rule)] = "a file of answers"
    yield from _colliding(challenge, wanted, taken=files, what="its result", file="a result file")


def _of_mask_path(case: Case, number: int, rule: MaskRule) -> Iterator[Misfit]:
    path = mask_path(case, rule)
    if not is_plain_relative_path(path):
        yield Misfit(("cases", number, "id"), f"its mask would be written to {path!r}, which is no plain relative path")
    elif not path.lower().endswith(endings := VOLUME_MASKS if is_volume(case) else IMAGE_MASKS):
        what = "volumes" if is_volume(case) else "images"
        yield Misfit(("cases", number, "id"), f"its mask would be written to {path}; masks of {what} end in {', '.join(endings)}")


def _of_replaced_texts(challenge: Challenge, rules: ContractRules) -> Iterator[Misfit]:
    chosen, hidden = chosen_rules(challenge, rules), rules.inputs.folders == "hidden"
    marked = ((with_digits(case, _MARK, folders_hidden=hidden), chosen[case.task]) for case in challenge.cases)
    # Cases of one folder have one path but for their digits.
    paths = {(filled(rule.path, words_of(case)), rule.replace) for case, rule in marked if isinstance(rule, MaskRule)}
    for path, replace in sorted(paths):
        if (text := _text_reaching_digits(path, replace)) is not None:
            why = f"replacing {text!r} could change the digits (0-9, a-f) of an opaque name"
            yield Misfit((_CONTRACT, "masks"), f"{why}; replace another text, or set `pseudonyms: false`")
            return


def _of_names(challenge: Challenge, rules: ContractRules) -> Iterator[Misfit]:
    tasks, chosen = {task.id: task for task in challenge.tasks}, chosen_rules(challenge, rules)
    owner: dict[tuple[Layout, str], str] = {}
    for number, case in enumerate(challenge.cases):
        rule = chosen[case.task]
        if not isinstance(rule, EntryRule) or rule.form == "file":
            continue
        key = entry_key(case, tasks[case.task], rule, rules)
        place = (Layout.of(rule, entry_path(case, rule)), key)
        if place in owner:
            yield Misfit(
                ("cases", number, "id"), f"its answer would be called {key!r}, as that of {owner[place]}; change the rule's key"
            )
        owner.setdefault(place, case.id)


def _colliding(
    challenge: Challenge, wanted: Mapping[int, str], *, taken: Mapping[str, str], what: str, file: str
) -> Iterator[Misfit]:
    called = {number: f"that of {challenge.cases[number].id}" for number in wanted}
    for each in collisions(wanted.items(), taken, called):
        where = f"below {each.path}, which is {file}" if each.below else f"to {each.path}, which is {each.other}"
        yield Misfit(("cases", each.owner, "id"), f"{what} would be written {where}; rename it, or change the rule's path")


def _text_reaching_digits(path: str, replace: Iterable[tuple[str, str]]) -> str | None:
    """A text that is replaced and could be found in, or reach into, the digits of a pseudonym; None where there is none.

    The path has a mark wherever the digits will be: everything else in it is then as it is here.
    """
    for old, new in replace:
        pattern = path.replace(_MARK, _MARK * DIGITS)
        windows = (pattern[at : at + len(old)] for at in range(len(pattern) - len(old) + 1))
        if any(_MARK in window and _could_be(window, old) for window in windows):
            return old
        path = path.replace(old, new)
    return None


def _could_be(window: str, text: str) -> bool:
    return all(here == there or (here == _MARK and there in _DIGITS) for here, there in zip(window, text, strict=True))
