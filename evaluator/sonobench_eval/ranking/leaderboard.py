"""The leaderboard: a projection of evaluations and measurements. Delete it and it can be made again.

Schema `sonobench.leaderboard/1`, the same document behind the page, `.json`, `.csv` and the command line.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from sonobench_eval.challenge.kinds import TaskKind
from sonobench_eval.evaluation import CenterScore, Finite, GeneralisationGap, MetricScore


class LeaderboardRecord(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class TaskColumn(LeaderboardRecord):
    """One task's metrics of one team; `id` and `title` of the task; by role and as gaps where there are external centers."""

    id: str
    title: str
    kind: TaskKind
    metrics: tuple[MetricScore, ...]
    roles: tuple[CenterScore, ...] = ()
    gaps: tuple[GeneralisationGap, ...] = ()


class Row(LeaderboardRecord):
    """One team. `rank` is None where no ranking could be made. Ranks: 1 is best, ties share the smaller number.

    `score`, `performance`, `efficiency` lie in [0, 1], higher is better. `rank_low`/`rank_high` is the bootstrap
    rank range (a statement of stability, not a confidence set). Measurements are None where not measured.
    `time_relative` is the time in units of the reference container of the run's node, where the challenge ranks it so.
    """

    rank: int | None
    rank_low: int | None = None
    rank_high: int | None = None
    team: str
    score: Finite | None
    performance: Finite | None
    efficiency: Finite | None
    segmentation_rank: int | None = None
    classification_rank: int | None = None
    means: tuple[MetricScore, ...] = ()
    tasks: tuple[TaskColumn, ...] = ()
    time_s: Finite | None = None
    time_relative: Finite | None = None
    gpu_memory_bytes: int | None = None
    host_memory_bytes: int | None = None
    problems: int = 0
    submission: str | None = None
    image_digest: str | None = None


class DroppedDimension(LeaderboardRecord):
    dimension: str
    reason: str


class Leaderboard(LeaderboardRecord):
    """`notes` are sentences the board must show (dropped dimensions, why there is no ranking).

    `exact` is False while the challenge is open: times and memory are then those of `ranking.shown`, for all that is
    ranked by them too. `pseudonyms`: no algorithm here knew the cases by their own names and order; a board that does not
    say so makes no such promise.
    """

    schema_: Annotated[Literal["sonobench.leaderboard/1"], Field(alias="schema")] = "sonobench.leaderboard/1"
    challenge: str
    title: str
    challenge_hash: str
    dataset_hash: str
    generated_at: datetime
    scheme: str
    performance_weight: Finite
    efficiency_weight: Finite
    resamples: int
    confidence: Finite
    cases: int
    centers: int
    external_centers: int
    exact: bool = True
    pseudonyms: bool = False
    rows: tuple[Row, ...]
    dropped: tuple[DroppedDimension, ...] = ()
    notes: tuple[str, ...] = ()

    def to_json(self) -> str:
        return self.model_dump_json(by_alias=True, indent=1)

    @classmethod
    def from_json(cls, text: str | bytes) -> Leaderboard:
        return cls.model_validate_json(text)
