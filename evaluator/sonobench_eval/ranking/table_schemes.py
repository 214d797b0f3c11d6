"""Schemes over the columns of a plain table, where there is no challenge to say which metrics count."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sonobench_eval.challenge.kinds import KINDS, TaskKind
from sonobench_eval.challenge.ranking_rules import (
    CLASSIFICATION,
    SEGMENTATION,
    Leaf,
    Ranking,
    Span,
    default_span,
)
from sonobench_eval.metrics.named import specs_of
from sonobench_eval.metrics.spec import MetricSpec
from sonobench_eval.ranking.records import Figures, Scheme, Weights
from sonobench_eval.ranking.sonobench_70_30 import between, part_of_values, sonobench_70_30, time_scale
from sonobench_eval.ranking.table import RankTableError
from sonobench_eval.ranking.uusic25 import table_scheme

_INTERVALS = ("_low", "_high")
_PARTS: dict[str, tuple[TaskKind, ...]] = {
    "segmentation": SEGMENTATION,
    "classification": CLASSIFICATION,
    "other": tuple(kind for kind in KINDS if kind not in (*SEGMENTATION, *CLASSIFICATION)),
}


def scheme_of_table(figures: Figures, rules: Ranking) -> Scheme:
    """The scheme that the rules name, over the table's columns.

    Raises:
        RankTableError: the table lacks what the scheme needs.
    """
    if rules.tree is not None:
        if unknown := [leaf.of for leaf in rules.tree.leaves() if leaf.of not in figures.values]:
            raise RankTableError(f"there is no column of numbers {unknown[0]!r}, which the tree names")
        return Scheme("custom", rules.tree)
    if rules.scheme == "uusic25":
        kinds = [kind for kind in ("segmentation", "classification") if f"{kind}_rank" in figures.values]
        if not kinds:
            raise RankTableError("there is no column seg_rank or cls_rank; at least one is needed for uusic25")
        return table_scheme(Weights(rules.performance, rules.efficiency), kinds)
    parts = {name: list(_leaves(figures, rules, kinds)) for name, kinds in _PARTS.items()}
    there = [part_of_values(name, [[leaf] for leaf in leaves]) for name, leaves in parts.items() if leaves]
    if not there:
        raise RankTableError("there is no column of a metric (mean_dsc, mean_auc, ...), which sonobench-70-30 ranks by")
    return sonobench_70_30(there, rules, time_scale(rules.time_scale))


def _leaves(figures: Figures, rules: Ranking, kinds: tuple[TaskKind, ...]) -> Iterator[Leaf]:
    specs = {name: spec for kind in kinds for name, spec in specs_of(KINDS[kind].family).items()}
    for column, values in figures.values.items():
        spec = _metric_of(column, specs)
        if spec is None or np.isnan(values).all():
            continue
        better = "higher" if spec.higher_is_better else "lower"
        leaf = Leaf.model_validate({"of": column, "better": better})
        yield between(leaf, _span(column, spec, rules))


def _metric_of(column: str, specs: dict[str, MetricSpec]) -> MetricSpec | None:
    """`mean_auc_binary` is AUC; the longest name wins, so that `hd95` is not `hd`."""
    if column.endswith(_INTERVALS):
        return None
    bare = column.rpartition(".")[2].removeprefix("mean_")
    fitting = [name for name in specs if bare == name or bare.startswith(f"{name}_")]
    return specs[max(fitting, key=len)] if fitting else None


def _span(column: str, spec: MetricSpec, rules: Ranking) -> Span:
    for key in (column, spec.name):
        if key in rules.metric_scales:
            return rules.metric_scales[key]
    span = default_span(spec, 0)
    if span is None:
        raise RankTableError(
            f"{column} has no bounds: declare metric_scales, for example {{{spec.name}: {{worst: 50, best: 0}}}}"
        )
    return span
