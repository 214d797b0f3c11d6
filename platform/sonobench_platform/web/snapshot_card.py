"""The picture that programs show beside a link to a board or a challenge: PNG, drawn here, the same bytes for the same words.

A card takes some 50 ms to draw. It is drawn once and kept, as many as `KEPT`, and one at a time: whoever asks for many waits,
and is sent away before the server has no thread left for anything else.
"""

from __future__ import annotations

import io
import threading
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

from sonobench_platform.domain.errors import Unavailable

WIDTH, HEIGHT = 1200, 630
KEPT = 64
MOST_ROWS = 5
_FONTS = Path("/usr/share/fonts/truetype/dejavu")
_INK, _SOFT, _LINE, _PAPER, _PERFORMANCE, _EFFICIENCY = "#15202b", "#526272", "#dfe5ea", "#ffffff", "#0f6b8f", "#c4731b"
_LEFT, _RIGHT = 72, WIDTH - 72
_BAR = 300
_WAIT_S = 2.0
_asking, _drawing = threading.BoundedSemaphore(4), threading.Lock()

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


class CardRow(NamedTuple):
    """A team on a card. `performance` and `efficiency` are its parts of the score, weight included, in [0, 1]."""

    rank: str
    team: str
    score: str
    performance: float
    efficiency: float


class Card(NamedTuple):
    """What a card says; every text is as it is to be seen."""

    title: str
    line: str
    rows: tuple[CardRow, ...]
    foot: str


def card_png(card: Card) -> bytes:
    """The card as PNG, `WIDTH` by `HEIGHT` pixels.

    Raises:
        Unavailable: too many are being asked for at once.
    """
    if not _asking.acquire(timeout=_WAIT_S):
        raise Unavailable(
            "too-many-cards", "Many pictures are being drawn just now; ask again in a minute.", headers={"Retry-After": "60"}
        )
    try:
        with _drawing:
            return _kept(card)
    finally:
        _asking.release()


@lru_cache(maxsize=KEPT)
def _kept(card: Card) -> bytes:
    image = Image.new("RGB", (WIDTH, HEIGHT), _PAPER)
    draw, out = ImageDraw.Draw(image), io.BytesIO()
    draw.rectangle((0, 0, WIDTH, 10), fill=_PERFORMANCE)
    y = _title(draw, card.title)
    draw.text((_LEFT, y + 12), _fitting(draw, card.line, _font(26), _RIGHT - _LEFT), font=_font(26), fill=_SOFT)
    for number, row in enumerate(card.rows[:MOST_ROWS]):
        _row(draw, row, 262 + number * 58)
    draw.text((_LEFT, HEIGHT - 56), _fitting(draw, card.foot, _font(22), _RIGHT - _LEFT), font=_font(22), fill=_SOFT)
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def _title(draw: ImageDraw.ImageDraw, title: str) -> float:
    """In one line or two; returns where it ends."""
    font, y = _font(46, bold=True), 52.0
    for line in _lines(draw, title, font):
        draw.text((_LEFT, y), line, font=font, fill=_INK)
        y += 58
    return y


def _lines(draw: ImageDraw.ImageDraw, title: str, font: Font) -> list[str]:
    words, room = title.split(" "), _RIGHT - _LEFT
    first = words[0]
    for number, word in enumerate(words[1:], 1):
        if draw.textlength(f"{first} {word}", font=font) > room:
            return [_fitting(draw, first, font, room), _fitting(draw, " ".join(words[number:]), font, room)]
        first = f"{first} {word}"
    return [_fitting(draw, first, font, room)]


def _row(draw: ImageDraw.ImageDraw, row: CardRow, y: int) -> None:
    draw.line((_LEFT, y + 50, _RIGHT, y + 50), fill=_LINE, width=1)
    draw.text((_LEFT + 60, y + 8), row.rank, font=_font(30, bold=True), fill=_INK, anchor="ra")
    draw.text((_LEFT + 92, y + 8), _fitting(draw, row.team, _font(30), 520), font=_font(30), fill=_INK)
    draw.text((_RIGHT - _BAR - 30, y + 8), row.score, font=_font(30), fill=_INK, anchor="ra")
    first, second = _BAR * row.performance, _BAR * row.efficiency
    left = _RIGHT - _BAR
    if first > 1:
        draw.rectangle((left, y + 14, left + first, y + 38), fill=_PERFORMANCE)
    if second > 1:
        draw.rectangle((left + first + 3, y + 14, left + first + 3 + second, y + 38), fill=_EFFICIENCY)


def _fitting(draw: ImageDraw.ImageDraw, text: str, font: Font, room: float) -> str:
    """As much of the text as there is room for, with an ellipsis where it is cut."""
    if draw.textlength(text, font=font) <= room:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if draw.textlength(f"{text[:middle]}…", font=font) <= room else (low, middle - 1)
    return f"{text[:low].rstrip()}…"


@cache
def _font(size: int, *, bold: bool = False) -> Font:
    """DejaVu where it is installed, else what Pillow brings."""
    path = _FONTS / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf")
    if path.is_file():
        return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)
    return ImageFont.load_default(size)
