"""Mail addresses that people typed: one form for each, and what makes two of them the same."""

from __future__ import annotations

import re

from sonobench_platform.domain.text import clean_line

_SHAPE = re.compile(r"[^\s@<>()\[\],;:\\\"]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_](?:[\w-]{0,61}[^\W_])?")


def clean_address(text: str) -> str:
    """The address as it is written to.

    Raises:
        ValueError: it is none, or not one that mail reaches over the internet.
    """
    line = clean_line(text)
    if len(line.encode()) > 254 or not _SHAPE.fullmatch(line):
        raise ValueError("is not a mail address; it looks like name@example.org")
    return line


def address_key(address: str) -> str:
    """What makes two addresses the same one: case does not count."""
    return clean_line(address).casefold()
