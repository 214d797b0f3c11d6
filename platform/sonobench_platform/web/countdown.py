"""How long something lasts yet, in words; the script of the pages says the same from then on (`static/site.js`)."""

from __future__ import annotations

from datetime import datetime

from sonobench_platform.web.contexts_challenge import Deadline
from sonobench_platform.web.texts import _, ngettext
from sonobench_platform.web.wording import date_words

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def opens_at(moment: datetime | None, now: datetime) -> Deadline | None:
    """When a phase opens; None where no date says so."""
    return _deadline(moment, now, _("opens in {left}"), "")


def closes_at(moment: datetime | None, now: datetime) -> Deadline | None:
    """When a phase closes; None where no date says so."""
    return _deadline(moment, now, _("closes in {left}"), _("has closed"))


def left_words(seconds: float) -> str:
    """The two largest parts of a length of time: `3 days 4 hours`, `2 hours 5 minutes`, `less than a minute`."""
    days, rest = divmod(int(seconds), _DAY)
    hours, rest = divmod(rest, _HOUR)
    minutes = rest // _MINUTE
    parts = [
        ngettext("{count} day", "{count} days", days).format(count=f"{days:,}") if days else "",
        ngettext("{count} hour", "{count} hours", hours).format(count=hours) if hours else "",
        ngettext("{count} minute", "{count} minutes", minutes).format(count=minutes) if minutes and not days else "",
    ]
    return " ".join(part for part in parts if part) or _("less than a minute")


def _deadline(moment: datetime | None, now: datetime, pattern: str, past: str) -> Deadline | None:
    if moment is None:
        return None
    seconds = (moment - now).total_seconds()
    said = pattern.format(left=left_words(seconds)) if seconds > 0 else past
    return Deadline(moment.isoformat(), date_words(moment), said, pattern, past)
