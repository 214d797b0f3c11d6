"""The table of checks: every finding and every failure has its line, and what did not happen is not called ok."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from sonobench_eval.challenge.kinds import KINDS
from sonobench_eval.challenge.model import Case, Center, Challenge, Limits, Metric, Task
from sonobench_eval.cli.checks import _RESULT_CHECKS, Check, checks_of
from sonobench_eval.cli.render_test import usage_table, verdict
from sonobench_eval.cli.trial import SCHEMA, Trial, as_document
from sonobench_eval.evaluation import FindingRecord
from sonobench_eval.intake.records import VerifiedImage
from sonobench_eval.io.findings import NOTES, FindingCode
from sonobench_eval.sandbox.failure import Blame, Category, Failure
from sonobench_eval.sandbox.port import GpuFigures, Measurement, RunOutcome
from sonobench_eval.sandbox.shown_log import ShownLog

IMAGE = VerifiedImage(
    config_digest="sha256:" + "a" * 64,
    manifest_digest="sha256:" + "c" * 64,
    diff_ids=("sha256:" + "b" * 64,),
    tag="sonobench/test:x",
    tar=Path("x.tar"),
    size_bytes=5_000_000,
    user="1000",
    entrypoint=("python3",),
    command=("predict.py", "--all of them"),
    working_dir="/app",
    environment={},
    volumes=(),
    warnings=(),
)


def challenge(**changes: Any) -> Challenge:
    head = Task(
        id="head", kind="segmentation", dataset_name="Head", organ="Head", labels={"a": "nonzero"}, metrics=(Metric(name="dsc"),)
    )
    breast = Task(id="breast", kind="binary", dataset_name="B", organ="B", classes=("no", "yes"), metrics=(Metric(name="auc"),))
    known: dict[str, Any] = {
        "sonobench": 1,
        "name": "small",
        "title": "Small",
        "limits": Limits(time_s=60),
        "centers": (Center(id="a", role="internal"),),
        "tasks": (head, breast),
        "cases": (Case(id="1.png", task="head", center="a"), Case(id="2.png", task="breast", center="a")),
    }
    return Challenge(**{**known, **changes})


def trial(*findings: FindingRecord, wall_time_s: float | None = 2.0, **changes: Any) -> Trial:
    outcome = RunOutcome(
        exit_code=0,
        oom_killed=False,
        timed_out=False,
        cancelled=False,
        output_full=False,
        output_too_many_files=False,
        log_truncated=False,
        started_at=None,
        finished_at=None,
        measurement=Measurement(wall_time_s=wall_time_s, peak_host_memory_bytes=10**9),
        results=Path("r.tar"),
        result_files=2,
        result_bytes=1000,
    )
    known: dict[str, Any] = {
        "image": IMAGE,
        "challenge": challenge(),
        "cases_declared": 2,
        "outcome": outcome,
        "failure": None,
        "findings": findings,
        "evaluation": None,
        "log": ShownLog("", 0),
    }
    return Trial(**{**known, **changes})


def found(code: FindingCode) -> FindingRecord:
    return FindingRecord(code=code.value, count=1, examples=(), sentence=f"1 {code.value}.")


def by_name(tried: Trial) -> dict[str, Check]:
    return {check.name: check for check in checks_of(tried)}


class TestFindings:
    def test_every_code_is_told_by_exactly_one_check(self) -> None:
        told = [code for check in _RESULT_CHECKS for code in check.codes]
        assert sorted(told) == sorted(FindingCode)

    @pytest.mark.parametrize("code", list(FindingCode))
    def test_one_that_costs_fails_its_check_and_a_note_warns(self, code: FindingCode) -> None:
        of_every_kind = [SimpleNamespace(kind=kind) for kind in KINDS]
        tried = trial(found(code), challenge=challenge().model_copy(update={"tasks": of_every_kind}))
        (told,) = [check for check in checks_of(tried) if f"1 {code.value}." in check.found]
        assert told.state == ("warning" if code in NOTES else "failed")
        assert tried.passed is (code in NOTES)

    def test_examples_are_told_unless_the_sentence_has_them(self) -> None:
        names = tuple(f"{number}.png" for number in range(5))
        missing = FindingRecord(code="missing_result", count=9, examples=names, sentence="9 cases have no result.")
        assert by_name(trial(missing))["One result a case"].found == "9 cases have no result.\n0.png, 1.png, 2.png …"
        said = missing.model_copy(update={"sentence": "9 cases have no result (for example 0.png: x)."})
        assert by_name(trial(said))["One result a case"].found == said.sentence

    def test_without_any_all_is_ok(self) -> None:
        checks = checks_of(trial())
        assert {check.state for check in checks if check.name != "Scores"} == {"ok"}

    def test_a_challenge_without_masks_has_no_check_of_masks(self) -> None:
        whole = challenge()
        classes = whole.model_copy(update={"tasks": whole.tasks[1:], "cases": whole.cases[1:]})
        assert "Sizes of masks" not in by_name(trial(challenge=classes))


class TestFailures:
    def test_where_no_result_can_be_used_the_run_itself_is_called_ok(self) -> None:
        missing = FindingRecord(code="missing_result", count=2, examples=(), sentence="2 cases have no result.")
        nothing = Failure(Blame.PARTICIPANT, Category.BAD_OUTPUT, "None of its results can be used.")
        tried = trial(missing, failure=nothing)
        checks = by_name(tried)
        assert (checks["End"].state, checks["One result a case"].state) == ("ok", "failed")
        assert checks["Time for all cases"].state == "ok"
        assert "would score this image, but none of its results can be used" in verdict(tried, checks_of(tried)).plain

    @pytest.mark.parametrize(
        ("category", "line"),
        [
            (Category.CANNOT_START, "Start, offline"),
            (Category.TIME_LIMIT, "Time"),
            (Category.MEMORY_LIMIT, "Memory"),
            (Category.OUTPUT_LIMIT, "Room for results"),
            *[
                (category, "End")
                for category in Category
                if category not in {Category.CANNOT_START, Category.TIME_LIMIT, Category.MEMORY_LIMIT, Category.OUTPUT_LIMIT}
                and category is not Category.BAD_OUTPUT  # results tell that, not the run: see the test before
            ],
        ],
    )
    def test_each_fails_the_check_it_is_about_and_results_are_not_called_ok(self, category: Category, line: str) -> None:
        failure = Failure(Blame.PARTICIPANT, category, "It did not work. Do this.")
        tried = trial(failure=failure, findings=None)
        checks = by_name(tried)
        assert checks[line].state == "failed"
        assert checks[line].found.startswith("It did not work. Do this.")
        assert [check.name for check in checks.values() if check.state == "failed"] == [line]
        for name in ("One result a case", "Files of results", "Sizes of masks", "Time for all cases"):
            assert checks[name].state == "not checked"
        assert (tried.passed, tried.predicted) == (False, None)

    def test_a_crash_names_its_exit_code_and_the_log(self) -> None:
        failure = Failure(Blame.PARTICIPANT, Category.CRASHED, "It ended with an error.")
        logged = by_name(trial(failure=failure, findings=None, log=ShownLog("Traceback", 1)))["End"].found
        assert logged == "It ended with an error. Its exit code was 0. The end of its log says why."
        assert by_name(trial(failure=failure, findings=None))["End"].found.endswith("let it say what it does.")

    def test_what_wrote_nothing_is_told_where_to_write(self) -> None:
        failure = Failure(Blame.PARTICIPANT, Category.NO_OUTPUT, "It wrote no file.")
        assert by_name(trial(failure=failure, findings=None))["End"].found.endswith("below /output.")

    def test_results_that_were_not_read_are_not_said_to_be_missing(self) -> None:
        failure = Failure(Blame.PARTICIPANT, Category.CRASHED, "It ended with an error.")
        found = by_name(trial(failure=failure, findings=None))["One result a case"].found
        assert found == "The run did not end well, so no results were read."

    def test_what_never_started_did_nothing_well(self) -> None:
        failure = Failure(Blame.PARTICIPANT, Category.CANNOT_START, "No such command.")
        checks = by_name(trial(failure=failure, findings=None, wall_time_s=None))
        assert {checks[name].state for name in ("Time", "Memory", "Room for results", "End")} == {"not checked"}


class TestMemory:
    def test_it_stands_beside_its_limit_in_the_same_unit(self) -> None:
        assert by_name(trial())["Memory"] == Check("Memory", "ok", "954 MiB of 8 GiB.")

    def test_more_than_was_declared_is_never_called_ok(self) -> None:
        limits = Limits(time_s=60, memory_bytes=2**29)
        check = by_name(trial(challenge=challenge(limits=limits)))["Memory"]
        assert check.state == "warning"
        assert check.found.startswith("954 MiB, where the challenge gives 512 MiB")


class TestImage:
    def test_its_command_is_told_as_a_shell_would_read_it(self) -> None:
        assert by_name(trial())["Start command"].found.startswith("python3 predict.py '--all of them', as a user")


class TestNamesOfTheCases:
    def test_pseudonyms_and_their_absence_are_told(self) -> None:
        assert "shuffled order" in by_name(trial())["Names of the cases"].found
        assert "switched pseudonyms off" in by_name(trial(challenge=challenge(pseudonyms=False)))["Names of the cases"].found


class TestTimeForAllCases:
    def test_a_verdict_on_a_sample_speaks_of_the_sample(self) -> None:
        assert "every result of this sample" in verdict(trial(cases_declared=20), ()).plain
        assert "every result." in verdict(trial(), ()).plain

    def test_a_sample_is_scaled_and_called_an_upper_bound(self) -> None:
        check = by_name(trial(cases_declared=20))["Time for all cases"]
        assert check.state == "ok"
        assert check.found.startswith(
            "At most about 20 s on a machine like this, for 20 cases; the limit is 1 min. That is 1 s a case"
        )

    def test_one_that_would_not_fit_is_a_warning_with_a_cure(self) -> None:
        check = by_name(trial(cases_declared=100))["Time for all cases"]
        assert (check.state, check.found.endswith("which tells more exactly.")) == ("warning", True)

    def test_a_larger_sample_than_the_challenge_is_no_upper_bound(self) -> None:
        assert by_name(trial(cases_declared=1))["Time for all cases"].found.startswith("About 1 s")

    def test_the_challenges_own_cases_need_no_prediction(self) -> None:
        assert by_name(trial())["Time for all cases"].found == "2 s on this machine, for 2 cases; the limit is 1 min."


class TestDocument:
    def test_it_has_all_that_the_first_version_had_and_more(self) -> None:
        tried = trial(found(FindingCode.COLOUR_IMAGE), pseudonym_key=b"k" * 32)
        document = as_document(tried, checks_of(tried))
        first = {
            "schema", "passed", "image", "failure", "measurement", "result_files", "result_bytes", "notes", "evaluation",
        }  # fmt: skip
        assert first <= set(document)
        assert document["schema"] == SCHEMA == "sonobench.test/2"
        assert document["predicted"] == {"seconds": 2.0, "cases": 2, "tried": 2}
        assert document["mean_time_per_case_s"] == 1.0
        assert document["pseudonym_key"] == (b"k" * 32).hex()
        assert document["checks"][0]["state"] == "ok"


class TestUsageTable:
    def shown(self, **figures: Any) -> str:
        outcome = trial().outcome
        measured = replace(outcome.measurement, **figures)
        paper = io.StringIO()
        Console(file=paper, width=200).print(usage_table(replace(outcome, measurement=measured), Limits(time_s=60)))
        return paper.getvalue()

    def test_memory_of_a_gpu_is_told_with_how_it_was_measured_and_what_that_cannot_tell(self) -> None:
        gpu = GpuFigures(uuid="GPU-1", limits=("Others would count as the run's.",))
        shown = self.shown(gpu=gpu, peak_gpu_memory_bytes=2**30, gpu_memory_method="NVML, whole device")
        assert "1.00 GiB" in shown
        assert " ".join(shown.split()).endswith("GPU memory: NVML, whole device. Others would count as the run's.")

    def test_without_a_gpu_it_is_not_measured_and_never_zero(self) -> None:
        shown = self.shown(gpu_memory_method="not measured: the run had no GPU")
        assert "– (not measured: the run had no GPU)" in shown
        assert "GPU memory:" not in shown
