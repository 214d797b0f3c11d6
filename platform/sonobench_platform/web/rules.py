"""A challenge in words: what is asked, what a run may use, how it is scored and ranked, how to take part."""

from __future__ import annotations

from collections.abc import Callable
from math import isinf

from sonobench_eval.challenge.model import Challenge, Metric, Ranking
from sonobench_eval.challenge.ranking_rules import SchemeName
from sonobench_eval.contract.presets import rules_of
from sonobench_eval.metrics.spec import MetricSpec
from sonobench_eval.ranking.relative import NOTE
from sonobench_eval.report import figures
from sonobench_eval.report.figures import metric_label
from sonobench_platform.web.contexts import CenterLine, Fact, LimitLine, Step, TaskLine
from sonobench_platform.web.wording import joined, percent

_KINDS = {
    "segmentation": "segmentation",
    "instances": "segmentation of single objects",
    "binary": "classification, 2 classes",
    "multiclass": "classification, {} classes",
    "multilabel": "{} classes, each there or not",
    "ordinal": "grading",
    "regression": "measurement",
    "detection": "detection",
    "keypoints": "keypoints",
}


def facts(challenge: Challenge) -> tuple[Fact, ...]:
    external = sum(1 for center in challenge.centers if center.role == "external")
    seen = f", {external} never seen in training" if external else ""
    organs = len({task.organ for task in challenge.tasks})
    return (
        Fact(
            f"{len(challenge.tasks)}",
            f"{'task' if len(challenge.tasks) == 1 else 'tasks'} on {figures.count_of(organs, 'organ')}",
        ),
        Fact(f"{len(challenge.cases):,}", "hidden cases"),
        Fact(f"{len(challenge.centers)}", f"{'center' if len(challenge.centers) == 1 else 'centers'}{seen}"),
        Fact(_weights(challenge), "performance / efficiency"),
    )


def task_lines(challenge: Challenge) -> tuple[TaskLine, ...]:
    return tuple(
        TaskLine(
            title=task.title or task.id,
            kind=_KINDS[task.kind].format(len(task.classes or ())),
            metrics=", ".join(metric_words(metric) for metric in task.metrics),
            cases=f"{len(challenge.cases_of(task.id)):,}",
        )
        for task in challenge.tasks
    )


def metric_words(metric: Metric) -> str:
    """`DSC`, `NSD at 2 px`, `NSD at 1 px (convention uusic25)`."""
    label = metric_label(metric.key)
    if metric.tolerance is None:
        return label
    convention = "" if metric.convention == "pixel" else f" (convention {metric.convention or 'surface'})"
    return f"{label} at {metric.tolerance:g} {metric.unit}{convention}"


def metric_meanings(challenge: Challenge) -> list[str]:
    """What each metric is and which value is best: `DSC: overlap of two masks; 1 is best.`"""
    found = {metric.key: task.spec(metric) for task in challenge.tasks for metric in task.metrics}
    return [f"{metric_label(key)}: {spec.summary.rstrip('.')}; {_best(spec)}." for key, spec in found.items()]


def _best(spec: MetricSpec) -> str:
    if isinf(spec.best):
        return f"{'higher' if spec.higher_is_better else 'lower'} is better"
    return f"{spec.best:g} is best"


def center_lines(challenge: Challenge) -> tuple[CenterLine, ...]:
    counts = {center.id: 0 for center in challenge.centers}
    for case in challenge.cases:
        counts[case.center] += 1
    return tuple(
        CenterLine(
            title=center.title or center.id,
            role="external: never seen in training" if center.role == "external" else "internal",
            is_external=center.role == "external",
            cases=f"{counts[center.id]:,}",
        )
        for center in challenge.centers
    )


