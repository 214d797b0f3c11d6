"""A control group of our own around a run, on trees laid out as the kernel and systemd lay them out.

Version 1 has a tree for each controller, version 2 one for all; under systemd the groups are slices in slices.
"""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from sonobench_eval.meter.parent import NoParent, ParentPlace, Totals, parent_group, remove_leftovers

NODE, NAME = "node-a", "sonobench-run-1-a1"
SLICES = Path("sonobench.slice", r"sonobench-node\x2da.slice")
SLICE = r"sonobench-node\x2da-sonobench\x2drun\x2d1\x2da1.slice"


def kernel_rmdir(folder: Path) -> None:
    """As on a real tree: the files of a group are no obstacle, the groups in it are."""
    if any(path.is_dir() for path in folder.iterdir()):
        raise OSError(errno.EBUSY, "Device or resource busy")
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


@pytest.fixture
def v1(tmp_path) -> ParentPlace:
    for controller in ("memory", "cpu,cpuacct", "pids", "systemd"):
        (tmp_path / controller).mkdir()
    for alias in ("cpu", "cpuacct"):
        (tmp_path / alias).symlink_to("cpu,cpuacct")
    return ParentPlace("cgroupfs", 1, root=tmp_path, remove_folder=kernel_rmdir)


@pytest.fixture
def v2(tmp_path) -> ParentPlace:
    return ParentPlace("cgroupfs", 2, root=tmp_path, remove_folder=kernel_rmdir)


@pytest.fixture
def systemd(tmp_path) -> ParentPlace:
    """Version 2; stopping a slice is systemd's removing its folder, where it is there."""

    def stop(name: str) -> None:
        for folder in tmp_path.rglob(name.replace("\\", "[\\]")):
            kernel_rmdir(folder)

    return ParentPlace("systemd", 2, root=tmp_path, remove_folder=kernel_rmdir, stop_slice=stop)


def ran_v1(place: ParentPlace, *, cpu_ns: int = 2_500_000_000) -> None:
    """What the kernel has counted in the group after a container ran in it."""
    memory, cpu = (place.root / tree / "sonobench" / NODE / NAME for tree in ("memory", "cpu,cpuacct"))
    (memory / "memory.max_usage_in_bytes").write_text("4096\n")
    (memory / "memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 0\n")
    (cpu / "cpuacct.usage").write_text(f"{cpu_ns}\n")


def ran_v2(folder: Path, *, cpu_us: int = 2_500_000) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cpu.stat").write_text(f"usage_usec {cpu_us}\nuser_usec {cpu_us}\nsystem_usec 0\n")
    (folder / "memory.peak").write_text("4096\n")
    (folder / "memory.events").write_text("low 0\nhigh 0\nmax 5\noom 3\noom_kill 2\n")


class TestVersion1:
    def test_it_is_made_in_every_tree_and_gone_at_the_end(self, v1):
        with parent_group(v1, node=NODE, name=NAME) as parent:
            assert parent.engine_name == f"/sonobench/{NODE}/{NAME}"
            assert {folder.relative_to(v1.root).parts[0] for folder in parent.folders} == {
                "cpu,cpuacct",
                "memory",
                "pids",
                "systemd",
            }
        assert list(v1.root.rglob(f"{NODE}*")) == []

    def test_it_tells_what_it_counted_after_the_containers_own_group_is_gone(self, v1):
        with parent_group(v1, node=NODE, name=NAME) as parent:
            ran_v1(v1)
            assert parent.totals() == Totals(cpu_time_s=2.5, peak_bytes=4096, oom_kills=None)

    def test_an_old_kernel_is_told_to_count_what_lies_below(self, v1):
        with parent_group(v1, node=NODE, name=NAME) as parent:
            ran_v1(v1)
            setting = v1.root / "memory" / "sonobench" / NODE / NAME / "memory.use_hierarchy"
            setting.write_text("0\n")
            assert parent.totals().peak_bytes is None
            setting.write_text("1\n")
            assert parent.totals().peak_bytes == 4096

    def test_the_containers_group_may_take_a_moment_to_go(self, v1):
        tries = []

        def slow(folder: Path) -> None:
            tries.append(folder)
            if len(tries) < 4:
                raise OSError(errno.EBUSY, "Device or resource busy")
            kernel_rmdir(folder)

        place = ParentPlace("cgroupfs", 1, root=v1.root, remove_folder=slow)
        with parent_group(place, node=NODE, name=NAME):
            pass
        assert list(v1.root.rglob(NAME)) == []


class TestVersion2:
    def test_it_tells_what_it_counted(self, v2):
        with parent_group(v2, node=NODE, name=NAME) as parent:
            ran_v2(v2.root / "sonobench" / NODE / NAME)
            assert parent.totals() == Totals(cpu_time_s=2.5, peak_bytes=4096, oom_kills=2)
        assert list(v2.root.rglob("*")) == [v2.root / "sonobench"]

    def test_a_kernel_without_memory_peak_tells_the_rest(self, v2):
        with parent_group(v2, node=NODE, name=NAME) as parent:
            folder = v2.root / "sonobench" / NODE / NAME
            ran_v2(folder)
            (folder / "memory.peak").unlink()
            assert parent.totals() == Totals(cpu_time_s=2.5, peak_bytes=None, oom_kills=2)

    def test_a_tree_without_controllers_tells_the_cpu_time(self, v2):
        with parent_group(v2, node=NODE, name=NAME) as parent:
            folder = v2.root / "sonobench" / NODE / NAME
            ran_v2(folder)
            for name in ("memory.peak", "memory.events"):
                (folder / name).unlink()
            assert parent.totals() == Totals(cpu_time_s=2.5, peak_bytes=None, oom_kills=None)

    def test_one_in_which_nothing_ran_tells_nothing(self, v2):
        """As under a runtime that takes no notice of it: no figure, and never zero."""
        with parent_group(v2, node=NODE, name=NAME) as parent:
            ran_v2(v2.root / "sonobench" / NODE / NAME, cpu_us=0)
            assert parent.totals() is None


