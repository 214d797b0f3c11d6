r"""Tables as LaTeX (booktabs), made to be `\input`: no `\resizebox`, nothing but `booktabs` needed, every text escaped.

Texts hold what strangers typed. No character of theirs reaches TeX with a meaning of its own; accents are written as the
commands that every TeX engine knows. Letters of other scripts stay as they are, and the file says which engines have them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from textwrap import wrap
from typing import NamedTuple

from sonobench_eval.report.charts.labels import plain
from sonobench_eval.report.paper import Column, PaperTable, Printed, printed

TEXT_PT = 345.0
"""How wide the text of LaTeX's article class is."""
MOST_LETTERS = 26
"""Of a name in one line; longer ones go on in the next."""


class _Layout(NamedTuple):
    """Intervals beside the values or below, in letters of a size; `interval` is how wide a letter of theirs is to others."""

    size: str
    letter_pt: float
    below: bool
    interval: float = 1.0


_LAYOUTS = (
    _Layout(r"\small", 4.7, below=False),
    _Layout(r"\small", 4.7, below=True, interval=0.78),
    _Layout(r"\footnotesize", 4.25, below=True, interval=0.88),
)

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "`": r"\textasciigrave{}",
    "[": "{[}",  # \\[ begins a length
    "]": "{]}",
    "*": "{*}",  # \\* begins another line break
    "\u00a0": "~",
    "\u2013": "--",
    "\u2014": "---",
    "\u2212": "$-$",
    "\u2018": "`{}",
    "\u2019": "'{}",
    "\u201c": "``{}",
    "\u201d": "''{}",
    "\u2026": r"\ldots{}",
    "\u2264": r"$\leq$",
    "\u2265": r"$\geq$",
    "\u00d7": r"$\times$",
    "\u00b0": r"$^\circ$",
    "\u00b5": r"$\mu$",
    "\u00df": r"\ss{}",
    "\u00f8": r"\o{}",
    "\u00d8": r"\O{}",
    "\u00e6": r"\ae{}",
    "\u00c6": r"\AE{}",
    "\u0153": r"\oe{}",
    "\u0152": r"\OE{}",
    "\u0142": r"\l{}",
    "\u0141": r"\L{}",
    "\u0131": r"\i{}",
}
_LIGATURES = "-,'"
"""Two of these in a row are a dash or a quotation mark to TeX."""
_ACCENTS = {  # combining marks, by the commands that TeX has for them
    "\u0300": "`",
    "\u0301": "'",
    "\u0302": "^",
    "\u0303": "~",
    "\u0304": "=",
    "\u0306": "u",
    "\u0307": ".",
    "\u0308": '"',
    "\u030a": "r",
    "\u030b": "H",
    "\u030c": "v",
    "\u0323": "d",
    "\u0327": "c",
}


def latex_text(text: str) -> str:
    """The text so that TeX prints it as it is, in one line."""
    shown = plain(text)
    pairs = zip(shown, [*shown[1:], ""], strict=True)
    return "".join(_character(each) + ("{}" if each == after and each in _LIGATURES else "") for each, after in pairs)


def latex_table(table: PaperTable) -> str:
    """A `table` float with caption and label, its intervals beside the values or below them, in blocks where it is wide."""
    rows = list(printed(table))
    layout, blocks = _layout(table.columns, rows)
    tabulars = "\n\n  \\medskip\n".join(_tabular(table.columns, rows, block, layout) for block in blocks)
    notes = [rf"  \par\smallskip\footnotesize {latex_text(' '.join(table.notes))}"] if table.notes else []
    lines = [
        r"\begin{table}",
        r"  \centering",
        rf"  \caption{{{latex_text(table.caption)}}}",
        rf"  \label{{tab:{table.name}}}",
        rf"  {layout.size}",
        r"  \setlength{\tabcolsep}{3pt}",
        f"{tabulars}",
        *notes,
        r"\end{table}",
    ]
    text = "\n".join(lines) + "\n"
    return _first_lines(text) + text


