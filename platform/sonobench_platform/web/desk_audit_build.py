"""The audit trail as a page: rows in words, and where older ones are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlencode

from sonobench_platform.audit.schemas import AuditEntry
from sonobench_platform.db.models import ChallengeRow
from sonobench_platform.web.contexts_desk import DeskFrame, Pager
from sonobench_platform.web.contexts_desk_service import AuditFilters, AuditLine, AuditTrailPage, Said
from sonobench_platform.web.desk_frame import desk_page, moment_of
from sonobench_platform.web.texts import _, ngettext
from sonobench_platform.web.wording import shown_name

ON_A_PAGE = 100
_HASH = re.compile(r"\b[0-9a-f]{40,}\b")


def audit_context(
    challenge: ChallengeRow, frame: DeskFrame, found: Sequence[AuditEntry], filters: AuditFilters, *, is_first: bool
) -> AuditTrailPage:
    """The page of `found`: up to `ON_A_PAGE` rows, and one more where there are older ones. `is_first`: it has the newest."""
    shown = found[:ON_A_PAGE]
    root = f"{frame.root}/audit"
    older = _address(root, filters, before=shown[-1].number) if len(found) > ON_A_PAGE else ""
    words = ngettext("{count} row.", "{count} rows.", len(shown)).format(count=len(shown))
    return AuditTrailPage(
        page=desk_page(_("Audit trail"), challenge),
        frame=frame,
        filters=filters,
        lines=tuple(_line(each) for each in shown),
        pager=Pager(words, "" if is_first else _address(root, filters), older),
    )


def _address(root: str, filters: AuditFilters, before: int | None = None) -> str:
    asked = {
        "action": filters.action,
        "actor": filters.actor,
        "subject": filters.subject,
        "since": filters.since,
        "until": filters.until,
        "before": "" if before is None else str(before),
    }
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{root}?{query}" if query else root


def _line(entry: AuditEntry) -> AuditLine:
    return AuditLine(
        number=f"{entry.number:,}",
        at=moment_of(entry.at),
        actor=shown_name(entry.actor),
        action=shown_name(entry.action),
        subject=shown_name(entry.subject),
        reason="" if entry.reason is None else shown_name(entry.reason),
        detail=tuple(_details(entry)),
        hash=entry.hash,
    )


def _details(entry: AuditEntry) -> Iterator[Said]:
    for name, value in entry.detail.items():
        if value is not None:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            yield Said(shown_name(name), _short_hashes(shown_name(text)))


def _short_hashes(text: str) -> str:
    """The beginning of each hash: enough to find it, and to tell two apart."""
    return _HASH.sub(lambda found: f"{found[0][:12]}…", text)
