"""Reading studies: what there is of a snapshot, as far as it may be shown now. Who sees the board is asked before."""

from __future__ import annotations

import logging
from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from sonobench_platform.core import Core
from sonobench_platform.db.models import PhaseRow, SnapshotRow
from sonobench_platform.leaderboards.study import Study
from sonobench_platform.storage.studies import INDEX

log = logging.getLogger(__name__)


def study_of(core: Core, session: Session, snapshot: SnapshotRow) -> Study | None:
    """The study of a published board; None before it was made. While its phase is open, only what the board itself says."""
    study = stored_study(core, snapshot)
    if study is None:
        return None
    return study.while_open() if session.get_one(PhaseRow, snapshot.phase_id).is_open else study


def stored_study(core: Core, snapshot: SnapshotRow) -> Study | None:
    """All that was made of the snapshot, whoever may see it; None where nothing was, or where it is of another one."""
    index = core.store.studies.folder(snapshot.phase_id, snapshot.number) / INDEX
    try:
        study = _read(index, index.stat().st_mtime_ns)
    except FileNotFoundError:
        return None
    except ValidationError:
        log.warning("the study of snapshot %d of %s cannot be read; it is made again", snapshot.number, snapshot.phase_id)
        return None
    return study if study.content_hash == snapshot.content_hash else None


def snapshot_of(session: Session, phase_id: str, number: int) -> SnapshotRow | None:
    """The snapshot of this number; None where there is none."""
    return session.scalar(select(SnapshotRow).where(SnapshotRow.phase_id == phase_id, SnapshotRow.number == number))


@lru_cache(maxsize=32)
def _read(index: Path, _changed_ns: int) -> Study:
    return Study.from_json(index.read_bytes())
