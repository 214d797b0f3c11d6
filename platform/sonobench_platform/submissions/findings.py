"""What was found in a submission's results, as far as whoever asks may know it.

A finding may quote what a container wrote and name cases. Organisers read it whole. A team reads it whole where the phase's
data is public (then its logs are the team's too); of hidden data it reads how many, and what kind: the size of a mask, say, is
a number that a program chose while it saw hidden images.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy.orm import Session

from sonobench_eval.evaluation import Evaluation, FindingRecord
from sonobench_eval.io.findings import NOTES, FindingCode
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.challenges.definition import public_challenge
from sonobench_platform.runs.evaluations import current_evaluation
from sonobench_platform.submissions.repository import Whole

LONGEST = 500
"""Characters of a sentence or an example that are shown: both may hold a file's name, which a container chose."""


class Found(NamedTuple):
    """One kind of finding. `example` is a case or a file, empty where none may be told. A note harms no result."""

    code: FindingCode
    number: int
    sentence: str
    example: str
    is_note: bool


def is_public_data(whole: Whole) -> bool:
    """Whether a run's words are its team's to read: nothing hidden was near it."""
    return public_challenge(whole.phase).logs == "team"


def findings_of(session: Session, caller: Identity, whole: Whole) -> tuple[Found, ...]:
    """Everything that was found, what costs a result first. Whether its scores are shown at all is for the caller to see."""
    if whole.run is None or whole.summary is None:
        return ()
    row = current_evaluation(session, whole.run.id)
    if row is None:
        return ()
    in_full = caller.may_organise(whole.challenge.id) or is_public_data(whole)
    records = Evaluation.from_json(row.document if in_full else row.summary).findings
    return tuple(sorted(map(_found, records), key=lambda each: (each.is_note, -each.number, each.code)))


def _found(record: FindingRecord) -> Found:
    code = FindingCode(record.code)
    example = record.examples[0][:LONGEST] if record.examples else ""
    return Found(code, record.count, record.sentence[:LONGEST], example, code in NOTES)
