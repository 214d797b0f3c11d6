"""What the pages of the team portal are given: the way into a challenge step by step, quota, uploads, teams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from sonobench_platform.web.contexts import Crumb, Page, Tab
from sonobench_platform.web.contexts_account import FormError, HiddenField, InputField

Mark = Literal["done", "now", "waiting", "later", "stopped"]
"""How far a step is; the page says it in words too."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment for machines and in words; both empty: there was none."""

    iso: str
    words: str


@dataclass(frozen=True, slots=True)
class NextStep:
    """What the reader does next, and where. An empty `href`: nothing, but wait."""

    sentence: str
    title: str
    href: str


@dataclass(frozen=True, slots=True)
class TeamCard:
    name: str
    href: str
    part: str


@dataclass(frozen=True, slots=True)
class InvitedLine:
    """An invitation that waits in the reader's mail."""

    team: str
    until: Moment


@dataclass(frozen=True, slots=True)
class AliasLine:
    """What the board of a phase calls the reader's team, which nobody else is told."""

    phase: str
    alias: str


@dataclass(frozen=True, slots=True)
class ChallengeLine:
    """A challenge and how one of the reader's teams stands there; an empty `team`: none takes part."""

    title: str
    href: str
    rules_href: str
    team: str
    phases: str
    standing: str
    aliases: tuple[AliasLine, ...]


@dataclass(frozen=True, slots=True)
class SubmissionLine:
    """A submission of the reader's team. `alias` is what the phase's board calls the team; empty where by its name."""

    number: str
    href: str
    challenge: str
    phase: str
    team: str
    alias: str
    state: str
    mark: Mark
    at: Moment
    note: str


@dataclass(frozen=True, slots=True)
class WelcomePage:
    """The portal for somebody whom it does not know yet. An empty `sign_up_href`: people cannot make accounts themselves."""

    template: ClassVar[str] = "portal_welcome.html"
    page: Page
    sign_up_href: str
    sign_in_href: str
    challenges: tuple[Crumb, ...]


@dataclass(frozen=True, slots=True)
class PortalPage:
    """What is the reader's: teams, challenges, submissions, and what to do next."""

    template: ClassVar[str] = "portal.html"
    page: Page
    note: str
    errors: tuple[FormError, ...]
    next_step: NextStep
    teams: tuple[TeamCard, ...]
    invitations: tuple[InvitedLine, ...]
    challenges: tuple[ChallengeLine, ...]
    submissions: tuple[SubmissionLine, ...]
    team_field: InputField
    csrf_token: str


@dataclass(frozen=True, slots=True)
class CommandBlock:
    """Commands to be copied as they are. `label` says what they do."""

    label: str
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class ChecklistStep:
    """A step on the way to a score. `form` names the form that stands in it; empty: none."""

    anchor: str
    title: str
    mark: Mark
    state: str
    sentences: tuple[str, ...]
    commands: tuple[CommandBlock, ...]
    links: tuple[Crumb, ...]
    form: Literal["", "team", "entry", "token", "upload"] = ""


@dataclass(frozen=True, slots=True)
class EntryForm:
    """How the team enters. An empty `terms`: there are none to sign."""

    terms: str
    terms_sha256: str
    button: str
    error: str


@dataclass(frozen=True, slots=True)
class TokenForm:
    """How a token is made right here. A fresh one is in the commands, this once."""

    sentence: str
    button: str
    is_fresh: bool


@dataclass(frozen=True, slots=True)
class QuotaLine:
    """What a phase leaves the team, in words."""

    phase: str
    is_open: bool
    now: str
    today: str
    total: str
    at_once: str
    next_free: str
    next_at: Moment
    counts: str


@dataclass(frozen=True, slots=True)
class PhaseChoice:
    """A phase that takes images now. `left` is in words; `is_free`: whether something can be handed in at this moment."""

    name: str
    title: str
    left: str
    is_free: bool
    is_first: bool


