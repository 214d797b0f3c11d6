"""`sonobench admin audit`: verify the log, and read it."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple

from rich.table import Table
from sqlalchemy.orm import Session

from sonobench_eval.cli.console import show
from sonobench_eval.cli.render import plain
from sonobench_platform.accounts.service import TokenFileError
from sonobench_platform.audit.read import Wanted, newest
from sonobench_platform.audit.schemas import AuditEntry, entry_of
from sonobench_platform.audit.verify import BrokenLog, verify
from sonobench_platform.challenges import repository as challenges
from sonobench_platform.commands.menu_audit import Form
from sonobench_platform.commands.opening import opened
from sonobench_platform.commands.trouble import CommandError, told_in_a_sentence
from sonobench_platform.config import Settings
from sonobench_platform.db.session import Database
from sonobench_platform.desk.sheets import csv_lines
from sonobench_platform.domain.errors import Refusal

_AT_A_TIME = 500


class Filters(NamedTuple):
    """Which rows to list; None: all."""

    challenge: str | None
    action: str | None
    actor: str | None
    subject: str | None
    since: datetime | None
    until: datetime | None


def verify_log(settings: Settings, *, noted: Collection[str], as_json: bool) -> None:
    """Say whether the log is whole; where it is not, what is wrong first, with exit code 1."""
    with told_in_a_sentence(TokenFileError), opened(settings) as platform, platform.core.database.read() as session:
        try:
            found = verify(session, noted=noted)
        except BrokenLog as error:
            if as_json:
                print(json.dumps({"whole": False, "problem": str(error)}, ensure_ascii=False))
            raise CommandError(str(error)) from None
    if as_json:
        print(json.dumps({"whole": True, "rows": found.rows, "head": found.head, "heads": found.heads}))
    else:
        print(f"The audit log is whole: {found.rows:,} rows, {found.heads:,} published heads found in it.")
        print(f"Its head is {found.head or 'none yet'}; note it elsewhere to know later that nothing was cut off.")


def list_log(settings: Settings, filters: Filters, *, limit: int | None, form: Form) -> None:
    """The newest rows; JSON lines and CSV are written as they are read."""
    with told_in_a_sentence(TokenFileError, Refusal), opened(settings) as platform:
        with platform.core.database.read() as session:
            wanted = _wanted(session, filters)
        entries = islice(_entries(platform.core.database, wanted), limit)
        match form:
            case Form.TABLE:
                show(_table(entries))
            case Form.JSONL:
                sys.stdout.writelines(f"{each.model_dump_json()}\n" for each in entries)
            case Form.CSV:
                rows = (
                    each.model_dump(mode="json") | {"detail": json.dumps(each.detail, ensure_ascii=False)} for each in entries
                )
                sys.stdout.writelines(csv_lines(list(AuditEntry.model_fields), (list(row.values()) for row in rows)))


def _wanted(session: Session, filters: Filters) -> Wanted:
    challenge = None if filters.challenge is None else challenges.get(session, filters.challenge).id
    since, until = (_zoned(each) for each in (filters.since, filters.until))
    return Wanted(challenge, filters.action, filters.actor, filters.subject, since, until)


def _zoned(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at


def _entries(database: Database, wanted: Wanted) -> Iterator[AuditEntry]:
    before = None
    while True:
        with database.read() as session:
            found = newest(session, wanted, limit=_AT_A_TIME, before=before)
        yield from map(entry_of, found)
        if len(found) < _AT_A_TIME:
            return
        before = found[-1].row.number


def _table(entries: Iterable[AuditEntry]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("No.", "When (UTC)", "Who", "Action", "What", "Challenge", "Why"):
        table.add_column(heading, no_wrap=heading in {"No.", "When (UTC)", "Action"}, overflow="fold")
    for each in entries:
        when = f"{each.at:%Y-%m-%d %H:%M:%S}"
        words = (each.actor, each.action, each.subject, each.challenge or "", each.reason or "")
        table.add_row(f"{each.number:,}", when, *(plain(word) for word in words))
    return table
