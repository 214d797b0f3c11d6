"""A contract made of an organiser's rules: feeds containers and reads their answers as `contract:` in the challenge says.

Files of answers are opened when the results are; masks, and files of single cases, when the case is asked for. An entry
is judged when its case is asked for, once. Whatever a stranger wrote is an answer's problem and a finding, never an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import tee
from typing import TypeVar

from sonobench_eval.challenge.contract_rules import (
    BoxesRule,
    ClassRule,
    ContractRules,
    EntryRule,
    LabelsRule,
    MaskRule,
    PointsRule,
    ValueRule,
)
from sonobench_eval.challenge.model import Case, Challenge, Task
from sonobench_eval.contract.allowances import file_allowance
from sonobench_eval.contract.case_lists import input_path, write_case_list
from sonobench_eval.contract.entry_files import EntryFile, Layout, only_entry, read_entry_file
from sonobench_eval.contract.judging import Note, Unusable
from sonobench_eval.contract.layout_check import case_list_beside, entry_key, entry_path, misfits_of
from sonobench_eval.contract.mask_files import MaskFiles, Read
from sonobench_eval.contract.masks import in_own_values, mask_path, meanings
from sonobench_eval.contract.naming import ClassNames
from sonobench_eval.contract.port import (
    BoxesAnswer,
    CaseListFile,
    ClassAnswer,
    Feed,
    ImageSize,
    LabelsAnswer,
    MaskAnswer,
    Misfit,
    PointsAnswer,
    ValueAnswer,
)
from sonobench_eval.contract.read_classes import class_names, read_class, read_labels
from sonobench_eval.contract.read_places import Size, read_boxes, read_flat_boxes, read_points
from sonobench_eval.contract.read_values import read_value
from sonobench_eval.contract.result_tree import ResultTree
from sonobench_eval.contract.rule_choice import AnyRule, chosen_rules, rule_of_mask
from sonobench_eval.contract.uusic25 import names_no_structure
from sonobench_eval.io.confined import shared_decoder
from sonobench_eval.io.findings import Finding, FindingCode
from sonobench_eval.io.images import Decoder, MaskRead
from sonobench_eval.io.results import ResultSource
from sonobench_eval.io.volumes import Geometry

Rule = TypeVar("Rule", bound=AnyRule)
Answer = TypeVar("Answer", ClassAnswer, LabelsAnswer, ValueAnswer, BoxesAnswer, PointsAnswer)
Judged = tuple[Answer, tuple[Note, ...]]


class ConfiguredContract:
    """The contract that rules declare (see `port.Contract`)."""

    def __init__(self, rules: ContractRules) -> None:
        self.rules = rules

    @property
    def inputs_at(self) -> str:
        return self.rules.inputs.at

    @property
    def case_list_at(self) -> str:
        listed = self.rules.case_list
        return "" if listed is None or case_list_beside(self.rules) is not None else listed.at

    @property
    def output_at(self) -> str:
        return self.rules.output_at

    def misfits(self, challenge: Challenge) -> list[Misfit]:
        """What in this challenge the rules cannot express."""
        return misfits_of(challenge, self.rules)

    def feed(self, challenge: Challenge) -> Feed:
        """What the container is given (see `Contract.feed`)."""
        content, beside = self.case_list(challenge), case_list_beside(self.rules)
        return Feed(
            inputs_at=self.inputs_at,
            output_at=self.output_at,
            images={case.id: input_path(case, self.rules) for case in challenge.cases},
            beside={} if beside is None else {beside: content},
            case_list=CaseListFile(self.case_list_at, content) if self.case_list_at else None,
        )

    def case_list(self, challenge: Challenge) -> bytes:
        """The case list, in the challenge's order; empty where there is none."""
        return write_case_list(challenge, self.rules)

    def mask_path(self, case: Case) -> str:
        """Where the mask of a case is written, relative to the output folder."""
        return mask_path(case, rule_of_mask(case.task, self.rules.masks))

    def read_answers(
        self, challenge: Challenge, source: ResultSource, image_size: ImageSize, *, decoder: Decoder | None = None
    ) -> ConfiguredAnswers:
        """Open results (see `Contract.read_answers`)."""
        return ConfiguredAnswers(self.rules, challenge, source, image_size=image_size, decoder=decoder or shared_decoder())


