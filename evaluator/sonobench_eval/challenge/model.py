"""What a challenge is: tasks, centres, cases, metrics, policies, limits, ranking.

Pure records. `load.py` makes them from YAML, `digest.py` hashes them. Nothing here opens a file.

Two views of one challenge exist: the organiser's (with references) and the one a run worker
gets (`Challenge.without_references`), because hidden truth never lies where strangers' code runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from sonobench_eval.challenge.case import Box, Case, Center, CenterRole, Millimetres, case_problems
from sonobench_eval.challenge.contract_rules import ContractName, ContractRules
from sonobench_eval.challenge.errors import CrossCheckError, Problem
from sonobench_eval.challenge.kinds import TaskKind
from sonobench_eval.challenge.phase import WHOLE, EntryRules, Phase, phases_problems
from sonobench_eval.challenge.ranking_rules import Ranking, ranking_problems
from sonobench_eval.challenge.record import Record, Slug, is_plain_relative_path
from sonobench_eval.challenge.scoring_image import ScoringImage
from sonobench_eval.challenge.sizes import Bytes, Seconds
from sonobench_eval.challenge.task import IntervalName, Metric, Task
from sonobench_eval.challenge.undefined import MetricUndefined, UndefinedPolicy

__all__ = [
    "Bootstrap",
    "Box",
    "Case",
    "Center",
    "CenterRole",
    "Challenge",
    "ContractName",
    "ContractRules",
    "IntervalName",
    "Limits",
    "Measuring",
    "Metric",
    "MetricUndefined",
    "Millimetres",
    "Ranking",
    "Record",
    "Slug",
    "Subgroups",
    "Task",
    "TaskKind",
    "UndefinedPolicy",
    "is_plain_relative_path",
]


def _is_named(contract: object) -> str:
    return "rules" if isinstance(contract, Mapping | ContractRules) else "name"


ContractChoice = Annotated[
    Annotated[ContractName, Tag("name")] | Annotated[ContractRules, Tag("rules")], Discriminator(_is_named)
]
"""A preset's name, or the rules themselves."""


class Limits(Record):
    """What one run may use. Sizes in bytes (`512M`, `8G` in YAML), times in seconds (`90s`, `30min`)."""

    time_s: Seconds = 3600.0
    memory_bytes: Bytes = 8 * 2**30
    cpus: Annotated[float, Field(gt=0, le=1024)] = 4.0
    pids: Annotated[int, Field(ge=16, le=100_000)] = 512
    shm_bytes: Bytes = 64 * 2**20
    scratch_bytes: Bytes = 1 * 2**30
    output_bytes: Bytes = 1 * 2**30
    output_files: Annotated[int, Field(ge=1, le=10_000_000)] = 20_000
    open_files: Annotated[int, Field(ge=64, le=1_048_576)] = 4096
    log_bytes: Bytes = 1 * 2**20
    gpus: Annotated[int, Field(ge=0, le=1)] = 0


class Bootstrap(Record):
    """How uncertainty is computed: by a bootstrap over subjects (cases where none is known).

    `interval` is how an interval is made of the replicates. With `stratify` every resample holds as many subjects of each
    center, or of each class, as the test set does.
    """

    resamples: Annotated[int, Field(ge=0, le=100_000)] = 1000
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 20250923
    interval: Literal["percentile", "bca"] = "percentile"
    stratify: Literal["none", "center", "class"] = "none"


class Subgroups(Record):
    """Which subgroups of the cases are reported (all that the cases name, where none is), and the smallest that is."""

    report: tuple[Slug, ...] | None = None
    fewest_cases: Annotated[int, Field(ge=2, le=100_000)] = 10


class Measuring(Record):
    """How a container's time is taken. One timed run of all cases is the default, as in UUSIC25.

    With `repeats` above 1 the time is the median of as many timed runs. Where their coefficient of variation is above
    `largest_cv`, all of them are run once more, and the steadier set counts. `relative_to_reference` ranks times in units
    of the node's reference container, so that they are comparable across nodes.
    """

    repeats: Annotated[int, Field(ge=1, le=20)] = 1
    largest_cv: Annotated[float, Field(gt=0, le=1)] = 0.05
    relative_to_reference: bool = False


