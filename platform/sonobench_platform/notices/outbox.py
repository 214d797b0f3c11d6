"""What people are to be told: written in the transaction of what happened, sent by a worker afterwards."""

from __future__ import annotations

from sonobench_platform.core import Core
from sonobench_platform.db.models import NoticeRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.ids import new_id


def mail(core: Core, work: Work, *, to: str, event: str, subject: str, text: str) -> NoticeRow:
    """Have a mail sent once this transaction is committed; where no mail server is set, it goes to the log.

    Args:
        event: what it tells, as `noun.verb`: `team.invited`, `account.reset`.
    """
    row = NoticeRow(id=new_id("note"), channel="mail", address=to, event=event, subject=subject, body=text, tries=0)
    row.created_at = core.clock.now()
    work.session.add(row)
    work.session.flush()
    return row
