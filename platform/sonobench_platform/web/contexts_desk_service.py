"""What the second half of the organizer desk is given: nodes and queue, data, publishing, the audit trail, exports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sonobench_platform.web.contexts import Page, Tab
from sonobench_platform.web.contexts_account import FormError
from sonobench_platform.web.contexts_desk import DeskFrame, Moment, Pager


@dataclass(frozen=True, slots=True)
class Said:
    """A fact of a node: what, and what is so; `is_bad` where somebody must look at it, `cure` then says how to mend it."""

    what: str
    found: str
    cure: str = ""
    is_bad: bool = False


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run on a node, or one that waits. `expected` says when it probably starts; empty where nobody knows."""

    place: str
    submission: str
    team: str
    challenge: str
    since: Moment
    expected: str = ""


@dataclass(frozen=True, slots=True)
class NodeCard:
    """A node: what it does now, and what is known of it. `drained` says by whom and why; empty: it is given runs."""

    name: str
    state: str
    is_bad: bool
    seen: Moment
    facts: tuple[Said, ...]
    runs: tuple[RunLine, ...]
    drained: str
    checks: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class NodesPage:
    """Every node, and every run that waits for one."""

    template: ClassVar[str] = "desk_nodes.html"

    page: Page
    csrf_token: str
    note: str
    errors: tuple[FormError, ...]
    takeaway: str
    nodes: tuple[NodeCard, ...]
    waiting: tuple[RunLine, ...]
    more_waiting: str


@dataclass(frozen=True, slots=True)
class CountLine:
    """How many cases a center has, task by task."""

    center: str
    role: str
    counts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FindingLine:
    level: str
    is_error: bool
    row: str
    case: str
    path: str
    sentence: str


@dataclass(frozen=True, slots=True)
class DataPage:
    """What is known of a phase's data."""

    template: ClassVar[str] = "desk_data.html"

    page: Page
    frame: DeskFrame
    phase: str
    phases: tuple[Tab, ...]
    verdict: str
    is_sound: bool
    facts: tuple[Said, ...]
    verified: Moment | None
    tasks: tuple[str, ...]
    counts: tuple[CountLine, ...]
    findings: tuple[FindingLine, ...]
    more_findings: str
    report_href: str


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """A team's place on the board as it is, and as it would be."""

    team: str
    rank_before: str
    rank_after: str
    score_before: str
    score_after: str
    moved: str


@dataclass(frozen=True, slots=True)
class RescoringCard:
    """A rescoring: how far it is, and what would change by it."""

    id: str
    title: str
    state: str
    reason: str
    asked: Moment
    asked_by: str
    takeaway: str
    changes: tuple[ChangeLine, ...]
    not_scored: tuple[Said, ...]
    can_publish: bool
    can_drop: bool


@dataclass(frozen=True, slots=True)
class PhaseBoard:
    """The board of a phase: which one is on show, and what would be if the phase were closed, where it is open."""

    id: str
    title: str
    shown: str
    board_href: str
    since: Moment | None
    is_open: bool
    preview: str
    changes: tuple[ChangeLine, ...]
    can_rescore: bool


@dataclass(frozen=True, slots=True)
class PublishPage:
    """What is on show, and what would change."""

    template: ClassVar[str] = "desk_publish.html"

    page: Page
    frame: DeskFrame
    boards: tuple[PhaseBoard, ...]
    rescorings: tuple[RescoringCard, ...]


@dataclass(frozen=True, slots=True)
class AuditLine:
    number: str
    at: Moment
    actor: str
    action: str
    subject: str
    reason: str
    detail: tuple[Said, ...]
    hash: str


@dataclass(frozen=True, slots=True)
class AuditFilters:
    """What the list was asked for, as typed."""

    action: str
    actor: str
    subject: str
    since: str
    until: str


@dataclass(frozen=True, slots=True)
class AuditTrailPage:
    """A challenge's part of the audit log, newest first."""

    template: ClassVar[str] = "desk_audit.html"

    page: Page
    frame: DeskFrame
    filters: AuditFilters
    lines: tuple[AuditLine, ...]
    pager: Pager


@dataclass(frozen=True, slots=True)
class ExportLine:
    """A table that can be taken away, and where it is as CSV and as JSON. `warning` says what must be known of it."""

    title: str
    about: str
    warning: str
    csv_href: str
    json_href: str


@dataclass(frozen=True, slots=True)
class ExportsPage:
    """What can be taken away of a challenge, of all phases or of one."""

    template: ClassVar[str] = "desk_exports.html"

    page: Page
    frame: DeskFrame
    phases: tuple[Tab, ...]
    lines: tuple[ExportLine, ...]
