"""How far a ranking can be trusted, as records: what pages and plots are drawn from. Schema `sonobench.stability/1`.

Teams stand in the order of the full ranking throughout; every vector and matrix over teams follows `teams`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Finite = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Matrix = tuple[tuple[Finite, ...], ...]


class StabilityRecord(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class TeamRanks(StabilityRecord):
    """How a team's rank varies over bootstrap resamples. Ranks: 1 is best, ties share the smaller number.

    `shares[k]` is the share of resamples in which it took rank k + 1; they sum to 1. `low` and `high` end the bootstrap rank
    range, a statement of stability. `set_low` and `set_high` end the confidence set for the rank, from pairwise tests: 1 plus
    the number of teams that are significantly better, and the number of teams less those that are significantly worse. It
    is None where nothing could be tested.
    """

    team: str
    rank: int
    low: int
    high: int
    mean: Finite
    median: Finite
    shares: tuple[Share, ...]
    p_first: Share
    p_top3: Share
    set_low: int | None = None
    set_high: int | None = None


class TauSummary(StabilityRecord):
    """Kendall's tau-b of each resample's ranking with the full one, in [-1, 1]; 1 is the same order.

    `values` is sorted. Empty, and the rest None, where a ranking has no two teams apart.
    """

    values: tuple[Finite, ...]
    mean: Finite | None
    median: Finite | None
    low: Finite | None
    high: Finite | None


class RankDistribution(StabilityRecord):
    """Bootstrap ranks under one ranking: `scope` is `score` (the whole ranking) or a task's id.

    `used` of `resamples` resamples could be ranked; in the others a metric has no value.
    """

    scope: str
    teams: tuple[TeamRanks, ...]
    tau: TauSummary
    used: int
    resamples: int


class SignificanceMap(StabilityRecord):
    """Which teams are better than which beyond chance, after correction for all pairs.

    `scope` is `score`, or `task.metric`. `p[i][j]` is the adjusted one-sided p that team i is better than
    team j; the diagonal is 1.
    `better[i][j]` is True where it is at most `level`. `units` counts what was paired (subjects where known, else cases).
    """

    scope: str
    test: str
    correction: str
    level: Share
    units: int
    p: tuple[tuple[Share, ...], ...]
    better: tuple[tuple[bool, ...], ...]

    @property
    def wins(self) -> tuple[int, ...]:
        """How many teams each one is significantly better than."""
        return tuple(sum(row) for row in self.better)


class SchemeRanking(StabilityRecord):
    """The ranks one scheme gives, and its tau-b with the declared scheme (None where either has no two teams apart)."""

    name: str
    summary: str
    ranks: tuple[int, ...]
    tau: Finite | None


class LeftOut(StabilityRecord):
    """The ranking made again without one task or one center. `moved` is the most places that any team moves."""

    kind: Literal["task", "center"]
    id: str
    ranks: tuple[int, ...]
    tau: Finite | None
    moved: int


class Crossing(StabilityRecord):
    """At this weight of performance two teams have the same score; above it `above` is ahead, below it `below`."""

    weight: Share
    above: str
    below: str
    changes_winner: bool


class WinnerSpan(StabilityRecord):
    """From weight `low` to weight `high` of performance these teams are first; several only where they tie throughout."""

    low: Share
    high: Share
    teams: tuple[str, ...]


class WeightSensitivity(StabilityRecord):
    """What other weights of performance and efficiency would have made of the order.

    `same_winner` and `same_order` are the spans of weights around the `declared` one that keep the winner and the whole order.
    """

    declared: Share
    crossings: tuple[Crossing, ...]
    winners: tuple[WinnerSpan, ...]
    same_winner: tuple[Share, Share]
    same_order: tuple[Share, Share]


class TradeOff(StabilityRecord):
    """Accuracy against cost. `on_front`: no team is at least as good in accuracy, time and memory and better in one of them.

    `u_score` is the harmonic mean of `performance` and `efficiency`, in [0, 1], higher is better; `dominated_by` names the
    teams that beat this one everywhere. Amounts are None where nobody was measured.
    """

    team: str
    performance: Finite
    efficiency: Finite | None
    time_s: Finite | None
    gpu_memory_bytes: Finite | None
    u_score: Share | None
    on_front: bool
    dominated_by: tuple[str, ...] = ()


class StabilityReport(StabilityRecord):
    """All of it. Parts that could not be made are empty or None, and `notes` say why."""

    schema_: Annotated[Literal["sonobench.stability/1"], Field(alias="schema")] = "sonobench.stability/1"
    challenge: str
    scheme: str
    teams: tuple[str, ...]
    ranks: tuple[int, ...]
    scores: tuple[Finite, ...]
    confidence: Share
    resamples: int
    seed: int
    whole: RankDistribution | None = None
    tasks: tuple[RankDistribution, ...] = ()
    significance: tuple[SignificanceMap, ...] = ()
    schemes: tuple[SchemeRanking, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    weights: WeightSensitivity | None = None
    trade_offs: tuple[TradeOff, ...] = ()
    notes: tuple[str, ...] = ()

    def to_json(self) -> str:
        return self.model_dump_json(by_alias=True, indent=1)

    @classmethod
    def from_json(cls, text: str | bytes) -> StabilityReport:
        return cls.model_validate_json(text)
