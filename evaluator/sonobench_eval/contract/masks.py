"""Masks as an organiser's rules say where they are and what their values mean."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sonobench_eval.challenge.contract_rules import MaskRule
from sonobench_eval.challenge.model import Case, Task
from sonobench_eval.contract.paths import filled, replaced, words_of

WRITTEN_FOREGROUND = 255


class Meant(NamedTuple):
    """A mask in the values of its task, and whether there were others in it, which then are background."""

    array: npt.NDArray[np.uint8]
    has_strange_values: bool


def mask_path(case: Case, rule: MaskRule) -> str:
    """Where the mask of a case is written, relative to the output folder."""
    return replaced(filled(rule.path, words_of(case)), rule.replace)


def meanings(rule: MaskRule, task: Task) -> dict[int, int] | None:
    """What each written value means; None where it means itself."""
    if rule.map is not None:
        return rule.map
    values = list((task.labels or {}).values())
    if rule.values == "as_written" or len(values) != 1:
        return None
    return {WRITTEN_FOREGROUND: WRITTEN_FOREGROUND if values[0] == "nonzero" else values[0]}


def in_own_values(mask: npt.NDArray[np.unsignedinteger], means: dict[int, int]) -> Meant:
    """A mask with every written value replaced by what it means. What means nothing becomes background, as 0 is."""
    own = np.zeros(mask.shape, np.uint8)
    known = mask == 0
    for written, value in means.items():
        here = mask == written
        own[here] = value
        known |= here
    return Meant(own, not bool(known.all()))
