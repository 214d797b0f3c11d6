"""Data of phases: what registering found, what a verification found since, and whether a phase may open on it.

Registering a challenge opens every image and every mask, and counts as the first verification. An organiser may ask for a whole
one at any time: files against the registered manifest, images against each other, masks against images. Score workers do it,
because it reads hidden truth; the audit log says so before it happens.
"""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from sqlalchemy import CursorResult, or_, select, update
from sqlalchemy.orm import Session

from sonobench_eval.challenge.digest import dataset_hash
from sonobench_eval.challenge.load import ChallengeError, LoadedChallenge, load_challenge
from sonobench_eval.challenge.manifest import Manifest, ManifestRow
from sonobench_eval.challenge.verify_data import DatasetFinding, DatasetReport, verify
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.accounts.tokens import TokenKind
from sonobench_platform.audit.log import record
from sonobench_platform.challenges.definition import open_definition, public_challenge
from sonobench_platform.challenges.opening import settle_phase
from sonobench_platform.core import Core
from sonobench_platform.db.models import ChallengeRow, DatasetRow, PhaseRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import Forbidden, NotFound

log = logging.getLogger(__name__)

HELD_S = 900.0
"""A verification that has not gone on for so long is taken over. It says so after every case, at most this often:"""
RENEWED_EVERY_S = 30.0
VERIFIER = Identity(TokenKind.ORGANISER, "the score worker")
"""Who verifies where an organiser asked over the network."""


class _TakenOver(Exception):
    """Another worker does it now, or nobody wants it any more."""


def is_ready(session: Session, phase_id: str) -> bool:
    """Whether the phase may open: its data was found sound by the last verification, of which registering is the first."""
    phase = session.get(PhaseRow, phase_id)
    return phase is not None and phase.is_sound


def keep_registration(core: Core, work: Work, caller: Identity, phase: PhaseRow) -> None:
    """Note that registering found the phase's data sound. Data that was verified since, and is the same, keeps its report."""
    row = work.session.get(DatasetRow, phase.id)
    if row is not None and row.dataset_hash == phase.dataset_hash:
        return
    cases = len(public_challenge(phase).cases)
    report = DatasetReport(phase.name, cases, None, ())
    if row is None:
        row = DatasetRow(phase_id=phase.id, manifest_sha256=None, manifest=None)
        work.session.add(row)
    _fill(core, row, phase, report, by=caller.name)
    phase.is_sound = True
    work.session.flush()


def ask(core: Core, work: Work, caller: Identity, phase: PhaseRow, *, manifest: Manifest | None = None) -> DatasetRow:
    """Have the phase's data verified; returns at once. Asked again before it is done, it is done once.

    Args:
        manifest: what every file must be from now on; None keeps the registered one, where there is one.

    Raises:
        Forbidden: the caller does not organise the challenge.
    """
    if not caller.may_organise(phase.challenge_id):
        raise Forbidden("not-your-challenge", "This is for the organisers of the challenge.")
    row = work.session.get(DatasetRow, phase.id)
    if row is None:  # registered before there were verifications
        keep_registration(core, work, caller, phase)
        row = work.session.get_one(DatasetRow, phase.id)
    if manifest is not None:
        row.manifest = json.dumps([_as_json(each) for each in manifest.rows], ensure_ascii=False)
        row.manifest_sha256 = manifest.sha256
    row.asked_at, row.asked_by, row.trouble = core.clock.now(), caller.name[:100], None
    detail = {"phase": phase.name, "manifest": row.manifest_sha256}
    record(core, work, caller, "dataset.ask", phase.id, challenge_id=phase.challenge_id, detail=detail)
    work.session.flush()
    return row


def get_dataset(session: Session, phase: PhaseRow) -> DatasetRow:
    """What is known of the phase's data.

    Raises:
        NotFound: it was registered before there were verifications, and none was asked for since.
    """
    row = session.get(DatasetRow, phase.id)
    if row is None:
        raise NotFound("no-report", f"The data of {phase.name} was not verified yet; ask for a verification.")
    return row


def due_datasets(core: Core) -> list[str]:
    """Ids of phases whose verification was asked for, and which nobody is at."""
    now = core.clock.now()
    free = or_(DatasetRow.worker_until.is_(None), DatasetRow.worker_until <= now)
    query = select(DatasetRow.phase_id).where(DatasetRow.asked_at.is_not(None), free).order_by(DatasetRow.asked_at)
    with core.database.read() as session:
        return list(session.scalars(query))


def verify_phase(core: Core, phase_id: str, *, caller: Identity = VERIFIER) -> None:
    """Do a verification that was asked for. Harmless when it is not due, or under way elsewhere; reads hidden truth."""
    held = _Hold(core, phase_id)
    if not held.take(caller):
        return
    try:
        report = _verified(core, phase_id, held)
        _record(core, phase_id, report, held, caller=caller)
    except _TakenOver:
        log.info("the verification of %s was taken over", phase_id)
    except Exception as error:
        log.exception("the data of %s could not be verified", phase_id)
        held.let_go(f"{type(error).__name__}: {error}")