def _layout(columns: Sequence[Column], rows: Sequence[Sequence[Printed]]) -> tuple[_Layout, list[list[int]]]:
    """The first that is as narrow as the text of an article, in as few blocks as can be; each block repeats the team."""
    team = next((at for at, column in enumerate(columns) if column.kind == "team"), 0)
    lead, rest = list(range(team + 1)), list(range(team + 1, len(columns)))
    for count in range(1, len(rest) + 1):
        size = -(-len(rest) // count)
        blocks = [[*lead, *rest[start : start + size]] for start in range(0, len(rest), size)]
        for layout in _LAYOUTS:
            widths = [_width_pt(column, [row[at] for row in rows], layout) for at, column in enumerate(columns)]
            if all(sum(widths[at] for at in block) <= TEXT_PT for block in blocks):
                return layout, blocks
    return _LAYOUTS[-1], [[*lead, at] for at in rest] or [lead]


def _width_pt(column: Column, cells: Sequence[Printed], layout: _Layout) -> float:
    """About how wide a column is."""
    values = max((len(cell.text) for cell in cells), default=0)
    intervals = max((len(cell.interval) for cell in cells), default=0)
    if not column.is_numeric:
        values = min(values, MOST_LETTERS)
    inside = max(values, layout.interval * intervals) if layout.below else values + intervals + 1
    return max(inside, *(len(word) for word in column.heading.split())) * layout.letter_pt + 6


def _tabular(columns: Sequence[Column], rows: Sequence[Sequence[Printed]], block: Sequence[int], layout: _Layout) -> str:
    cells = {at: [row[at] for row in rows] for at in block}
    head = " & ".join(_heading(columns[at], cells[at]) for at in block)
    layouts = "".join(_alignment(columns[at], cells[at], layout) for at in block)
    written = _below if layout.below else _beside
    body = [line for row in rows for line in written([row[at] for at in block])]
    lines = [
        rf"  \begin{{tabular}}{{@{{}}{layouts}@{{}}}}",
        r"    \toprule",
        rf"    {head} \\",
        r"    \midrule",
        *(f"    {line}" for line in body),
        r"    \bottomrule",
        r"  \end{tabular}",
    ]
    return "\n".join(lines)


def _heading(column: Column, cells: Sequence[Printed]) -> str:
    """In as many lines as it takes to be no wider than what stands below."""
    width = max([8, *(max(len(cell.text), len(cell.interval)) for cell in cells)])
    lines = wrap(column.heading, width, break_long_words=False, break_on_hyphens=False) or [""]
    if len(lines) == 1:
        return latex_text(lines[0])
    stacked = r" \\ ".join(latex_text(line) for line in lines)
    return rf"\shortstack[{_side(column)}]{{{stacked}}}"


def _first_lines(text: str) -> str:
    needed = "% Needs \\usepackage{booktabs}.\n"
    if text.isascii():
        return needed
    return needed + "% Holds letters that pdfLaTeX may not have: use XeLaTeX or LuaLaTeX with a font that has them.\n"


def _alignment(column: Column, cells: Sequence[Printed], layout: _Layout) -> str:
    """Long names get lines of a width, all else as much as it needs."""
    if not column.is_numeric and any(len(cell.text) > MOST_LETTERS for cell in cells):
        return rf"p{{{MOST_LETTERS * layout.letter_pt:.0f}pt}}"
    return _side(column)


def _side(column: Column) -> str:
    return "r" if column.kind in {"whole", "number"} else "c" if column.is_numeric else "l"


def _beside(row: Sequence[Printed]) -> list[str]:
    cells = [f"{_value(cell)} {_interval(cell)}".rstrip() for cell in row]
    return [" & ".join(cells) + r" \\"]


def _below(row: Sequence[Printed]) -> list[str]:
    values = " & ".join(_value(cell) for cell in row)
    intervals = " & ".join(rf"\scriptsize {_interval(cell)}" if cell.interval else "" for cell in row)
    return [rf"{values} \\", rf"{intervals} \\[2pt]"] if any(cell.interval for cell in row) else [rf"{values} \\"]


def _value(cell: Printed) -> str:
    shown = _number(cell.text) if _is_number(cell.text) else latex_text(cell.text) if cell.text else "--"
    if len(cell.text) > MOST_LETTERS:
        return rf"\raggedright {shown}"
    return rf"\textbf{{{shown}}}" if cell.is_best else shown


def _interval(cell: Printed) -> str:
    return f"{{[}}{_number(cell.interval.strip('[]'))}{{]}}" if cell.interval else ""


def _number(text: str) -> str:
    """With a minus as long as a plus."""
    return text.replace("-", "$-$")


def _is_number(text: str) -> bool:
    return text.removeprefix("-").replace(".", "", 1).isdecimal() and text.isascii()


def _character(character: str) -> str:
    if character in _SPECIAL:
        return _SPECIAL[character]
    if character.isascii():
        return character
    letter, *marks = list(unicodedata.normalize("NFD", character))
    if not (letter.isascii() and letter.isalpha() and len(marks) == 1 and marks[0] in _ACCENTS):
        return character
    base = rf"\{letter}" if letter in "ij" else letter
    return rf"\{_ACCENTS[marks[0]]}{{{base}}}"
