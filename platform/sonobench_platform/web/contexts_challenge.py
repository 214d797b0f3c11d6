"""What the page of a challenge and the list of challenges are given. See `contexts.py` for the rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from markupsafe import Markup

from sonobench_platform.web.contexts import Crumb, Fact, Page, Tab
from sonobench_platform.web.contexts_social import Social


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment that something begins or ends at. `said` is what was said of it when the page was made (`closes in 3 days`).

    `pattern` is that sentence with `{left}` in it, for the script that keeps it true; `past` what is said from then on.
    """

    iso: str
    words: str
    said: str
    pattern: str
    past: str


@dataclass(frozen=True, slots=True)
class ChallengeCard:
    """A challenge in the list. `leader` is empty where nobody leads, `board_hidden` where its board is shown."""

    name: str
    title: str
    description: str
    facts: str
    state: str
    is_open: bool
    deadline: Deadline | None
    board: str
    has_board: bool


@dataclass(frozen=True, slots=True)
class ChallengesPage:
    template: ClassVar[str] = "challenges.html"
    page: Page
    challenges: tuple[ChallengeCard, ...]


@dataclass(frozen=True, slots=True)
class TaskLine:
    title: str
    kind: str
    asks: str
    metrics: str
    cases: str


@dataclass(frozen=True, slots=True)
class CenterLine:
    """A center: `cases` in all, `by_task` in the order of the tasks."""

    title: str
    role: str
    is_external: bool
    cases: str
    by_task: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CenterTable:
    tasks: tuple[str, ...]
    lines: tuple[CenterLine, ...]
    totals: tuple[str, ...]
    total: str


@dataclass(frozen=True, slots=True)
class LimitLine:
    what: str
    limit: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a walk-through: a sentence and the commands that do it."""

    sentence: str
    commands: str


@dataclass(frozen=True, slots=True)
class PhaseLine:
    """A phase in words. `hidden` says why its board is not shown; then there is no `board_href`."""

    title: str
    kind: str
    state: str
    is_open: bool
    opens: Deadline | None
    closes: Deadline | None
    cases: str
    quota: str
    counts: str
    asks: str
    scores: str
    hidden: str
    board_href: str


@dataclass(frozen=True, slots=True)
class ChangeNote:
    """What was changed at once of a challenge that was frozen, and why."""

    date_iso: str
    date_words: str
    reason: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MetricEntry:
    """A metric as this challenge uses it. `formula` is empty for one of the organizers' own; then the summary has to do.

    `facts` are pairs of what and how: range, direction, unit, parameters, where it has no value.
    """

    anchor: str
    title: str
    name: str
    summary: str
    formula: Markup
    letters: str
    facts: tuple[tuple[str, str], ...]
    tasks: str
    source: str


@dataclass(frozen=True, slots=True)
class PolicyLine:
    """What counts where a metric has no value of its own."""

    case: str
    counts: str


@dataclass(frozen=True, slots=True)
class TreeNode:
    """A part of the ranking. `share` is of the whole score; empty where weights do not make shares."""

    title: str
    share: str
    detail: str
    children: tuple[TreeNode, ...] = ()


@dataclass(frozen=True, slots=True)
class RankingFormula:
    """A line of the ranking's formula, and what it says in words."""

    formula: Markup
    words: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What a team agrees to."""

    text: str
    sha256: str


@dataclass(frozen=True, slots=True)
class ChallengePage:
    template: ClassVar[str] = "challenge.html"
    page: Page
    tabs: tuple[Tab, ...]
    name: str
    title: str
    paragraphs: tuple[str, ...]
    state: str
    is_open: bool
    deadline: Deadline | None
    facts: tuple[Fact, ...]
    contents: tuple[Crumb, ...]
    tasks: tuple[TaskLine, ...]
    centers: CenterTable
    phases: tuple[PhaseLine, ...]
    entry_rules: tuple[str, ...]
    limits: tuple[LimitLine, ...]
    run_rules: tuple[str, ...]
    metrics: tuple[MetricEntry, ...]
    policy: tuple[PolicyLine, ...]
    policy_rules: tuple[str, ...]
    scoring_rules: tuple[str, ...]
    ranking_rules: tuple[str, ...]
    ranking_formulas: tuple[RankingFormula, ...]
    tree: TreeNode | None
    terms: Terms | None
    steps: tuple[Step, ...]
    curl_commands: str
    challenge_hash: str
    has_board: bool
    board_hidden: str
    """Why the board is not shown to whoever looks; empty where it is."""
    changes: tuple[ChangeNote, ...]
    social: Social
