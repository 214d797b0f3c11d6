"""What every sandbox promises (`sandbox/port.py`), tried on the fake and on engines of three kinds."""

from __future__ import annotations

import dataclasses
import tarfile
from dataclasses import dataclass, field

import pytest

from sonobench_eval.io.sources import TarResults
from sonobench_eval.sandbox.failure import Category, classify
from sonobench_eval.sandbox.port import AlreadyRunning, SandboxTrouble

SLEEPS_S = 60
"""The program that `sleeps too long` does so for this long; how soon after its limit it ends is the machine's affair."""


@dataclass
class Played:
    """A run's outcome, its failure category, and the phases that were told."""

    outcome: object
    category: Category | None
    names: dict[str, bytes]
    phases: list[str] = field(default_factory=list)


@pytest.fixture
def play(subject, make_spec, tmp_path):
    def run(scenario, *, should_stop=lambda: False, **limits):
        on, phases, results = subject(scenario), [], tmp_path / "deep" / "results.tar"
        spec = make_spec(on, **limits)
        outcome = on.sandbox.run(spec, results, should_stop=should_stop, progress=phases.append)
        failure = classify(outcome, time_limit_s=1, memory_limit_bytes=1, output_limit_bytes=1)
        with tarfile.open(results) as tar:
            names = {member.name: tar.extractfile(member).read() if member.isreg() else b"" for member in tar}
        assert on.sandbox.sweep(spec.node, lambda run_id, attempt: False) == []
        return Played(outcome, failure.category if failure else None, names, phases)

    return run


class TestRun:
    def test_a_good_run_leaves_its_results_and_its_measures(self, play):
        played = play("copies an input")
        assert played.category is None
        assert played.names == {"mask/a.txt": b"image a"}
        assert (played.outcome.result_files, played.outcome.result_bytes) == (1, 7)
        assert played.outcome.started_at <= played.outcome.finished_at
        assert played.outcome.measurement.wall_time_s >= 0
        assert played.outcome.measurement.peak_gpu_memory_bytes is None

    def test_phases_are_told_in_order(self, play):
        assert play("copies an input").phases == ["create", "run", "collect", "remove"]

    def test_a_failing_program_keeps_what_it_wrote(self, play):
        played = play("fails half way")
        assert played.outcome.exit_code == 3
        assert played.category is Category.CRASHED
        assert played.names == {"half": b"x"}

    @pytest.mark.parametrize(
        ("scenario", "category"),
        [
            ("writes nothing", Category.NO_OUTPUT),
            ("needs too much memory", Category.MEMORY_LIMIT),
            ("floods the output", Category.OUTPUT_LIMIT),
            ("makes too many files", Category.OUTPUT_LIMIT),
        ],
    )
    def test_each_limit_has_its_own_name(self, play, scenario, category):
        assert play(scenario).category is category

    def test_the_time_limit_ends_it(self, play):
        played = play("sleeps too long", time_s=1)
        assert played.category is Category.TIME_LIMIT
        assert 1 <= played.outcome.measurement.wall_time_s < SLEEPS_S, "it ended by itself"

    def test_stopping_is_told_as_cancelled(self, play):
        played = play("sleeps too long", should_stop=lambda: True)
        assert played.category is Category.CANCELLED
        assert not played.outcome.timed_out

    def test_a_link_is_never_followed(self, play, tmp_path):
        played = play("links away")
        assert played.names == {"link": b""}
        assert played.outcome.result_files == 0
        with TarResults(played.outcome.results) as source:
            assert [(entry.path, entry.kind) for entry in source.entries()] == [("link", "link")]

    def test_a_name_that_is_not_the_attempts_own_is_refused(self, subject, make_spec, tmp_path):
        on = subject("writes nothing")
        with pytest.raises(ValueError, match="not the name of run"):
            on.sandbox.run(dataclasses.replace(make_spec(on), name="mine"), tmp_path / "r.tar")

    def test_an_attempt_that_runs_is_not_started_again(self, subject, make_spec, tmp_path):
        on = subject("copies an input")
        spec, refused = make_spec(on), []

        def start_again(phase):
            if phase == "run":
                with pytest.raises(AlreadyRunning):
                    on.sandbox.run(spec, tmp_path / "second.tar")
                refused.append(phase)

        assert on.sandbox.run(spec, tmp_path / "first.tar", progress=start_again).result_files == 1
        assert refused == ["run"]
        assert not (tmp_path / "second.tar").exists()

    def test_an_error_on_the_way_leaves_nothing_to_sweep(self, subject, make_spec, tmp_path):
        on = subject("copies an input")

        def fail(phase):
            if phase == "collect":
                raise RuntimeError("interrupted")

        spec = make_spec(on)
        with pytest.raises(RuntimeError, match="interrupted"):
            on.sandbox.run(spec, tmp_path / "r.tar", progress=fail)
        assert on.sandbox.sweep(spec.node, lambda run_id, attempt: False) == []
        assert not (tmp_path / "r.tar").exists()


class TestLoad:
    def test_a_missing_file_is_the_platforms_trouble(self, subject, tmp_path):
        on = subject("writes nothing")
        with pytest.raises(SandboxTrouble, match=r"gone\.tar"):
            on.sandbox.load(tmp_path / "gone.tar", dataclasses.replace(on.identity, config_digest="sha256:" + "e" * 64))


class TestForget:
    def test_what_was_loaded_is_gone_and_forgetting_again_is_harmless(self, subject):
        on = subject("writes nothing")
        assert on.sandbox.forget(on.identity)
        assert on.sandbox.forget(on.identity)


class TestSweep:
    def test_what_is_alive_stays(self, subject, make_spec, tmp_path):
        on = subject("copies an input")
        spec, swept = make_spec(on), []

        def sweep(phase):
            if phase == "run":
                swept.append(on.sandbox.sweep(spec.node, lambda run_id, attempt: (run_id, attempt) == (spec.run_id, 1)))

        assert on.sandbox.run(spec, tmp_path / "r.tar", progress=sweep).result_files == 1
        assert swept == [[]]
