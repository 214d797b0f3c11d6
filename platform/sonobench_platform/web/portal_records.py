"""What the portal reads: how a team stands in a challenge, what it handed in, what its phases leave it. Read only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from sonobench_eval.challenge.phase import Phase
from sonobench_platform.accounts import repository as accounts
from sonobench_platform.accounts.identity import Identity, OwnTeam
from sonobench_platform.challenges import repository as challenges
from sonobench_platform.challenges.phases import of_challenge, rules_of, takes_images
from sonobench_platform.challenges.showing import is_visible
from sonobench_platform.core import Core
from sonobench_platform.db.models import ChallengeRow, EntryRow, InvitationRow, PersonRow, PhaseRow, SubmissionRow, TeamRow
from sonobench_platform.domain.errors import Conflict
from sonobench_platform.domain.quota import Left, Used, left_of, next_day_begins
from sonobench_platform.domain.states import COUNTING, State
from sonobench_platform.leaderboards.aliases import alias_of
from sonobench_platform.submissions import quota, repository
from sonobench_platform.teams import standing as standings
from sonobench_platform.teams import team_tokens
from sonobench_platform.teams.entering import find
from sonobench_platform.teams.entries import named_team, team_for
from sonobench_platform.teams.standing import Standing, Terms, standing_of, terms_of

_MOST_SHOWN = 200
_LATEST = 8


class HandedIn(NamedTuple):
    """A submission as its own team sees it in a list.

    `alias` is what the phase's board calls the team; empty where by its name.
    """

    id: str
    team: str
    alias: str
    challenge: str
    phase: str
    phase_name: str
    state: State
    created_at: datetime
    note: str
    is_chosen: bool
    has_score: bool


class PhaseStand(NamedTuple):
    """A phase, and what it leaves a team. `lacking` names phases that it asks for a score in, and the team has none.

    `alias` is what its board calls the team; empty where by its name.
    """

    name: str
    rules: Phase
    is_open: bool
    alias: str
    used: Used
    left: Left
    next_day: datetime
    lacking: tuple[str, ...]


class Stand(NamedTuple):
    """How a team stands in a challenge.

    `acts` is whether what the reader hands in there is this team's; `why_not` says what is in the way, where something is.
    `tokens` counts those that the command line could use: the team's, and the reader's own.
    """

    challenge: ChallengeRow
    team: OwnTeam | None
    entry: EntryRow | None
    standing: Standing
    asks: bool
    terms: Terms | None
    acts: bool
    why_not: str
    tokens: int
    phases: tuple[PhaseStand, ...]
    handed_in: tuple[HandedIn, ...]

    @property
    def is_ready(self) -> bool:
        """Whether the team could hand in, as far as its entry goes."""
        return self.acts and self.standing is Standing.IN


class Alias(NamedTuple):
    """What the board of a phase that shows no names calls a team of the reader's."""

    phase: Phase
    alias: str


class Part(NamedTuple):
    """A challenge, the phases that take images there now, and how one of the reader's teams stands (None: no team does)."""

    challenge: ChallengeRow
    open_phases: Sequence[Phase]
    team: OwnTeam | None
    standing: Standing
    aliases: Sequence[Alias] = ()


class Mine(NamedTuple):
    """What the portal shows of a reader."""

    parts: Sequence[Part]
    handed_in: Sequence[HandedIn]
    invitations: Sequence[tuple[InvitationRow, TeamRow]]


def stand_of(core: Core, session: Session, caller: Identity, challenge: ChallengeRow, *, team_id: str | None) -> Stand:
    """How the reader's team stands: the named one, else the one that takes part, else the first.

    Raises:
        NotFound: the reader is in no team of this id.
    """
    acting, why_not = _acting(session, caller, challenge)
    team = _shown_team(session, caller, challenge, team_id, acting)
    rules = standings.rules_of(challenge)
    entry = None if team is None else find(session, team.id, challenge.id)
    handed_in = () if team is None else _handed_in(core, session, team.id, challenge)
    return Stand(
        challenge=challenge,
        team=team,
        entry=entry,
        standing=standing_of(entry, rules),
        asks=rules.approval,
        terms=terms_of(rules),
        acts=team is not None and acting is not None and acting.id == team.id,
        why_not=_why_not(team, acting, why_not),
        tokens=0 if team is None else _usable_tokens(core, session, caller, team.id),
        phases=() if team is None else _phases(core, session, team.id, challenge, handed_in),
        handed_in=handed_in,
    )


def mine_of(core: Core, session: Session, caller: Identity) -> Mine:
    """What is the reader's: the challenges that they take part in first, then those that take images, then the others."""
    parts = [_part(core, session, caller, challenge) for challenge in visible_challenges(session, caller)]
    invited = [] if caller.person_id is None else invitations_to(core, session, caller.person_id)
    ordered = sorted(parts, key=lambda part: (part.team is None, not part.open_phases))
    return Mine(ordered, latest(core, session, caller, limit=_LATEST), invited)


def latest(core: Core, session: Session, caller: Identity, *, limit: int) -> list[HandedIn]:
    """What the reader's own teams handed in last, in challenges that the reader may know of."""
    found = repository.newest(session, caller=as_participant(caller), challenge=None, limit=limit)
    return [
        _line(core, session, each.submission, phase=each.phase, team=each.team, challenge=each.challenge)
        for each in found
        if is_visible(each.challenge, caller)
    ]


def as_participant(caller: Identity) -> Identity:
    """The reader as a participant alone: what they organise is on the desk, not here."""
    return replace(caller, organises=frozenset(), is_administrator=False)


def visible_challenges(session: Session, caller: Identity | None) -> list[ChallengeRow]:
    return [row for row in challenges.everything(session) if is_visible(row, caller)]