class ConfiguredAnswers:
    """Answers of one algorithm (see `port.Answers`)."""

    def __init__(
        self, rules: ContractRules, challenge: Challenge, source: ResultSource, *, image_size: ImageSize, decoder: Decoder
    ) -> None:
        self._contract, self._challenge = rules, challenge
        self._image_size = image_size
        self._tasks = {task.id: task for task in challenge.tasks}
        self._rules = chosen_rules(challenge, rules)
        self._paths = self._result_paths()
        self._tree = ResultTree(source)
        self._masks = MaskFiles(self._tree, decoder, path_of=lambda case: self._paths[case.id], image_size=image_size)
        self._findings: dict[Finding, None] = dict.fromkeys(self._tree.unexpected(self._expected()))
        self._files = self._read_files()
        self._names: dict[str, ClassNames] = {}
        self._classes: dict[str, ClassAnswer] = {}
        self._labels: dict[str, LabelsAnswer] = {}
        self._values: dict[str, ValueAnswer] = {}
        self._boxes: dict[str, BoxesAnswer] = {}
        self._points: dict[str, PointsAnswer] = {}

    @property
    def findings(self) -> list[Finding]:
        """All that was found so far (a case asked for twice is found once)."""
        return list(self._findings)

    def mask(self, case: Case) -> MaskAnswer:
        """The mask of a case (see `Answers.mask`)."""
        return self._judged_mask(case, self._masks.read(case))

    def masks(self, cases: Iterable[Case]) -> Iterator[MaskAnswer]:
        """The masks of several cases (see `Answers.masks`)."""
        ahead, in_turn = tee(cases)
        for read, case in zip(self._masks.read_ahead(ahead), in_turn, strict=True):
            yield self._judged_mask(case, read)

    def classification(self, case: Case) -> ClassAnswer:
        """The class of a case (see `Answers.classification`)."""
        rule, task = self._rule(case, ClassRule), self._tasks[case.task]
        policy = (task.undefined or self._challenge.undefined).probabilities_not_normalised

        def judge(entries: list[object]) -> Judged[ClassAnswer]:
            names, classes = self._names_of(task, rule), task.classes or ()
            return read_class(only_entry(entries), rule, names, classes=classes, not_normalised=policy)

        return self._answer(case, rule, judge, lambda problem: ClassAnswer(None, None, problem), known=self._classes)

    def labels(self, case: Case) -> LabelsAnswer:
        """The labels of a case (see `Answers.labels`)."""
        rule, task = self._rule(case, LabelsRule), self._tasks[case.task]

        def judge(entries: list[object]) -> Judged[LabelsAnswer]:
            return read_labels(only_entry(entries), rule, self._names_of(task, rule), classes=task.classes or ()), ()

        return self._answer(case, rule, judge, lambda problem: LabelsAnswer(None, None, problem), known=self._labels)

    def value(self, case: Case) -> ValueAnswer:
        """The grade or measurement of a case (see `Answers.value`)."""
        rule = self._rule(case, ValueRule)
        lowest, highest = self._tasks[case.task].range or (0.0, 0.0)

        def judge(entries: list[object]) -> Judged[ValueAnswer]:
            return read_value(only_entry(entries), rule, lowest=lowest, highest=highest)

        return self._answer(case, rule, judge, lambda problem: ValueAnswer(None, problem), known=self._values)

    def boxes(self, case: Case) -> BoxesAnswer:
        """The boxes of a case (see `Answers.boxes`)."""
        rule, task = self._rule(case, BoxesRule), self._tasks[case.task]
        size = self._flat_size(case)

        def judge(entries: list[object]) -> Judged[BoxesAnswer]:
            names, classes = self._names_of(task, rule), len(task.classes or ())
            if rule.boxes is None:
                return read_flat_boxes(entries, rule, names, classes=classes, size=size)
            return read_boxes(only_entry(entries), rule, names, classes=classes, size=size)

        return self._answer(case, rule, judge, lambda problem: BoxesAnswer(None, problem), known=self._boxes)

    def points(self, case: Case) -> PointsAnswer:
        """The points of a case (see `Answers.points`)."""
        rule, names = self._rule(case, PointsRule), self._tasks[case.task].points or ()
        size = self._flat_size(case)

        def judge(entries: list[object]) -> Judged[PointsAnswer]:
            return read_points(only_entry(entries), rule, names, size=size), ()

        return self._answer(case, rule, judge, lambda problem: PointsAnswer(None, problem), known=self._points)

    def _answer(
        self,
        case: Case,
        rule: EntryRule,
        judge: Callable[[list[object]], Judged[Answer]],
        unusable: Callable[[FindingCode], Answer],
        *,
        known: dict[str, Answer],
    ) -> Answer:
        """The answer of a case, judged the first time it is asked for."""
        if case.id not in known:
            known[case.id] = self._judge(case, self._file_of(case, rule), judge, unusable)
        return known[case.id]

    def _judge(
        self,
        case: Case,
        file: EntryFile,
        judge: Callable[[list[object]], Judged[Answer]],
        unusable: Callable[[FindingCode], Answer],
    ) -> Answer:
        if file.lost is not None:
            if file.lost is FindingCode.MISSING_RESULT:
                self._note(case, Note(file.lost))
            return unusable(file.lost)
        try:
            answer, notes = judge(list(file.entries.get(case.id, ())))
        except Unusable as error:
            self._note(case, Note(error.code, error.detail))
            return unusable(error.code)
        for note in notes:
            self._note(case, note)
        return answer

    def _rule(self, case: Case, kind: type[Rule]) -> Rule:
        rule = self._rules.get(case.task)
        if not isinstance(rule, kind):
            raise TypeError(f"case {case.id}: {case.task} has no {kind.__name__} in the contract")
        return rule

    def _names_of(self, task: Task, rule: ClassRule | LabelsRule | BoxesRule) -> ClassNames:
        if task.id not in self._names:
            self._names[task.id] = class_names(task, rule)
        return self._names[task.id]

    def _note(self, case: Case, note: Note) -> None:
        self._findings[Finding(note.code, case.id, note.detail)] = None

    def _judged_mask(self, case: Case, read: Read) -> MaskAnswer:
        if read.array is None:
            problem = read.problem or FindingCode.UNREADABLE_IMAGE
            self._note(case, Note(problem, read.detail))
            return MaskAnswer(None, problem)
        if isinstance(read, MaskRead) and read.coloured:
            self._note(case, Note(FindingCode.COLOUR_IMAGE))
        task = self._tasks[case.task]
        means = meanings(self._rule(case, MaskRule), task)
        meant = None if means is None else in_own_values(read.array, means)
        if names_no_structure(read.array, task) if meant is None else meant.has_strange_values:
            self._note(case, Note(FindingCode.UNEXPECTED_VALUES))
        return MaskAnswer(read.array if meant is None else meant.array)

    def _flat_size(self, case: Case) -> Size:
        size = self._image_size(case)
        if isinstance(size, Geometry):
            raise TypeError(f"case {case.id}: its image is a volume, which has no boxes or points")
        return Size(*size)

    def _expected(self) -> set[str]:
        """Every path that a result may have. Files that hold answers of all cases are, whether or not there are any to tell."""
        listed = (rule for rules in self._contract.rules_by_answer.values() for rule in rules)
        files = {rule.file for rule in listed if isinstance(rule, EntryRule) and "{" not in rule.file}
        return files | set(self._paths.values())

    def _result_paths(self) -> dict[str, str]:
        """The file with the answer of each case that a rule is for."""
        ruled = ((case, self._rules.get(case.task)) for case in self._challenge.cases)
        return {
            case.id: mask_path(case, rule) if isinstance(rule, MaskRule) else entry_path(case, rule)
            for case, rule in ruled
            if rule is not None
        }

    def _read_files(self) -> Mapping[Layout, EntryFile]:
        """Every file that holds the answers of several cases, read for all of them."""
        cases: dict[Layout, list[Case]] = {}
        for case in self._challenge.cases:
            rule = self._rules.get(case.task)
            if isinstance(rule, EntryRule) and rule.form != "file":
                cases.setdefault(Layout.of(rule, self._paths[case.id]), []).append(case)
        return {layout: self._read_file(layout, among) for layout, among in cases.items()}

    def _read_file(self, layout: Layout, cases: list[Case]) -> EntryFile:
        keys: dict[str, str] = {}
        sizes: list[tuple[str, Task, EntryRule]] = []
        for case in cases:
            task, rule = self._tasks[case.task], self._rule(case, EntryRule)
            key = entry_key(case, task, rule, self._contract)
            keys[key] = case.id
            sizes.append((key, task, rule))
        most = file_allowance(sizes)
        read = self._tree.read(layout.path, most, unreadable=layout.unreadable)
        file = read_entry_file(read, layout, keys, max_bytes=most)
        self._findings |= dict.fromkeys(file.findings)
        return file

    def _file_of(self, case: Case, rule: EntryRule) -> EntryFile:
        layout = Layout.of(rule, self._paths[case.id])
        return self._read_file(layout, [case]) if rule.form == "file" else self._files[layout]
