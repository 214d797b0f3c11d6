"""What the desk's front page, a challenge's overview and its pages of teams are given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sonobench_platform.web.contexts import Fact, Page
from sonobench_platform.web.contexts_desk import DeskFrame, Moment, Pager, SelectField, TextField


@dataclass(frozen=True, slots=True)
class WaitingLine:
    """Something that waits for the reader. An urgent one holds up others, or something is broken."""

    sentence: str
    href: str
    is_urgent: bool


@dataclass(frozen=True, slots=True)
class OrganizedChallenge:
    """A challenge that the reader organizes; `facts` are its numbers in a line."""

    title: str
    href: str
    facts: str
    waits: tuple[WaitingLine, ...]


@dataclass(frozen=True, slots=True)
class DeskPage:
    """The desk's front page. `service` is how the server does, for administrators."""

    template: ClassVar[str] = "desk.html"
    page: Page
    challenges: tuple[OrganizedChallenge, ...]
    service: tuple[WaitingLine, ...]
    is_administrator: bool


@dataclass(frozen=True, slots=True)
class PhaseCard:
    """A phase and what may be done with it now; `act` is `open` or `close`."""

    name: str
    title: str
    kind: str
    state: str
    opens: Moment | None
    closes: Moment | None
    submissions: str
    board: str
    act: str
    act_title: str


@dataclass(frozen=True, slots=True)
class OverviewPage:
    template: ClassVar[str] = "desk_overview.html"
    page: Page
    frame: DeskFrame
    facts: tuple[Fact, ...]
    states: tuple[Fact, ...]
    waits: tuple[WaitingLine, ...]
    phases: tuple[PhaseCard, ...]
    is_hidden: bool
    public_href: str


@dataclass(frozen=True, slots=True)
class MemberLine:
    name: str
    email: str
    part: str


@dataclass(frozen=True, slots=True)
class Applicant:
    """A team that waits for approval, and who they are."""

    id: str
    href: str
    name: str
    entered: Moment
    members: tuple[MemberLine, ...]
    domains: str
    terms: str
    reason: str


@dataclass(frozen=True, slots=True)
class TeamLine:
    id: str
    href: str
    name: str
    standing: str
    is_bad: bool
    people: str
    submissions: str
    submissions_href: str
    entered: Moment


@dataclass(frozen=True, slots=True)
class OrganizerLine:
    email: str
    name: str
    added: Moment
    is_reader: bool


@dataclass(frozen=True, slots=True)
class TeamsPage:
    """`others` says how many applicants are not shown on this page; empty: all are."""

    template: ClassVar[str] = "desk_teams.html"
    page: Page
    frame: DeskFrame
    asks_approval: bool
    applicants: tuple[Applicant, ...]
    others: str
    ticket: str
    most_refused: int
    search: TextField
    standings: SelectField
    matching: str
    teams: tuple[TeamLine, ...]
    pager: Pager
    organizers: tuple[OrganizerLine, ...]
    typed: str
    csv_href: str


@dataclass(frozen=True, slots=True)
class SeatLine:
    person_id: str
    name: str


@dataclass(frozen=True, slots=True)
class TeamPage:
    """One team in the challenge. `confirm` is the name that must be typed to refuse it."""

    template: ClassVar[str] = "desk_team.html"
    page: Page
    frame: DeskFrame
    name: str
    confirm: str
    action: str
    standing: str
    entered: Moment
    decided: str
    reason: str
    terms: str
    members: tuple[MemberLine, ...]
    submissions: str
    submissions_href: str
    may_approve: bool
    may_refuse: bool
    may_withhold: bool
    seats: tuple[SeatLine, ...]
