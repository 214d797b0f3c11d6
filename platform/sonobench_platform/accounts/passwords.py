"""Passwords: which are good enough, and how they are kept (argon2id). Pure but for the time that hashing takes on purpose."""

from __future__ import annotations

import re
import threading
import unicodedata
from functools import cache
from typing import NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST, LONGEST = 12, 256
_FEWEST_DIFFERENT = 5

HASHER = PasswordHasher()
"""argon2id with the library's parameters (RFC 9106, low memory: 64 MiB, 3 passes, 4 lanes)."""

# Each hash takes 64 MiB: a crowd of strangers that signs in must wait rather than fill the memory.
_ROOM = threading.BoundedSemaphore(4)

_WELL_KNOWN = frozenset(
    """
    admin administrator challenge changeme default hospital iloveyou letmein login master monkey organiser passphrase passw
    passwd passwort password qwerty qwertz secret sonobench sunshine superuser test ultrasound user welcome
    """.split()  # noqa: SIM905 - a list of words reads best as words
)
_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1234567890",
)


class Verdict(NamedTuple):
    """Whether a password was right, and whether its hash should be made anew with today's parameters."""

    is_right: bool
    is_outdated: bool


def weakness(password: str, *, email: str = "", name: str = "") -> str | None:
    """What is wrong with a password as a sentence, or None. Any character may be in it, spaces too."""
    plain = _normal(password).casefold()
    if len(plain) < SHORTEST:
        return f"The password is too short; take at least {SHORTEST} characters, for example four or five words."
    if len(password) > LONGEST:
        return f"The password is too long; take at most {LONGEST} characters."
    if len(set(plain)) < _FEWEST_DIFFERENT or _repeats(plain) or _runs(plain):
        return "The password is a pattern that is guessed at once; take four or five words that do not belong together."
    if _cores(plain) & _WELL_KNOWN or _is_made_of(plain, email=email, name=name):
        return "The password is a well-known one, or made of your name or address; take four or five words of your own."
    return None


def hash_password(password: str) -> str:
    """The hash to keep: argon2id with a random salt and its parameters."""
    with _ROOM:
        return HASHER.hash(_normal(password))


def check_password(kept: str | None, password: str) -> Verdict:
    """Whether `password` made the hash `kept`. Without one (None) it takes as long, and is never right."""
    try:
        with _ROOM:
            HASHER.verify(kept or _nobodys(HASHER), _normal(password[: LONGEST + 1]))
    except (VerificationError, InvalidHashError):
        return Verdict(is_right=False, is_outdated=False)
    return Verdict(is_right=kept is not None, is_outdated=kept is not None and HASHER.check_needs_rehash(kept))


@cache
def _nobodys(hasher: PasswordHasher) -> str:
    """A hash that stands for an account that is not there, as much work as those that `hasher` makes."""
    return hasher.hash("nobody has this password")


def _normal(password: str) -> str:
    return unicodedata.normalize("NFKC", password)


def _cores(plain: str) -> set[str]:
    """The letters alone, and with the usual disguises undone: `P@ssw0rd-2026!` is `password`."""
    word = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", plain)
    undisguised = word.translate(str.maketrans("@4301$5!7", "aaeolssit"))
    return {re.sub(r"[\W\d_]", "", each) for each in (word, undisguised)}


def _repeats(plain: str) -> bool:
    """Whether up to four characters are said again and again."""
    return any(plain == (plain[:period] * len(plain))[: len(plain)] for period in range(1, 5))


def _runs(plain: str) -> bool:
    """Whether it walks along the alphabet, the digits or a keyboard's rows, either way."""
    return any(plain in row * 3 or plain[::-1] in row * 3 for row in _ROWS)


def _is_made_of(plain: str, *, email: str, name: str) -> bool:
    """Whether little is left without the words of the person's name and address."""
    for word in re.split(r"[\W_]+", f"{email} {name}".casefold()):
        plain = plain.replace(word, "") if len(word) > 2 else plain
    return len(re.sub(r"[\W\d_]", "", plain)) < 4 and len(plain) < SHORTEST
