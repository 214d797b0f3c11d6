"""What a local test of an image found out, and what it says of the full test set."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from json import loads
from typing import TYPE_CHECKING, Any

from sonobench_eval.io.findings import NOTES
from sonobench_eval.sandbox.failure import Category
from sonobench_eval.sandbox.shown_log import ShownLog

if TYPE_CHECKING:
    from sonobench_eval.challenge.model import Challenge
    from sonobench_eval.cli.checks import Check
    from sonobench_eval.evaluation import Evaluation, FindingRecord
    from sonobench_eval.intake.records import VerifiedImage
    from sonobench_eval.sandbox.failure import Failure
    from sonobench_eval.sandbox.port import RunOutcome

SCHEMA = "sonobench.test/2"
"""1 had no checks, findings, predicted time, log and pseudonym key; all that it had is still there."""


@dataclass(frozen=True, slots=True)
class Predicted:
    """Time for all `cases` of the challenge, from the time that `tried` of them took together.

    An upper bound where `tried` is smaller: what a container does once, when it starts, is in the time of each case.
    """

    seconds: float
    cases: int
    tried: int


@dataclass(frozen=True, slots=True)
class Trial:
    """All of a local test. `findings` is None where there were no results to read; `evaluation` also without references."""

    image: VerifiedImage
    challenge: Challenge
    cases_declared: int
    outcome: RunOutcome
    failure: Failure | None
    findings: tuple[FindingRecord, ...] | None
    evaluation: Evaluation | None
    log: ShownLog
    pseudonym_key: bytes | None = None
    tasks_without_cases: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """The image ran to its end, and every one of its results can be used."""
        return self.failure is None and self.findings is not None and all(each.code in NOTES for each in self.findings)

    @property
    def ended_well(self) -> bool:
        """The program ran to its end and left something to read, be it of use or not."""
        return self.failure is None or self.failure.category == Category.BAD_OUTPUT

    @property
    def predicted(self) -> Predicted | None:
        """Time on the full test set; None where the run failed or its time is not known."""
        measured, tried = self.outcome.measurement.wall_time_s, len(self.challenge.cases)
        if not self.ended_well or measured is None:
            return None
        return Predicted(measured / tried * self.cases_declared, self.cases_declared, tried)

    @property
    def time_per_case_s(self) -> float | None:
        """Wall time over cases, start-up included; None where the time is not known.

        A mean is all there is: the contract hands all cases to one container at once, and when it turns from one to the
        next is not to be seen from outside.
        """
        measured, tried = self.outcome.measurement.wall_time_s, len(self.challenge.cases)
        return None if measured is None or not tried else measured / tried


def as_document(trial: Trial, checks: tuple[Check, ...]) -> dict[str, Any]:
    """The report as JSON data."""
    failure, predicted = trial.failure, trial.predicted
    return {
        "schema": SCHEMA,
        "passed": trial.passed,
        "image": {"config_digest": trial.image.config_digest, "warnings": list(trial.image.warnings)},
        "failure": None
        if failure is None
        else {"category": failure.category.value, "blame": failure.blame.value, "sentence": failure.sentence},
        "checks": [check._asdict() for check in checks],
        "measurement": asdict(trial.outcome.measurement),
        "mean_time_per_case_s": trial.time_per_case_s,
        "result_files": trial.outcome.result_files,
        "result_bytes": trial.outcome.result_bytes,
        "notes": list(trial.outcome.notes),
        "findings": None if trial.findings is None else [each.model_dump() for each in trial.findings],
        "predicted": None if predicted is None else asdict(predicted),
        "evaluation": None if trial.evaluation is None else loads(trial.evaluation.to_json()),
        "log": asdict(trial.log),
        "pseudonym_key": None if trial.pseudonym_key is None else trial.pseudonym_key.hex(),
    }