def limit_lines(challenge: Challenge) -> tuple[LimitLine, ...]:
    limits = challenge.limits
    return (
        LimitLine("Time for all cases", figures.duration(limits.time_s)),
        LimitLine("Memory", f"{figures.limit_bytes(limits.memory_bytes)}, no swap"),
        LimitLine("Processor cores", f"{limits.cpus:g}"),
        LimitLine("Graphics cards", str(limits.gpus) if limits.gpus else "none"),
        LimitLine("Shared memory (/dev/shm)", figures.limit_bytes(limits.shm_bytes)),
        LimitLine("Processes and threads", f"{limits.pids:,}"),
        LimitLine("Scratch in each writable place", figures.limit_bytes(limits.scratch_bytes)),
        LimitLine("Results in /output", f"{figures.limit_bytes(limits.output_bytes)} in {limits.output_files:,} files"),
    )


def run_rules(challenge: Challenge) -> tuple[str, ...]:
    places = joined(["/tmp", "the image's HOME", *challenge.writable])  # noqa: S108 - a place inside the container
    return (
        f"{_how_often(challenge)}, without network, under a user id that is not root.",
        f"Its file system is read-only but for {places}, which are kept in memory beside the program's own and thrown away "
        "after the run.",
        _places_rule(challenge),
        _names_rule(challenge),
        "A team whose image fails is told why, in a sentence; a fault of the platform costs a team nothing.",
    )


def _places_rule(challenge: Challenge) -> str:
    contract = rules_of(challenge)
    cases = "there is no list of cases" if contract.case_list is None else f"{contract.case_list.at} is the list of cases"
    return f"{contract.inputs.at} holds the images, {cases}, results go to {contract.output_at}."


def _how_often(challenge: Challenge) -> str:
    warm_up = "after an untimed run on public images " if challenge.warm_up else ""
    if challenge.measuring.repeats == 1:
        return f"The image runs {warm_up}once"
    return (
        f"The image runs {warm_up}{challenge.measuring.repeats} times on all cases (the median time and the first run's results "
        "count, and each run must end well)"
    )


def _names_rule(challenge: Challenge) -> str:
    if challenge.pseudonyms:
        return "Images come under opaque names in shuffled order, both new for every run, and without headers; folders stay."
    return "Images come under their own names and in the same order in every run: answers could be kept from one to the next."


def scoring_rules(challenge: Challenge) -> tuple[str, ...]:
    policy, bootstrap = challenge.undefined, challenge.bootstrap
    rules = metric_meanings(challenge)
    if any(task.is_segmentation for task in challenge.tasks):
        rules.append(
            f"A segmentation case counts {policy.missing:g} where its mask is missing, {policy.wrong_size:g} where its size "
            f"is wrong and {policy.unreadable:g} where it cannot be read."
        )
        rules.append(
            f"Where reference and prediction are both empty it counts {policy.both_empty:g}, where only the prediction is "
            f"{policy.prediction_empty:g}, where only the reference is {policy.reference_empty:g}."
        )
    if any(task.is_classification for task in challenge.tasks):
        rules.append(
            "A classification case without a usable answer counts as wrong and as ranked worst: leaving a case out never pays."
        )
        counted = "count as written" if policy.probabilities_not_normalised == "accept" else "make the answer unusable"
        rules.append(f"Probabilities that do not sum to 1 {counted}.")
    if bootstrap.resamples:
        # Who is on which image is not public, so this page cannot say which of the two it is for a task.
        rules.append(
            f"Intervals are {percent(bootstrap.confidence)} percentile bootstrap intervals over subjects where they are known, "
            f"else over cases ({bootstrap.resamples:,} resamples, seed {bootstrap.seed})."
        )
    return tuple(rules)


def ranking_rules(challenge: Challenge) -> tuple[str, ...]:
    return (
        *_SCHEMES[challenge.ranking.scheme](challenge.ranking),
        *([NOTE] if challenge.measuring.relative_to_reference else []),
        "What was measured for nobody does not count, and the board says so. Equal scores share a rank.",
        "Until the challenge closes, times are shown to 1\u00a0% and memory to the next 64\u00a0MiB (67\u00a0MB), and ranks "
        "use the shown values.",
    )


