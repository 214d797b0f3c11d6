"""The record of one evaluation: every score of one algorithm on one challenge, and what it was made from.

Frozen, JSON in and out (`Evaluation.to_json` / `from_json`), schema `sonobench.evaluation/1`.
A score that has no value says why; NaN and infinity never appear.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from sonobench_eval.challenge.kinds import TaskKind

Finite = Annotated[float, Field(allow_inf_nan=False)]


class EvaluationRecord(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MetricScore(EvaluationRecord):
    """One metric over some cases. Exactly one of `value` and `undefined` is None.

    `name` is the metric's, or the `id` its task gave it. `unit` is empty for pure numbers, most of which lie in [0, 1].
    `ci_low` and `ci_high` are None where no resamples were drawn, and where a single subject is all there is to draw.
    `definition` names the convention and parameters, e.g. `nsd pixel 2 px`; `n` counts cases and
    `units` what the bootstrap resampled (subjects where known). `undefined_resamples` counts the
    resamples in which the metric had no value (one class only).
    """

    name: str
    definition: str
    value: Finite | None
    ci_low: Finite | None = None
    ci_high: Finite | None = None
    n: int
    units: int
    ci_method: str | None = None
    undefined: str | None = None
    undefined_resamples: int = 0
    higher_is_better: bool = True
    unit: str = ""


class CenterScore(EvaluationRecord):
    """One task's metrics on one centre, or on all centres of one role (`id` is then `internal`/`external`)."""

    id: str
    role: Literal["internal", "external"]
    metrics: tuple[MetricScore, ...]


class SubgroupScore(EvaluationRecord):
    """One task's metrics on the cases of one subgroup: `group` is what divides them (`device`), `id` which part (`GE`).

    Where there are fewer than `fewest` cases, `too_few` says so and there are no metrics: a figure of a handful of cases would
    be read as more than it is.
    """

    group: str
    id: str
    n: int
    too_few: str | None = None
    metrics: tuple[MetricScore, ...] = ()


class GeneralisationGap(EvaluationRecord):
    """External minus internal, per metric: negative means worse on centres never seen in training."""

    metric: str
    value: Finite
    ci_low: Finite | None = None
    ci_high: Finite | None = None


class TaskScore(EvaluationRecord):
    """One task, over all its `n` cases, and split by center and by role; gaps where there are both roles."""

    id: str
    title: str
    kind: TaskKind
    n: int
    metrics: tuple[MetricScore, ...]
    centers: tuple[CenterScore, ...] = ()
    roles: tuple[CenterScore, ...] = ()
    gaps: tuple[GeneralisationGap, ...] = ()
    subgroups: tuple[SubgroupScore, ...] = ()


class CaseScore(EvaluationRecord):
    """One case. `problem` is the finding code that made its result unusable, or the empty-mask outcome.

    Segmentation scores: one per metric (mean over the task's structures). Classification: `acc`
    (1 right, 0 wrong), `decided` (the index of the class), and `p_<class index>` for the probabilities as written, where
    usable. Other kinds: what of the
    case goes into their metrics (`error`, `found` and `missed`, `radial_error`, ...).
    """

    id: str
    task: str
    center: str
    scores: dict[str, Finite]
    problem: str | None = None


class FindingRecord(EvaluationRecord):
    """One kind of problem with the results: how many, where (a few examples), and a sentence for the team."""

    code: str
    count: int
    examples: tuple[str, ...]
    sentence: str


class Provenance(EvaluationRecord):
    """What the evaluation was made from, so that any number can be made again.

    `pseudonyms`: the container knew the cases by names made for its run alone, not by their own. `scoring_image`: the Id of
    the organisers' image that computed their own metrics; None where none was run.
    """

    challenge: str
    challenge_hash: str
    dataset_hash: str
    evaluator_version: str
    engine: Literal["fast", "reference"]
    resamples: int
    confidence: float
    seed: int
    pseudonyms: bool = False
    scoring_image: str | None = None


class Evaluation(EvaluationRecord):
    """The whole of it. `cases` stand in the challenge's order, and every case of the challenge is among them."""

    schema_: Annotated[Literal["sonobench.evaluation/1"], Field(alias="schema")] = "sonobench.evaluation/1"
    made_from: Provenance
    tasks: tuple[TaskScore, ...]
    means: tuple[MetricScore, ...] = ()
    """Each metric averaged over the tasks that define it alike (tasks weigh the same); CI from the same resamples."""
    cases: tuple[CaseScore, ...]
    findings: tuple[FindingRecord, ...] = ()

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    def task(self, task_id: str) -> TaskScore:
        return next(task for task in self.tasks if task.id == task_id)

    def to_json(self) -> str:
        return self.model_dump_json(by_alias=True, indent=1)

    @classmethod
    def from_json(cls, text: str | bytes) -> Evaluation:
        return cls.model_validate_json(text)
