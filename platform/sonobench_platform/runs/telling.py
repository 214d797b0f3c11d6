"""Telling a challenge's organisers what only a person can settle: by mail, and in the log for whoever reads that at night."""

from __future__ import annotations

import logging

from sqlalchemy import select

from sonobench_platform.core import Core
from sonobench_platform.db.models import OrganiserRow, PersonRow
from sonobench_platform.db.session import Work
from sonobench_platform.notices.events import attention_needed
from sonobench_platform.notices.outbox import mail

log = logging.getLogger(__name__)


def tell_organisers(core: Core, work: Work, challenge_id: str, *, event: str, subject: str, text: str) -> int:
    """Write to everyone who organises the challenge; returns to how many. The log has it too, once this is committed.

    Args:
        event: what it tells, as `noun.verb`: `run.lost`, `baseline.drifted`.
    """
    work.after_commit(lambda: log.error("%s: %s", subject, text))
    attention_needed(work, challenge_id, about=event, subject=subject, at=core.clock.now())
    query = (
        select(PersonRow.email)
        .join(OrganiserRow, OrganiserRow.person_id == PersonRow.id)
        .where(OrganiserRow.challenge_id == challenge_id, PersonRow.disabled_at.is_(None), PersonRow.erased_at.is_(None))
        .order_by(PersonRow.id)
    )
    addresses = list(work.session.scalars(query))
    for address in addresses:
        mail(core, work, to=address, event=event, subject=subject, text=text)
    return len(addresses)
