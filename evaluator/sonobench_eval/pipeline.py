"""The one way through: a challenge, its references and a container's results become an Evaluation and its replicates.

Results are a stranger's and are read through the contract, which never raises for what is in them. References are the
organiser's and trusted; one that is missing stops the scoring, because no score without it would be comparable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sonobench_eval import __version__
from sonobench_eval.challenge.digest import dataset_hash
from sonobench_eval.challenge.errors import ChallengeError
from sonobench_eval.challenge.load import LoadedChallenge
from sonobench_eval.challenge.model import Case, Challenge, Task
from sonobench_eval.contract.port import Answers, ClassAnswer
from sonobench_eval.contract.pseudonyms import CaseNames, case_names
from sonobench_eval.contract.registry import contract_named
from sonobench_eval.contract.under_names import read_answers_under
from sonobench_eval.evaluation import CaseScore, Evaluation, FindingRecord, Provenance
from sonobench_eval.io.findings import NOTES, FindingCode, summarise
from sonobench_eval.io.images import ImageUnreadable, image_size, read_mask_png
from sonobench_eval.io.results import ResultSource
from sonobench_eval.metrics.classification import NO_DECISION, ClassAnswers
from sonobench_eval.metrics.registry import Engine, EngineName, engine_named
from sonobench_eval.metrics.segmentation import LabelImage, MaskScores, score_masks
from sonobench_eval.metrics.undefined import UnusableMask, score_of_unusable_mask
from sonobench_eval.statistics.aggregation import Measure, ScoredTask, TaskCases, score_task, weighted_mean
from sonobench_eval.statistics.means import mean_over_tasks
from sonobench_eval.statistics.replicates import Replicates

Progress = Callable[[int, int], None]
"""Called with (cases done, cases in all)."""

_UNUSABLE_MASKS: dict[FindingCode, UnusableMask] = {
    FindingCode.MISSING_RESULT: "missing",
    FindingCode.WRONG_SIZE: "wrong_size",
}


class UnusableReferenceError(ChallengeError):
    """The organiser's trouble: a reference is missing or unreadable. The message names the case and says what to do."""


class Scored(NamedTuple):
    """An evaluation, and the bootstrap replicates that a ranking resamples."""

    evaluation: Evaluation
    replicates: Replicates


class _Measured(NamedTuple):
    """One task's cases, scored one by one and ready to be resampled."""

    cases: list[CaseScore]
    task: TaskCases


def score_results(
    loaded: LoadedChallenge,
    source: ResultSource,
    *,
    pseudonym_key: bytes | None = None,
    engine: EngineName = "fast",
    progress: Progress | None = None,
) -> Scored:
    """Score the results of one algorithm.

    Every case of the challenge counts, whatever became of its result: what is missing or unusable scores as the
    challenge's `undefined` policy declares.

    Args:
        loaded: The organiser's challenge, with references.
        source: What the container left in its output folder.
        pseudonym_key: What the container's names for the cases were made with; None where it knew them by their own.
        engine: `fast`, or `reference` (MedPy and scikit-learn) to check it.
        progress: Told after each case.

    Raises:
        UnusableReferenceError: a reference or an image of the challenge is missing or unreadable (a `ChallengeError`).
    """
    names = case_names(loaded.challenge, pseudonym_key)
    return _Run(loaded, source, names, engine=engine_named(engine), progress=progress or _unheard).score()


def check_results(
    loaded: LoadedChallenge, source: ResultSource, *, pseudonym_key: bytes | None = None, progress: Progress | None = None
) -> tuple[FindingRecord, ...]:
    """What is wrong or odd with the results of one algorithm, without scoring them: no references are needed.

    Args:
        loaded: The challenge and its images.
        source, pseudonym_key, progress: As for `score_results`.

    Raises:
        UnusableReferenceError: an image of the challenge is missing or unreadable (a `ChallengeError`).
    """
    challenge, tell = loaded.challenge, progress or _unheard
    names, contract = case_names(challenge, pseudonym_key), contract_named(challenge.contract)
    answers = read_answers_under(names, contract, challenge, source, image_size=_References(loaded).image_size)
    kinds = {task.id: task.is_segmentation for task in challenge.tasks}
    for done, case in enumerate(challenge.cases, start=1):
        _ = answers.mask(case) if kinds[case.task] else answers.classification(case)
        tell(done, len(challenge.cases))
    return _found(answers)


