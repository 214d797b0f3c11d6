"""A submission's scores as a table: a line for each metric of each task, over all cases, in each role, and the gap between."""

from __future__ import annotations

from collections.abc import Sequence

from sonobench_eval.challenge.model import Challenge
from sonobench_eval.evaluation import CenterScore, GeneralisationGap, MetricScore, TaskScore
from sonobench_eval.ranking.leaderboard import TaskColumn
from sonobench_eval.ranking.shown import NOTE
from sonobench_eval.report import figures
from sonobench_platform.domain.states import COUNTING
from sonobench_platform.submissions.schemas import Result
from sonobench_platform.web.contexts import Fact
from sonobench_platform.web.contexts_submission import CenterRow, MetricLine, ScorePart, Value
from sonobench_platform.web.submission_source import Place, SubmissionFacts
from sonobench_platform.web.texts import _
from sonobench_platform.web.wording import shown_name

_ROLES = ("internal", "external")


def score_part(facts: SubmissionFacts) -> ScorePart | None:
    """None where there is no score, and no reason to say why not."""
    result, hidden = facts.shown.result, facts.shown.result_hidden or ""
    if result is None:
        return ScorePart((), (), (), (), "", hidden, "") if hidden else None
    return ScorePart(
        facts=_facts(result),
        columns=columns_of(result.tasks),
        lines=metric_lines(result.tasks),
        centers=_center_rows(result.tasks, facts.challenge),
        rounding="" if result.exact else NOTE,
        hidden="",
        evaluation_href=f"/api/v1/submissions/{facts.shown.id}/evaluation",
    )


def place_words(facts: SubmissionFacts) -> str:
    """Where the team stands on the board now; empty where nobody can say."""
    place = facts.place
    if place is None or facts.shown.state not in COUNTING:
        return ""
    if not place.is_this:
        said = _("On the board stands another one of the team's submissions, {id}, {rank}.")
        return said.format(id=place.counts, rank=rank_words(place))
    if place.alias:
        return _("It is on the board as {alias}, {rank}.").format(alias=place.alias, rank=rank_words(place))
    return _("It is on the board, {rank}.").format(rank=rank_words(place))


def rank_words(place: Place) -> str:
    """`ranked 2 of 15 (range 1–3)`."""
    if place.row.rank is None:
        return _("without a rank")
    span = figures.rank_range(place.row.rank_low, place.row.rank_high)
    said = _("ranked {rank} of {rows}").format(rank=place.row.rank, rows=place.rows)
    return f"{said} ({_('range')} {span})" if span else said


def _facts(result: Result) -> tuple[Fact, ...]:
    found = [_mean_fact(mean) for mean in result.means]
    if result.time_s is not None:
        found.append(Fact(figures.duration(result.time_s), _("wall time")))
    memory = ((result.host_memory_bytes, _("peak host memory")), (result.gpu_memory_bytes, _("peak GPU memory")))
    return (*found, *(Fact(figures.measured_bytes(count), words) for count, words in memory if count is not None))


def _mean_fact(mean: MetricScore) -> Fact:
    text = _text(mean, figures.column_decimals([mean]))
    return Fact(text, _("mean {metric}").format(metric=figures.metric_label(mean.name)))


def columns_of(tasks: Sequence[TaskScore] | Sequence[TaskColumn]) -> tuple[str, ...]:
    """Headings of the values in `metric_lines`: the roles, and the gap, only where a task has them."""
    named = {"internal": _("Internal centers"), "external": _("External centers")}
    roles = tuple(named[role] for role in _roles(tasks))
    return (_("All cases"), *roles, *((_("Gap"),) if any(task.gaps for task in tasks) else ()))


def metric_lines(tasks: Sequence[TaskScore] | Sequence[TaskColumn]) -> tuple[MetricLine, ...]:
    """A line for each metric of each task."""
    roles, has_gaps = _roles(tasks), any(task.gaps for task in tasks)
    return tuple(_line(task, metric, roles, has_gaps=has_gaps) for task in tasks for metric in task.metrics)


def _roles(tasks: Sequence[TaskScore] | Sequence[TaskColumn]) -> tuple[str, ...]:
    there = {role.id for task in tasks for role in task.roles}
    return tuple(role for role in _ROLES if role in there)


def _line(task: TaskScore | TaskColumn, metric: MetricScore, roles: Sequence[str], *, has_gaps: bool) -> MetricLine:
    decimals = figures.column_decimals([metric])
    split = [_value(_metric_of(task.roles, role, metric.name), decimals) for role in roles]
    gap = [_gap(next((each for each in task.gaps if each.metric == metric.name), None), decimals)] if has_gaps else []
    unit = f" ({metric.unit})" if metric.unit else ""
    return MetricLine(
        task=shown_name(task.title),
        metric=f"{figures.metric_label(metric.name)}{unit}",
        cases=f"{metric.n:,}",
        values=(_value(metric, decimals), *split, *gap),
    )


def _metric_of(parts: Sequence[CenterScore], part: str, name: str) -> MetricScore | None:
    return next((each for found in parts if found.id == part for each in found.metrics if each.name == name), None)


def _value(score: MetricScore | None, decimals: int) -> Value:
    if score is None:
        return Value("", "", _("no cases"))
    if score.value is None:
        return Value("", "", score.undefined or _("not defined"))
    return Value(_text(score, decimals), figures.interval(score.ci_low, score.ci_high, decimals), "")


def _text(score: MetricScore, decimals: int) -> str:
    return figures.fixed(score.value, decimals)


def _gap(gap: GeneralisationGap | None, decimals: int) -> Value:
    if gap is None:
        return Value("", "", _("no cases"))
    return Value(figures.signed(gap.value, decimals), figures.interval(gap.ci_low, gap.ci_high, decimals), "")


def _center_rows(tasks: Sequence[TaskScore], challenge: Challenge) -> tuple[CenterRow, ...]:
    titles = {center.id: shown_name(center.title or center.id) for center in challenge.centers}
    words = {"internal": _("internal"), "external": _("external")}
    return tuple(
        CenterRow(
            titles.get(center.id, shown_name(center.id)),
            words[center.role],
            shown_name(task.title),
            figures.metric_label(metric.name),
            _value(metric, figures.column_decimals([metric])),
        )
        for task in tasks
        for center in task.centers
        for metric in center.metrics
    )
