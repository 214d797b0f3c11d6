"""Words shared by the pages: names of others made harmless, counts in words, lists, dates."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime

_NUMBER_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs", "Co", "Cn"})
_JOINERS = "\u200c\u200d"  # needed to write Persian, Indic scripts and some emoji; they change no direction


def shown_name(name: str) -> str:
    """A name as it may be shown: control and direction characters are replaced, blank names are said to be blank."""
    shown = "".join("\N{REPLACEMENT CHARACTER}" if _is_unseen(each) else each for each in name).strip()
    return shown or "(no name)"


def shortened(name: str, longest: int) -> str:
    shown = shown_name(name)
    return shown if len(shown) <= longest else shown[: longest - 1].rstrip() + "…"


def number_word(number: int) -> str:
    """`three`; figures above twelve."""
    return _NUMBER_WORDS[number] if 0 <= number < len(_NUMBER_WORDS) else f"{number:,}"


def joined(names: Sequence[str], *, more: int = 0) -> str:
    """`a`, `a and b`, `a, b and c`, `a, b and 3 more`."""
    parts = [*names, *([f"{more} more"] if more else [])]
    if len(parts) <= 1:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def percent(share: float) -> str:
    """`70 %`, with a space that does not break."""
    return f"{share * 100:g}\u00a0%"


def date_words(moment: datetime) -> str:
    """`2 October 2025, 14:30 UTC`."""
    utc = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return f"{utc.day} {utc:%B %Y, %H:%M} UTC"


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character) in _UNSEEN and character not in _JOINERS
