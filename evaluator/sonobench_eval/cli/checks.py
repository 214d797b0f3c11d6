"""What `sonobench test` checked, one line each: what it found, and what to do where it is not as it should be. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Literal, NamedTuple

from sonobench_eval.challenge.kinds import KINDS, TaskKind
from sonobench_eval.cli.trial import Trial
from sonobench_eval.evaluation import FindingRecord
from sonobench_eval.io.findings import NOTES, FindingCode
from sonobench_eval.report import figures
from sonobench_eval.sandbox.failure import Category

State = Literal["ok", "warning", "failed", "not checked"]
_EXAMPLES_TOLD = 3


class Check(NamedTuple):
    """One check. `found` is a sentence or two, with the cure where one is needed."""

    name: str
    state: State
    found: str


def checks_of(trial: Trial) -> tuple[Check, ...]:
    """Every check, in the order in which the platform makes them."""
    return (
        *_of_image(trial),
        _of_names(trial),
        *_of_run(trial),
        *_of_results(trial),
        *_of_sample(trial),
        _of_full_test_set(trial),
    )


def _of_image(trial: Trial) -> Iterator[Check]:
    image = trial.image
    layers = figures.count_of(len(image.diff_ids), "layer")
    size = figures.measured_bytes(image.size_bytes)
    yield Check("Image", "ok", f"Taken apart and verified: {layers}, {size}, for linux/amd64.")
    command = shlex.join((*image.entrypoint, *image.command))
    yield Check("Start command", "ok", f"{command}, as a user that is not root.")
    for warning in image.warnings:
        yield Check("Image", "warning", warning)


def _of_names(trial: Trial) -> Check:
    if trial.challenge.pseudonyms:
        return Check(
            "Names of the cases",
            "ok",
            "New and opaque in every run, in shuffled order; images without headers, in their own folders.",
        )
    return Check("Names of the cases", "ok", "Their own, in the challenge's order: it has switched pseudonyms off.")


_STEPS = ("Start, offline", "Time", "Memory", "Room for results", "End")
_FAILS_AT = {
    Category.CANNOT_START: "Start, offline",
    Category.TIME_LIMIT: "Time",
    Category.MEMORY_LIMIT: "Memory",
    Category.OUTPUT_LIMIT: "Room for results",
}
"""Every other failure is one of how the program ended."""


def _of_run(trial: Trial) -> Iterator[Check]:
    failure = trial.failure
    failed_at = None if failure is None or trial.ended_well else _FAILS_AT.get(failure.category, "End")
    for step in _STEPS:
        if step == failed_at and failure is not None:
            yield Check(step, "failed", f"{failure.sentence} {_local_cure(trial)}".rstrip())
        elif failed_at == "Start, offline" or (failed_at is not None and step == "End"):
            yield Check(step, "not checked", "It did not come so far.")
        elif step == "Memory" and _is_over_declared_memory(trial):
            yield Check(step, "warning", _over_declared_memory(trial))
        else:
            yield Check(step, "ok", _went_well(trial, step))
    for note in trial.outcome.notes:
        yield Check("This machine", "warning", note)


def _local_cure(trial: Trial) -> str:
    """What to do about a failure whose sentence, made for the platform, leaves that to whoever holds the log."""
    category = None if trial.failure is None else trial.failure.category
    if category == Category.CRASHED:
        log = "The end of its log says why." if trial.log.text else "It printed nothing; let it say what it does."
        return f"Its exit code was {trial.outcome.exit_code}. {log}"
    if category == Category.NO_OUTPUT:
        return "Write masks and classification.json below /output."
    return ""


def _is_over_declared_memory(trial: Trial) -> bool:
    return (trial.outcome.measurement.peak_host_memory_bytes or 0) > trial.challenge.limits.memory_bytes


def _over_declared_memory(trial: Trial) -> str:
    """A container may use more than the declared memory: places in memory count as the program's, and have room of their own."""
    used, limit = trial.outcome.measurement.peak_host_memory_bytes, figures.limit_bytes(trial.challenge.limits.memory_bytes)
    return (
        f"{figures.used_bytes(used)}, where the challenge gives {limit} and room for files in memory (/tmp, /dev/shm, /output "
        f"and others). It was not stopped, but a run that fills those places would be: keep the program itself below {limit}."
    )


def _went_well(trial: Trial, step: str) -> str:
    used, limits, outcome = trial.outcome.measurement, trial.challenge.limits, trial.outcome
    if step == "Start, offline":
        return "It started without network, under the platform's limits."
    if step == "Time":
        several = f", the median of {len(used.repeats_s)} runs" if used.repeats_s else ""
        return f"{_or_dash(used.wall_time_s)} of {figures.duration(limits.time_s)}{several}."
    if step == "Memory":
        return f"{figures.used_bytes(used.peak_host_memory_bytes)} of {figures.limit_bytes(limits.memory_bytes)}."
    if step == "Room for results":
        room = f"{figures.limit_bytes(limits.output_bytes)} in {limits.output_files:,} files"
        return f"{figures.used_bytes(outcome.result_bytes)} in {figures.count_of(outcome.result_files, 'file')}, of {room}."
    return "It ended by itself, without an error."


class _ResultCheck(NamedTuple):
    """Findings that are told under one name. `of` says which kinds of task it is about."""

    name: str
    of: frozenset[TaskKind]
    went_well: str
    codes: frozenset[FindingCode]


