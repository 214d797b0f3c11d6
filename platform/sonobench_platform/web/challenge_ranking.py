"""How a challenge ranks, as a formula and as the tree that the ranking engine itself goes through."""

from __future__ import annotations

from sonobench_eval.challenge.model import Challenge
from sonobench_eval.challenge.ranking_rules import Group, Leaf, LinearScale, LogScale, Scale
from sonobench_eval.report import figures
from sonobench_eval.report.figures import metric_label
from sonobench_platform.web.contexts_challenge import RankingFormula, TreeNode
from sonobench_platform.web.mathml import mathml
from sonobench_platform.web.texts import _
from sonobench_platform.web.wording import percent, shown_name


def ranking_tree(challenge: Challenge) -> TreeNode | None:
    """The tree of all that counts, with its weights; None where it cannot be said before something is declared."""
    from sonobench_eval.ranking.schemes import SchemeError, ranked_metrics, scheme_of

    try:
        scheme = scheme_of(challenge, ranked_metrics(challenge))
    except SchemeError:
        return None
    return None if scheme is None else _Tree(challenge).node(scheme.tree, 1.0, _("Score"))


def ranking_formulas(challenge: Challenge) -> tuple[RankingFormula, ...]:
    """The scheme's formula in lines; a scheme of the organizers' own is told by its tree alone."""
    made = {"uusic25": _uusic25, "sonobench-70-30": _sonobench_70_30}.get(challenge.ranking.scheme)
    if made is None:
        return ()
    weights = challenge.ranking
    score = rf"'score' = {weights.performance:g} * 'performance' + {weights.efficiency:g} * 'efficiency'"
    return (RankingFormula(mathml(score), ""), *made())


def _uusic25() -> tuple[RankingFormula, ...]:
    return (
        RankingFormula(
            mathml(r"'performance' = 1 - \frac{\bar{R} - 1}{N - 1}"),
            _("R is a team's rank for a kind of task, with a bar its mean over the kinds; N is the number of teams."),
        ),
        RankingFormula(
            mathml(
                r"'efficiency' = \frac{1}{2} ( \frac{t_{max} - t}{t_{max} - t_{min}} + \frac{m_{max} - m}{m_{max} - m_{min}} )"
            ),
            _("t is the wall time and m the peak GPU memory; the least and the most are those of all teams."),
        ),
    )


def _sonobench_70_30() -> tuple[RankingFormula, ...]:
    return (
        RankingFormula(
            mathml(r"'performance' = \mean_{'parts'} \mean_{'tasks'} \mean_{'metrics'} \frac{x - x_{0}}{x_{1} - x_{0}}"),
            _("x is a metric's value, held between what an answer without skill gets (0) and its best (1)."),
        ),
        RankingFormula(
            mathml(
                r"'efficiency' = \frac{1}{2} ( \frac{ln ( t_{0} / t )}{ln ( t_{0} / t_{1} )} "
                r"+ \frac{ln ( m_{0} / m )}{ln ( m_{0} / m_{1} )} )"
            ),
            _("t is the time and m the peak GPU memory, each held between where it counts 1 and where it counts 0."),
        ),
    )


class _Tree:
    """Makes nodes of a tree's parts; a part without a name is called by the task that all of it is of."""

    def __init__(self, challenge: Challenge) -> None:
        self._titles = {task.id: shown_name(task.title or task.id) for task in challenge.tasks}

    def node(self, part: Group | Leaf, share: float | None, title: str = "") -> TreeNode:
        if isinstance(part, Leaf):
            return TreeNode(self._leaf_title(part), _percent(share), _scale_words(part.scale, part.of))
        whole = sum(child.weight for child in part.children)
        shares = [
            share * child.weight / whole if share is not None and part.combine == "mean" else None for child in part.children
        ]
        children = tuple(self.node(child, each) for child, each in zip(part.children, shares, strict=True) if child.weight)
        return TreeNode(title or self._group_title(part), _percent(share), _group_words(part), children)

    def _leaf_title(self, leaf: Leaf) -> str:
        if leaf.name is not None:
            return shown_name(leaf.name)
        _task, _dot, metric = leaf.of.partition(".")
        return metric_label(metric.partition("@")[0]) if metric else leaf.of

    def _group_title(self, group: Group) -> str:
        if group.name is not None:
            return shown_name(group.name[:1].upper() + group.name[1:])
        tasks = {leaf.of.partition(".")[0] for leaf in group.leaves()}
        return self._titles.get(next(iter(tasks)), _("Together")) if len(tasks) == 1 else _("Together")


def _percent(share: float | None) -> str:
    return "" if share is None else percent(float(f"{share:.3g}"))


def _group_words(group: Group) -> str:
    combined = {"mean": "", "median": _("median"), "geometric": _("geometric mean"), "harmonic": _("harmonic mean")}[
        group.combine
    ]
    then = "" if group.then is None else _scale_words(group.then, "")
    gate = group.only_if
    only = (
        "" if gate is None else _("only from {value} of {part} on").format(value=f"{gate.at_least:g}", part=shown_name(gate.part))
    )
    return "; ".join(words for words in (combined, then, only) if words)


def _scale_words(scale: Scale, figure: str) -> str:
    if isinstance(scale, LinearScale):
        return _("0 at {worst}, 1 at {best}").format(worst=f"{scale.worst:g}", best=f"{scale.best:g}")
    if isinstance(scale, LogScale):
        floor, worst = (_amount(figure, scale.reference * each) for each in (scale.floor, scale.worst))
        return _("1 up to {floor}, 0 from {worst}, logarithmic").format(floor=floor, worst=worst)
    return {
        "rank": _("by rank among the teams"),
        "place": _("a rank already"),
        "min-max": _("between the least and the most of all teams"),
        "z": _("standard deviations above the mean of the teams"),
        "identity": "",
    }[scale.by]


def _amount(figure: str, value: float) -> str:
    if figure.endswith("_bytes"):
        return figures.limit_bytes(round(value))
    return figures.duration(value) if figure == "time_s" else f"{value:g}"
