"""A team enters a challenge, signs its terms, and withdraws: its own steps, by its captain or with its token."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from sonobench_platform.accounts.identity import Identity
from sonobench_platform.audit.log import record
from sonobench_platform.core import Core
from sonobench_platform.db.models import ChallengeRow, EntryRow, OrganiserRow, PersonRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import Conflict, NotFound
from sonobench_platform.notices.outbox import mail
from sonobench_platform.teams.authority import as_speaker
from sonobench_platform.teams.entries import open_entry
from sonobench_platform.teams.seats import free_team, hold_team, seat_team
from sonobench_platform.teams.standing import Standing, refusal_of, rules_of, standing_of, terms_of


def enter(
    core: Core, work: Work, caller: Identity, *, team_id: str, challenge: ChallengeRow, terms_sha256: str | None
) -> EntryRow:
    """Enter the team, or sign the terms of a challenge that it is in; again, with nothing new, is harmless.

    Args:
        terms_sha256: of the terms that were read and are agreed to; needed where the challenge has terms that the
            team has not signed yet.

    Raises:
        NotFound: the team is not the caller's. Forbidden: they do not speak for it, or it was refused.
        Conflict: `terms-unsigned` or `terms-changed`; `seat-taken`: a member takes part with another team.
    """
    hold_team(work, team_id)
    as_speaker(work.session, caller, team_id)
    entry = find(work.session, team_id, challenge.id)
    if entry is not None and entry.status == "refused":
        raise refusal_of(Standing.REFUSED, challenge, entry.reason)
    signed = _agreed(challenge, entry, terms_sha256)
    came = entry is None or entry.status == "withdrawn"
    entry = open_entry(core, work, team_id, challenge) if entry is None else _again(core, work, entry, challenge)
    if signed is not None and entry.terms_sha256 != signed:
        _sign(core, work, caller, entry, signed)
    if came:
        record(core, work, caller, "entry.enter", team_id, challenge_id=challenge.id)
        _tell_organisers(core, work, entry, challenge)
    work.session.flush()
    return entry


def withdraw(core: Core, work: Work, caller: Identity, *, team_id: str, challenge: ChallengeRow) -> EntryRow:
    """Take the team out of the challenge: it hands in no more, and what it handed in stays. Twice is harmless.

    Its members' seats are free again unless it handed something in.

    Raises:
        NotFound: the team is not the caller's, or is not in the challenge.
        Forbidden: they do not speak for it, or it was refused.
    """
    hold_team(work, team_id)
    as_speaker(work.session, caller, team_id)
    entry = find(work.session, team_id, challenge.id)
    if entry is None:
        raise not_entered(challenge)
    if entry.status == "refused":
        raise refusal_of(Standing.REFUSED, challenge, entry.reason)
    if entry.status != "withdrawn":
        entry.status, entry.decided_at, entry.decided_by, entry.reason = "withdrawn", core.clock.now(), None, None
        work.session.flush()
        free_team(work, team_id, challenge.id)
        record(core, work, caller, "entry.withdraw", team_id, challenge_id=challenge.id)
    return entry


def find(session: Session, team_id: str, challenge_id: str) -> EntryRow | None:
    """The team's entry as it is in the database now."""
    return session.get(EntryRow, (challenge_id, team_id), populate_existing=True)


def not_entered(challenge: ChallengeRow) -> NotFound:
    return NotFound("no-such-entry", f"This team has not entered {challenge.title}.")


def _agreed(challenge: ChallengeRow, entry: EntryRow | None, terms_sha256: str | None) -> str | None:
    """The digest of the terms that are agreed to with this request; None where none are, and none need be."""
    terms = terms_of(rules_of(challenge))
    if terms is None:
        return None
    if terms_sha256 is None:
        if entry is not None and entry.terms_sha256 == terms.sha256:
            return None
        said = f"Read the terms of {challenge.title} (GET /api/v1/challenges/{challenge.name}/terms), and send their sha256."
        raise Conflict("terms-unsigned", said)
    if terms_sha256 != terms.sha256:
        said = f"The terms of {challenge.title} are other ones than you read; read them again, and send their sha256."
        raise Conflict("terms-changed", said)
    return terms.sha256


def _again(core: Core, work: Work, entry: EntryRow, challenge: ChallengeRow) -> EntryRow:
    """An entry that was withdrawn becomes a new one; any other stays as it is."""
    if entry.status == "withdrawn":
        entry.status = "pending" if rules_of(challenge).approval else "approved"
        entry.entered_at, entry.decided_at, entry.decided_by, entry.reason = core.clock.now(), None, None, None
        work.session.flush()
        seat_team(work, entry.team_id, challenge)
    return entry


def _sign(core: Core, work: Work, caller: Identity, entry: EntryRow, sha256: str) -> None:
    entry.terms_sha256, entry.terms_signed_at = sha256, core.clock.now()
    entry.terms_signed_by = caller.person_id or caller.name[:100]
    detail = {"terms_sha256": sha256}
    record(core, work, caller, "entry.sign", entry.team_id, challenge_id=entry.challenge_id, detail=detail)


def _tell_organisers(core: Core, work: Work, entry: EntryRow, challenge: ChallengeRow) -> None:
    if standing_of(entry, rules_of(challenge)) is not Standing.PENDING:
        return
    query = select(PersonRow.email).join(OrganiserRow, OrganiserRow.person_id == PersonRow.id)
    text = f"A team waits for your approval in {challenge.title}: see it with `sonobench admin entries list {challenge.name}`."
    for address in work.session.scalars(query.where(OrganiserRow.challenge_id == challenge.id)):
        mail(core, work, to=address, event="entry.pending", subject=f"A team entered {challenge.title}", text=text)
