"""What the desk's pages of submissions, failures and quota are given, and what came of an action on many things at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from sonobench_platform.web.contexts import Crumb, Page
from sonobench_platform.web.contexts_desk import DeskFrame, Moment, Option, Pager, SelectField, SortColumn, TextField

Kind = Literal["bad", "now", "done"]


@dataclass(frozen=True, slots=True)
class StateWords:
    words: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class SubmissionLine:
    """A submission in a list. `time` is its run's wall time in words; empty: not measured. `out` is why it has no rank."""

    id: str
    href: str
    team: str
    phase: str
    state: StateWords
    since: Moment
    created: Moment
    cause: str
    sentence: str
    image: str
    time: str
    note: str
    out: str


@dataclass(frozen=True, slots=True)
class SubmissionsPage:
    """`matching` is how many there are in words; `query` says again which are shown, for 'all that match'.

    The fields in `more_selects` and `more_texts` are folded away unless one of them is set.
    """

    template: ClassVar[str] = "desk_submissions.html"
    page: Page
    frame: DeskFrame
    action: str
    selects: tuple[SelectField, ...]
    texts: tuple[TextField, ...]
    more_selects: tuple[SelectField, ...]
    more_texts: tuple[TextField, ...]
    more_is_set: bool
    clear_href: str
    matching: str
    columns: tuple[SortColumn, ...]
    rows: tuple[SubmissionLine, ...]
    pager: Pager
    query: str
    acts: tuple[Option, ...]
    scopes: tuple[Option, ...]
    csv_href: str


@dataclass(frozen=True, slots=True)
class CheckLine:
    """What would be done with one submission, or why nothing would."""

    id: str
    href: str
    team: str
    phase: str
    state: StateWords
    said: str


@dataclass(frozen=True, slots=True)
class CheckPage:
    """What an action would do to which submissions, before it does it. `confirm` is the name that must be typed; empty: none."""

    template: ClassVar[str] = "desk_check.html"
    page: Page
    frame: DeskFrame
    heading: str
    sentences: tuple[str, ...]
    lines: tuple[CheckLine, ...]
    skipped: tuple[CheckLine, ...]
    action: str
    act: str
    ticket: str
    reason: str
    confirm: str
    button: str
    is_dangerous: bool
    back_href: str


@dataclass(frozen=True, slots=True)
class ReportLine:
    """What came of an action on one thing; without an `href` it has no page."""

    name: str
    href: str
    said: str


@dataclass(frozen=True, slots=True)
class ReportPage:
    """What was done, and what not and why."""

    template: ClassVar[str] = "desk_report.html"
    page: Page
    frame: DeskFrame
    heading: str
    lead: str
    done: tuple[ReportLine, ...]
    refused: tuple[ReportLine, ...]
    links: tuple[Crumb, ...]


@dataclass(frozen=True, slots=True)
class FailureLine:
    id: str
    href: str
    log_href: str
    team: str
    at: Moment
    sentence: str


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Failures of one cause. `acts` are what fits it; empty: nothing can be done here. `is_preset`: all are checked."""

    anchor: str
    title: str
    blame: str
    advice: str
    count: str
    newest: Moment
    lines: tuple[FailureLine, ...]
    all_href: str
    acts: tuple[Option, ...]
    is_preset: bool


@dataclass(frozen=True, slots=True)
class FailuresPage:
    template: ClassVar[str] = "desk_failures.html"
    page: Page
    frame: DeskFrame
    lead: str
    troubled: tuple[FailureLine, ...]
    groups: tuple[FailureGroup, ...]
    action: str
    csv_href: str


@dataclass(frozen=True, slots=True)
class LogPage:
    """The end of a run's log. `missing` says what is left out; `text` may be empty."""

    template: ClassVar[str] = "desk_log.html"
    page: Page
    frame: DeskFrame
    heading: str
    missing: str
    text: str
    submission_href: str


@dataclass(frozen=True, slots=True)
class UseLine:
    """What a team has used of a phase and has left; a dash: no limit."""

    team: str
    href: str
    today: str
    total: str
    left_today: str
    left_total: str
    under_way: str


@dataclass(frozen=True, slots=True)
class PhaseUse:
    anchor: str
    title: str
    rule: str
    lines: tuple[UseLine, ...]


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """An attempt that was taken. `back` says why it was given back and by whom; empty: it was not."""

    id: str
    href: str
    team: str
    phase: str
    day: str
    at: Moment
    state: StateWords
    back: str
    back_at: Moment | None


@dataclass(frozen=True, slots=True)
class QuotaPage:
    template: ClassVar[str] = "desk_quota.html"
    page: Page
    frame: DeskFrame
    phases: tuple[PhaseUse, ...]
    team: str
    clear_href: str
    matching: str
    lines: tuple[LedgerLine, ...]
    pager: Pager
    action: str
