r"""Formulas as MathML, which browsers set and screen readers speak, from a short notation that is written like TeX.

`\frac{a}{b}`, `\sqrt{a}`, `\bar{a}`, `\sum_{i}^{n}`, `x_{i}`, `x^{2}`, `'words'`; letters in a row are one name. Every text is
escaped; a formula that is not written right is a mistake of this code, and raises.
"""

from __future__ import annotations

import re
from functools import cache

from markupsafe import Markup

_SIGNS = re.compile(r"\\[a-z]+|'[^']*'|\d+(?:[.,]\d+)*|[A-Za-z]+|[α-ωΑ-Ω]|\S")
_UNDER = {"sum": "∑", "max": "max", "min": "min", "mean": "mean", "median": "median"}
"""Signs that have what they run over below them."""
_FENCES = "|()[]‖"


class NotationError(ValueError):
    """The formula is not written as this notation is."""


@cache
def mathml(notation: str) -> Markup:
    """A `<math>` element on a line of its own.

    Raises:
        NotationError: a brace is missing, or a word that begins with a backslash is none of this notation.
    """
    reader = _Reader(_SIGNS.findall(notation))
    row = reader.row(until=None)
    return Markup('<math display="block">{}</math>').format(row)


class _Reader:
    def __init__(self, signs: list[str]) -> None:
        self._signs = signs[::-1]

    def row(self, until: str | None) -> Markup:
        """Everything up to a closing brace, or to the end."""
        nodes: list[Markup] = []
        while True:
            if not self._signs:
                if until is not None:
                    raise NotationError("a brace is not closed")
                return _row(nodes)
            sign = self._signs.pop()
            if sign == until:
                return _row(nodes)
            if sign == "}":
                raise NotationError("a brace is closed that was not opened")
            nodes.append(self._scripted(sign))

    def _scripted(self, sign: str) -> Markup:
        """One thing with what stands below and above it."""
        base, runs = self._atom(sign), sign.removeprefix("\\") in _UNDER and sign.startswith("\\")
        scripts: dict[str, Markup] = {}
        while self._signs and self._signs[-1] in "_^":
            mark = self._signs.pop()
            scripts[mark] = self._group()
        names = ("munder", "mover", "munderover") if runs else ("msub", "msup", "msubsup")
        if not scripts:
            return base
        name = names[2] if len(scripts) == 2 else names[0] if "_" in scripts else names[1]
        parts = Markup("").join([base, *(scripts[mark] for mark in "_^" if mark in scripts)])
        return Markup("<{0}>{1}</{0}>").format(Markup(name), parts)  # noqa: S704 - one of six names

    def _atom(self, sign: str) -> Markup:
        if sign == "{":
            return self.row(until="}")
        if sign.startswith("\\"):
            return self._command(sign[1:])
        if sign.startswith("'"):
            return Markup("<mtext>{}</mtext>").format(sign[1:-1])
        if sign[0].isdigit():
            return Markup("<mn>{}</mn>").format(sign)
        if sign[0].isalpha():
            return Markup("<mi>{}</mi>").format(sign)
        if sign in _FENCES:
            return Markup('<mo stretchy="false">{}</mo>').format(sign)
        return Markup("<mo>{}</mo>").format(sign.replace("-", "−").replace("*", "·"))

    def _command(self, name: str) -> Markup:
        if name == "frac":
            return Markup("<mfrac>{}{}</mfrac>").format(self._group(), self._group())
        if name == "sqrt":
            return Markup("<msqrt>{}</msqrt>").format(self._group())
        if name == "bar":
            return Markup('<mover>{}<mo stretchy="false">¯</mo></mover>').format(self._group())
        if name in _UNDER:
            return Markup("<mo>{}</mo>").format(_UNDER[name])
        raise NotationError(f"there is no \\{name}")

    def _group(self) -> Markup:
        """What stands in braces, or a single thing."""
        if not self._signs:
            raise NotationError("something is missing at the end")
        return self._atom(self._signs.pop())


def _row(nodes: list[Markup]) -> Markup:
    return nodes[0] if len(nodes) == 1 else Markup("<mrow>{}</mrow>").format(Markup("").join(nodes))