def open_phases(core: Core, session: Session, challenge: ChallengeRow) -> list[Phase]:
    """The phases that take images now."""
    now = core.clock.now()
    return [rules_of(row) for row in of_challenge(session, challenge.id) if takes_images(row, now)]


def invitations_to(core: Core, session: Session, person_id: str) -> list[tuple[InvitationRow, TeamRow]]:
    """Invitations that went to the person's own address and can still be accepted."""
    person = session.get_one(PersonRow, person_id)
    query = select(InvitationRow, TeamRow).join(TeamRow, TeamRow.id == InvitationRow.team_id)
    query = query.where(
        InvitationRow.email_key == person.email_key,
        InvitationRow.accepted_at.is_(None),
        InvitationRow.revoked_at.is_(None),
        InvitationRow.expires_at > core.clock.now(),
    )
    return [(row, team) for row, team in session.execute(query.order_by(InvitationRow.created_at.desc()))]


def _part(core: Core, session: Session, caller: Identity, challenge: ChallengeRow) -> Part:
    """How one of the reader's teams stands in a challenge. A team that only could take part does not."""
    rules = standings.rules_of(challenge)
    for team in caller.teams:
        entry = find(session, team.id, challenge.id)
        if entry is not None:
            aliases = _aliases(core, session, team.id, challenge)
            return Part(challenge, open_phases(core, session, challenge), team, standing_of(entry, rules), aliases)
    return Part(challenge, open_phases(core, session, challenge), None, standing_of(None, rules))


def _aliases(core: Core, session: Session, team_id: str, challenge: ChallengeRow) -> list[Alias]:
    """What the boards of the challenge's phases call the team, of those that show no names."""
    aliases = [(row, alias_of(core, row, team_id)) for row in of_challenge(session, challenge.id)]
    return [Alias(rules_of(row), alias) for row, alias in aliases if alias is not None]


def _acting(session: Session, caller: Identity, challenge: ChallengeRow) -> tuple[OwnTeam | None, str]:
    """Whom the reader would hand in for, or why for nobody."""
    try:
        return team_for(session, caller, challenge), ""
    except Conflict as refused:
        return None, "" if refused.code == "which-team" else refused.detail


def _shown_team(
    session: Session, caller: Identity, challenge: ChallengeRow, team_id: str | None, acting: OwnTeam | None
) -> OwnTeam | None:
    if team_id is not None:
        return named_team(session, caller, challenge, team_id)
    return acting or next(iter(caller.teams), None)


def _why_not(team: OwnTeam | None, acting: OwnTeam | None, why_not: str) -> str:
    if team is None or acting is None or acting.id == team.id:
        return why_not
    return (
        f"You take part in this challenge with {acting.name}, and a person has one team in a challenge. "
        "The organizers can free your seat."
    )


def _usable_tokens(core: Core, session: Session, caller: Identity, team_id: str) -> int:
    now = core.clock.now()
    own = [] if caller.person_id is None else accounts.personal_tokens(session, caller.person_id)
    usable = [row for row in own if "submit" in (row.scopes or "").split() and (row.expires_at is None or row.expires_at > now)]
    return len(usable) + len(team_tokens.live(session, team_id))


def _handed_in(core: Core, session: Session, team_id: str, challenge: ChallengeRow) -> tuple[HandedIn, ...]:
    query = select(SubmissionRow, PhaseRow, TeamRow).join(PhaseRow, PhaseRow.id == SubmissionRow.phase_id)
    query = query.join(TeamRow, TeamRow.id == SubmissionRow.team_id)
    query = query.where(SubmissionRow.team_id == team_id, SubmissionRow.challenge_id == challenge.id)
    query = query.order_by(SubmissionRow.created_at.desc(), SubmissionRow.id.desc()).limit(_MOST_SHOWN)
    return tuple(
        _line(core, session, row, phase=phase, team=team, challenge=challenge) for row, phase, team in session.execute(query)
    )


def _line(
    core: Core, session: Session, row: SubmissionRow, *, phase: PhaseRow, team: TeamRow, challenge: ChallengeRow
) -> HandedIn:
    return HandedIn(
        id=row.id,
        team=team.name,
        alias=alias_of(core, phase, team.id) or "",
        challenge=challenge.title,
        phase=rules_of(phase).title or phase.name,
        phase_name=phase.name,
        state=State(row.state),
        created_at=row.created_at,
        note=row.note or "",
        is_chosen=row.is_chosen,
        has_score=row.state in COUNTING and repository.has_score(session, row.id),
    )


def _phases(
    core: Core, session: Session, team_id: str, challenge: ChallengeRow, handed_in: Sequence[HandedIn]
) -> tuple[PhaseStand, ...]:
    rows = of_challenge(session, challenge.id)
    titles = {row.name: rules_of(row).title or row.name for row in rows}
    scored = {each.phase_name for each in handed_in if each.has_score}
    return tuple(_phase(core, session, team_id, row, _lacking(row, titles, scored)) for row in rows)


def _lacking(row: PhaseRow, titles: dict[str, str], scored: set[str]) -> tuple[str, ...]:
    return tuple(titles[name] for name in rules_of(row).requires if name not in scored)


def _phase(core: Core, session: Session, team_id: str, row: PhaseRow, lacking: tuple[str, ...]) -> PhaseStand:
    now, rules = core.clock.now(), rules_of(row)
    used = quota.used_of(session, team_id, row, now)
    return PhaseStand(
        name=row.name,
        rules=rules,
        is_open=takes_images(row, now),
        alias=alias_of(core, row, team_id) or "",
        used=used,
        left=left_of(rules.quota, used),
        next_day=next_day_begins(now, rules.quota.time_zone),
        lacking=lacking,
    )
