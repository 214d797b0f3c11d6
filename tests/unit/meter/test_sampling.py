"""The sampler, and host memory through it."""

from __future__ import annotations

import threading

from sonobench_eval.meter.cgroup import HostSample
from sonobench_eval.meter.host_memory import HostMemoryMeter
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
        assert taken.reached.wait(10)
        sampler.stop()
        count = taken.count
        assert sampler.samples == count
        assert not [thread for thread in threading.enumerate() if thread.name == "sonobench-meter"]

    def test_the_largest_gap_is_kept(self):
        ticks = iter([0.0, 1.0, 5.0, 6.0])
        taken = Taken(until=4, fail_at=5)
        sampler = Sampler(taken, interval_s=0.001, clock=lambda: next(ticks))
        sampler.start()
        assert taken.reached.wait(10)
        sampler.stop()
        assert sampler.largest_gap_s == 4.0
        assert sampler.spacing() == "4 samples at most 4.000 s apart"

    def test_a_sample_that_fails_ends_it_quietly(self):
        taken = Taken(until=2, fail_at=2)
        sampler = Sampler(taken, interval_s=0.001)
        sampler.start()
        assert taken.reached.wait(10)
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
    assert script.ended.wait(10)
    return meter, meter.stop()


class TestHostMemoryMeter:
    def test_the_peak_is_the_largest_sample_and_the_rest_the_last(self):
        _, usage = measure(HostSample(10, 0.1, 50, 0), HostSample(30, 0.2, 60, 0), HostSample(20, 0.3, 70, 1))
        assert (usage.peak_bytes, usage.cpu_time_s, usage.peak_cgroup_bytes, usage.oom_kills) == (30, 0.3, 70, 1)

    def test_the_method_says_how_many_samples_and_from_where(self):
        _, usage = measure(HostSample(1), HostSample(1))
        assert usage.method.startswith("largest of 2 samples at most 0.")
        assert usage.method.endswith("s apart of anon + shmem, from a test")

    def test_without_a_sample_it_is_not_measured_and_never_zero(self):
        _, usage = measure()
        assert usage.peak_bytes is None
        assert usage.method.startswith("not measured")

    def test_it_remembers_every_process(self):
        meter, _ = measure(HostSample(1, pids=(1, 2)), HostSample(1, pids=(2, 3)))
        assert meter.pids_seen == {1, 2, 3}
