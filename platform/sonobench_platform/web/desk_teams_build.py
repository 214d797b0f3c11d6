"""The desk's pages of teams as contexts: who waits for approval and who they are, all teams, one team, the organizers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from sonobench_platform.challenges.organisers import Organiser
from sonobench_platform.db.models import ChallengeRow, PersonRow
from sonobench_platform.teams.deciding import Entered
from sonobench_platform.teams.repository import Member
from sonobench_platform.teams.standing import Standing, rules_of, terms_of
from sonobench_platform.web.contexts_desk import DeskFrame, Option, Pager, SelectField, TextField
from sonobench_platform.web.contexts_desk_people import (
    Applicant,
    MemberLine,
    OrganizerLine,
    SeatLine,
    TeamLine,
    TeamPage,
    TeamsPage,
)
from sonobench_platform.web.desk_frame import desk_page, moment_of
from sonobench_platform.web.desk_words import submissions_words, teams_words
from sonobench_platform.web.texts import _, ngettext
from sonobench_platform.web.wording import joined, shown_name

MOST_REFUSED = 10
"""How many teams can be refused at once: each is told why, and a slip would be told to all of them."""


class Teams(NamedTuple):
    """What was read of a challenge's teams. `counts` are their submissions, by id."""

    waiting: Sequence[Entered]
    number_waiting: int
    shown: Sequence[Entered]
    is_begin: bool
    next_href: str
    counts: Mapping[str, int]
    organizers: Sequence[Organiser]


class Asked(NamedTuple):
    """What the list was asked for, and what was typed into the form for an organizer that was refused."""

    q: str
    standing: str
    typed: str = ""


def teams_context(
    challenge: ChallengeRow, frame: DeskFrame, teams: Teams, asked: Asked, *, ticket: str, reader_id: str | None
) -> TeamsPage:
    return TeamsPage(
        page=desk_page(_("Teams"), challenge),
        frame=frame,
        asks_approval=rules_of(challenge).approval,
        applicants=tuple(_applicant(frame.root, challenge, each) for each in teams.waiting),
        others=_others(teams.number_waiting - len(teams.waiting)),
        ticket=ticket,
        most_refused=MOST_REFUSED,
        search=TextField("q", _("Team, or a part of its name"), asked.q),
        standings=_standings(asked.standing),
        matching=teams_words(len(teams.shown)) if teams.is_begin and not teams.next_href else _("Teams"),
        teams=tuple(_team(frame.root, each, teams.counts.get(each.team.id, 0)) for each in teams.shown),
        pager=Pager(
            _("{teams} on this page").format(teams=teams_words(len(teams.shown))),
            "" if teams.is_begin else f"{frame.root}/teams",
            teams.next_href,
        ),
        organizers=tuple(_organizer(each, reader_id) for each in teams.organizers),
        typed=asked.typed,
        csv_href=f"/api/v1/challenges/{challenge.name}/export/entries.csv",
    )


def team_context(
    challenge: ChallengeRow,
    frame: DeskFrame,
    entered: Entered,
    submissions: int,
    *,
    left_behind: Sequence[PersonRow],
    decided_by: PersonRow | None,
) -> TeamPage:
    """Args: left_behind: who sits here with the team and is in it no longer. decided_by: None where no person did."""
    entry, standing = entered.entry, entered.standing
    shown = shown_name(entered.team.name)
    return TeamPage(
        page=desk_page(shown, challenge),
        frame=frame,
        name=shown,
        confirm=entered.team.name,
        action=f"{frame.root}/teams/{entered.team.id}",
        standing=standing_words(standing),
        entered=moment_of(entry.entered_at),
        decided=_decided(entered, decided_by),
        reason=shown_name(entry.reason) if entry.reason else "",
        terms=_terms(challenge, entered),
        members=_members(entered.members),
        submissions=submissions_words(submissions),
        submissions_href=_submissions_href(frame.root, entered.team.id),
        may_approve=standing not in {Standing.IN, Standing.WITHDRAWN},
        may_refuse=standing not in {Standing.REFUSED, Standing.WITHDRAWN},
        may_withhold=rules_of(challenge).approval and entry.status == "approved",
        seats=tuple(SeatLine(each.id, shown_name(each.name)) for each in left_behind),
    )


