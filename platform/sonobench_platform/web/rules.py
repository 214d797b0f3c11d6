"""A challenge in words: what is asked, what a run may use, how it is scored and ranked, how to take part."""

from __future__ import annotations

from collections.abc import Callable

from sonobench_eval.challenge.model import Challenge, Metric, Ranking, Task
from sonobench_eval.challenge.ranking_rules import SchemeName
from sonobench_eval.contract.presets import rules_of
from sonobench_eval.ranking.relative import NOTE
from sonobench_eval.report import figures
from sonobench_eval.report.figures import metric_label
from sonobench_platform.web.contexts import Fact
from sonobench_platform.web.contexts_challenge import LimitLine, Step, TaskLine
from sonobench_platform.web.texts import _, ngettext
from sonobench_platform.web.wording import joined, percent, shown_name

MOST_NAMED = 12
"""Of a task's classes, structures or points; a task can have a thousand."""


def facts(challenge: Challenge) -> tuple[Fact, ...]:
    external = sum(1 for center in challenge.centers if center.role == "external")
    organs, tasks = len({task.organ for task in challenge.tasks}), len(challenge.tasks)
    on = ngettext("on {count} organ", "on {count} organs", organs).format(count=organs)
    centers = ngettext("center", "centers", len(challenge.centers))
    seen = _(", {count} never seen in training").format(count=external) if external else ""
    return (
        Fact(f"{tasks}", f"{ngettext('task', 'tasks', tasks)} {on}"),
        Fact(f"{len(challenge.cases):,}", _("hidden cases")),
        Fact(f"{len(challenge.centers)}", f"{centers}{seen}"),
        Fact(_weights(challenge), _("performance / efficiency")),
    )


def task_lines(challenge: Challenge) -> tuple[TaskLine, ...]:
    return tuple(
        TaskLine(
            title=shown_name(task.title or task.id),
            kind=kind_words(task),
            asks=_asks(task),
            metrics=", ".join(metric_words(metric) for metric in task.metrics),
            cases=f"{len(challenge.cases_of(task.id)):,}",
        )
        for task in challenge.tasks
    )


def kind_words(task: Task) -> str:
    """`segmentation`, `classification, 4 classes`."""
    kinds = {
        "segmentation": _("segmentation"),
        "instances": _("segmentation of single objects"),
        "binary": _("classification, 2 classes"),
        "multiclass": _("classification, {count} classes"),
        "multilabel": _("{count} classes, each there or not"),
        "ordinal": _("grading"),
        "regression": _("measurement"),
        "detection": _("detection"),
        "keypoints": _("keypoints"),
    }
    return kinds[task.kind].format(count=len(task.classes or ()))


def _asks(task: Task) -> str:
    """What the answer names or measures: structures, classes, points, or a range."""
    if task.range is not None:
        unit = f" {task.value_unit}" if task.value_unit else ""
        return _("{low} to {high}").format(low=f"{task.range[0]:g}", high=f"{task.range[1]:g}{unit}")
    names = [*(task.labels or ()), *(task.classes or ()), *(task.points or ())]
    return joined([shown_name(name) for name in names[:MOST_NAMED]], more=max(len(names) - MOST_NAMED, 0))


def metric_words(metric: Metric) -> str:
    """`DSC`, `NSD at 2 px`, `NSD at 1 px (convention uusic25)`."""
    label = metric_label(metric.key)
    if metric.tolerance is None:
        return label
    at = _("{metric} at {tolerance} {unit}").format(metric=label, tolerance=f"{metric.tolerance:g}", unit=metric.unit)
    if metric.convention == "pixel":
        return at
    return _("{metric} (convention {name})").format(metric=at, name=metric.convention or "surface")


