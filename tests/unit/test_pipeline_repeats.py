"""Warm-up and repeats on the fake sandbox: which figures count, and whose failure is whose."""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from sonobench_eval.challenge.model import Case, Center, Challenge, Measuring, Metric, Task
from sonobench_eval.pipeline_repeats import content_digest, measure_image
from sonobench_eval.pipeline_run import RunPlan
from sonobench_eval.sandbox.fake import FakeSandbox, NeedsMemory
from sonobench_eval.sandbox.port import GpuFigures, ImageIdentity, SandboxTrouble

IDENTITY = ImageIdentity("sha256:" + "a" * 64, ("sha256:" + "b" * 64,))
WARM = Case(id="warm/1.png", task="breast", center="home")


@dataclass
class Scripted(FakeSandbox):
    """Each run takes the next of `times_s` and of `peaks_bytes`, and of `slowdowns` where it has a GPU."""

    times_s: list[float] = field(default_factory=lambda: [1.0] * 99)
    peaks_bytes: list[int] = field(default_factory=lambda: [64] * 99)
    slowdowns: list[tuple[str, ...]] = field(default_factory=list)

    def run(self, spec, results, **options):
        self.takes_s, self.peak_host_memory_bytes = self.times_s.pop(0), self.peaks_bytes.pop(0)
        outcome = super().run(spec, results, **options)
        if not self.slowdowns:
            return outcome
        gpu = GpuFigures(uuid="GPU-1", throttled=self.slowdowns.pop(0))
        return replace(outcome, measurement=replace(outcome.measurement, gpu=gpu))


def a_challenge(*, warm_up: tuple[Case, ...] = (), **measuring) -> Challenge:
    task = Task(id="breast", kind="binary", dataset_name="B", organ="B", classes=("no", "yes"), metrics=(Metric(name="auc"),))
    return Challenge(
        sonobench=1,
        name="tiny",
        title="Tiny",
        centers=(Center(id="home", role="internal"),),
        tasks=(task,),
        cases=tuple(Case(id=f"B/{n}.png", task="breast", center="home", label=1) for n in range(2)),
        warm_up=warm_up,
        measuring=Measuring(**measuring),
    )


def good(inputs: Path, output: Path) -> int:
    (output / "classification.json").write_text("{}")
    return 0


class Program:
    """Does the next thing of its list; the last for ever. Remembers which images it saw."""

    def __init__(self, *does):
        self.does = list(does)
        self.saw: list[list[str]] = []

    def __call__(self, inputs: Path, output: Path) -> int:
        self.saw.append(sorted(path.name for path in inputs.rglob("*.png")))
        return (self.does.pop(0) if len(self.does) > 1 else self.does[0])(inputs, output)


def crash(inputs: Path, output: Path) -> int:
    return 3


def other(inputs: Path, output: Path) -> int:
    (output / "classification.json").write_text('{"other": 1}')
    return 0


@dataclass
class Measured:
    outcome: object
    sandbox: Scripted
    phases: list[str]
    folder: Path

    @property
    def figures(self):
        return self.outcome.measurement

    def text(self) -> str:
        with tarfile.open(self.folder / "r.tar") as tar:
            return tar.extractfile("classification.json").read().decode()


@pytest.fixture
def measure(tmp_path):
    for case_id in ("B/0.png", "B/1.png", WARM.id):
        (tmp_path / "images" / case_id).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "images" / case_id).write_bytes(b"pixels")

    def run(challenge, program=good, *, should_stop=lambda: False, **script) -> Measured:
        sandbox, phases = Scripted(program, **script), []
        outcome = measure_image(
            challenge,
            RunPlan(IDENTITY, tmp_path / "images", run_id="r1", attempt=1, node="n1", staging=tmp_path / "staging"),
            sandbox=sandbox,
            results=tmp_path / "out" / "r.tar",
            load_s=7.0,
            reference_s=1.25,
            should_stop=should_stop,
            progress=phases.append,
        )
        names = {path.name for path in (tmp_path / "out").iterdir()}
        assert names <= {"r.tar"}, "a repeat's or the warm-up's results were left behind"
        return Measured(outcome, sandbox, phases, tmp_path / "out")

    return run


