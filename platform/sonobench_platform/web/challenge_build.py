"""From public records to the page of a challenge and the list of challenges."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sonobench_eval.challenge.model import Challenge
from sonobench_platform.web import rules
from sonobench_platform.web.challenge_data import center_table, policy_exceptions, policy_lines
from sonobench_platform.web.challenge_metrics import metric_entries
from sonobench_platform.web.challenge_ranking import ranking_formulas, ranking_tree
from sonobench_platform.web.contexts import Crumb
from sonobench_platform.web.contexts_challenge import ChallengeCard, ChallengePage, ChallengesPage, Terms
from sonobench_platform.web.phases import change_notes, main_phase, next_deadline, phase_lines
from sonobench_platform.web.rendering import page_frame
from sonobench_platform.web.snapshot_social import challenge_social
from sonobench_platform.web.source import PublicChallenge, PublishedBoard
from sonobench_platform.web.tabs import board_tabs
from sonobench_platform.web.texts import _, ngettext
from sonobench_platform.web.wording import date_words, joined, shown_name

_MOST_LEADERS = 3


def challenges_context(
    challenges: Sequence[PublicChallenge], boards: Sequence[PublishedBoard | None], *, now: datetime
) -> ChallengesPage:
    cards = tuple(_card(challenge, board, now) for challenge, board in zip(challenges, boards, strict=True))
    return ChallengesPage(page_frame(_("Challenges – Sonobench")), cards)


def challenge_context(challenge: PublicChallenge, *, has_board: bool, server: str, now: datetime) -> ChallengePage:
    """The page of a challenge.

    Args:
        has_board: whether its board has anything to show to whoever looks.
        server: scheme and host that people reach this platform by.
        now: which what is left until its dates is counted from.
    """
    definition, main = challenge.definition, main_phase(challenge)
    title, root = _title(challenge), f"/challenges/{definition.name}"
    return ChallengePage(
        page=page_frame(f"{title} – Sonobench", Crumb(title, root)),
        tabs=board_tabs(definition.name, "challenge"),
        name=definition.name,
        title=title,
        paragraphs=_paragraphs(definition),
        state=_state(challenge),
        is_open=challenge.is_open,
        deadline=next_deadline(challenge, now),
        facts=rules.facts(definition),
        contents=_contents(challenge),
        tasks=rules.task_lines(definition),
        centers=center_table(definition),
        phases=phase_lines(challenge, now),
        entry_rules=_entry_rules(definition),
        limits=rules.limit_lines(definition),
        run_rules=rules.run_rules(definition),
        metrics=metric_entries(definition),
        policy=policy_lines(definition),
        policy_rules=policy_exceptions(definition),
        scoring_rules=rules.scoring_rules(definition),
        ranking_rules=rules.ranking_rules(definition),
        ranking_formulas=ranking_formulas(definition),
        tree=ranking_tree(definition),
        terms=_terms(definition),
        steps=rules.steps(definition, server),
        curl_commands=rules.curl_commands(definition, server),
        challenge_hash=challenge.hash,
        has_board=has_board,
        board_hidden=main.why_hidden if main is not None else "",
        changes=change_notes(challenge.changes),
        social=challenge_social(title, definition.description, root=f"{server}{root}"),
    )


def _contents(challenge: PublicChallenge) -> tuple[Crumb, ...]:
    """The page's sections, those that there are."""
    there = {
        "phases": _("Phases") if challenge.definition.phases else "",
        "submit": _("How to take part"),
        "tasks": _("Tasks"),
        "data": _("Data by center"),
        "run": _("What a run may use"),
        "metrics": _("Metrics"),
        "missing": _("Missing and empty results"),
        "ranking": _("How it is ranked"),
        "terms": _("Terms") if challenge.definition.entry.terms else "",
        "changes": _("Changes since it was frozen") if challenge.changes else "",
        "definition": _("Definition"),
    }
    return tuple(Crumb(title, f"#{anchor}") for anchor, title in there.items() if title)


def _entry_rules(definition: Challenge) -> tuple[str, ...]:
    """What a team must do before it can hand in."""
    said = [
        _("An organizer approves each team before it can hand in.") if definition.entry.approval else "",
        _("A team's captain agrees to the terms below for the team.") if definition.entry.terms else "",
        _("A person may be in one team of this challenge."),
        _("Only the team's own failures count against its limit: what the platform broke is given back."),
    ]
    return tuple(sentence for sentence in said if sentence)


def _terms(definition: Challenge) -> Terms | None:
    text = definition.entry.terms
    if not text:
        return None
    shown = "\n".join(shown_name(line) if line.strip() else "" for line in text.splitlines())
    return Terms(shown, hashlib.sha256(text.encode()).hexdigest())


def _paragraphs(definition: Challenge) -> tuple[str, ...]:
    """What a challenge says of itself, each paragraph on one line and free of characters that are not seen."""
    parts = (" ".join(part.split()) for part in definition.description.split("\n\n"))
    return tuple(shown_name(part) for part in parts if part)


def _state(challenge: PublicChallenge) -> str:
    return _("Open for submissions") if challenge.is_open else _("Takes no submissions now")


def _title(challenge: PublicChallenge) -> str:
    return shown_name(challenge.definition.title)


def _card(challenge: PublicChallenge, published: PublishedBoard | None, now: datetime) -> ChallengeCard:
    definition = challenge.definition
    return ChallengeCard(
        name=definition.name,
        title=_title(challenge),
        description=next(iter(_paragraphs(definition)), ""),
        facts=rules.card_facts(definition),
        state=_state(challenge),
        is_open=challenge.is_open,
        deadline=next_deadline(challenge, now),
        board=_standing(challenge, published),
        has_board=published is not None,
    )


def _standing(challenge: PublicChallenge, published: PublishedBoard | None) -> str:
    """Who leads, of how many, as of when."""
    main = main_phase(challenge)
    if main is not None and main.why_hidden:
        return main.why_hidden
    board = None if published is None else published.board
    if board is None or not board.rows:
        return _("No algorithm has been scored yet.")
    leaders = [shown_name(row.team) for row in board.rows if row.rank == 1]
    teams = ngettext("{count} team", "{count} teams", len(board.rows)).format(count=f"{len(board.rows):,}")
    scored = _("{teams} scored as of {date}").format(teams=teams, date=date_words(board.generated_at))
    if not leaders:
        return f"{scored}."
    names = joined(leaders[:_MOST_LEADERS], more=max(len(leaders) - _MOST_LEADERS, 0))
    led = ngettext("{teams} leads", "{teams} share the first rank", len(leaders)).format(teams=names)
    return f"{scored}; {led}."
