from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sonobench_platform.node.slot import GpuClaim, Slot, SlotTaken, node_id


class TestSlot:
    def test_a_second_worker_is_told_that_the_slot_is_taken(self, tmp_path: Path) -> None:
        slot = Slot(tmp_path)
        with pytest.raises(SlotTaken, match="another run worker has slot 0"):
            Slot(tmp_path)
        slot.close()
        Slot(tmp_path).close()

    def test_slots_do_not_share_a_folder(self, tmp_path: Path) -> None:
        first, second = Slot(tmp_path, 0), Slot(tmp_path, 1)
        assert first.work != second.work
        first.close()
        second.close()

    def test_a_killed_worker_frees_its_slot(self, tmp_path: Path) -> None:
        code = (
            "import sys, time; from pathlib import Path; from sonobench_platform.node.slot import Slot\n"
            "slot = Slot(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
        )
        with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            with pytest.raises(SlotTaken):
                Slot(tmp_path)
            holder.kill()
        Slot(tmp_path).close()


class TestGpuClaim:
    def test_a_gpu_is_held_by_one_worker_of_the_machine(self, tmp_path: Path) -> None:
        held = GpuClaim("GPU-8f1d/../x", locks=tmp_path)
        with pytest.raises(SlotTaken, match="GPU-8f1d"):
            GpuClaim("GPU-8f1d/../x", locks=tmp_path)
        held.close()
        assert [path.parent for path in tmp_path.iterdir()] == [tmp_path]

    def test_a_part_of_one_and_the_whole_of_it_exclude_each_other(self, tmp_path: Path) -> None:
        held = GpuClaim("GPU-1", locks=tmp_path)
        with pytest.raises(SlotTaken, match="another run worker has GPU GPU-1, of which MIG-1 is a part; stop it"):
            GpuClaim("GPU-1", locks=tmp_path, part="MIG-1")
        held.close()


class TestNodeId:
    def test_it_stays_and_differs_between_folders(self, tmp_path: Path) -> None:
        first = node_id(tmp_path / "a")
        assert node_id(tmp_path / "a") == first
        assert node_id(tmp_path / "b") != first
        assert len(first) == 6