class TestSystemd:
    def test_the_engine_is_told_a_slice_and_the_node_and_the_run_are_levels_of_it(self, systemd):
        with parent_group(systemd, node=NODE, name=NAME) as parent:
            assert parent.engine_name == SLICE
            assert parent.folders == ()  # systemd makes it with the container
            ran_v2(systemd.root / SLICES / SLICE)
            assert parent.totals() == Totals(cpu_time_s=2.5, peak_bytes=4096, oom_kills=2)
        assert list(systemd.root.rglob(SLICE.replace("\\", "[\\]"))) == []

    def test_the_slices_that_others_share_stay(self, systemd):
        with parent_group(systemd, node=NODE, name=NAME):
            ran_v2(systemd.root / SLICES / SLICE)
        assert (systemd.root / SLICES).is_dir()

    def test_without_a_way_to_stop_a_slice_there_is_none(self, tmp_path):
        with (
            pytest.raises(NoParent, match="systemd"),
            parent_group(ParentPlace("systemd", 2, root=tmp_path), node=NODE, name=NAME),
        ):
            pass


class TestParentGroup:
    def test_it_is_gone_on_every_way_out(self, v1):
        with pytest.raises(KeyboardInterrupt), parent_group(v1, node=NODE, name=NAME):
            raise KeyboardInterrupt
        assert list(v1.root.rglob(NAME)) == []

    def test_what_a_killed_worker_left_under_its_name_goes_first_with_its_figures(self, v1):
        for tree in v1.hierarchies():
            (tree / "sonobench" / NODE / NAME).mkdir(parents=True)
        ran_v1(v1)
        with parent_group(v1, node=NODE, name=NAME) as parent:
            assert parent.totals() is None

    def test_where_it_cannot_be_made_nothing_is_left(self, v1):
        (v1.root / "systemd" / "sonobench").write_text("in the way")
        with pytest.raises(NoParent, match="cannot be made"), parent_group(v1, node=NODE, name=NAME):
            pass
        assert list(v1.root.rglob(NAME)) == []

    def test_a_tree_that_is_not_there(self, tmp_path):
        place = ParentPlace("cgroupfs", 1, root=tmp_path / "none")
        with pytest.raises(NoParent), parent_group(place, node=NODE, name=NAME):
            pass

    @pytest.mark.parametrize("name", ["", "..", "a/b", "a\nb", "x" * 200])
    def test_a_name_that_is_no_plain_word_makes_no_folder(self, v2, name):
        with pytest.raises(NoParent), parent_group(v2, node=NODE, name=name):
            pass
        assert list(v2.root.iterdir()) == []


class TestRemoveLeftovers:
    @pytest.mark.parametrize("kind", ["v1", "v2", "systemd"])
    def test_dead_ones_of_the_node_go_and_living_ones_stay(self, request, kind):
        place = request.getfixturevalue(kind)
        dead, alive, others = "sonobench-run-1-a1", "sonobench-run-2-a1", "sonobench-run-3-a1"
        for node, name in ((NODE, dead), (NODE, alive), ("node-b", others)):
            _leave(place, node, name)
        assert remove_leftovers(place, node=NODE, is_alive=lambda name: name == alive) == [dead]
        left = {path.name.replace(r"\x2d", "-") for path in place.root.rglob("*run*")}
        assert {name for name in (dead, alive, others) if any(name in each for each in left)} == {alive, others}

    def test_one_that_still_holds_a_container_stays(self, v2, monkeypatch):
        monkeypatch.setattr("sonobench_eval.meter.parent._GONE_WITHIN_S", 0.0)
        (v2.root / "sonobench" / NODE / NAME / "container").mkdir(parents=True)
        assert remove_leftovers(v2, node=NODE, is_alive=lambda _name: False) == []
        assert (v2.root / "sonobench" / NODE / NAME / "container").is_dir()

    def test_where_nothing_ever_ran_there_is_nothing_to_do(self, v1):
        assert remove_leftovers(v1, node=NODE, is_alive=lambda _name: False) == []


def _leave(place: ParentPlace, node: str, name: str) -> None:
    for tree in place.hierarchies():
        if place.driver == "systemd":
            family = rf"sonobench-{node}".replace("-a", r"\x2da").replace("-b", r"\x2db")
            (tree / "sonobench.slice" / f"{family}.slice" / f"{family}-{name.replace('-', chr(92) + 'x2d')}.slice").mkdir(
                parents=True
            )
        else:
            (tree / "sonobench" / node / name).mkdir(parents=True)