def limit_lines(challenge: Challenge) -> tuple[LimitLine, ...]:
    limits = challenge.limits
    size = figures.limit_bytes
    files = _("{size} in {count} files").format(size=size(limits.output_bytes), count=f"{limits.output_files:,}")
    return (
        LimitLine(_("Time for all cases"), figures.duration(limits.time_s)),
        LimitLine(_("Memory"), _("{size}, no swap").format(size=size(limits.memory_bytes))),
        LimitLine(_("Processor cores"), f"{limits.cpus:g}"),
        LimitLine(_("Graphics cards"), str(limits.gpus) if limits.gpus else _("none")),
        LimitLine(_("Shared memory (/dev/shm)"), size(limits.shm_bytes)),
        LimitLine(_("Processes and threads"), f"{limits.pids:,}"),
        LimitLine(_("Scratch in each writable place"), size(limits.scratch_bytes)),
        LimitLine(_("Results in /output"), files),
    )


def run_rules(challenge: Challenge) -> tuple[str, ...]:
    places = joined(["/tmp", _("the image's HOME"), *challenge.writable])  # noqa: S108 - a place inside the container
    return (
        _("{how_often}, without network, under a user id that is not root.").format(how_often=_how_often(challenge)),
        _(
            "Its file system is read-only but for {places}, which are kept in memory beside the program's own and thrown away "
            "after the run."
        ).format(places=places),
        _places_rule(challenge),
        _names_rule(challenge),
        _partial_rule(challenge),
        _("A team whose image fails is told why, in a sentence; a fault of the platform costs a team nothing."),
    )


def _places_rule(challenge: Challenge) -> str:
    contract = rules_of(challenge)
    said = _("{inputs} holds the images, {cases}, results go to {results}.")
    listed = contract.case_list
    cases = _("there is no list of cases") if listed is None else _("{place} is the list of cases").format(place=listed.at)
    return said.format(inputs=contract.inputs.at, cases=cases, results=contract.output_at)


def _how_often(challenge: Challenge) -> str:
    warm_up, repeats = bool(challenge.warm_up), challenge.measuring.repeats
    if repeats == 1:
        return _("The image runs after an untimed run on public images once") if warm_up else _("The image runs once")
    runs = (
        _("The image runs after an untimed run on public images {count} times on all cases")
        if warm_up
        else _("The image runs {count} times on all cases")
    )
    counted = _("(the median time and the first run's results count, and each run must end well)")
    return f"{runs.format(count=repeats)} {counted}"


def _names_rule(challenge: Challenge) -> str:
    if challenge.pseudonyms:
        return _("Images come under opaque names in shuffled order, both new for every run, and without headers; folders stay.")
    return _("Images come under their own names and in the same order in every run: answers could be kept from one to the next.")


def _partial_rule(challenge: Challenge) -> str:
    if challenge.partial == "scored":
        return _("A run that ends by the image's own fault is scored by the results it left; each missing one counts as such.")
    return _("A run that ends by the image's own fault has failed, whatever results it left.")


def scoring_rules(challenge: Challenge) -> tuple[str, ...]:
    policy, bootstrap = challenge.undefined, challenge.bootstrap
    rules: list[str] = []
    if any(task.is_classification for task in challenge.tasks):
        rules.append(
            _("A classification case without a usable answer counts as wrong and as ranked worst: leaving a case out never pays.")
        )
        accepted = policy.probabilities_not_normalised == "accept"
        rules.append(
            _("Probabilities that do not sum to 1 count as written.")
            if accepted
            else _("Probabilities that do not sum to 1 make the answer unusable.")
        )
    if bootstrap.resamples:
        # Who is on which image is not public, so this page cannot say which of the two it is for a task.
        rules.append(
            _(
                "Intervals are {confidence} percentile bootstrap intervals over subjects where they are known, else over cases "
                "({count} resamples, seed {seed})."
            ).format(confidence=percent(bootstrap.confidence), count=f"{bootstrap.resamples:,}", seed=bootstrap.seed)
        )
    return tuple(rules)


def ranking_rules(challenge: Challenge) -> tuple[str, ...]:
    return (
        *_SCHEMES[challenge.ranking.scheme](challenge.ranking),
        *([NOTE] if challenge.measuring.relative_to_reference else []),
        _("What was measured for nobody does not count, and the board says so. Equal scores share a rank."),
        _(
            "Until the challenge closes, times are shown to 1\u00a0% and memory to the next 64\u00a0MiB (67\u00a0MB), and ranks "
            "use the shown values."
        ),
    )