_ANY = frozenset(KINDS)
_MASKS: frozenset[TaskKind] = frozenset({"segmentation", "instances"})
_CLASSES: frozenset[TaskKind] = frozenset({"binary", "multiclass", "multilabel"})
_VALUES: frozenset[TaskKind] = frozenset({"ordinal", "regression"})
_PLACES: frozenset[TaskKind] = frozenset({"detection", "keypoints"})
_RESULT_CHECKS = (
    _ResultCheck(
        "One result a case",
        _ANY,
        "Every case has one.",
        frozenset({FindingCode.MISSING_RESULT, FindingCode.DUPLICATE_CASE}),
    ),
    _ResultCheck(
        "Files of results",
        _ANY,
        "All are plain files that can be read.",
        frozenset(
            {
                FindingCode.UNREADABLE_IMAGE,
                FindingCode.NOT_A_REGULAR_FILE,
                FindingCode.FILE_TOO_LARGE,
                FindingCode.INVALID_JSON,
                FindingCode.INVALID_CSV,
                FindingCode.COLOUR_IMAGE,
            }
        ),
    ),
    _ResultCheck(
        "Sizes of masks",
        _MASKS,
        "Each mask is as large as its image, and lies where it does.",
        frozenset({FindingCode.WRONG_SIZE, FindingCode.WRONG_GEOMETRY}),
    ),
    _ResultCheck(
        "Values of masks",
        _MASKS,
        "Each is background or a structure.",
        frozenset({FindingCode.UNEXPECTED_VALUES, FindingCode.NOT_WHOLE_NUMBERS}),
    ),
    _ResultCheck(
        "Form of answers",
        _ANY - _MASKS,
        "Each has the fields it must have, once, with numbers in them.",
        frozenset({FindingCode.DUPLICATE_KEY, FindingCode.NON_FINITE_NUMBER, FindingCode.MALFORMED_ENTRY}),
    ),
    _ResultCheck(
        "Grades and measurements",
        _VALUES,
        "Each lies in the range of its task.",
        frozenset({FindingCode.VALUE_OUT_OF_RANGE, FindingCode.VALUE_CLIPPED}),
    ),
    _ResultCheck(
        "Boxes and points",
        _PLACES,
        "Each lies in its image.",
        frozenset({FindingCode.MALFORMED_BOX, FindingCode.OUTSIDE_IMAGE, FindingCode.TOO_MANY_BOXES}),
    ),
    _ResultCheck(
        "Probabilities and classes",
        _CLASSES | _PLACES,
        "One probability for each class, and a class that exists.",
        frozenset(
            {
                FindingCode.UNKNOWN_CLASS,
                FindingCode.WRONG_LENGTH,
                FindingCode.NOT_A_PROBABILITY,
                FindingCode.CLASS_OUT_OF_RANGE,
                FindingCode.SUM_NOT_ONE,
                FindingCode.NOT_NORMALISED,
                FindingCode.PREDICTION_NOT_ARGMAX,
            }
        ),
    ),
    _ResultCheck(
        "Nothing else", _ANY, "No other file or answer.", frozenset({FindingCode.UNEXPECTED_FILE, FindingCode.UNKNOWN_CASE})
    ),
)


def _of_results(trial: Trial) -> Iterator[Check]:
    kinds = {task.kind for task in trial.challenge.tasks}
    for check in _RESULT_CHECKS:
        if check.of & kinds:
            yield _result_check(check, trial.findings)


def _result_check(check: _ResultCheck, findings: tuple[FindingRecord, ...] | None) -> Check:
    if findings is None:
        return Check(check.name, "not checked", "The run did not end well, so no results were read.")
    mine = [each for each in findings if each.code in check.codes]
    if not mine:
        return Check(check.name, "ok", check.went_well)
    costly = any(each.code not in NOTES for each in mine)
    return Check(check.name, "failed" if costly else "warning", "\n".join(map(_told, mine)))


def _told(finding: FindingRecord) -> str:
    """The sentence, and below it where to look unless it says so itself."""
    if not finding.examples or finding.examples[0] in finding.sentence:
        return finding.sentence
    first = ", ".join(finding.examples[:_EXAMPLES_TOLD])
    return f"{finding.sentence}\n{first}{' …' if finding.count > _EXAMPLES_TOLD else ''}"


def _of_sample(trial: Trial) -> Iterator[Check]:
    if trial.tasks_without_cases:
        tasks = ", ".join(trial.tasks_without_cases)
        yield Check("Tasks", "warning", f"The sample has no case of {tasks}; nothing is known of them.")
    if trial.findings is not None and trial.evaluation is None:
        yield Check("Scores", "not checked", "Not every case of the sample has a reference, so nothing was scored.")


def _of_full_test_set(trial: Trial) -> Check:
    name, predicted, limit_s = "Time for all cases", trial.predicted, trial.challenge.limits.time_s
    if predicted is None:
        return Check(name, "not checked", "The run did not end well, so its time says nothing.")
    whole, limit = figures.duration(predicted.seconds), figures.duration(limit_s)
    if predicted.tried == predicted.cases:
        return Check(
            name, "ok", f"{whole} on this machine, for {figures.count_of(predicted.cases, 'case')}; the limit is {limit}."
        )
    each = _short(predicted.seconds / predicted.cases)
    bound = "At most about" if predicted.tried < predicted.cases else "About"
    told = (
        f"{bound} {whole} on a machine like this, for {figures.count_of(predicted.cases, 'case')}; the limit is {limit}. "
        f"That is {each} a case over {predicted.tried:,} cases, what is done once at the start included."
    )
    if predicted.seconds <= limit_s:
        return Check(name, "ok", told)
    cure = "Make it faster, or try a larger sample, which tells more exactly."
    return Check(name, "warning", f"{told} It might not fit. {cure}")


def _short(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else figures.duration(seconds)


def _or_dash(seconds: float | None) -> str:
    return figures.NOT_MEASURED if seconds is None else figures.duration(seconds)
