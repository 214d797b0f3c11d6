"""A team's rank as a small picture for its README: drawn here, every text escaped, no font and no file needed."""

from __future__ import annotations

import unicodedata
from xml.sax.saxutils import escape, quoteattr

from sonobench_eval.ranking.leaderboard import Leaderboard, Row
from sonobench_platform.web.texts import _
from sonobench_platform.web.wording import shortened

LONGEST_TITLE = 40
_LETTER, _WIDE, _PADDING, _HEIGHT = 6.6, 11.0, 7.0, 20
_LEFT, _RIGHT = "#3d4a57", "#0f6b8f"


def rank_words(board: Leaderboard, team: str) -> str | None:
    """`rank 3 of 15`; None where the team, by its name on the board, is not there."""
    row = next((row for row in board.rows if row.team == team), None)
    if row is None:
        return None
    ranked = [other for other in board.rows if other.rank is not None]
    if row.rank is None:
        return _("scored, not ranked")
    pattern = _("shared rank {rank} of {teams}") if _is_shared(row, ranked) else _("rank {rank} of {teams}")
    return pattern.format(rank=row.rank, teams=len(ranked))


def badge_svg(title: str, words: str) -> str:
    """A badge of two fields: what it is about, and the rank. Well-formed SVG without scripts, styles or links."""
    name = shortened(title, LONGEST_TITLE)
    left, right = _width(name), _width(words)
    whole = f"{left + right:g}"
    label = quoteattr(f"{name}: {words}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="{_HEIGHT}" viewBox="0 0 {whole} {_HEIGHT}" role="img" '
        f"aria-label={label}>"
        f"<title>{escape(f'{name}: {words}')}</title>"
        f'<rect width="{whole}" height="{_HEIGHT}" rx="3" fill="{_LEFT}"/>'
        f'<path d="M{left:g} 0h{right - 3:g}a3 3 0 0 1 3 3v{_HEIGHT - 6}a3 3 0 0 1 -3 3h-{right - 3:g}z" fill="{_RIGHT}"/>'
        f"{_text(name, left / 2, left)}{_text(words, left + right / 2, right)}</svg>\n"
    )


def _text(text: str, middle: float, width: float) -> str:
    """As wide as its field, whatever font there is."""
    length = f"{width - 2 * _PADDING:g}"
    return (
        f'<text x="{middle:g}" y="14" fill="#ffffff" font-family="DejaVu Sans,Verdana,sans-serif" font-size="11" '
        f'text-anchor="middle" textLength="{length}" lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'
    )


def _width(text: str) -> float:
    wide = sum(1 for each in text if unicodedata.east_asian_width(each) in "WF")
    return round(wide * _WIDE + (len(text) - wide) * _LETTER + 2 * _PADDING, 1)


def _is_shared(row: Row, ranked: list[Row]) -> bool:
    return sum(1 for other in ranked if other.rank == row.rank) > 1