def _uusic25(ranking: Ranking) -> tuple[str, ...]:
    return (
        _weights_rule(ranking),
        _(
            "Performance: on each task the teams are ranked by {metrics} where the task has them; the rank for segmentation and "
            "the rank for classification weigh the same. First on both gives 1, last on both gives 0."
        ).format(metrics=_counted(ranking)),
        _(
            "Efficiency: the mean of time and peak GPU memory, each scaled so that the lowest of all teams gives 1 and the "
            "highest 0."
        ),
    )


def _sonobench_70_30(ranking: Ranking) -> tuple[str, ...]:
    floor, worst = (figures.limit_bytes(each) for each in (ranking.memory_scale.floor_bytes, ranking.memory_scale.worst_bytes))
    return (
        _weights_rule(ranking),
        _(
            "Performance: {metrics} of each task, each between what an answer without any skill gets (0) and its best value (1); "
            "the mean over metrics, tasks and kinds of task. No other team has a say in it."
        ).format(metrics=_counted(ranking)),
        _(
            "Efficiency: the mean of time and peak GPU memory on logarithmic scales. Up to {floor} memory counts 1, from {worst} "
            "on 0. Below a performance of {gate} efficiency counts 0."
        ).format(floor=floor, worst=worst, gate=f"{ranking.gate:g}"),
    )


def _custom(ranking: Ranking) -> tuple[str, ...]:
    of = [] if ranking.tree is None else [leaf.title for leaf in ranking.tree.leaves()]
    said = _("The score is made of {parts}, by a scheme that the organizers wrote; the challenge file has all of it.")
    return (said.format(parts=joined(of[:MOST_NAMED], more=max(len(of) - MOST_NAMED, 0))),)


_SCHEMES: dict[SchemeName, Callable[[Ranking], tuple[str, ...]]] = {
    "uusic25": _uusic25,
    "sonobench-70-30": _sonobench_70_30,
    "custom": _custom,
}


def _weights_rule(ranking: Ranking) -> str:
    said = _("The score is {performance} performance and {efficiency} efficiency, each 0 to 1.")
    return said.format(performance=percent(ranking.performance), efficiency=percent(ranking.efficiency))


def _counted(ranking: Ranking) -> str:
    names = (*ranking.segmentation_metrics, *ranking.classification_metrics, *ranking.other_metrics)
    return joined([metric_label(name) for name in names])


def steps(challenge: Challenge, server: str) -> tuple[Step, ...]:
    """How to take part with the command line, in the order it is done."""
    return (
        Step(
            _("Begin with a template that answers every case, or with a program of your own, and build it for linux/amd64."),
            "sonobench init my-algorithm\ndocker build --platform linux/amd64 -t my-algorithm my-algorithm",
        ),
        Step(
            _("Try it on sample images, exactly as it will be run here."),
            f"sonobench challenge get {challenge.name} --server {server}\n"
            f"sonobench test my-algorithm {challenge.name}.json --sample sample/",
        ),
        Step(
            _("Tell the command line once where this platform is. It asks for your team's token; the team portal has it."),
            f"sonobench login --server {server}",
        ),
        Step(_("Submit, and watch it run."), f"sonobench submit my-algorithm --challenge {challenge.name} --watch"),
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
    tasks, cases, centers = len(challenge.tasks), len(challenge.cases), len(challenge.centers)
    words = ", ".join(
        (
            ngettext("{count} task", "{count} tasks", tasks).format(count=tasks),
            ngettext("{count} hidden case", "{count} hidden cases", cases).format(count=f"{cases:,}"),
            ngettext("{count} center", "{count} centers", centers).format(count=centers),
        )
    )
    return _("{facts} ({count} external)").format(facts=words, count=external) if external else words


def _weights(challenge: Challenge) -> str:
    return f"{challenge.ranking.performance * 100:g} / {challenge.ranking.efficiency * 100:g}"
