"""Who organises a challenge. The last one may go: administrators organise every challenge."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import ColumnElement, false, select
from sqlalchemy.orm import Session

from sonobench_platform.accounts.addresses import read_email
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.audit.log import record
from sonobench_platform.core import Core
from sonobench_platform.db.models import ChallengeRow, OrganiserRow, PersonRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import Conflict, NotFound
from sonobench_platform.domain.ids import is_id
from sonobench_platform.notices.outbox import mail


class Organiser(NamedTuple):
    row: OrganiserRow
    person: PersonRow


def organisers_of(session: Session, challenge: ChallengeRow) -> list[Organiser]:
    """Those who organise the challenge, by when they were added."""
    query = select(OrganiserRow, PersonRow).join(PersonRow, PersonRow.id == OrganiserRow.person_id)
    query = query.where(OrganiserRow.challenge_id == challenge.id).order_by(OrganiserRow.added_at, OrganiserRow.person_id)
    return [Organiser(*row) for row in session.execute(query)]


def add(core: Core, work: Work, caller: Identity, *, challenge: ChallengeRow, who: str) -> Organiser:
    """Make a person an organiser; they are told. Twice is harmless.

    Args:
        who: the person's id or mail address.

    Raises:
        NotFound: nobody has an account with this id or address.
        Conflict: their address is not confirmed, so it may be someone else's.
    """
    person = find_person(work.session, who)
    if person.confirmed_at is None or person.disabled_at is not None:
        said = "The account with this address is not confirmed yet, or is disabled; it has to work before it organises anything."
        raise Conflict("account-not-ready", said)
    take_turns(work, challenge)
    row = work.session.get(OrganiserRow, (challenge.id, person.id), populate_existing=True)
    if row is None:
        row = OrganiserRow(challenge_id=challenge.id, person_id=person.id, added_at=core.clock.now())
        work.session.add(row)
        work.session.flush()
        _tell(core, work, person, challenge)
        record(core, work, caller, "organiser.add", person.id, challenge_id=challenge.id)
    return Organiser(row, person)


def remove(core: Core, work: Work, caller: Identity, *, challenge: ChallengeRow, who: str) -> None:
    """Have a person organise the challenge no more, from their next request on.

    Raises:
        NotFound: this person does not organise it.
    """
    person = find_person(work.session, who)
    take_turns(work, challenge)
    row = work.session.get(OrganiserRow, (challenge.id, person.id), populate_existing=True)
    if row is None:
        raise NotFound("no-such-organiser", f"This person does not organise {challenge.title}.")
    work.session.delete(row)
    work.session.flush()
    record(core, work, caller, "organiser.remove", person.id, challenge_id=challenge.id)


def take_turns(work: Work, challenge: ChallengeRow) -> None:
    """Until the transaction ends nobody else changes who organises the challenge."""
    work.take_turns(f"organisers of {challenge.id}")


def find_person(session: Session, who: str) -> PersonRow:
    """The person of this id or mail address.

    Raises:
        NotFound: there is none.
    """
    person = session.get(PersonRow, who) if is_id(who) else session.scalar(select(PersonRow).where(_has_address(who)))
    if person is None or person.erased_at is not None:
        raise NotFound("no-such-person", "Nobody has an account with this id or mail address; they make one first.")
    return person


def _has_address(who: str) -> ColumnElement[bool]:
    try:
        return PersonRow.email_key == read_email(who).key
    except ValueError:
        return false()


def _tell(core: Core, work: Work, person: PersonRow, challenge: ChallengeRow) -> None:
    text = f"You organise {challenge.title} now. You see its hidden results and its teams' addresses: keep them to yourself."
    mail(core, work, to=person.email, event="organiser.added", subject=f"You organise {challenge.title}", text=text)
