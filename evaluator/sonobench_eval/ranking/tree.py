"""A scheme's tree over the figures of many teams, for one ranking or for thousands of resamples alike.

First `pruned`: what was measured for nobody leaves the tree, and its weight goes to the parts beside it. Then `scores`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonobench_eval.challenge.ranking_rules import Group, Leaf
from sonobench_eval.ranking.order import DECIMALS_THAT_COUNT
from sonobench_eval.ranking.scales import on_scale

FloatArray = NDArray[np.float64]


class Scores(NamedTuple):
    """The tree's own score and that of every named part, shape (..., teams); higher is better."""

    score: FloatArray
    parts: dict[str, FloatArray]


class Lost(NamedTuple):
    """A figure that was measured for nobody: where it was missed, and what is left there."""

    leaf: Leaf
    group: Group
    left: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pruned:
    """`tree` without what nobody has; None where nothing with a weight is left. `lost` names only what would have counted."""

    tree: Group | None
    lost: tuple[Lost, ...] = ()


@dataclass(slots=True)
class _Pruning:
    values: Mapping[str, FloatArray]
    lost: list[Lost] = field(default_factory=list)

    def group(self, group: Group, *, counts: bool) -> Group | None:
        kept: list[Leaf | Group] = []
        missed: list[Leaf] = []
        for child in group.children:
            if isinstance(child, Group):
                inner = self.group(child, counts=counts and child.weight > 0)
                kept += [inner] if inner is not None else []
            elif self.is_known(child):
                kept.append(child)
            else:
                missed.append(child)
        left = tuple(child.title for child in kept)
        self.lost += [Lost(leaf, group, left) for leaf in missed if counts and leaf.weight]
        if not any(child.weight for child in kept):
            return None
        return group if len(kept) == len(group.children) and not _changed(kept, group) else _with_children(group, kept)

    def is_known(self, leaf: Leaf) -> bool:
        return leaf.of in self.values and not np.isnan(self.values[leaf.of]).all()


def _changed(kept: list[Leaf | Group], group: Group) -> bool:
    return any(new is not old for new, old in zip(kept, group.children, strict=True))


def _with_children(group: Group, kept: list[Leaf | Group]) -> Group:
    names = {child.name for child in kept}
    open_gates = [
        child.model_copy(update={"only_if": None})
        if isinstance(child, Group) and child.only_if is not None and child.only_if.part not in names
        else child
        for child in kept
    ]
    return group.model_copy(update={"children": tuple(open_gates)})


def pruned(tree: Group, values: Mapping[str, FloatArray]) -> Pruned:
    """The tree without figures that no team has.

    Args:
        tree: of the scheme.
        values: for each figure, shape (teams,) or (..., teams), NaN where there is none.
    """
    pruning = _Pruning(values)
    kept = pruning.group(tree, counts=True)
    return Pruned(kept, tuple(pruning.lost))


def counting_leaves(group: Group) -> Iterator[Leaf]:
    """The leaves whose weight, and that of every group above them, is not 0."""
    for child in group.children:
        if isinstance(child, Leaf) and child.weight:
            yield child
        elif isinstance(child, Group) and child.weight:
            yield from counting_leaves(child)


def without(tree: Group, prefix: str) -> Group | None:
    """The tree without the leaves whose figure starts with the prefix; None where nothing is left."""
    figures = {leaf.of: np.zeros(1) for leaf in tree.leaves() if not leaf.of.startswith(prefix)}
    return pruned(tree, figures).tree


def scores(tree: Group, values: Mapping[str, FloatArray]) -> Scores:
    """Score the teams.

    Args:
        tree: pruned: every figure in it is among the values.
        values: for each figure, shape (teams,) or (..., teams); the shapes broadcast.
    """
    parts: dict[str, FloatArray] = {}
    return Scores(_of_group(tree, values, parts), parts)


def _of_group(group: Group, values: Mapping[str, FloatArray], parts: dict[str, FloatArray]) -> FloatArray:
    of_children = [_of_node(child, values, parts) for child in group.children]
    by_name = {child.name: score for child, score in zip(group.children, of_children, strict=True) if child.name is not None}
    for position, child in enumerate(group.children):
        if isinstance(child, Group) and child.only_if is not None:
            reached = by_name[child.only_if.part] >= child.only_if.at_least - 0.1**DECIMALS_THAT_COUNT
            of_children[position] = np.where(reached, of_children[position], 0.0)
        if child.name is not None:
            parts[child.name] = of_children[position]
    counted = [(child.weight, score) for child, score in zip(group.children, of_children, strict=True) if child.weight]
    combined = _combined(group, [weight for weight, _ in counted], [score for _, score in counted])
    return combined if group.then is None else on_scale(combined, group.then)


def _of_node(node: Leaf | Group, values: Mapping[str, FloatArray], parts: dict[str, FloatArray]) -> FloatArray:
    if isinstance(node, Leaf):
        return on_scale(values[node.of], node.scale, less_is_better=node.less_is_better)
    return _of_group(node, values, parts)


def _combined(group: Group, weights: list[float], of_children: list[FloatArray]) -> FloatArray:
    if len(of_children) == 1:
        return of_children[0]
    total = sum(weights)
    if group.combine == "mean":
        return np.asarray(sum(weight * score for weight, score in zip(weights, of_children, strict=True)) / total)
    stacked = np.stack(np.broadcast_arrays(*of_children))
    if group.combine == "median":
        return np.asarray(np.median(stacked, axis=0))
    shares = np.array(weights).reshape(-1, *[1] * (stacked.ndim - 1)) / total
    above = np.all(stacked > 0, axis=0)
    positive = np.where(above, stacked, 1.0)
    if group.combine == "geometric":
        return np.where(above, np.exp(np.sum(shares * np.log(positive), axis=0)), 0.0)
    return np.where(above, 1 / np.sum(shares / positive, axis=0), 0.0)
