"""How a container is fed and what it must write, as an interface: one contract per published challenge kit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from sonobench_eval.challenge.model import Case, Challenge
from sonobench_eval.io.findings import Finding, FindingCode
from sonobench_eval.io.images import Decoder
from sonobench_eval.io.results import ResultSource

ImageSize = Callable[[Case], tuple[int, int]]
"""`(height, width)` in pixels of a case's image."""


@dataclass(frozen=True, slots=True)
class MaskAnswer:
    """A case's mask: `array` uint8 `(height, width)`, grey values as written, or the `problem` that made it unusable."""

    array: npt.NDArray[np.uint8] | None
    problem: FindingCode | None = None


@dataclass(frozen=True, slots=True)
class ClassAnswer:
    """A case's class: `probabilities` in [0, 1], one per class, and the team's own `prediction`; or the `problem`."""

    probabilities: tuple[float, ...] | None
    prediction: int | None
    problem: FindingCode | None = None


class Misfit(NamedTuple):
    """Why a challenge cannot be put to a container by this contract: where (`("cases", 3, "id")`) and a sentence."""

    loc: tuple[str | int, ...]
    sentence: str


class Answers(Protocol):
    """One algorithm's answers, read when asked for. Nothing a stranger wrote raises here."""

    @property
    def findings(self) -> list[Finding]:
        """All that was found so far; complete once every case was asked for."""

    def mask(self, case: Case) -> MaskAnswer:
        """The mask of a segmentation case. Asking twice reads twice, but finds once."""

    def classification(self, case: Case) -> ClassAnswer:
        """The class of a classification case."""


class Contract(Protocol):
    """A challenge kit's interface."""

    @property
    def inputs_at(self) -> str:
        """Folder in the container where the images are."""

    @property
    def case_list_at(self) -> str:
        """File in the container that lists the cases."""

    @property
    def output_at(self) -> str:
        """Folder in the container where results are written."""

    def misfits(self, challenge: Challenge) -> list[Misfit]:
        """What in this challenge the contract cannot express; an empty list where it fits."""

    def case_list(self, challenge: Challenge) -> bytes:
        """The case list, as the container reads it. Holds nothing of the references."""

    def mask_path(self, case: Case) -> str:
        """Where the mask of a segmentation case is written, relative to the output folder."""

    def read_answers(
        self, challenge: Challenge, source: ResultSource, image_size: ImageSize, *, decoder: Decoder | None = None
    ) -> Answers:
        """Open what a container left behind. Masks are decoded by `decoder`, by default the confined child."""
