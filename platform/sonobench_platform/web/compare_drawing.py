"""Differences on scales with 0 in their middle: one scale for all pure numbers, one for each other metric."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sonobench_platform.web.contexts_compare import AheadBar, DrawnDifference
from sonobench_platform.web.drawing import Scale
from sonobench_platform.web.texts import _
from sonobench_platform.web.wording import percent

if TYPE_CHECKING:
    from sonobench_platform.leaderboards.comparing import Ahead, PairedLine

WIDTH = 200.0
BAR_WIDTH = 400.0
_EDGE = 6.0


def scale_of(lines: Sequence[PairedLine], line: PairedLine) -> Scale | None:
    """The scale that a line shares with others of its kind; None where none of them has an interval."""
    ends = [end for each in lines if _kind(each) == _kind(line) for end in (each.low, each.high) if end is not None]
    reach = max((abs(end) for end in ends), default=0.0)
    return Scale(-reach, reach, _EDGE, WIDTH - _EDGE) if reach else None


def drawn_difference(line: PairedLine, scale: Scale | None, words: str) -> DrawnDifference | None:
    """What is in favor of the first is on the right. None where there is no interval."""
    if scale is None or line.difference is None or line.low is None or line.high is None:
        return None
    sign = 1 if line.first.higher_is_better else -1
    low, high = sorted((sign * line.low, sign * line.high))
    return DrawnDifference(scale(0.0), scale.clamped(sign * line.difference), scale(low), scale(high), line.better or "", words)


def ahead_bar(ahead: Ahead, first: str, second: str) -> AheadBar:
    """Both teams' shares of the resamples as parts of one bar."""
    words = _("{first} ranks before {second} in {one} of {resamples} resamples, {second} before {first} in {other}")
    told = words.format(
        first=first,
        second=second,
        one=share_words(ahead.first),
        other=share_words(ahead.second),
        resamples=f"{ahead.resamples:,}",
    )
    if ahead.level:
        told = _("{told}; in {share} they share a rank").format(told=told, share=share_words(ahead.level))
    return AheadBar(
        round(BAR_WIDTH * ahead.first, 1), round(BAR_WIDTH * ahead.level, 1), round(BAR_WIDTH * ahead.second, 1), told
    )


def share_words(share: float) -> str:
    """In whole percent; what is nearly all or nearly none is said to be."""
    if 0 < share < 0.01:
        return _("less than {share}").format(share=percent(0.01))
    if 0.99 < share < 1:
        return _("more than {share}").format(share=percent(0.99))
    return percent(round(share, 2))


def _kind(line: PairedLine) -> str:
    return line.first.definition if line.first.unit else ""
