"""How numbers are written for people, the same on the page and in the terminal.

A score carries as many digits as its confidence interval supports, one rule for a whole column so that
decimal points align. "Not measured" is a dash, never 0. GB and MB are powers of ten; limits keep the
unit they were declared in (GiB, MiB), and so does what is shown beside them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from statistics import median

from sonobench_eval.evaluation import MetricScore

NOT_MEASURED = "–"
MINUS = "\u2212"
DECIMALS_WITHOUT_CI = 3
DECIMALS_RANGE = (2, 4)

_ACRONYMS = frozenset(
    {
        "dsc",
        "nsd",
        "iou",
        "hd",
        "hd95",
        "assd",
        "masd",
        "rve",
        "ave",
        "auc",
        "auprc",
        "acc",
        "f1",
        "ppv",
        "npv",
        "mcc",
        "ece",
        "aurc",
    }
    | {"qwk", "lwk", "mae", "rmse", "icc", "ccc", "r2", "ap", "fppi", "froc", "pq", "sq", "rq", "mre", "pck"}
)
_METRIC_LABELS = {"cldice": "clDice", "pauc": "pAUC", "map": "mAP", "mean_iou": "Mean IoU", "instance_dsc": "Instance DSC"}


def metric_label(name: str) -> str:
    """`"dsc"` -> `"DSC"`, `"balanced_acc"` -> `"Balanced ACC"`; an organiser's own id is shown likewise."""
    if name in _METRIC_LABELS:
        return _METRIC_LABELS[name]
    words = [word.upper() if word in _ACRONYMS else word for word in re.split("[_-]", name)]
    return " ".join([words[0][:1].upper() + words[0][1:], *words[1:]])


def decimals_for(half_width: float | None) -> int:
    """Decimals that show one significant digit of a CI's half width: 0.0065 -> 3, 0.049 -> 2; between 2 and 4."""
    if half_width is None or half_width <= 0:
        return DECIMALS_WITHOUT_CI
    fewest, most = DECIMALS_RANGE
    return min(max(-math.floor(math.log10(half_width)), fewest), most)


def column_decimals(scores: Iterable[MetricScore | None]) -> int:
    """Decimals for a whole column: what the median CI half width of its scores supports."""
    halves = [half for score in scores if score is not None and (half := _half_width(score)) is not None]
    return decimals_for(median(halves)) if halves else DECIMALS_WITHOUT_CI


def fixed(value: float | None, decimals: int) -> str:
    """A number with a fixed count of decimals and a true minus sign; a dash for None."""
    if value is None:
        return NOT_MEASURED
    text = f"{value:.{decimals}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def signed(value: float, decimals: int) -> str:
    """A difference with its sign always shown."""
    text = fixed(value, decimals)
    return text if text.startswith(MINUS) or float(text) == 0 else f"+{text}"


def interval(low: float | None, high: float | None, decimals: int) -> str:
    """`0.848 to 0.861`; empty where there is no interval."""
    if low is None or high is None:
        return ""
    return f"{fixed(low, decimals)} to {fixed(high, decimals)}"


def rank_range(low: int | None, high: int | None) -> str:
    """`2–7`, `1` where the range is one rank, empty where there is none."""
    if low is None or high is None:
        return ""
    return str(low) if low == high else f"{low}–{high}"


def duration(seconds: float) -> str:
    """A length of time in words short enough for a table: `0.8 s`, `36 s`, `12 min 5 s`, `2 h 3 min`."""
    if seconds < 10:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        minutes, rest = divmod(whole, 60)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, rest = divmod(round(seconds / 60), 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def measured_bytes(count: int | None) -> str:
    """A measured amount in powers of ten: `48 MB`, `2.76 GB`; a dash for None."""
    if count is None:
        return NOT_MEASURED
    for size, unit, decimals in ((10**9, "GB", 2), (10**6, "MB", 0), (10**3, "kB", 0)):
        if count >= size:
            return f"{count / size:.{decimals}f} {unit}"
    return f"{count} B"


def limit_bytes(count: int) -> str:
    """A declared limit in the unit it was declared in: `8 GiB`, `512 MiB`; else as `measured_bytes`."""
    for size, unit in ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if count >= size and count % size == 0:
            return f"{count // size} {unit}"
    return measured_bytes(count)


def used_bytes(count: int | None) -> str:
    """A measured amount that stands beside a limit, in the units of limits: `48 MiB`, `2.76 GiB`; a dash for None."""
    if count is None:
        return NOT_MEASURED
    for size, unit, decimals in ((2**30, "GiB", 2), (2**20, "MiB", 0), (2**10, "KiB", 0)):
        if count >= size:
            return f"{count / size:.{decimals}f} {unit}"
    return f"{count} B"


def time_decimals(values: Sequence[float | None]) -> int:
    """Decimals for a column of seconds: two below ten seconds, one below a thousand, else none."""
    largest = max((value for value in values if value is not None), default=0.0)
    return 2 if largest < 10 else 1 if largest < 1000 else 0


def memory_scale(values: Sequence[int | None]) -> tuple[str, int, int]:
    """Unit, bytes per unit and decimals for a column of memory figures: MB while all are below 1 GB."""
    largest = max((value for value in values if value is not None), default=0)
    return ("GB", 10**9, 2) if largest >= 10**9 else ("MB", 10**6, 0)


def count_of(number: int, singular: str, plural: str | None = None) -> str:
    """`1 team`, `15 teams`, `2,479 images`."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def _half_width(score: MetricScore) -> float | None:
    if score.ci_low is None or score.ci_high is None or score.ci_high <= score.ci_low:
        return None
    return (score.ci_high - score.ci_low) / 2
