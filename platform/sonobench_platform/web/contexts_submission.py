"""What a submission's page is given, for its team and organizers, and for everybody. See `contexts.py` for the rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sonobench_platform.web.contexts import Crumb, Fact, Page, Tick
from sonobench_platform.web.contexts_account import FormError


@dataclass(frozen=True, slots=True)
class Elapsed:
    """A time that goes on: since when (ISO), in words as it was when the page was made, and by how many seconds it is told."""

    since_iso: str
    words: str
    step_s: int


@dataclass(frozen=True, slots=True)
class NowPart:
    """What is happening. `heading` is a state in words, `sentences` what follows from it; `key` differs with the state."""

    key: str
    heading: str
    sentences: tuple[str, ...]
    elapsed: Elapsed | None
    is_end: bool


@dataclass(frozen=True, slots=True)
class StayLine:
    """A step of the way. `length` is empty for an end; `running` is for the one that it is in, which has none yet."""

    title: str
    at_iso: str
    at_words: str
    length: str
    note: str
    running: Elapsed | None


@dataclass(frozen=True, slots=True)
class MendLine:
    """One kind of problem: what (empty: it is said above), an example where it may be told, how to mend it, and code for that."""

    sentence: str
    example: str
    advice: str
    code: str


@dataclass(frozen=True, slots=True)
class Value:
    """A score in digits with its interval; `why` says why there is none, where there is none."""

    text: str
    interval: str
    why: str


@dataclass(frozen=True, slots=True)
class MetricLine:
    """One metric of one task: over all cases, in each role, and the gap between the roles."""

    task: str
    metric: str
    cases: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class CenterRow:
    center: str
    role: str
    task: str
    metric: str
    value: Value


@dataclass(frozen=True, slots=True)
class ScorePart:
    """`columns` head the values of `lines`; `hidden` says why there are no scores to see."""

    facts: tuple[Fact, ...]
    columns: tuple[str, ...]
    lines: tuple[MetricLine, ...]
    centers: tuple[CenterRow, ...]
    rounding: str
    hidden: str
    evaluation_href: str


@dataclass(frozen=True, slots=True)
class CoursePanel:
    """One figure over time. Coordinates are of its drawing; `limit_y` is None where there is no limit to draw."""

    title: str
    words: str
    path: str
    area: str
    limit_y: float | None
    limit_words: str
    y_ticks: tuple[Tick, ...]
    x_ticks: tuple[Tick, ...]
    peak_x: float
    peak_y: float


@dataclass(frozen=True, slots=True)
class CourseRow:
    time: str
    host: str
    gpu: str
    cpus: str


@dataclass(frozen=True, slots=True)
class CoursePart:
    """What a run used over its time; `sentences` say it in words, `why_not` why it is not shown."""

    sentences: tuple[str, ...]
    panels: tuple[CoursePanel, ...]
    rows: tuple[CourseRow, ...]
    note: str
    why_not: str


@dataclass(frozen=True, slots=True)
class LogPart:
    """The end of a log. `is_live`: of a run that is under way. `hidden` says why there is none to read."""

    text: str
    note: str
    is_live: bool
    hidden: str


@dataclass(frozen=True, slots=True)
class ImageLine:
    what: str
    value: str


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    title: str
    is_chosen: bool = False


@dataclass(frozen=True, slots=True)
class ActionForm:
    """One thing to do with a submission. `confirm` is what has to be typed in, empty where nothing has."""

    id: str
    heading: str
    sentence: str
    action: str
    button: str
    asks_reason: bool = False
    confirm: str = ""
    choices: tuple[Choice, ...] = ()
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class WordsForm:
    """The form for the public page's words, as they are or as they were typed."""

    action: str
    show: bool
    summary: str
    paper_url: str
    code_url: str
    is_open: bool
    public_href: str


@dataclass(frozen=True, slots=True)
class SubmissionParts:
    """All of a submission's page that may change while it is open, part by part."""

    stamp: str
    now: NowPart
    stays: tuple[StayLine, ...]
    remarks: tuple[str, ...]
    """On the way here as a whole."""
    mending: tuple[MendLine, ...]
    notes: tuple[MendLine, ...]
    scores: ScorePart | None
    course: CoursePart | None
    log: LogPart | None
    image: tuple[ImageLine, ...]
    actions: tuple[ActionForm, ...]
    words: WordsForm | None
    csrf_token: str


@dataclass(frozen=True, slots=True)
class SubmissionPage:
    """A submission for its team and for organizers. `events_href` is empty where nothing more will happen by itself."""

    template: ClassVar[str] = "submission.html"
    page: Page
    id: str
    here: str
    team: str
    challenge: Crumb
    phase: str
    handed_in_iso: str
    handed_in_words: str
    own_note: str
    desk_href: str
    """Empty for whoever does not organize the challenge."""
    note: str
    errors: tuple[FormError, ...]
    events_href: str
    sign_in_href: str
    parts: SubmissionParts


@dataclass(frozen=True, slots=True)
class SubmissionLive:
    """The parts alone, for a page that is open to take over what changed."""

    template: ClassVar[str] = "submission_live.html"
    page: Page
    here: str
    parts: SubmissionParts


@dataclass(frozen=True, slots=True)
class PublicLink:
    title: str
    href: str


@dataclass(frozen=True, slots=True)
class PublicSubmissionPage:
    """A submission as everybody sees it: what the board says of it, and what its team allows."""

    template: ClassVar[str] = "submission_public.html"
    page: Page
    team: str
    challenge: Crumb
    phase: str
    board: Crumb
    lead: str
    facts: tuple[Fact, ...]
    columns: tuple[str, ...]
    lines: tuple[MetricLine, ...]
    caption: str
    summary: str
    links: tuple[PublicLink, ...]
    digest: str
    own_href: str
