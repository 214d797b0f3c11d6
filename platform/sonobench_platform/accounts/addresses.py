"""Mail addresses as people type them: one form for each, so that nobody has two accounts by capital letters. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from sonobench_platform.domain.text import clean_line

_SHAPE = re.compile(r"[^\s@,;:<>()\[\]\"\\]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)*[^\W_](?:[\w-]{0,61}[^\W_])?")


class Email(NamedTuple):
    """An address as it was typed, and the key by which two are the same."""

    shown: str
    key: str


def read_email(text: str) -> Email:
    """The address that a person typed.

    Raises:
        ValueError: it is none.
    """
    shown = clean_line(text)
    if not shown.rpartition("@")[0].isascii():
        raise ValueError("has letters before the @ that most mail servers refuse; use an address with a-z, 0-9, . _ and - there")
    if len(shown) > 254 or not _SHAPE.fullmatch(shown):
        raise ValueError("is not a mail address, such as ada@example.org")
    key = shown.casefold()
    if len(key) > 254:
        raise ValueError("is too long for a mail address")
    return Email(shown, key)
