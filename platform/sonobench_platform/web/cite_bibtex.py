"""A snapshot as an entry of a bibliography, and its tables for a paper. Titles are strangers' words: each is escaped."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NamedTuple

from sonobench_eval.ranking.leaderboard import Leaderboard

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_BRACE = {"{": r"\textbraceleft{}", "}": r"\textbraceright{}"}
"""`\\{` is right in TeX, but BibTeX counts its brace, and would read on to the end of the file for the other one."""


class Cited(NamedTuple):
    """What a citation needs of a snapshot. `address` is whole and permanent; `digest` the 64 digits of its hash."""

    challenge: str
    title: str
    number: int
    digest: str
    created_at: datetime
    address: str


def bibtex_of(cited: Cited) -> str:
    """An `@misc` entry with title, organizers, date, address and hash."""
    made = cited.created_at.astimezone(UTC)
    title = bibtex_text(cited.title)
    fields = {
        "author": f"{{Organizers of {title}}}",
        "title": f"{{{title}: leaderboard, snapshot {cited.number} of {made.day} {made:%B} {made.year}}}",
        "year": str(made.year),
        "url": cited.address,
        "note": f"Sonobench, sha256:{cited.digest}",
    }
    lines = [f"  {name} = {{{value}}}" for name, value in fields.items()]
    lines.insert(3, f"  month = {_MONTHS[made.month - 1]}")
    return f"@misc{{{_key(cited)},\n" + ",\n".join(lines) + "\n}\n"


def bibtex_text(text: str) -> str:
    """The text so that BibTeX and TeX print it as it is: escaped, on one line, every brace with its other one."""
    from sonobench_eval.report.latex import latex_text

    parts = re.split(r"([{}]|\s+)", text)
    # A part of nothing would be told as a name without letters.
    written = (_BRACE[part] if part in _BRACE else " " if part.isspace() else latex_text(part) for part in parts if part)
    return "".join(written).strip()


def latex_of(cited: Cited, board: Leaderboard) -> str:
    """The board's tables as LaTeX, those of the UUSIC25 paper first, with where they come from as a comment."""
    from sonobench_eval.report.latex import latex_table
    from sonobench_eval.report.paper_tables import board_tables
    from sonobench_eval.report.paper_uusic25 import uusic25_tables

    head = f"% {_comment(cited.title)}\n% Snapshot {cited.number}, sha256:{cited.digest}\n% {_comment(cited.address)}\n\n"
    tables = [*uusic25_tables(board), *board_tables(board)]
    return head + "\n".join(latex_table(table) for table in tables)


def _comment(text: str) -> str:
    """On one line, so that nothing of it is more than a comment."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def _key(cited: Cited) -> str:
    name = re.sub(r"[^A-Za-z0-9-]", "", cited.challenge) or "challenge"
    return f"{name}-leaderboard-{cited.digest[:12]}"