class _Hold:
    """One worker's right to one verification."""

    def __init__(self, core: Core, phase_id: str) -> None:
        self._core, self.phase_id = core, phase_id
        self.until = core.clock.now()

    def take(self, caller: Identity) -> bool:
        """Take it if it is due and free; the audit log has it before anything is read."""
        now = self._core.clock.now()
        free = or_(DatasetRow.worker_until.is_(None), DatasetRow.worker_until <= now)
        with self._core.database.write() as work:
            self.until = now + timedelta(seconds=HELD_S)
            taken = update(DatasetRow).where(DatasetRow.phase_id == self.phase_id, DatasetRow.asked_at.is_not(None), free)
            if _rows(work, taken.values(worker_until=self.until)) != 1:
                return False
            phase = work.session.get_one(PhaseRow, self.phase_id)
            detail = {"for": "dataset.verify", "phase": phase.name, "dataset": phase.dataset_hash}
            record(self._core, work, caller, "truth.read", phase.id, challenge_id=phase.challenge_id, detail=detail)
        return True

    def go_on(self, _done: int = 0, _total: int = 0) -> None:
        """Keep it, now and then.

        Raises:
            _TakenOver: it is another worker's by now.
        """
        now = self._core.clock.now()
        if self.until - now > timedelta(seconds=HELD_S - RENEWED_EVERY_S):
            return
        with self._core.database.write() as work:
            self.renew(work)

    def renew(self, work: Work) -> None:
        """Prove that it is still this worker's, in the transaction of what is recorded.

        Raises:
            _TakenOver: it is not.
        """
        until = self._core.clock.now() + timedelta(seconds=HELD_S)
        mine = update(DatasetRow).where(DatasetRow.phase_id == self.phase_id, DatasetRow.worker_until == self.until)
        if _rows(work, mine.values(worker_until=until)) != 1:
            raise _TakenOver
        self.until = until

    def let_go(self, trouble: str) -> None:
        """Give up for good, with the reason; an organiser asks again."""
        with self._core.database.write() as work:
            mine = update(DatasetRow).where(DatasetRow.phase_id == self.phase_id, DatasetRow.worker_until == self.until)
            _rows(work, mine.values(worker_until=None, asked_at=None, trouble=trouble))


def _rows(work: Work, statement: Any) -> int:
    return cast(CursorResult[Any], work.session.execute(statement)).rowcount


def _verified(core: Core, phase_id: str, held: _Hold) -> DatasetReport:
    with core.database.read() as session:
        phase = session.get_one(PhaseRow, phase_id)
        challenge = session.get_one(ChallengeRow, phase.challenge_id)
        manifest = session.get_one(DatasetRow, phase_id).manifest
    whole = _whole(core, challenge)
    report = verify(whole, _parsed(manifest), progress=held.go_on).of_phase(phase.name)
    cases = len(public_challenge(phase).cases)
    return replace(report, cases=cases, findings=(*_of_the_hash(core, phase), *report.findings))


def _whole(core: Core, challenge: ChallengeRow) -> LoadedChallenge:
    """All phases at once: what is in two of them is only seen so."""
    loaded = load_challenge(core.store.definition(challenge.hash))
    if loaded.hash != challenge.hash:
        raise ChallengeError(f"the stored definition of {challenge.name} has changed; register the challenge again")
    return replace(loaded, folder=Path(challenge.folder))


def _of_the_hash(core: Core, phase: PhaseRow) -> tuple[DatasetFinding, ...]:
    """Whether the data is still what was registered: nothing else is ever scored."""
    try:
        own = open_definition(core.store, phase)
        found = dataset_hash(own.challenge, own.inputs_dir, own.truth_dir)
    except ChallengeError as error:
        return (DatasetFinding("error", "not-registered", "", phase.name, "", str(error)),)
    if found == phase.dataset_hash:
        return ()
    sentence = "the data is not what was registered: put the registered files back, or register it anew"
    return (DatasetFinding("error", "not-registered", "", phase.name, "", sentence),)


def _record(core: Core, phase_id: str, report: DatasetReport, held: _Hold, *, caller: Identity) -> None:
    with core.database.write() as work:
        held.renew(work)
        phase, row = work.session.get_one(PhaseRow, phase_id), work.session.get_one(DatasetRow, phase_id)
        work.session.refresh(row)
        _fill(core, row, phase, report, by=row.asked_by or caller.name)
        phase.is_sound = report.is_sound
        work.session.flush()
        detail = {"phase": phase.name, "sound": report.is_sound, "errors": report.errors, "warnings": report.warnings}
        record(core, work, caller, "dataset.verify", phase.id, challenge_id=phase.challenge_id, detail=detail)
        settle_phase(core, work, phase)


def _fill(core: Core, row: DatasetRow, phase: PhaseRow, report: DatasetReport, *, by: str) -> None:
    row.dataset_hash, row.is_sound, row.report = phase.dataset_hash, report.is_sound, report.to_json()
    row.verified_at, row.verified_by = core.clock.now(), by[:100]
    row.asked_at = row.asked_by = row.worker_until = row.trouble = None


def _as_json(row: ManifestRow) -> dict[str, str]:
    return {name: getattr(row, name) for name in ManifestRow.__dataclass_fields__}


def _parsed(manifest: str | None) -> Manifest | None:
    return None if manifest is None else Manifest(tuple(ManifestRow(**each) for each in json.loads(manifest)))
