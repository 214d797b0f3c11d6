"""The ranking `sonobench-70-30`: that of UUSIC25 without what can be gamed in it.

    performance = mean over parts, over their tasks, over their metrics, each between what no skill gets (0) and the best (1)
    efficiency  = mean(time, GPU memory), each on a clipped logarithmic scale; 0 for a team whose performance is below the gate
    score       = 0.7 * performance + 0.3 * efficiency

Every scale is declared before anybody enters, so no entry changes the order of two others. Memory up to the floor is equal,
as is time: there is nothing to gain from shaving what nobody would notice. The gate keeps an instant empty answer from
earning its 30 %.
"""

from __future__ import annotations

from collections.abc import Sequence

from sonobench_eval.challenge.ranking_rules import (
    EFFICIENCY,
    PERFORMANCE,
    Gate,
    Group,
    Leaf,
    LinearScale,
    LogScale,
    Ranking,
    Span,
    TimeScale,
)
from sonobench_eval.ranking.records import Scheme

NAME = "sonobench-70-30"
TIME_OF_THE_LIMIT = (0.001, 1.0)
"""Up to a thousandth of the time limit a run is as fast as can be; one that takes all of it is as slow as can be."""
TIME_OF_THE_REFERENCE = (1.0, 1000.0)
"""The same in units of what the reference container took."""
DEFAULT_LIMIT_S = 3600.0


def sonobench_70_30(parts: Sequence[Group], rules: Ranking, time: LogScale) -> Scheme:
    """The scheme over parts made by `part_of_values`, one for each kind of task that there is."""
    performance = Group(name=PERFORMANCE, weight=rules.performance, children=tuple(parts))
    return Scheme(NAME, Group(children=(performance, _efficiency(rules, time))))


def part_of_values(name: str, tasks: Sequence[Sequence[Leaf]]) -> Group:
    """The mean over tasks of the mean over a task's metrics; the leaves have scales of their own (`between`)."""
    return Group(name=name, children=tuple(Group(children=tuple(leaves)) for leaves in tasks))


def between(leaf: Leaf, span: Span) -> Leaf:
    """The figure between what counts 0 and what counts 1."""
    return leaf.model_copy(update={"scale": LinearScale(worst=span.worst, best=span.best)})


def time_scale(declared: TimeScale, *, limit_s: float = DEFAULT_LIMIT_S) -> LogScale:
    """In seconds, by the declared reference or else the time limit."""
    floor, worst = TIME_OF_THE_LIMIT
    return LogScale(reference=declared.reference_s or limit_s, floor=declared.floor or floor, worst=declared.worst or worst)


def relative_time_scale(declared: TimeScale) -> LogScale:
    """In units of what the reference container took."""
    floor, worst = TIME_OF_THE_REFERENCE
    return LogScale(floor=declared.floor or floor, worst=declared.worst or worst)


def _efficiency(rules: Ranking, time: LogScale) -> Group:
    memory = LogScale(floor=rules.memory_scale.floor_bytes, worst=rules.memory_scale.worst_bytes)
    amounts = (Leaf(of="time_s", name="time", scale=time), Leaf(of="gpu_memory_bytes", name="GPU memory", scale=memory))
    gate = Gate(part=PERFORMANCE, at_least=rules.gate) if rules.gate else None
    return Group(name=EFFICIENCY, weight=rules.efficiency, only_if=gate, children=amounts)
