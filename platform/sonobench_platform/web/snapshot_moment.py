"""`as_of`: a day or a moment, as people type it into an address."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time

from sonobench_platform.domain.errors import BadRequest

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_LOST_PLUS = re.compile(r" (\d{2}:?\d{2})$")


def read_moment(text: str) -> datetime:
    """A day means its end, a moment without a zone is in UTC. The answer is in UTC.

    Raises:
        BadRequest: it is neither.
    """
    said = text.strip()
    try:
        if _DAY.fullmatch(said):
            return datetime.combine(date.fromisoformat(said), time.max, UTC)
        # In an address a plus that is not escaped comes as a blank.
        moment = datetime.fromisoformat(_LOST_PLUS.sub(r"+\1", said) if "T" in said else said)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        detail = "as_of is a day, like 2026-10-02, or a moment, like 2026-10-02T14:30+02:00; without a zone it is in UTC."
        raise BadRequest("no-such-moment", detail) from error