class TestOneRun:
    def test_without_anything_asked_for_it_is_the_one_run(self, measure):
        found = measure(a_challenge(), times_s=[3.0])
        assert found.figures.wall_time_s == 3.0
        assert (found.figures.repeats_s, found.figures.wall_time_cv, found.figures.wall_time_steady) == ((), None, True)
        assert found.phases == ["stage", "create", "run", "collect", "remove"]

    def test_what_surrounds_it_is_kept_beside_it(self, measure):
        found = measure(a_challenge())
        assert (found.figures.phases.load_s, found.figures.phases.warm_up_s) == (7.0, None)
        assert found.figures.reference_s == 1.25

    def test_a_failure_is_the_outcome(self, measure):
        assert measure(a_challenge(), crash).outcome.exit_code == 3


class TestRepeats:
    def test_the_time_is_the_median_and_all_of_them_are_kept(self, measure):
        found = measure(a_challenge(repeats=3), times_s=[1.02, 1.0, 1.01])
        assert (found.figures.wall_time_s, found.figures.repeats_s) == (1.01, (1.02, 1.0, 1.01))
        assert found.figures.wall_time_cv == pytest.approx(0.0099, abs=1e-4)
        assert (found.figures.wall_time_steady, found.outcome.notes) == (True, ())
        assert found.phases[::5] == ["stage 1 of 3", "stage 2 of 3", "stage 3 of 3"]

    def test_the_first_runs_results_count(self, measure):
        found = measure(a_challenge(repeats=2), Program(good, other))
        assert found.text() == "{}"
        assert found.outcome.results == found.folder / "r.tar"

    def test_results_that_differ_are_noted_once(self, measure):
        (note,) = measure(a_challenge(repeats=4), Program(good, other)).outcome.notes
        assert note.startswith("A repeat left other results than the first run.")

    def test_being_right_once_and_fast_after_that_gains_no_time(self, measure):
        found = measure(a_challenge(repeats=3, largest_cv=1.0), Program(good, other), times_s=[3.0, 1.0, 1.0])
        assert (found.figures.wall_time_s, found.figures.repeats_s) == (3.0, (3.0, 1.0, 1.0))

    def test_being_slow_after_the_first_run_gains_none_either(self, measure):
        found = measure(a_challenge(repeats=3, largest_cv=1.0), Program(good, other), times_s=[1.0, 2.0, 2.0])
        assert found.figures.wall_time_s == 2.0

    def test_the_largest_peak_of_all_runs_counts(self, measure):
        found = measure(a_challenge(repeats=3), peaks_bytes=[10, 30, 20])
        assert found.figures.peak_host_memory_bytes == 30

    def test_a_slowdown_of_any_run_is_kept(self, measure):
        found = measure(a_challenge(repeats=3), slowdowns=[("power cap",), (), ("power cap", "thermal")])
        assert found.figures.gpu.throttled == ("power cap", "thermal")

    def test_unsteady_runs_are_all_made_again_and_the_steadier_set_counts(self, measure):
        found = measure(a_challenge(repeats=2), times_s=[1.0, 2.0, 3.0, 3.0])
        assert len(found.sandbox.ran) == 4
        assert (found.figures.wall_time_s, found.figures.repeats_s) == (3.0, (3.0, 3.0))
        assert (found.figures.wall_time_steady, found.outcome.notes) == (True, ())
        assert found.phases[-1] == "remove 2 of 2 again"

    def test_a_second_set_that_is_worse_does_not_count_and_it_is_said_that_neither_was_steady(self, measure):
        found = measure(a_challenge(repeats=2), times_s=[1.0, 1.2, 1.0, 9.0])
        assert found.figures.repeats_s == (1.0, 1.2)
        assert found.figures.wall_time_steady is False
        assert found.outcome.notes == (
            "The timed runs differ by 12.9% (coefficient of variation) even after they were run again, "
            "where the challenge allows 5.0%.",
        )

    def test_the_bound_is_the_challenges(self, measure):
        assert len(measure(a_challenge(repeats=2, largest_cv=0.5), times_s=[1.0, 1.5]).sandbox.ran) == 2

    @pytest.mark.parametrize("number", [2, 3])
    def test_a_repeat_that_crashes_is_the_outcome(self, measure, number):
        found = measure(a_challenge(repeats=3), Program(*[good] * (number - 1), crash))
        assert found.outcome.exit_code == 3
        assert found.outcome.notes == (f"It failed in timed run {number}; those before it ended well.",)
        assert len(found.sandbox.ran) == number
        assert found.outcome.results == found.folder / "r.tar"

    def test_one_that_needs_too_much_memory_once_has_failed(self, measure):
        def hungry(inputs, output):
            raise NeedsMemory

        assert measure(a_challenge(repeats=2), Program(good, hungry)).outcome.oom_killed

    def test_the_time_limit_is_each_runs_own(self, measure):
        found = measure(a_challenge(repeats=3), times_s=[3000.0, 3000.0, 3000.0])
        assert found.figures.wall_time_s == 3000.0
        late = measure(a_challenge(repeats=3), times_s=[3000.0, 3601.0])
        assert late.outcome.timed_out

    def test_a_crash_in_the_second_set_is_a_crash(self, measure):
        found = measure(a_challenge(repeats=2), Program(good, good, crash), times_s=[1.0, 2.0, 1.0])
        assert found.outcome.exit_code == 3

    def test_stopped_between_runs_it_is_cancelled(self, measure):
        asked = []
        found = measure(a_challenge(repeats=3), should_stop=lambda: asked.append(1) or len(asked) > 1)
        assert found.outcome.cancelled
        assert len(found.sandbox.ran) == 2

    def test_the_platforms_trouble_is_raised_and_nothing_is_left_of_the_repeats(self, measure):
        def trouble(inputs, output):
            raise SandboxTrouble("the engine is away")

        with pytest.raises(SandboxTrouble):
            measure(a_challenge(repeats=2), Program(good, trouble))


