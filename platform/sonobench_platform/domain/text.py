"""Text that people typed: one form for each name, nothing invisible, nothing that turns a line around."""

from __future__ import annotations

import unicodedata

_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def clean_line(text: str) -> str:
    """One line in NFKC, without surrounding or doubled spaces.

    Raises:
        ValueError: it holds control, bidirectional or other invisible characters.
    """
    normal = unicodedata.normalize("NFKC", text)
    if bad := next((c for c in normal if unicodedata.category(c) in _INVISIBLE), None):
        raise ValueError(f"contains the invisible or control character U+{ord(bad):04X}; remove it")
    return " ".join(normal.split())


def name_key(name: str) -> str:
    """What makes two names the same name: case and compatibility forms do not count."""
    return unicodedata.normalize("NFKC", clean_line(name).casefold())
