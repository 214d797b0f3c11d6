"""What a run is said to have used, on a real engine: its own control group, its curve, its phases, its CPUs."""

from __future__ import annotations

from pathlib import Path

import pytest
from sandbox_bench import NODE

from sonobench_eval.meter.parent import ParentPlace, parent_group
from sonobench_eval.sandbox.docker_engine.parents import sweep_parents
from sonobench_eval.sandbox.port import SandboxTrouble

pytestmark = pytest.mark.docker
BUSY = "i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done; "


def own_groups() -> list[Path]:
    """Groups of these tests' node, in whichever tree."""
    return [path for root in Path("/sys/fs/cgroup").glob("**/sonobench*") for path in root.glob(f"*{NODE.replace('-', '*')}*/*")]


@pytest.fixture
def with_parent(engine):
    """Skips where this machine's groups cannot be had; there the figures are sampled, as their labels say."""
    if not engine._node.cgroup_driver:
        pytest.skip("the engine's control groups are not to be seen from here")
    return engine._node


class TestParentGroup:
    def test_cpu_time_and_the_kernels_peak_are_read_after_the_end(self, run, with_parent):
        used = run(BUSY + "printf x > /output/y").outcome.measurement
        assert used.cpu_time_method.startswith("the parent control group")
        assert 0.05 < used.cpu_time_s < 20
        assert used.cpu_time_s >= max(point.cpu_time_s or 0 for point in used.curve)
        assert used.peak_cgroup_bytes is None or "page cache included" in used.peak_cgroup_method

    def test_one_that_ends_at_once_is_measured_all_the_same(self, run, with_parent):
        used = run("printf x > /output/y").outcome.measurement
        assert used.cpu_time_s > 0

    @pytest.mark.parametrize("script", ["true", "exit 3", "tail /dev/zero", "sleep 60"])
    def test_nothing_of_it_is_left(self, run, with_parent, script):
        run(script, time_s=1)
        assert own_groups() == []

    def test_what_a_killed_worker_left_is_swept(self, engine, with_parent):
        place = ParentPlace(with_parent.cgroup_driver, int(with_parent.cgroup_version))
        if place.driver != "cgroupfs":
            pytest.skip("systemd keeps the groups here")
        left = parent_group(place, node=NODE, name="sonobench-gone-a1")
        left.__enter__()
        assert own_groups()
        assert sweep_parents(with_parent, NODE, lambda _run, _attempt: True) == []
        assert "sonobench-gone-a1" in engine.sweep(NODE, lambda _run, _attempt: False)
        assert own_groups() == []


class TestPhases:
    def test_create_and_collect_are_measured_apart_from_the_run(self, run):
        phases = run("printf x > /output/y").outcome.measurement.phases
        assert phases.create_s > 0
        assert phases.collect_s > 0


class TestCurve:
    def test_it_shows_when_memory_was_taken_and_its_peak_is_the_peak(self, run, tells_what_is_seen):
        before, after = (f"until [ -e /input/seen-{mib} ]; do sleep 0.1; done; " for mib in (0, 6))
        script = f"{before} sleep 0.2; dd if=/dev/zero of=/tmp/x bs=1M count=6 2>/dev/null; {after} true > /output/y"
        used = run(script).outcome.measurement
        assert 2 <= len(used.curve) <= 600
        assert max(point.host_memory_bytes for point in used.curve) == used.peak_host_memory_bytes >= 6 * 2**20
        assert used.curve[0].host_memory_bytes < 3 * 2**20
        assert [point.t_s for point in used.curve] == sorted(point.t_s for point in used.curve)


class TestCpuSet:
    def test_the_container_runs_on_those_cpus_and_no_others(self, engine, loaded, make_spec, image_of, tmp_path):
        from dataclasses import replace

        image = image_of(
            script="while read line; do case $line in Cpus_allowed_list*) echo $line;; esac; done < /proc/self/status > /output/y"
        )
        spec = replace(make_spec(loaded(image), cpus=8), cpuset="0")
        outcome = engine.run(spec, tmp_path / "results.tar")
        assert b"Cpus_allowed_list: 0\n" in (tmp_path / "results.tar").read_bytes()
        assert outcome.notes == ("It ran with 1 CPUs, all it is given on this node (0), where the challenge allows 8.",)

    @pytest.mark.parametrize("cpuset", ["4000", "x", "3-1", ""])
    def test_a_set_that_the_node_does_not_have_is_the_nodes_trouble(self, engine, loaded, make_spec, image_of, tmp_path, cpuset):
        from dataclasses import replace

        spec = replace(make_spec(loaded(image_of())), cpuset=cpuset)
        with pytest.raises(SandboxTrouble, match=r"set of CPUs|names CPU"):
            engine.run(spec, tmp_path / "results.tar")
