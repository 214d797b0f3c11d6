"""The one way through: a challenge, its references and containers' results become Evaluations and their replicates.

Results are a stranger's and are read through the contract, which never raises for what is in them. References are the
organiser's and trusted; one that is missing stops the scoring, because no score without it would be comparable.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import NamedTuple

from sonobench_eval import __version__
from sonobench_eval.challenge.digest import dataset_hash
from sonobench_eval.challenge.load import LoadedChallenge
from sonobench_eval.challenge.model import Challenge, Task
from sonobench_eval.contract.port import Answers
from sonobench_eval.contract.pseudonyms import CaseNames, case_names
from sonobench_eval.contract.registry import contract_of
from sonobench_eval.contract.under_names import read_answers_under
from sonobench_eval.evaluation import CaseScore, Evaluation, FindingRecord, Provenance
from sonobench_eval.io.confined import ConfinedDecoder
from sonobench_eval.io.findings import summarise
from sonobench_eval.io.images import Decoder
from sonobench_eval.io.results import ResultSource
from sonobench_eval.kinds.measuring import ask, measure_task
from sonobench_eval.kinds.port import Asked, Measured
from sonobench_eval.metrics.named import EngineName
from sonobench_eval.references import References, UnusableReferenceError
from sonobench_eval.scoring_image.measure import with_image_scores, without_value
from sonobench_eval.scoring_image.run import ImageScorer
from sonobench_eval.statistics.aggregation import ScoredTask, score_task
from sonobench_eval.statistics.means import mean_over_tasks
from sonobench_eval.statistics.replicates import Replicates

__all__ = ["Progress", "Results", "Scored", "UnusableReferenceError", "check_results", "score_many", "score_results"]

Progress = Callable[[int, int], None]
"""Called with (cases done, cases in all)."""


class Results(NamedTuple):
    """What one container left, and what its names for the cases were made with (None where it knew them by their own)."""

    source: ResultSource
    pseudonym_key: bytes | None = None


class Scored(NamedTuple):
    """An evaluation, and the bootstrap replicates that a ranking resamples."""

    evaluation: Evaluation
    replicates: Replicates


def score_results(
    loaded: LoadedChallenge,
    source: ResultSource,
    *,
    pseudonym_key: bytes | None = None,
    engine: EngineName = "fast",
    own_metrics: ImageScorer | None = None,
    progress: Progress | None = None,
) -> Scored:
    """Score the results of one algorithm.

    Every case of the challenge counts, whatever became of its result: what is missing or unusable scores as the
    challenge's `undefined` policy declares.

    Args:
        loaded: The organiser's challenge, with references.
        source: What the container left in its output folder.
        pseudonym_key: What the container's names for the cases were made with; None where it knew them by their own.
        engine: `fast`, or `reference` (other people's software) to check it.
        own_metrics: Runs the challenge's scoring image where it declares one; without it, these metrics have no value.
        progress: Told after each case.

    Raises:
        UnusableReferenceError: a reference or an image of the challenge is missing or unreadable (a `ChallengeError`).
        ScoringImageTrouble: the organisers' scoring image failed (a `ChallengeError`).
        SandboxTrouble: the engine that it runs on failed.
    """
    results = [Results(source, pseudonym_key)]
    return score_many(loaded, results, engine=engine, own_metrics=own_metrics, progress=progress)[0]


def score_many(
    loaded: LoadedChallenge,
    results: Sequence[Results],
    *,
    engine: EngineName = "fast",
    own_metrics: ImageScorer | None = None,
    progress: Progress | None = None,
) -> list[Scored]:
    """Score the results of several algorithms, reading and measuring every reference once; in the order of `results`.

    Args:
        loaded, engine, own_metrics: As for `score_results`.
        results: What each algorithm left.
        progress: Told after each case of each algorithm.

    Raises:
        UnusableReferenceError, ScoringImageTrouble, SandboxTrouble: as for `score_results`.
    """
    with ExitStack() as decoders:
        # One child for each algorithm: what one team's file might do to its decoder must not reach another team's.
        own = [decoders.enter_context(ConfinedDecoder()) for _ in results]
        ahead = decoders.enter_context(ConfinedDecoder()) if len(os.sched_getaffinity(0)) > 1 else None
        truth = References(loaded, ahead)
        run = _Run(loaded, results, own, truth, engine=engine, progress=progress or _unheard)
        return run.score(own_metrics if _has_own_metrics(loaded.challenge) else None)


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
    answers = _opened(challenge, case_names(challenge, pseudonym_key), source, References(loaded))
    tasks = {task.id: task for task in challenge.tasks}
    for done, case in enumerate(challenge.cases, start=1):
        ask(answers, tasks[case.task], case)
        tell(done, len(challenge.cases))
    return _found(answers)


class _Run:
    """One pass over the cases, for all algorithms at once."""

    def __init__(
        self,
        loaded: LoadedChallenge,
        results: Sequence[Results],
        decoders: Sequence[Decoder],
        truth: References,
        *,
        engine: EngineName,
        progress: Progress,
    ) -> None:
        self.loaded, self.challenge, self.engine, self.progress = loaded, loaded.challenge, engine, progress
        self.truth, self.results, self.decoders = truth, results, decoders
        self.names = [case_names(self.challenge, each.pseudonym_key) for each in results]
        self.answers = [
            self._open(names, each.source, decoder) for names, each, decoder in zip(self.names, results, decoders, strict=True)
        ]
        self.done = 0

    def score(self, own_metrics: ImageScorer | None) -> list[Scored]:
        self.truth.check()
        with ThreadPoolExecutor(1) as beside:
            hashing = beside.submit(dataset_hash, self.challenge, self.loaded.inputs_dir, self.loaded.truth_dir)
            measured = [self._measure(task) for task in self.challenge.tasks]
            made_from = self._provenance(hashing.result(), with_image=own_metrics is not None)
        return [
            self._scored(
                self._with_own([of_task[number] for of_task in measured], number, own_metrics), answers, made_from(names)
            )
            for number, (answers, names) in enumerate(zip(self.answers, self.names, strict=True))
        ]

    def _measure(self, task: Task) -> list[Measured]:
        asked = Asked(task.without_image_metrics, self.challenge.cases_of(task.id), self.engine)
        return measure_task(asked, self.answers, self.truth, policy=self.challenge.undefined, told=self._tell)

    def _with_own(self, measured: Sequence[Measured], number: int, own_metrics: ImageScorer | None) -> list[Measured]:
        """With the metrics of the organisers' own image, which is shown one algorithm's answers."""
        scores = None
        if own_metrics is not None:
            # Opened once more: what is found wrong was told when the answers were measured.
            opened = self._open(self.names[number], self.results[number].source, self.decoders[number])
            lacking = without_value([case for each in measured for case in each.cases])
            scores = own_metrics.score(self.loaded, opened, self.truth, without_value=lacking)
        pairs = zip(measured, self.challenge.tasks, strict=True)
        return [with_image_scores(each, task, scores, self.challenge) for each, task in pairs]

    def _open(self, names: CaseNames, source: ResultSource, decoder: Decoder) -> Answers:
        return _opened(self.challenge, names, source, self.truth, decoder)

    def _scored(self, measured: Sequence[Measured], answers: Answers, made_from: Provenance) -> Scored:
        challenge = self.challenge
        tasks = [score_task(each.task, challenge.centers, challenge.bootstrap, challenge.subgroups) for each in measured]
        evaluation = Evaluation(
            made_from=made_from,
            tasks=tuple(task.score for task in tasks),
            means=mean_over_tasks(tasks, challenge.bootstrap),
            cases=_in_order(challenge, measured),
            findings=_found(answers),
        )
        return Scored(evaluation, _replicates(tasks))

    def _tell(self) -> None:
        self.done += 1
        self.progress(self.done, len(self.challenge.cases) * len(self.answers))

    def _provenance(self, data: str, *, with_image: bool) -> Callable[[CaseNames], Provenance]:
        """What every evaluation of this run was made from; only whether there were pseudonyms is each one's own."""
        return lambda names: Provenance(
            challenge=self.challenge.name,
            challenge_hash=self.loaded.hash,
            dataset_hash=data,
            evaluator_version=__version__,
            engine=self.engine,
            resamples=self.challenge.bootstrap.resamples,
            confidence=self.challenge.bootstrap.confidence,
            seed=self.challenge.bootstrap.seed,
            pseudonyms=names.are_pseudonyms,
            scoring_image=self.challenge.scoring_image.image if with_image and self.challenge.scoring_image else None,
        )


def _has_own_metrics(challenge: Challenge) -> bool:
    """One phase of a challenge may have none of them, though the challenge has a scoring image."""
    return any(metric.from_image is not None for task in challenge.tasks for metric in task.metrics)


def _opened(
    challenge: Challenge, names: CaseNames, source: ResultSource, truth: References, decoder: Decoder | None = None
) -> Answers:
    return read_answers_under(names, contract_of(challenge), challenge, source, image_size=truth.image_size, decoder=decoder)


def _in_order(challenge: Challenge, measured: Sequence[Measured]) -> tuple[CaseScore, ...]:
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
    return Replicates({(task.score.id, key): values for task in tasks for key, values in task.replicates.items()})


def _unheard(done: int, total: int) -> None:
    """Nobody wants to know."""
