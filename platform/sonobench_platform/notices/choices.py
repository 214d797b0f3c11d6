"""Whether a person gets mails about what happens. Mails that they asked for themselves, such as a new password, come always."""

from __future__ import annotations

from sqlalchemy.orm import Session

from sonobench_platform.db.models import MailChoiceRow
from sonobench_platform.db.session import Work


def wants_mail(session: Session, person_id: str) -> bool:
    row = session.get(MailChoiceRow, person_id)
    return row is None or row.wants_mail


def choose_mail(work: Work, person_id: str, *, wanted: bool) -> None:
    """Keep a person's choice."""
    work.take_turns(f"mail choice of {person_id}")
    work.session.merge(MailChoiceRow(person_id=person_id, wants_mail=wanted))
    work.session.flush()
