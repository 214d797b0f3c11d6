"""The weights of a scheme's tree as things to turn: for each part a multiple of the weight that was declared.

A multiple of 1 everywhere is the declared tree itself, the same object. The share of performance against efficiency is set apart
from the multiples, as people speak of it: 70 and 30.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sonobench_eval.challenge.ranking_rules import EFFICIENCY, PERFORMANCE, Group, Leaf
from sonobench_eval.ranking.rank import weights_of

_SAME_SHARE = 5e-4
_NOT_IN_A_KEY = re.compile(r"[^a-z0-9]+")

Node = Leaf | Group


@dataclass(frozen=True, slots=True)
class Knob:
    """One part whose weight can be turned. `key` tells it apart: `performance.segmentation.heart`.

    `factor` is what its declared weight is multiplied by, at least 0; `share` of what its group counts is then its own, in
    [0, 1].
    """

    key: str
    node: Node
    factor: float
    share: float

    @property
    def parent(self) -> str:
        """The key of the part that it is a part of; empty for the whole."""
        return self.key.rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class Turned:
    """A tree with other weights. `kept` are the keys of groups whose parts were all set to 0: they keep the declared weights."""

    tree: Group
    knobs: tuple[Knob, ...]
    kept: tuple[str, ...]


def declared_performance(tree: Group) -> float | None:
    """The declared share of performance, in [0, 1]; None where the whole is not just performance and efficiency."""
    names = {child.name for child in tree.children}
    if names != {PERFORMANCE, EFFICIENCY} or tree.combine == "median":
        return None
    return weights_of(tree).performance


def turned(tree: Group, *, performance: float | None, factors: Mapping[str, float]) -> Turned:
    """The tree with other weights.

    Args:
        tree: of the declared scheme.
        performance: its share, in [0, 1]; None: as declared. No matter where the whole is not performance and efficiency.
        factors: key of a knob -> its factor, finite and at least 0; 1 where none is given. Keys of no knob do nothing.
    """
    turning = _Turning(factors)
    made = turning.group(tree, "")
    declared = declared_performance(tree)
    if performance is not None and declared is not None and not is_same_share(performance, declared):
        made = made.model_copy(update={"children": tuple(_with_share(child, performance) for child in made.children)})
    return Turned(made, tuple(turning.knobs), tuple(turning.kept))


def is_same_share(one: float, other: float) -> bool:
    """Shares that are written alike, in percent with a decimal."""
    return abs(one - other) < _SAME_SHARE


def _with_share(child: Node, performance: float) -> Node:
    share = performance if child.name == PERFORMANCE else round(1 - performance, 12)
    return child.model_copy(update={"weight": share})


class _Turning:
    """Walks a tree and notes the knobs it meets."""

    def __init__(self, factors: Mapping[str, float]) -> None:
        self.factors = factors
        self.knobs: list[Knob] = []
        self.kept: list[str] = []

    def group(self, group: Group, path: str) -> Group:
        keys = _keys(group.children, path)
        factors = self._factors(group, path, keys)
        total = sum(child.weight * factor for child, factor in zip(group.children, factors, strict=True))
        children: list[Node] = []
        for child, key, factor in zip(group.children, keys, factors, strict=True):
            if _turns(group, path):
                self.knobs.append(Knob(key, child, factor, child.weight * factor / total))
            below = self.group(child, key) if isinstance(child, Group) else child
            children.append(below if factor == 1 else below.model_copy(update={"weight": below.weight * factor}))
        same = all(new is old for new, old in zip(children, group.children, strict=True))
        return group if same else group.model_copy(update={"children": tuple(children)})

    def _factors(self, group: Group, path: str, keys: Sequence[str]) -> list[float]:
        if not _turns(group, path):
            return [1.0] * len(keys)
        wanted = [self.factors.get(key, 1.0) for key in keys]
        if any(child.weight * factor for child, factor in zip(group.children, wanted, strict=True)):
            return wanted
        self.kept.append(path)
        return [1.0] * len(keys)


def _turns(group: Group, path: str) -> bool:
    """Whether its parts' weights mean something: a median knows none, one part has all, and 70/30 has a slider of its own."""
    has_slider = not path and declared_performance(group) is not None
    return group.combine != "median" and sum(child.weight > 0 for child in group.children) > 1 and not has_slider


def _keys(children: Sequence[Node], path: str) -> list[str]:
    keys: list[str] = []
    for number, child in enumerate(children):
        own = _NOT_IN_A_KEY.sub("-", own_name(child).lower()).strip("-") or str(number)
        key = f"{path}.{own}" if path else own
        keys.append(f"{key}-{number}" if key in keys else key)
    return keys


def own_name(node: Node) -> str:
    """What it is called: its name; of a leaf the metric, of a group of one task's leaves the task."""
    if node.name is not None:
        return node.name
    if isinstance(node, Leaf):
        return node.of.rpartition(".")[2]
    tasks = set(_tasks(node))
    return tasks.pop() if len(tasks) == 1 else ""


def _tasks(group: Group) -> Iterator[str]:
    for leaf in group.leaves():
        yield leaf.of.rpartition(".")[0]