class TestWarmUp:
    def test_it_runs_on_its_own_cases_first_and_leaves_nothing(self, measure):
        program = Program(other, good)
        found = measure(a_challenge(warm_up=(WARM,)), program, times_s=[50.0, 1.0], peaks_bytes=[99, 10])
        assert program.saw == [["1.png"], ["0.png", "1.png"]]
        assert found.text() == "{}"
        assert (found.figures.wall_time_s, found.figures.peak_host_memory_bytes) == (1.0, 10)
        assert found.figures.phases.warm_up_s > 0
        assert found.phases[0] == "stage warm-up"
        assert found.outcome.notes == ()

    def test_its_failure_is_noted_and_does_not_count(self, measure):
        found = measure(a_challenge(warm_up=(WARM,)), Program(crash, good))
        assert found.outcome.exit_code == 0
        assert found.outcome.notes == ("The untimed warm-up on public cases failed (crashed); it does not count.",)

    def test_stopped_in_it_nothing_else_runs(self, measure):
        found = measure(a_challenge(warm_up=(WARM,)), should_stop=lambda: True)
        assert found.outcome.cancelled
        assert found.outcome.results is None
        assert len(found.sandbox.ran) == 1


class TestContentDigest:
    def test_order_and_times_make_no_difference_and_bytes_names_and_kinds_do(self, tmp_path):
        def packed(*members: tarfile.TarInfo) -> bytes:
            path = tmp_path / "x.tar"
            with tarfile.open(path, "w") as tar:
                for member in members:
                    tar.addfile(member, io.BytesIO(b"12345") if member.isreg() else None)
            return content_digest(path)

        one, two, late, link = (tarfile.TarInfo(name) for name in ("one", "two", "one", "one"))
        for member in (one, two, late):
            member.size = 5
        late.mtime, link.type, link.linkname = 77, tarfile.SYMTYPE, "two"
        assert packed(one, two) == packed(two, late)
        assert len({packed(one), packed(two), packed(link), packed(one, two), packed()}) == 5


def test_the_signature_takes_what_run_image_takes() -> None:
    import inspect

    from sonobench_eval.pipeline_run import run_image

    assert set(inspect.signature(run_image).parameters) <= set(inspect.signature(measure_image).parameters)
