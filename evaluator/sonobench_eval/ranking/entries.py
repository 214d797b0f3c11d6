"""What each team brings to a ranking: its evaluation and what its run used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from sonobench_eval.evaluation import Evaluation
from sonobench_eval.ranking import relative, shown
from sonobench_eval.statistics.replicates import Replicates


class BoardError(Exception):
    """These evaluations cannot stand on one board; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One team's evaluation and what its run used; None where not measured.

    `reference_s` is what the reference container took on the node of the run. `times_s` are the timed repeats that `time_s`
    is the median of, where there were several. A `disqualified` team is shown without a rank.
    """

    team: str
    evaluation: Evaluation
    time_s: float | None = None
    reference_s: float | None = None
    gpu_memory_bytes: int | None = None
    host_memory_bytes: int | None = None
    replicates: Replicates | None = None
    submission: str | None = None
    image_digest: str | None = None
    times_s: tuple[float, ...] = ()
    energy_j: float | None = None
    disqualified: bool = False


def in_order(entries: Sequence[Entry]) -> list[Entry]:
    """By the teams' names."""
    return sorted(entries, key=lambda entry: (entry.team.casefold(), entry.team))


def as_shown(entry: Entry) -> Entry:
    """With figures as they are shown while the challenge is open. Single repeats are not shown."""
    time_s, gpu, host = entry.time_s, entry.gpu_memory_bytes, entry.host_memory_bytes
    return replace(
        entry,
        time_s=None if time_s is None else shown.shown_time_s(time_s),
        gpu_memory_bytes=None if gpu is None else shown.shown_memory_bytes(gpu),
        host_memory_bytes=None if host is None else shown.shown_memory_bytes(host),
        times_s=(),
    )


def relative_time(entry: Entry) -> float | None:
    """The time in units of the node's reference container."""
    return relative.in_reference_units(entry.time_s, entry.reference_s)


def check_same_ground(entries: Sequence[Entry], challenge: str, dataset: str) -> None:
    """Hold all entries to one challenge and one data set, by their hashes.

    Raises:
        BoardError: an evaluation belongs to another challenge or data set, or a team stands twice.
    """
    for before, entry in pairwise(entries):
        if before.team == entry.team:
            raise BoardError(f"team {entry.team!r} has two entries; choose one evaluation for each team")
    for entry in entries:
        made_from = entry.evaluation.made_from
        if made_from.challenge_hash != challenge:
            raise BoardError(
                f"the evaluation of team {entry.team!r} belongs to another version of the challenge; score its results again"
            )
        if made_from.dataset_hash != dataset:
            raise BoardError(f"the evaluation of team {entry.team!r} was made on another data set; score its results again")
