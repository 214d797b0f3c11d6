"""How a container is fed and what it must write, as an interface. `registry.py` has the contract of a challenge."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from sonobench_eval.challenge.model import Case, Challenge
from sonobench_eval.io.findings import Finding, FindingCode
from sonobench_eval.io.images import Decoder
from sonobench_eval.io.results import ResultSource
from sonobench_eval.io.volumes import Geometry

ImageSize = Callable[[Case], tuple[int, int] | Geometry]
"""`(height, width)` in pixels of a case's image; of a volume (NIfTI) its size and place."""


@dataclass(frozen=True, slots=True)
class MaskAnswer:
    """A case's mask, or the `problem` that made it unusable.

    `array` has the values of its task, as the contract says what written ones mean: uint8 `(height, width)`, or of a volume
    `(z, y, x)` in the smallest unsigned type that holds them.
    """

    array: npt.NDArray[np.unsignedinteger] | None
    problem: FindingCode | None = None


@dataclass(frozen=True, slots=True)
class ClassAnswer:
    """A case's class: `probabilities` in [0, 1], one per class, and the team's own `prediction`; or the `problem`.

    Where the algorithm `abstains`, it leaves the case to a human: there is no prediction, and there may be probabilities.
    """

    probabilities: tuple[float, ...] | None
    prediction: int | None
    problem: FindingCode | None = None
    abstains: bool = False


@dataclass(frozen=True, slots=True)
class LabelsAnswer:
    """A case's labels, one value per class: `probabilities` in [0, 1] and `decisions`; or the `problem`."""

    probabilities: tuple[float, ...] | None
    decisions: tuple[bool, ...] | None
    problem: FindingCode | None = None
    abstains: bool = False


@dataclass(frozen=True, slots=True)
class ValueAnswer:
    """A case's grade or measurement, within the range of its task; or the `problem`."""

    value: float | None
    problem: FindingCode | None = None
    abstains: bool = False


class FoundBox(NamedTuple):
    """One box: the index of its class, how sure the algorithm is (0 to 1), and its corners in pixels, `left < right`."""

    class_index: int
    confidence: float
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class BoxesAnswer:
    """A case's boxes, in the order of writing, empty where nothing was found; or the `problem`."""

    boxes: tuple[FoundBox, ...] | None
    problem: FindingCode | None = None
    abstains: bool = False


@dataclass(frozen=True, slots=True)
class PointsAnswer:
    """A case's points `(x, y)` in pixels, in its task's order, None for one that is said not to be there; or the `problem`."""

    points: tuple[tuple[float, float] | None, ...] | None
    problem: FindingCode | None = None
    abstains: bool = False


class Misfit(NamedTuple):
    """Why a challenge cannot be put to a container by this contract: where (`("cases", 3, "id")`) and a sentence."""

    loc: tuple[str | int, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class CaseListFile:
    """The case list as a file of its own: where in the container, and its bytes."""

    at: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Feed:
    """What a container is given: folders and files by their places in it. Holds nothing of the references.

    `images` maps the id of each case to the path of its image below `inputs_at`; `beside` are further files there (a case
    list that lies among the images). `case_list` is None where it lies there, or there is none.
    """

    inputs_at: str
    output_at: str
    images: Mapping[str, str]
    beside: Mapping[str, bytes] = field(default_factory=dict)
    case_list: CaseListFile | None = None


class Answers(Protocol):
    """One algorithm's answers, read when asked for. Nothing a stranger wrote raises here.

    Each is asked for cases of its own kind of task alone. Asking twice finds once.
    """

    @property
    def findings(self) -> list[Finding]:
        """All that was found so far; complete once every case was asked for."""

    def mask(self, case: Case) -> MaskAnswer:
        """The mask of a case of segmentation or instances. Asking twice reads twice."""

    def masks(self, cases: Iterable[Case]) -> Iterator[MaskAnswer]:
        """The masks of several cases in their order, decoded ahead while earlier ones are scored. `cases` is read ahead too."""

    def classification(self, case: Case) -> ClassAnswer:
        """The class of a binary or multiclass case."""

    def labels(self, case: Case) -> LabelsAnswer:
        """The labels of a multilabel case."""

    def value(self, case: Case) -> ValueAnswer:
        """The grade or measurement of an ordinal or regression case."""

    def boxes(self, case: Case) -> BoxesAnswer:
        """The boxes of a detection case."""

    def points(self, case: Case) -> PointsAnswer:
        """The points of a keypoints case."""


class Contract(Protocol):
    """How the containers of a challenge are fed and answer."""

    def misfits(self, challenge: Challenge) -> list[Misfit]:
        """What in this challenge the contract cannot express; an empty list where it fits."""

    def feed(self, challenge: Challenge) -> Feed:
        """What the container is given, by the names and in the order of this challenge's cases."""

    def mask_path(self, case: Case) -> str:
        """Where the mask of a case is written, relative to the output folder."""

    def read_answers(
        self, challenge: Challenge, source: ResultSource, image_size: ImageSize, *, decoder: Decoder | None = None
    ) -> Answers:
        """Open what a container left behind. Masks are decoded by `decoder`, by default the confined child."""