@dataclass(frozen=True, slots=True)
class UploadForm:
    """The form that an image is dropped on. `most_bytes` is what the server takes."""

    action: str
    phases: tuple[PhaseChoice, ...]
    most_bytes: int
    most_words: str
    hidden: tuple[HiddenField, ...]


@dataclass(frozen=True, slots=True)
class ChoiceLine:
    number: str
    submission_id: str
    at: Moment
    note: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class ChoiceForm:
    """A phase in which the team says which of its scored submissions counts."""

    phase: str
    anchor: str
    sentence: str
    lines: tuple[ChoiceLine, ...]


@dataclass(frozen=True, slots=True)
class ChecklistPage:
    """The way of the reader's team in one challenge."""

    template: ClassVar[str] = "portal_challenge.html"
    page: Page
    note: str
    errors: tuple[FormError, ...]
    name: str
    title: str
    team: str
    team_id: str
    team_href: str
    teams: tuple[Tab, ...]
    aliases: tuple[AliasLine, ...]
    progress: str
    steps: tuple[ChecklistStep, ...]
    entry: EntryForm | None
    token: TokenForm | None
    team_field: InputField
    quota: tuple[QuotaLine, ...]
    quota_notes: tuple[str, ...]
    upload: UploadForm | None
    choices: tuple[ChoiceForm, ...]
    submissions: tuple[SubmissionLine, ...]
    withdraw_href: str
    csrf_token: str


@dataclass(frozen=True, slots=True)
class MemberLine:
    """Somebody in the team. Empty addresses: the reader may not do that."""

    name: str
    part: str
    is_reader: bool
    since: Moment
    captain_href: str
    remove_href: str


@dataclass(frozen=True, slots=True)
class PendingLine:
    invitation_id: str
    email: str
    until: Moment
    is_over: bool


@dataclass(frozen=True, slots=True)
class TokenLine:
    token_id: str
    name: str
    hint: str
    made: Moment
    used: Moment
    scopes: str
    ends: Moment
    is_over: bool


@dataclass(frozen=True, slots=True)
class TeamEntryLine:
    challenge: str
    href: str
    standing: str


@dataclass(frozen=True, slots=True)
class TeamPage:
    """A team for those in it. A captain sees invitations and tokens too, and the forms for them."""

    template: ClassVar[str] = "team.html"
    page: Page
    note: str
    errors: tuple[FormError, ...]
    team_id: str
    name: str
    is_captain: bool
    members: tuple[MemberLine, ...]
    invitations: tuple[PendingLine, ...]
    invite_field: InputField
    tokens: tuple[TokenLine, ...]
    token_field: InputField
    fresh_token: str
    entries: tuple[TeamEntryLine, ...]
    leave_href: str
    delete_href: str
    csrf_token: str


@dataclass(frozen=True, slots=True)
class ScopeChoice:
    name: str
    label: str
    hint: str
    is_checked: bool


@dataclass(frozen=True, slots=True)
class TokensPage:
    """A person's own API tokens."""

    template: ClassVar[str] = "account_tokens.html"
    page: Page
    note: str
    errors: tuple[FormError, ...]
    tokens: tuple[TokenLine, ...]
    name_field: InputField
    days_field: InputField
    scopes: tuple[ScopeChoice, ...]
    scopes_error: str
    fresh_token: str
    csrf_token: str


@dataclass(frozen=True, slots=True)
class SessionLine:
    browser: str
    is_this: bool
    began: Moment
    seen: Moment


@dataclass(frozen=True, slots=True)
class SessionsPage:
    """The browsers in which the reader is signed in."""

    template: ClassVar[str] = "account_sessions.html"
    page: Page
    sessions: tuple[SessionLine, ...]
    csrf_token: str


@dataclass(frozen=True, slots=True)
class OwnDataPage:
    """What is kept of the reader, to take away and to erase."""

    template: ClassVar[str] = "account_data.html"
    page: Page
    teams: tuple[str, ...]
