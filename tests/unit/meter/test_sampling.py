"""The sampler, and host memory through it."""

from __future__ import annotations

import re
import threading

from sonobench_eval.meter.cgroup import HostSample
from sonobench_eval.meter.host_memory import HostMemoryMeter, HostUsage, with_totals
from sonobench_eval.meter.parent import Totals
from sonobench_eval.meter.sampler import Sampler


class Taken:
    """Counts samples and lets a test wait for the n-th."""

    def __init__(self, *, until: int, fail_at: int | None = None) -> None:
        self.count = 0
        self.reached = threading.Event()
        self._until, self._fail_at = until, fail_at

    def __call__(self) -> None:
        self.count += 1
        if self.count >= self._until:
            self.reached.set()
        if self.count == self._fail_at:
            raise OSError("gone")


class TestSampler:
    def test_the_first_sample_is_taken_at_once(self):
        taken = Taken(until=1)
        sampler = Sampler(taken, interval_s=60)
        sampler.start()
        sampler.stop()
        assert taken.count == 1
        assert sampler.spacing() == "1 sample"

    def test_it_goes_on_until_it_is_stopped(self):
        taken = Taken(until=3)
        sampler = Sampler(taken, interval_s=0.001)
        sampler.start()
        assert taken.reached.wait(60)
        sampler.stop()
        count = taken.count
        assert sampler.samples == count
        assert not [thread for thread in threading.enumerate() if thread.name == "sonobench-meter"]

    def test_the_largest_gap_is_kept(self):
        ticks = iter([0.0, 1.0, 5.0, 6.0, 6.5])
        taken = Taken(until=4, fail_at=5)
        sampler = Sampler(taken, interval_s=0.001, clock=lambda: next(ticks))
        sampler.start()
        assert taken.reached.wait(60)
        sampler.stop()
        assert sampler.largest_gap_s == 4.0
        assert sampler.spacing() == "4 samples at most 4.000 s apart"

    def test_a_long_time_without_samples_before_the_end_is_told(self):
        ticks = iter([0.0, 1.0, 61.0])
        taken = Taken(until=3, fail_at=3)
        sampler = Sampler(taken, interval_s=0.001, clock=lambda: next(ticks))
        sampler.start()
        assert taken.reached.wait(60)
        sampler.stop()
        assert sampler.spacing() == "2 samples at most 1.000 s apart (none in the last 60.0 s)"

    def test_a_sample_that_fails_ends_it_quietly(self):
        taken = Taken(until=2, fail_at=2)
        sampler = Sampler(taken, interval_s=0.001)
        sampler.start()
        assert taken.reached.wait(60)
        sampler.stop()
        assert sampler.samples == 1
        assert str(sampler.trouble) == "gone"

    def test_stopping_what_never_started_is_harmless(self):
        Sampler(Taken(until=1), interval_s=1).stop()


class Scripted:
    """Gives samples one after another, then fails as a cgroup does that is gone."""

    def __init__(self, *samples: HostSample) -> None:
        self._samples = list(samples)
        self.ended = threading.Event()

    def __call__(self) -> HostSample:
        if not self._samples:
            self.ended.set()
            raise FileNotFoundError("gone")
        return self._samples.pop(0)


def measure(*samples):
    script = Scripted(*samples)
    meter = HostMemoryMeter(script, source="a test", interval_s=0.001)
    meter.start()
    assert script.ended.wait(60)
    return meter, meter.stop()


class TestHostMemoryMeter:
    def test_the_peak_is_the_largest_sample_and_the_rest_the_last(self):
        _, usage = measure(HostSample(10, 0.1, 50, 0), HostSample(30, 0.2, 60, 0), HostSample(20, 0.3, 70, 1))
        assert (usage.peak_bytes, usage.cpu_time_s, usage.peak_cgroup_bytes, usage.oom_kills) == (30, 0.3, 70, 1)

    def test_the_method_says_how_many_samples_and_from_where(self):
        _, usage = measure(HostSample(1), HostSample(1))
        assert re.fullmatch(r"largest of 2 samples at most \d+\.\d{3} s apart of anon \+ shmem, from a test", usage.method)

    def test_its_course_is_a_curve_whose_peak_is_the_peak(self):
        _, usage = measure(HostSample(10, 0.1), HostSample(30, 0.2), HostSample(20, 0.3))
        assert max(moment.host_memory_bytes for moment in usage.curve) == 30
        assert usage.curve[-1].cpu_time_s == 0.3
        assert usage.curve[0].t_s >= 0

    def test_figures_of_the_last_sample_are_labelled_as_lower_bounds(self):
        _, usage = measure(HostSample(1, 0.5, None))
        assert usage.cpu_method == "the last of 1 sample, from a test: a lower bound"
        assert (usage.peak_cgroup_bytes, usage.peak_cgroup_method) == (None, "not measured")

    def test_what_is_gone_before_the_rest_stays_as_it_was_last_seen(self):
        _, usage = measure(HostSample(10, 0.25, 50, 1), HostSample(30))
        assert (usage.peak_bytes, usage.cpu_time_s, usage.peak_cgroup_bytes, usage.oom_kills) == (30, 0.25, 50, 1)

    def test_without_a_sample_it_is_not_measured_and_never_zero(self):
        _, usage = measure()
        assert usage.peak_bytes is None
        assert usage.method.startswith("not measured")


class TestWithTotals:
    SAMPLED = HostUsage(10, "sampled", 0.5, "last", 60, "last", oom_kills=1)

    def test_what_the_parent_counted_replaces_the_last_sample_and_says_so(self):
        usage = with_totals(self.SAMPLED, Totals(0.75, 64, 0))
        assert (usage.cpu_time_s, usage.peak_cgroup_bytes, usage.peak_bytes, usage.oom_kills) == (0.75, 64, 10, 1)
        assert usage.cpu_method == "the parent control group, after the container's end"
        assert "page cache included" in usage.peak_cgroup_method
        assert usage.method == "sampled"

    def test_a_kernel_without_memory_peak_keeps_the_sampled_one_with_its_label(self):
        usage = with_totals(self.SAMPLED, Totals(0.75, None, 2))
        assert (usage.peak_cgroup_bytes, usage.peak_cgroup_method, usage.oom_kills) == (60, "last", 2)

    def test_without_a_parent_everything_is_as_it_was_sampled(self):
        assert with_totals(self.SAMPLED, None) == self.SAMPLED

    def test_a_container_that_ended_before_the_first_sample_is_not_without_figures(self):
        usage = with_totals(HostUsage(None, "not measured"), Totals(0.01, 64, None))
        assert (usage.cpu_time_s, usage.peak_cgroup_bytes, usage.peak_bytes) == (0.01, 64, None)
