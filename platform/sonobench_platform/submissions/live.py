"""Who watches which submission, and one look at the database for all of them.

A page that is open wants to know when its submission moves on. However many are open, the database is asked once every other
second, in one short reading transaction, for the stamps of all the submissions that are watched; who waits holds nothing of
the database. A stamp says nothing but that something changed: what did, the page asks for as its reader, with their rights.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sonobench_platform.db.models import AttemptRow, HistoryRow, RunRow, SubmissionRow
from sonobench_platform.domain.states import State
from sonobench_platform.runs.expected_start import Expectation, expectations
from sonobench_platform.submissions import repository

log = logging.getLogger(__name__)

_RETRY_MS = 3000


class Stamp(NamedTuple):
    """`value` differs whenever something that its page shows has changed; `is_end`: nothing more will by itself."""

    value: str
    is_end: bool


GONE = Stamp("gone", True)


def stamps_of(session: Session, submission_ids: Collection[str], now: datetime) -> dict[str, Stamp]:
    """The stamps of these submissions. No moment goes into one: it would tell to the second what is shown in whole minutes."""
    steps = select(func.count()).where(HistoryRow.submission_id == SubmissionRow.id).correlate(SubmissionRow).scalar_subquery()
    query = (
        select(SubmissionRow.id, SubmissionRow.state, steps, SubmissionRow.trouble, RunRow.phase, RunRow.attempt)
        .add_columns(AttemptRow.live_log_at)
        .select_from(SubmissionRow)
        .outerjoin(RunRow, (RunRow.submission_id == SubmissionRow.id) & repository.is_newest())
        .outerjoin(AttemptRow, (AttemptRow.run_id == RunRow.id) & (AttemptRow.attempt == RunRow.attempt))
        .where(SubmissionRow.id.in_(submission_ids))
    )
    rows = session.execute(query).all()
    waits = any(row.state == State.QUEUED for row in rows)
    places = expectations(session, now) if waits else {}
    return {row.id: _stamp(tuple(row[1:]), places.get(row.id)) for row in rows}


def _stamp(facts: tuple[object, ...], expected: Expectation | None) -> Stamp:
    state = State(str(facts[0]))
    text = json.dumps([*facts, expected], default=str)
    return Stamp(hashlib.sha256(text.encode()).hexdigest()[:16], not state.is_open)


@dataclass(eq=False, slots=True)
class Seat:
    """One page that is open. `stamp` is what it was last told."""

    submission_id: str
    caller: str
    stamp: Stamp
    changed: asyncio.Event = field(default_factory=asyncio.Event)


Look = Callable[[Collection[str]], Awaitable[Mapping[str, Stamp]]]
"""The stamps of these submissions, as they are now."""


class Watching:
    """The pages that are open in this process. All of it happens in one event loop."""

    def __init__(
        self,
        look: Look,
        *,
        every_s: float = 1.5,
        still_here_s: float = 15.0,
        longest_s: float = 300.0,
        most: int = 500,
        most_each: int = 8,
    ) -> None:
        """`longest_s`: after that a page has to ask again, so that whoever lost the right to look is found out."""
        self._look = look
        self._every_s, self._still_here_s, self._longest_s = every_s, still_here_s, longest_s
        self._most, self._most_each = most, most_each
        self._seats: set[Seat] = set()
        self._each: Counter[str] = Counter()
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    def is_closed(self) -> bool:
        """Whether the server is ending. It may turn true at every `await`."""
        return self._closed

    def __len__(self) -> int:
        return len(self._seats)

    def take(self, submission_id: str, *, caller: str, seen: str) -> Seat | None:
        """A seat for whoever was last told `seen`; `leave` gives it back.

        None where there is no seat left, for this caller or for anybody, or the server is ending: the page has to ask by itself.
        """
        if self._closed or len(self._seats) >= self._most or self._each[caller] >= self._most_each:
            return None
        seat = Seat(submission_id, caller, Stamp(seen, False))
        self._seats.add(seat)
        self._each[caller] += 1
        return seat

    def leave(self, seat: Seat) -> None:
        """Twice is harmless."""
        if seat in self._seats:
            self._seats.remove(seat)
            self._each[seat.caller] -= 1
            if not self._each[seat.caller]:
                del self._each[seat.caller]

    def close(self) -> None:
        """Have every page's stream end at once: the server is."""
        self._closed = True
        for seat in self._seats:
            seat.changed.set()

    async def events(self, seat: Seat) -> AsyncIterator[bytes]:
        """Server-sent events: `change` with the new stamp as its id, `end` after the last one, comments in between."""
        yield f"retry: {_RETRY_MS}\n: watching\n\n".encode()
        loop = asyncio.get_running_loop()
        until = loop.time() + self._longest_s
        while not self.is_closed() and (left := until - loop.time()) > 0:
            self._keep_looking()
            try:
                async with asyncio.timeout(min(left, self._still_here_s)):
                    await seat.changed.wait()
            except TimeoutError:
                yield b": still here\n\n"
                continue
            seat.changed.clear()
            if self.is_closed():
                return
            yield f"id: {seat.stamp.value}\nevent: change\ndata: {seat.stamp.value}\n\n".encode()
            if seat.stamp.is_end:
                yield b"event: end\ndata: end\n\n"
                return

    def _keep_looking(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._look_on())

    async def _look_on(self) -> None:
        """Look for everybody, for as long as anybody is there."""
        while self._seats and not self.is_closed():
            try:
                found = await self._look({seat.submission_id for seat in self._seats})
            except Exception as error:  # whatever the database's trouble is: the next look may do better
                log.warning("looking for changed submissions failed, and is tried again: %s", type(error).__name__)
            else:
                self._tell(found)
            await asyncio.sleep(self._every_s)

    def _tell(self, found: Mapping[str, Stamp]) -> None:
        for seat in self._seats:
            stamp = found.get(seat.submission_id, GONE)
            if stamp.value != seat.stamp.value or (stamp.is_end and not seat.stamp.is_end):
                seat.stamp = stamp
                seat.changed.set()