def standing_words(standing: Standing) -> str:
    return {
        Standing.ABSENT: _("Has not entered"),
        Standing.UNSIGNED: _("Terms not signed as they are now"),
        Standing.PENDING: _("Waits for approval"),
        Standing.REFUSED: _("Refused"),
        Standing.WITHDRAWN: _("Withdrew"),
        Standing.IN: _("Takes part"),
    }[standing]


def _applicant(root: str, challenge: ChallengeRow, entered: Entered) -> Applicant:
    return Applicant(
        id=entered.team.id,
        href=f"{root}/teams/{entered.team.id}",
        name=shown_name(entered.team.name),
        entered=moment_of(entered.entry.entered_at),
        members=_members(entered.members),
        domains=_domains(entered.members),
        terms=_terms(challenge, entered),
        reason=shown_name(entered.entry.reason) if entered.entry.reason else "",
    )


def _members(members: Sequence[Member]) -> tuple[MemberLine, ...]:
    return tuple(
        MemberLine(shown_name(person.name), shown_name(person.email), _("captain") if membership.is_captain else _("member"))
        for membership, person in members
    )


def _domains(members: Sequence[Member]) -> str:
    """Where the members' addresses are, each once: what tells most of who they are."""
    return joined(sorted({shown_name(person.email.rpartition("@")[2].lower()) for _membership, person in members}))


def _terms(challenge: ChallengeRow, entered: Entered) -> str:
    terms, entry = terms_of(rules_of(challenge)), entered.entry
    if terms is None:
        return _("There are none.")
    if entry.terms_sha256 is None or entry.terms_signed_at is None:
        return _("Not signed.")
    day = f"{entry.terms_signed_at:%Y-%m-%d}"
    if entry.terms_sha256 != terms.sha256:
        return _("Signed on {day}, before they were changed.").format(day=day)
    return _("Signed on {day}, as they are now.").format(day=day)


def _decided(entered: Entered, person: PersonRow | None) -> str:
    entry = entered.entry
    if entry.decided_at is None:
        return _("Nobody has decided on it.")
    if entry.decided_by is None:
        return _("The team itself, on {day}.").format(day=f"{entry.decided_at:%Y-%m-%d}")
    who = shown_name(entry.decided_by if person is None else person.name)
    return _("{who}, on {day}.").format(who=who, day=f"{entry.decided_at:%Y-%m-%d}")


def _team(root: str, entered: Entered, submissions: int) -> TeamLine:
    standing, people = entered.standing, len(entered.members)
    return TeamLine(
        id=entered.team.id,
        href=f"{root}/teams/{entered.team.id}",
        name=shown_name(entered.team.name),
        standing=standing_words(standing),
        is_bad=standing in {Standing.REFUSED, Standing.UNSIGNED},
        people=ngettext("{number} person", "{number} people", people).format(number=people) if people else _("a token alone"),
        submissions=f"{submissions:,}",
        submissions_href=_submissions_href(root, entered.team.id) if submissions else "",
        entered=moment_of(entered.entry.entered_at),
    )


def _submissions_href(root: str, team_id: str) -> str:
    return f"{root}/submissions?{urlencode({'team': team_id})}"


def _organizer(organizer: Organiser, reader_id: str | None) -> OrganizerLine:
    row, person = organizer
    return OrganizerLine(shown_name(person.email), shown_name(person.name), moment_of(row.added_at), person.id == reader_id)


def _standings(chosen: str) -> SelectField:
    shown = (Standing.PENDING, Standing.IN, Standing.UNSIGNED, Standing.REFUSED, Standing.WITHDRAWN)
    options = [Option("", _("All"), not chosen), *(Option(each.value, standing_words(each), each == chosen) for each in shown)]
    return SelectField("standing", _("Standing"), tuple(options))


def _others(number: int) -> str:
    if number <= 0:
        return ""
    return ngettext("{number} more waits; it follows once these are decided.", "{number} more wait; they follow.", number).format(
        number=number
    )