class _Run:
    """One pass over the cases."""

    def __init__(
        self, loaded: LoadedChallenge, source: ResultSource, names: CaseNames, *, engine: Engine, progress: Progress
    ) -> None:
        self.loaded, self.challenge, self.engine, self.progress = loaded, loaded.challenge, engine, progress
        self.names, self.truth = names, _References(loaded)
        contract = contract_named(self.challenge.contract)
        self.answers = read_answers_under(names, contract, self.challenge, source, image_size=self.truth.image_size)
        self.done = 0

    def score(self) -> Scored:
        self.truth.check()
        made_from = self._provenance()
        measured = [self._measure(task) for task in self.challenge.tasks]
        tasks = [score_task(each.task, self.challenge.centers, self.challenge.bootstrap) for each in measured]
        evaluation = Evaluation(
            made_from=made_from,
            tasks=tuple(task.score for task in tasks),
            means=mean_over_tasks(tasks, self.challenge.bootstrap),
            cases=_in_order(self.challenge, measured),
            findings=_found(self.answers),
        )
        return Scored(evaluation, _replicates(tasks))

    def _measure(self, task: Task) -> _Measured:
        cases = self.challenge.cases_of(task.id)
        return self._measure_masks(task, cases) if task.is_segmentation else self._measure_classes(task, cases)

    def _measure_masks(self, task: Task, cases: Sequence[Case]) -> _Measured:
        found = [self._score_mask(task, case) for case in self._counted(cases)]
        scores = [_case_score(case, each.scores, each.problem) for case, each in zip(cases, found, strict=True)]
        measures: dict[str, Measure] = {
            metric.name: weighted_mean(np.array([each.scores[metric.name] for each in found])) for metric in task.metrics
        }
        return _Measured(scores, TaskCases(task, cases, measures))

    def _score_mask(self, task: Task, case: Case) -> MaskScores:
        reference, policy = self.truth.mask(case), self.challenge.undefined
        answer = self.answers.mask(case)
        if answer.array is None or _is_unusable(answer.problem):
            problem = answer.problem or FindingCode.UNREADABLE_IMAGE
            score = score_of_unusable_mask(_UNUSABLE_MASKS.get(problem, "unreadable"), policy)
            return MaskScores({metric.name: score for metric in task.metrics}, problem.value)
        return score_masks(task, answer.array, reference, pixel_size_mm=case.pixel_size_mm, policy=policy, engine=self.engine)

    def _measure_classes(self, task: Task, cases: Sequence[Case]) -> _Measured:
        written = [_usable(self.answers.classification(case)) for case in self._counted(cases)]
        table = _table(task, cases, written)
        scores = [
            _case_score(case, _class_scores(answer, right=bool(right)), answer.problem)
            for case, answer, right in zip(cases, written, table.right, strict=True)
        ]
        measures: dict[str, Measure] = {metric.name: _of_classes(self.engine, metric.name, table) for metric in task.metrics}
        return _Measured(scores, TaskCases(task, cases, measures))

    def _counted(self, cases: Sequence[Case]) -> Iterator[Case]:
        for case in cases:
            yield case
            self.done += 1
            self.progress(self.done, len(self.challenge.cases))

    def _provenance(self) -> Provenance:
        return Provenance(
            challenge=self.challenge.name,
            challenge_hash=self.loaded.hash,
            dataset_hash=dataset_hash(self.challenge, self.loaded.inputs_dir, self.loaded.truth_dir),
            evaluator_version=__version__,
            engine=self.engine.name,
            resamples=self.challenge.bootstrap.resamples,
            confidence=self.challenge.bootstrap.confidence,
            seed=self.challenge.bootstrap.seed,
            pseudonyms=self.names.are_pseudonyms,
        )


