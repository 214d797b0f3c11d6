"""Text that people typed: one form for each name, nothing invisible, nothing that turns a line around."""

from __future__ import annotations

import re
import unicodedata

_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
# Letters, marks and symbols that draw nothing (Unicode's Default_Ignorable_Code_Point, and the blank braille cell).
_BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")


def clean_line(text: str) -> str:
    """One line in NFKC, without surrounding or doubled spaces.

    Raises:
        ValueError: it holds control, bidirectional or other invisible characters.
    """
    normal = unicodedata.normalize("NFKC", text)
    if bad := next((c for c in normal if unicodedata.category(c) in _INVISIBLE or _BLANK.match(c)), None):
        raise ValueError(f"contains the invisible or control character U+{ord(bad):04X}; remove it")
    return " ".join(normal.split())


def name_key(name: str) -> str:
    """What makes two names the same name: case and compatibility forms do not count."""
    return unicodedata.normalize("NFKC", clean_line(name).casefold())
