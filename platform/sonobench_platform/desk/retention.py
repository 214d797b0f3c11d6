"""What is kept no longer than it must be: rules of the configuration, counted first, applied when told or once a day.

Never removed: boards and their snapshots, evaluations, histories, the audit log, the quota ledger, and the predictions that
count, from which everything can be scored again. A submission whose image went can be seen but not be run again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Select, delete, exists, func, or_, select
from sqlalchemy.orm import Session

from sonobench_platform.accounts.identity import SERVER, Identity
from sonobench_platform.audit.log import record
from sonobench_platform.core import Core
from sonobench_platform.db.models import AuditRow, BaselineRow, NoticeRow, RunRow, SubmissionRow, TokenRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.states import OPEN
from sonobench_platform.storage.store import Store

log = logging.getLogger(__name__)

APPLIED = "retention.apply"
DAILY = timedelta(days=1)


class Found(NamedTuple):
    """What one rule would remove: rows or files by name, and the disk space they take."""

    rule: str
    days: float
    items: tuple[str, ...]
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Rule:
    """`find` names what is past `before`; `remove` removes one of it and returns the files that go after the commit."""

    name: str
    days: float
    find: Callable[[Session, Store, datetime], list[str]]
    remove: Callable[[Work, Store, str], list[Path]]
    files: Callable[[Store, str], list[Path]]


def rules_of(core: Core) -> list[Rule]:
    """The rules that are set; without any nothing is ever removed."""
    settings = core.settings
    every = (
        Rule("images", settings.retention_images_days or 0, _old_images, _only_files(_image), _image),
        Rule("superseded runs", settings.retention_superseded_days or 0, _superseded, _only_files(_outputs), _outputs),
        Rule("logs", settings.retention_logs_days or 0, _with_log, _drop_log, _no_files),
        Rule("tokens", settings.retention_tokens_days or 0, _dead_tokens, _drop_token, _no_files),
        Rule("notices", settings.retention_notices_days or 0, _old_notices, _drop_notice, _no_files),
    )
    return [rule for rule in every if rule.days > 0]


def look(core: Core) -> list[Found]:
    """What every rule would remove now. Changes nothing."""
    return [_found(core, rule) for rule in rules_of(core)]


def apply(core: Core, *, caller: Identity = SERVER) -> list[Found]:
    """Remove it, with a row in the audit log for what went, in the name of `caller`; returns what was removed."""
    removed = []
    for rule in rules_of(core):
        found = _found(core, rule)
        if found.items:
            _remove(core, rule, found)
        removed.append(found)
    _sign(core, removed, caller)
    return removed


def apply_daily(core: Core) -> list[Found]:
    """A chore of the sweep: once a day, where a rule is set."""
    if not rules_of(core):
        return []
    with core.database.read() as session:
        last = session.scalar(select(func.max(AuditRow.at)).where(AuditRow.action == APPLIED))
    return [] if last is not None and core.clock.now() - last < DAILY else apply(core)


def _found(core: Core, rule: Rule) -> Found:
    before = core.clock.now() - timedelta(days=rule.days)
    with core.database.read() as session:
        items = tuple(rule.find(session, core.store, before))
    size_bytes = sum(path.stat().st_size for item in items for path in rule.files(core.store, item) if path.is_file())
    return Found(rule.name, rule.days, items, size_bytes)


def _remove(core: Core, rule: Rule, found: Found) -> None:
    """One transaction for each item, which looks again: a team may have handed the image in once more meanwhile."""
    for item in found.items:
        before = core.clock.now() - timedelta(days=rule.days)
        with core.database.write() as work:
            if item not in rule.find(work.session, core.store, before):
                continue
            for path in rule.remove(work, core.store, item):
                work.after_commit(lambda path=path: path.unlink(missing_ok=True))  # type: ignore[misc]


def _sign(core: Core, removed: list[Found], caller: Identity) -> None:
    told = {each.rule: {"days": each.days, "items": len(each.items), "bytes": each.size_bytes} for each in removed}
    with core.database.write() as work:
        record(core, work, caller, APPLIED, "platform", detail=told)
    for each in removed:
        log.info("retention, %s after %g days: %d removed, %d bytes", each.rule, each.days, len(each.items), each.size_bytes)


# The rules ------------------------------------------------------------------------------------------------------


def _old_images(session: Session, store: Store, before: datetime) -> list[str]:
    """Images of which every submission has ended, and none is a baseline that is run again."""
    needed = or_(
        SubmissionRow.state.in_(OPEN),
        SubmissionRow.state_since > before,
        exists().where(BaselineRow.submission_id == SubmissionRow.id),
    )
    kept = select(SubmissionRow.image_digest).where(SubmissionRow.image_digest.is_not(None), needed)
    query = select(SubmissionRow.image_digest).where(SubmissionRow.image_digest.not_in(kept)).distinct()
    return sorted(digest for digest in session.scalars(query) if digest and store.image(digest).is_file())


def _superseded(session: Session, store: Store, before: datetime) -> list[str]:
    """Runs that another one replaced, while nobody holds them any more."""
    query = select(RunRow.id).where(~RunRow.is_current, RunRow.node.is_(None), RunRow.created_at <= before)
    return sorted(run_id for run_id in session.scalars(query) if _outputs(store, run_id))


def _with_log(session: Session, _store: Store, before: datetime) -> list[str]:
    query = _ended_runs(before).where(or_(RunRow.outcome.is_not(None), RunRow.canary.is_not(None)))
    return sorted(run.id for run in session.scalars(query) if _has_log(run.outcome) or _has_log(run.canary))


def _ended_runs(before: datetime) -> Select[RunRow]:
    query = select(RunRow).join(SubmissionRow, SubmissionRow.id == RunRow.submission_id)
    return query.where(SubmissionRow.state.not_in(OPEN), SubmissionRow.state_since <= before)


def _dead_tokens(session: Session, _store: Store, before: datetime) -> list[str]:
    return sorted(session.scalars(select(TokenRow.id).where(or_(TokenRow.revoked_at <= before, TokenRow.expires_at <= before))))


def _old_notices(session: Session, _store: Store, before: datetime) -> list[str]:
    """Notices that went out, or were given up: they hold addresses and links."""
    return sorted(session.scalars(select(NoticeRow.id).where(or_(NoticeRow.sent_at <= before, NoticeRow.given_up_at <= before))))


def _drop_token(work: Work, _store: Store, token_id: str) -> list[Path]:
    work.session.execute(delete(TokenRow).where(TokenRow.id == token_id))
    return []


def _drop_notice(work: Work, _store: Store, notice_id: str) -> list[Path]:
    work.session.execute(delete(NoticeRow).where(NoticeRow.id == notice_id))
    return []


def _drop_log(work: Work, _store: Store, run_id: str) -> list[Path]:
    run = work.session.get_one(RunRow, run_id, with_for_update=True)
    run.outcome, run.canary = without_log(run.outcome), without_log(run.canary)
    return []


def without_log(document: str | None) -> str | None:
    """A report, or one with what goes around it (`runs/canary.py`), without what the container printed."""
    if document is None or not _has_log(document):
        return document
    said = json.loads(document)
    said.get("report", said)["log_tail"] = ""
    return json.dumps(said, ensure_ascii=False)


def _has_log(document: str | None) -> bool:
    if document is None:
        return False
    said = json.loads(document)
    return bool(said.get("report", said).get("log_tail"))


def _only_files(files: Callable[[Store, str], list[Path]]) -> Callable[[Work, Store, str], list[Path]]:
    return lambda _work, store, item: files(store, item)


def _image(store: Store, digest: str) -> list[Path]:
    return [store.image(digest)]


def _outputs(store: Store, run_id: str) -> list[Path]:
    return [*results_of(store, run_id), *(path for path in [store.replicates(run_id)] if path.is_file())]


def results_of(store: Store, run_id: str) -> list[Path]:
    """Every attempt's predictions of a run."""
    return sorted(_present(store.results(run_id, 1).parent))


def _present(folder: Path) -> Iterator[Path]:
    return folder.glob("results-*.tar")


def _no_files(_store: Store, _item: str) -> list[Path]:
    return []
