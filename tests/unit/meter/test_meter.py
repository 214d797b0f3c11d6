"""The meter of one run: where its figures come from, and that nothing in it harms a run."""

from __future__ import annotations

import pytest

from sonobench_eval.meter import meter as room
from sonobench_eval.meter.cgroup import Cgroup, HostSample
from sonobench_eval.meter.meter import RunMeter
from sonobench_eval.meter.parent import Totals


class Parent:
    """A parent group that counted what it is told."""

    def __init__(self, totals: Totals | None) -> None:
        self._totals = totals

    def totals(self) -> Totals | None:
        return self._totals


@pytest.fixture
def group(tmp_path, monkeypatch):
    """A container's own group of version 2, found by any id."""
    (tmp_path / "memory.stat").write_text("anon 100\nshmem 50\n")
    (tmp_path / "cpu.stat").write_text("usage_usec 500000\n")
    monkeypatch.setattr(room, "find_cgroup", lambda container_id, pid: Cgroup(2, tmp_path, tmp_path))
    return tmp_path


def run(*, parent=None, pid=7, engine=lambda: HostSample(11, 0.25)):
    meter = RunMeter(gpu_uuid=None, engine_reader=engine, parent=parent)
    assert meter.before_start() == ""
    meter.started("id", pid)
    return meter.stop()


class TestRunMeter:
    def test_the_containers_own_group_is_sampled(self, group):
        host = run().host
        assert (host.peak_bytes, host.cpu_time_s) == (150, 0.5)
        assert "the container's cgroup (version 2)" in host.method
        assert "lower bound" in host.cpu_method

    def test_the_parents_count_wins_where_there_is_one(self, group):
        host = run(parent=Parent(Totals(0.75, 4096, 2))).host
        assert (host.cpu_time_s, host.peak_cgroup_bytes, host.oom_kills) == (0.75, 4096, 2)
        assert "lower bound" not in host.cpu_method

    def test_a_parent_in_which_nothing_ran_leaves_the_samples(self, group):
        assert run(parent=Parent(None)).host.cpu_time_s == 0.5

    def test_where_the_group_is_not_to_be_seen_the_engine_is_asked(self):
        host = run(pid=2**22 + 1).host
        assert (host.peak_bytes, host.cpu_time_s) == (11, 0.25)
        assert "the engine's statistics" in host.method

    def test_an_engine_with_figures_of_another_group_leaves_it_unmeasured_with_the_reason(self):
        def foreign() -> HostSample:
            raise ValueError("its runtime put the container into no control group of its own")

        host = run(pid=2**22 + 1, engine=foreign).host
        assert (host.peak_bytes, host.cpu_time_s) == (None, None)
        assert host.method == "not measured: its runtime put the container into no control group of its own"

    def test_one_that_has_ended_already_has_what_the_parent_counted(self):
        host = run(parent=Parent(Totals(0.01, None, None)), pid=0).host
        assert (host.peak_bytes, host.cpu_time_s) == (None, 0.01)
        assert host.method == "not measured: it ended before the first sample"

    def test_stopped_without_ever_having_started_it_is_not_measured(self):
        assert RunMeter(gpu_uuid=None, engine_reader=lambda: HostSample(1)).stop().host.peak_bytes is None