def _uusic25(ranking: Ranking) -> tuple[str, ...]:
    return (
        _weights_rule(ranking),
        f"Performance: on each task the teams are ranked by {_counted(ranking)} where the task has them; the rank for "
        "segmentation and the rank for classification weigh the same. First on both gives 1, last on both gives 0.",
        "Efficiency: the mean of time and peak GPU memory, each scaled so that the lowest of all teams gives 1 and the "
        "highest 0.",
    )


def _sonobench_70_30(ranking: Ranking) -> tuple[str, ...]:
    floor, worst = (figures.limit_bytes(each) for each in (ranking.memory_scale.floor_bytes, ranking.memory_scale.worst_bytes))
    return (
        _weights_rule(ranking),
        f"Performance: {_counted(ranking)} of each task, each between what an answer without any skill gets (0) and its best "
        "value (1); the mean over metrics, tasks and kinds of task. No other team has a say in it.",
        "Efficiency: the mean of time and peak GPU memory on logarithmic scales. "
        f"Up to {floor} memory counts 1, from {worst} on 0. Below a performance of {ranking.gate:g} efficiency counts 0.",
    )


def _custom(ranking: Ranking) -> tuple[str, ...]:
    of = [] if ranking.tree is None else [leaf.title for leaf in ranking.tree.leaves()]
    return (f"The score is made of {joined(of)}, by a scheme that the organisers wrote; the challenge file has all of it.",)


_SCHEMES: dict[SchemeName, Callable[[Ranking], tuple[str, ...]]] = {
    "uusic25": _uusic25,
    "sonobench-70-30": _sonobench_70_30,
    "custom": _custom,
}


def _weights_rule(ranking: Ranking) -> str:
    return f"The score is {percent(ranking.performance)} performance and {percent(ranking.efficiency)} efficiency, each 0 to 1."


def _counted(ranking: Ranking) -> str:
    names = (*ranking.segmentation_metrics, *ranking.classification_metrics, *ranking.other_metrics)
    return joined([metric_label(name) for name in names])


def steps(challenge: Challenge, server: str) -> tuple[Step, ...]:
    """How to take part with the command line, in the order it is done."""
    return (
        Step(
            "Begin with a template that answers every case, or with a program of your own, and build it for linux/amd64.",
            "sonobench init my-algorithm\ndocker build --platform linux/amd64 -t my-algorithm my-algorithm",
        ),
        Step(
            "Try it on sample images, exactly as it will be run here.",
            f"sonobench challenge get {challenge.name} --server {server}\n"
            f"sonobench test my-algorithm {challenge.name}.json --sample sample/",
        ),
        Step(
            "Tell the command line once where this platform is. It asks for the token you got from the organisers.",
            f"sonobench login --server {server}",
        ),
        Step("Submit, and watch it run.", f"sonobench submit my-algorithm --challenge {challenge.name} --watch"),
    )


def curl_commands(challenge: Challenge, server: str) -> str:
    """The same with nothing but Docker and curl."""
    api = f"{server}/api/v1"
    return (
        "docker save my-algorithm -o image.tar\n"
        f"curl -fsS -H \"Authorization: Bearer $SONOBENCH_TOKEN\" -H 'Content-Type: application/json' \\\n"
        f'  -d "{{\\"size_bytes\\": $(stat -c %s image.tar)}}" {api}/challenges/{challenge.name}/submissions\n'
        "# with the id of the submission that was answered:\n"
        f'curl -fS -H "Authorization: Bearer $SONOBENCH_TOKEN" -T image.tar {api}/submissions/ID/image'
    )


def card_facts(challenge: Challenge) -> str:
    external = sum(1 for center in challenge.centers if center.role == "external")
    counts = ((len(challenge.tasks), "task"), (len(challenge.cases), "hidden case"), (len(challenge.centers), "center"))
    words = ", ".join(figures.count_of(number, what) for number, what in counts)
    return f"{words} ({external} external)" if external else words


def _weights(challenge: Challenge) -> str:
    return f"{challenge.ranking.performance * 100:g} / {challenge.ranking.efficiency * 100:g}"