class _References:
    """The organiser's files: sizes of images and reference masks."""

    def __init__(self, loaded: LoadedChallenge) -> None:
        self.challenge, self.inputs_dir, self.truth_dir = loaded.challenge, loaded.inputs_dir, loaded.truth_dir

    def check(self) -> None:
        """Stop before any work is done where a reference is not declared, or its file is not there."""
        for case in self.challenge.cases:
            if case.mask is None and case.label is None:
                raise UnusableReferenceError(
                    f"case {case.id}: the challenge declares no reference for it; score with the organiser's challenge file"
                )
            if case.mask is not None and not self._path(case).is_file():
                missing = f"case {case.id}: the reference {self._path(case)} is missing"
                raise UnusableReferenceError(f"{missing}; put it there, or correct `truth` in the challenge")

    def image_size(self, case: Case) -> tuple[int, int]:
        try:
            return image_size(self.inputs_dir / case.id)
        except ImageUnreadable as error:
            raise UnusableReferenceError(
                f"case {case.id}: {error}; put the image back, or correct `inputs` in the challenge"
            ) from error

    def mask(self, case: Case) -> LabelImage:
        path = self._path(case)
        try:
            read = read_mask_png(path.read_bytes(), expected=self.image_size(case))
        except OSError as error:
            raise UnusableReferenceError(f"case {case.id}: the reference {path} cannot be read: {error.strerror}") from error
        if read.array is None:
            why = read.detail or str(read.problem)
            raise UnusableReferenceError(
                f"case {case.id}: the reference {path} cannot be used: {why}; save it as an 8-bit grey PNG"
            )
        return read.array

    def _path(self, case: Case) -> Path:
        if self.truth_dir is None or case.mask is None:
            raise UnusableReferenceError(
                f"case {case.id}: the challenge names no truth folder; set `truth` to where the masks are"
            )
        return self.truth_dir / case.mask


def _is_unusable(problem: FindingCode | None) -> bool:
    return problem is not None and problem not in NOTES


def _usable(answer: ClassAnswer) -> ClassAnswer:
    """The answer with nothing in it where it does not count."""
    if _is_unusable(answer.problem):
        return ClassAnswer(None, None, answer.problem)
    return ClassAnswer(answer.probabilities, answer.prediction)


def _table(task: Task, cases: Sequence[Case], written: Sequence[ClassAnswer]) -> ClassAnswers:
    absent = (np.nan,) * len(task.classes or ())
    return ClassAnswers(
        labels=np.array([case.label for case in cases], dtype=np.intp),
        probabilities=np.array([absent if answer.probabilities is None else answer.probabilities for answer in written]),
        decisions=np.array(
            [NO_DECISION if answer.prediction is None else answer.prediction for answer in written], dtype=np.intp
        ),
    )


def _of_classes(engine: Engine, name: str, table: ClassAnswers) -> Measure:
    return lambda positions, counts: engine.of_classes[name](table.take(positions), counts)


def _class_scores(answer: ClassAnswer, *, right: bool) -> dict[str, float]:
    probabilities = {f"p_{number}": each for number, each in enumerate(answer.probabilities or ())}
    return {"acc": 1.0 if right else 0.0, **probabilities}


def _case_score(case: Case, scores: dict[str, float], problem: str | None) -> CaseScore:
    return CaseScore(id=case.id, task=case.task, center=case.center, scores=scores, problem=problem)


def _in_order(challenge: Challenge, measured: Sequence[_Measured]) -> tuple[CaseScore, ...]:
    by_id = {score.id: score for each in measured for score in each.cases}
    return tuple(by_id[case.id] for case in challenge.cases)


def _found(answers: Answers) -> tuple[FindingRecord, ...]:
    # Sorted: which examples are told must not depend on the order in which the container was told of the cases.
    in_order = sorted(answers.findings, key=lambda finding: (finding.where, finding.detail))
    return tuple(
        FindingRecord(code=each.code.value, count=each.count, examples=each.examples, sentence=each.sentence)
        for each in summarise(in_order)
    )


def _replicates(tasks: Sequence[ScoredTask]) -> Replicates:
    return Replicates({(task.score.id, name): values for task in tasks for name, values in task.replicates.items()})


def _unheard(done: int, total: int) -> None:
    """Nobody wants to know."""
