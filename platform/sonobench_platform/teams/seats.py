"""Seats: one team per person per challenge. The table's key refuses a second seat, however many ask at once.

A team takes a seat for each member when it enters, and a person who joins takes one in each challenge that the team is in.
Whoever changes who is in a team, or which challenges it is in, takes turns with `hold_team` first: otherwise someone could join
while the team enters, and neither would see the other. Seats are taken in one order, so that two teams never wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sonobench_platform.db.models import ChallengeRow, EntryRow, MembershipRow, PersonRow, SeatRow, SubmissionRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import Conflict


def hold_team(work: Work, team_id: str) -> None:
    """Until the end of this transaction nobody else changes the team's members or entries.

    To be called before anything that writes an audit row: the log takes turns too, and the order must be one.
    """
    work.take_turns(f"people of {team_id}")


def seat_team(work: Work, team_id: str, challenge: ChallengeRow) -> None:
    """A seat in the challenge for each member; those who sit there with this team already keep theirs.

    Raises:
        Conflict: a member takes part with another team.
    """
    members = work.session.scalars(select(MembershipRow.person_id).where(MembershipRow.team_id == team_id))
    _take(work, team_id, [(challenge.id, person_id) for person_id in members])


def seat_person(work: Work, team_id: str, person_id: str) -> None:
    """A seat for a person who joins, in each challenge that the team is in.

    Raises:
        Conflict: the person takes part in one of them with another team.
    """
    entered = select(EntryRow.challenge_id).where(EntryRow.team_id == team_id, EntryRow.status.in_(("pending", "approved")))
    _take(work, team_id, [(challenge_id, person_id) for challenge_id in work.session.scalars(entered)])


def free_person(work: Work, team_id: str, person_id: str) -> None:
    """Give up a leaving person's seats with this team, but for those that are kept (see `_is_kept`)."""
    seats = select(SeatRow).where(SeatRow.team_id == team_id, SeatRow.person_id == person_id)
    _free(work, work.session.scalars(seats))


def free_team(work: Work, team_id: str, challenge_id: str) -> None:
    """Give up the seats of a team that withdraws from a challenge, but for those that are kept."""
    _free(work, work.session.scalars(select(SeatRow).where(SeatRow.team_id == team_id, SeatRow.challenge_id == challenge_id)))


def seat_of(session: Session, challenge_id: str, person_id: str) -> SeatRow | None:
    """The person's seat in a challenge."""
    return session.get(SeatRow, (challenge_id, person_id))


def _free(work: Work, seats: Iterable[SeatRow]) -> None:
    for seat in seats:
        if not _is_kept(work.session, seat):
            work.session.delete(seat)
    work.session.flush()


def _is_kept(session: Session, seat: SeatRow) -> bool:
    """Whether leaving leaves the seat taken: once the team handed something in, or was refused.

    Otherwise a person could use up one team's attempts and go on with the next one's. Organisers can free a seat by hand.
    """
    entry = session.get(EntryRow, (seat.challenge_id, seat.team_id))
    if entry is not None and entry.status == "refused":
        return True
    handed_in = (SubmissionRow.team_id == seat.team_id) & (SubmissionRow.challenge_id == seat.challenge_id)
    return bool(session.scalar(select(exists().where(handed_in))))


def _take(work: Work, team_id: str, wanted: Iterable[tuple[str, str]]) -> None:
    """One seat after the other, by challenge and person."""
    for challenge_id, person_id in sorted(wanted):
        seat = seat_of(work.session, challenge_id, person_id)
        if seat is not None and seat.team_id == team_id:
            continue
        # Made before the attempt: a failed one leaves rows that cannot be read any more.
        taken = _taken(work.session, challenge_id, person_id)
        if seat is not None:
            raise taken
        work.session.add(SeatRow(challenge_id=challenge_id, person_id=person_id, team_id=team_id))
        try:
            work.session.flush()
        except IntegrityError as error:  # PostgreSQL: another team was quicker by a moment
            raise taken from error


def _taken(session: Session, challenge_id: str, person_id: str) -> Conflict:
    person, challenge = session.get_one(PersonRow, person_id), session.get_one(ChallengeRow, challenge_id)
    return Conflict(
        "seat-taken",
        f"{person.name} takes part in {challenge.title} with another team already, and a person has one team in a challenge. "
        "Go on without that person here, or ask the organisers to free the seat.",
    )