class Challenge(Record):
    """One challenge, whole. Folders are relative to the YAML file that declares them."""

    sonobench: Literal[1]
    name: Slug
    title: Annotated[str, Field(min_length=1, max_length=200)]
    description: str = ""
    contract: ContractChoice = "uusic25"
    inputs: str = "images"
    truth: str | None = "truth"
    writable: tuple[str, ...] = ("/app",)
    limits: Limits = Limits()
    undefined: UndefinedPolicy = UndefinedPolicy()
    bootstrap: Bootstrap = Bootstrap()
    subgroups: Subgroups = Subgroups()
    ranking: Ranking = Ranking()
    measuring: Measuring = Measuring()
    pseudonyms: bool = True
    """Containers are given opaque names in shuffled order, new for every run, in place of the cases' own."""
    logs: Literal["organisers", "team"] = "organisers"
    """Who may read a run's log. `team` is for public sample data only: a log can carry what the images show."""
    partial: Literal["scored", "failed"] = "scored"
    """What a run that ended by the team's own fault (time, memory, a crash) comes to where it left results: scored, each
    missing one by the declared policy, or failed."""
    scoring_image: ScoringImage | None = None
    entry: EntryRules = EntryRules()
    phases: tuple[Phase, ...] = ()
    centers: Annotated[tuple[Center, ...], Field(min_length=1)]
    tasks: Annotated[tuple[Task, ...], Field(min_length=1)]
    cases: Annotated[tuple[Case, ...], Field(min_length=1)]
    warm_up: tuple[Case, ...] = ()
    """Public cases of an untimed run before the timed ones. Never scored, so they need no reference."""

    @field_validator("writable")
    @classmethod
    def _writable_places_are_safe(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for place in value:
            if not re.fullmatch(r"(/[A-Za-z0-9._-]+)+", place) or ".." in PurePosixPath(place).parts:
                raise ValueError(f"{place!r} is not an absolute path inside the container")
            if PurePosixPath(place).parts[1] in {
                "proc",
                "sys",
                "dev",
                "input",
                "input_json",
                "output",
                "etc",
                "usr",
                "bin",
                "lib",
            }:
                raise ValueError(f"{place!r} cannot be made writable")
        return value

    @model_validator(mode="after")
    def _references_resolve(self) -> Self:
        problems = [*_twice("tasks", self.tasks), *_twice("centers", self.centers), *_twice("cases", self.cases)]
        tasks, centers = {task.id: task for task in self.tasks}, {center.id for center in self.centers}
        for number, case in enumerate(self.cases):
            problems += [Problem(("cases", number, key), sentence) for key, sentence in case_problems(case, tasks, centers)]
        for number, case in enumerate(self.warm_up):
            problems += [Problem(("warm_up", number, key), sentence) for key, sentence in case_problems(case, tasks, centers)]
        problems += _warm_up_problems(self.warm_up, self.cases)
        problems += _phase_problems(self)
        problems += _unscored_problems(self)
        used = {case.task for case in self.cases}
        problems += [Problem(("tasks", at), "has no cases") for at, task in enumerate(self.tasks) if task.id not in used]
        problems += [Problem(("ranking", *each.loc), each.sentence) for each in ranking_problems(self.ranking, self.tasks)]
        if problems:
            raise CrossCheckError(problems)
        return self

    def task(self, task_id: str) -> Task:
        return next(task for task in self.tasks if task.id == task_id)

    def center(self, center_id: str) -> Center:
        return next(center for center in self.centers if center.id == center_id)

    def cases_of(self, task_id: str) -> tuple[Case, ...]:
        return tuple(case for case in self.cases if case.task == task_id)

    def without_references(self) -> Challenge:
        """The same challenge as a run worker may see it: no labels, masks, centres' subjects or subgroups."""
        cases = tuple(case.without_reference() for case in self.cases)
        warm_up = tuple(case.without_reference() for case in self.warm_up)
        return self.model_copy(update={"truth": None, "cases": cases, "warm_up": warm_up})

    @property
    def all_phases(self) -> tuple[Phase, ...]:
        """Its phases in order; of a challenge that declares none, the one that it then has."""
        return self.phases or (Phase(id=WHOLE, logs=self.logs),)

    def phase(self, phase_id: str) -> Phase:
        return next(phase for phase in self.all_phases if phase.id == phase_id)

    def of_phase(self, phase_id: str) -> Challenge:
        """The challenge of one phase: its own cases, the tasks, metrics and centers that they have, its logs; no phases.

        It is a challenge by itself, with a warm-up on images of its own tasks.
        """
        if not self.phases:
            return self.model_copy(update={"entry": EntryRules()})
        phase = self.phase(phase_id)
        own = self._cases_of_phase(phase_id)
        tasks = {case.task for case in own}
        warm_up = tuple(case for case in self.warm_up if case.task in tasks)
        centers = {case.center for case in (*own, *warm_up)}
        return self.model_copy(
            update={
                "cases": tuple(case.model_copy(update={"phase": None}) for case in own),
                "tasks": tuple(task for task in self.tasks if task.id in tasks),
                "centers": tuple(center for center in self.centers if center.id in centers),
                "warm_up": warm_up,
                "logs": phase.logs or ("team" if phase.kind == "sample" else self.logs),
                "phases": (),
                "entry": EntryRules(),
            }
        )

    def _cases_of_phase(self, phase_id: str) -> tuple[Case, ...]:
        return tuple(case for case in self.cases if (case.phase or self._default_phase) == phase_id)

    @property
    def canary(self) -> Challenge | None:
        """The public part of the challenge, without references, on which an image proves that it runs; None where none is.

        The cases of the first sample phase, else those of the warm-up.
        """
        sample = next((phase for phase in self.phases if phase.kind == "sample"), None)
        if sample is not None:
            return self.of_phase(sample.id).without_references()
        return self.without_references().only_warm_up() if self.warm_up else None

    @property
    def _default_phase(self) -> str:
        return next((phase.id for phase in self.phases if phase.kind == "test"), self.phases[0].id)

    def only_warm_up(self) -> Challenge:
        """The same challenge with its public warm-up cases in place of its own; tasks without any are left as they are."""
        return self.model_copy(update={"cases": self.warm_up, "warm_up": ()})

    @property
    def input_ids(self) -> tuple[str, ...]:
        """Every file that is needed under the inputs folder, sorted: the cases' and those of the warm-up."""
        return tuple(sorted({case.id for case in (*self.cases, *self.warm_up)}))


def _twice(key: str, records: Sequence[Center | Task | Case]) -> list[Problem]:
    seen: set[str] = set()
    problems = []
    for number, record in enumerate(records):
        if record.id in seen:
            problems.append(Problem((key, number, "id"), f"{record.id!r} is declared twice"))
        seen.add(record.id)
    return problems


def _phase_problems(challenge: Challenge) -> list[Problem]:
    problems = list(phases_problems(challenge.phases))
    known = {phase.id for phase in challenge.phases}
    for number, case in enumerate(challenge.cases):
        if case.phase is not None and case.phase not in known:
            problems.append(Problem(("cases", number, "phase"), f"there is no phase {case.phase!r}; declare it under phases"))
    if challenge.phases and not problems:
        for at, phase in enumerate(challenge.phases):
            problems += _problems_of_part(challenge, at, phase)
    return problems


def _unscored_problems(challenge: Challenge) -> list[Problem]:
    if challenge.scoring_image is not None:
        return []
    return [
        Problem(("tasks", at, "metrics", number, "from_image"), "there is no scoring image; declare it under scoring_image")
        for at, task in enumerate(challenge.tasks)
        for number, metric in enumerate(task.metrics)
        if metric.from_image is not None
    ]


def _problems_of_part(challenge: Challenge, at: int, phase: Phase) -> Iterator[Problem]:
    """Why the cases of one phase would not make a challenge by themselves."""
    tasks = {case.task for case in challenge._cases_of_phase(phase.id)}
    if not tasks:
        yield Problem(("phases", at), f"{phase.id!r} has no cases; give cases `phase: {phase.id}`")
        return
    left_out = [task for task in challenge.tasks if task.id not in tasks]
    figures = {f"{task.id}.{metric.key}" for task in left_out for metric in task.metrics}
    for leaf in challenge.ranking.tree.leaves() if challenge.ranking.tree is not None else ():
        if leaf.of.partition("@")[0] in figures:
            sentence = f"the ranking counts {leaf.of}, and {phase.id!r} has no case of that task; give it one"
            yield Problem(("phases", at), sentence)


def _warm_up_problems(warm_up: Sequence[Case], cases: Sequence[Case]) -> list[Problem]:
    hidden, problems = {case.id for case in cases}, _twice("warm_up", warm_up)
    for number, case in enumerate(warm_up):
        if case.id in hidden:
            problems.append(Problem(("warm_up", number, "id"), f"{case.id!r} is in the test set; warm up on public images"))
        if case.has_reference:
            problems.append(Problem(("warm_up", number, "id"), f"{case.id!r} is never scored; leave its reference out"))
    return problems
