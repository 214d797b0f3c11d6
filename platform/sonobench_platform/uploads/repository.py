"""Resumable uploads in the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, CursorResult, Select, and_, func, select, update
from sqlalchemy.orm import Session

from sonobench_platform.accounts.identity import Identity
from sonobench_platform.db.models import ChallengeRow, PhaseRow, SubmissionRow, UploadRow
from sonobench_platform.domain.errors import NotFound
from sonobench_platform.domain.ids import is_id
from sonobench_platform.domain.states import State


class Held(NamedTuple):
    """An upload with what it belongs to."""

    upload: UploadRow
    submission: SubmissionRow
    phase: PhaseRow
    challenge: ChallengeRow


class Due(NamedTuple):
    """An upload that the sweep may have to deal with."""

    upload_id: str
    submission_id: str
    size_bytes: int


def held(session: Session, upload_id: str, *, caller: Identity) -> Held:
    """An upload of one of the caller's teams.

    Raises:
        NotFound: there is none of that id, or it is another team's.
    """
    row = None
    if is_id(upload_id):
        query = _held().where(UploadRow.id == upload_id, SubmissionRow.team_id.in_(caller.team_ids))
        row = session.execute(query).one_or_none()
    if row is None:
        raise NotFound("no-such-upload", "There is no upload of that name, or it is not yours.")
    return Held(*row)


def of_submission(session: Session, submission_id: str) -> UploadRow | None:
    return session.scalar(select(UploadRow).where(UploadRow.submission_id == submission_id))


def same_as(session: Session, wanted: UploadRow, *, team_ids: frozenset[str], content_is_named: bool) -> UploadRow | None:
    """An unfinished upload that a repeated creation means: of the same team, size and metadata.

    Args:
        wanted: what this creation would make.
        content_is_named: the metadata has the content's SHA-256; else only an upload that has brought nothing yet is meant.
    """
    query = (
        select(UploadRow)
        .join(SubmissionRow, SubmissionRow.id == UploadRow.submission_id)
        .where(
            _is_unfinished(wanted.created_at),
            SubmissionRow.team_id.in_(team_ids),
            UploadRow.size_bytes == wanted.size_bytes,
            UploadRow.metadata_header == wanted.metadata_header,
        )
    )
    if not content_is_named:
        query = query.where(UploadRow.offset_bytes == 0)
    return session.scalar(query.order_by(UploadRow.created_at.desc(), UploadRow.id).limit(1))


def count_unfinished(session: Session, *, team_id: str, now: datetime) -> int:
    query = select(func.count()).select_from(UploadRow).join(SubmissionRow, SubmissionRow.id == UploadRow.submission_id)
    return session.scalar(query.where(_is_unfinished(now), SubmissionRow.team_id == team_id)) or 0


def set_offset(session: Session, upload_id: str, *, before: int, after: int) -> bool:
    """Compare and set; False where the upload is whole already or stands elsewhere."""
    statement = (
        update(UploadRow)
        .where(UploadRow.id == upload_id, UploadRow.offset_bytes == before, UploadRow.finished_at.is_(None))
        .values(offset_bytes=after)
        .execution_options(synchronize_session=False)
    )
    return cast(CursorResult[Any], session.execute(statement)).rowcount == 1


def expired(session: Session, now: datetime) -> Sequence[Due]:
    query = _open_due().where(UploadRow.expires_at <= now)
    return [Due(*row) for row in session.execute(query)]


def whole_but_unfinished(session: Session) -> Sequence[Due]:
    """Every byte of these came, and whoever took the last one did not live to say so."""
    query = _open_due().where(UploadRow.offset_bytes == UploadRow.size_bytes)
    return [Due(*row) for row in session.execute(query)]


def still_open(session: Session, upload_ids: Sequence[str]) -> frozenset[str]:
    """Those of these uploads that may bring more."""
    return frozenset(row.id for row in session.execute(_open_due().where(UploadRow.id.in_(upload_ids))))


def _held() -> Select[UploadRow, SubmissionRow, PhaseRow, ChallengeRow]:
    return (
        select(UploadRow, SubmissionRow, PhaseRow, ChallengeRow)
        .join(SubmissionRow, SubmissionRow.id == UploadRow.submission_id)
        .join(PhaseRow, PhaseRow.id == SubmissionRow.phase_id)
        .join(ChallengeRow, ChallengeRow.id == SubmissionRow.challenge_id)
    )


def _open_due() -> Select[str, str, int]:
    return (
        select(UploadRow.id, UploadRow.submission_id, UploadRow.size_bytes)
        .join(SubmissionRow, SubmissionRow.id == UploadRow.submission_id)
        .where(UploadRow.finished_at.is_(None), SubmissionRow.state == State.UPLOADING)
    )


def _is_unfinished(now: datetime) -> ColumnElement[bool]:
    return and_(UploadRow.finished_at.is_(None), SubmissionRow.state == State.UPLOADING, UploadRow.expires_at > now)
