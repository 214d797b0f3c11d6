"""Text that strangers chose, made harmless for charts: no control or direction characters, no towers of accents, short,
and never two teams under one label.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import groupby

LONGEST = 26
"""Characters of a label on an axis."""
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"})
_REPLACED = "?"
"""In place of what is not seen. Not U+FFFD, which the charts' font lacks: one of it sets the whole label in another font."""
_ACCENTS = 2
"""Marks on one letter: enough for any language, too few to reach into the next line."""
NAMELESS = "(no name)"
LONGEST_SLUG = 80
_BUILT_IN = frozenset(
    {
        "constructor",
        "hasOwnProperty",
        "isPrototypeOf",
        "propertyIsEnumerable",
        "toLocaleString",
        "toString",
        "valueOf",
        "__proto__",
        "__defineGetter__",
        "__defineSetter__",
        "__lookupGetter__",
        "__lookupSetter__",
    }
)
"""Vega keeps its groups in plain JavaScript objects, in which these names are taken: rows of a team called so would be lost."""


def plain(text: str) -> str:
    """On one line, without characters that are not seen or turn the reading direction: these are shown as replaced."""
    shown = "".join(_REPLACED if unicodedata.category(each) in _UNSEEN or each == "\ufffd" else each for each in text)
    return " ".join(_few_accents(unicodedata.normalize("NFC", shown)).split()) or NAMELESS


def shortened(text: str, longest: int = LONGEST) -> str:
    """Plain, and cut with an ellipsis where it is longer."""
    whole = plain(text)
    return whole if len(whole) <= longest else whole[: longest - 1].rstrip() + "…"


def labels_of(names: Sequence[str], longest: int = LONGEST) -> dict[str, str]:
    """A label for each name, in their order. Names that look the same once shortened are numbered."""
    found: dict[str, str] = {}
    for name in dict.fromkeys(names):
        label, number, taken = shortened(name, longest), 2, set(found.values())
        label = f"“{label}”" if label in _BUILT_IN else label
        while label in taken:
            suffix = f" ({number})"
            label, number = shortened(name, longest - len(suffix)) + suffix, number + 1
        found[name] = label
    return found


def listed(names: Iterable[str], most: int = 4) -> str:
    """`A`, `A and B`, `A, B, C, D and 3 others`; each name short enough for a sentence."""
    shown = [shortened(name, 40) for name in names]
    if len(shown) > most + 1:
        shown = [*shown[:most], f"{len(shown) - most} others"]
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)


def percent(share: float) -> str:
    """`77 %`."""
    return f"{100 * share:.0f} %"


def slug(*parts: str) -> str:
    """`roc-breast-malignant`: small ASCII letters, digits and hyphens, for names of files.

    Where letters have no such form, or there are very many, part of a digest keeps names apart.
    """
    text = "-".join(part for part in parts if part)
    known = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    kept = "-".join(part for part in "".join(each if each.isalnum() else "-" for each in known).split("-") if part)
    lost = sum(each.isalnum() for each in text) > sum(each.isalnum() for each in known)
    if not lost and 0 < len(kept) <= LONGEST_SLUG:
        return kept
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return "-".join(each for each in (kept[:LONGEST_SLUG].strip("-"), digest) if each)


def _few_accents(text: str) -> str:
    runs = groupby(text, key=lambda each: unicodedata.category(each) in {"Mn", "Me"})
    return "".join("".join(list(run)[:_ACCENTS]) if marks else "".join(run) for marks, run in runs)
