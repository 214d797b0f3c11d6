"""The pure parts of the GPU meter: one peak of many, areas, reasons of the clocks, and whose a process is."""

from __future__ import annotations

import os
import subprocess
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonobench_eval.meter.gpu_clocks import ClockReasons
from sonobench_eval.meter.gpu_device import GpuDevice
from sonobench_eval.meter.gpu_exclusive import why_not_empty_again
from sonobench_eval.meter.gpu_looks import Before
from sonobench_eval.meter.gpu_owner import container_owner, nobody_knows
from sonobench_eval.meter.gpu_place import cpu_list, gpu_facts
from sonobench_eval.meter.gpu_tally import Held, Range
from sonobench_eval.meter.gpu_usage import Accounts, combined_peak_bytes

ID, OTHER = "ab" * 32, "cd" * 32
peaks = st.lists(st.integers(1, 2**40), min_size=1, max_size=8).map(tuple)


class TestCombinedPeakBytes:
    def test_without_accounts_the_sample_stands(self):
        assert combined_peak_bytes(700, None) == 700

    @given(st.integers(0, 2**43), peaks)
    def test_it_lies_between_the_largest_peak_and_their_sum(self, sampled, peaks):
        combined = combined_peak_bytes(sampled, Accounts(peaks, complete=True))
        assert max(peaks) <= combined <= sum(peaks)
        if max(peaks) <= sampled <= sum(peaks):
            assert combined == sampled

    @given(st.integers(0, 2**43), peaks)
    def test_accounts_that_lack_some_processes_only_raise_it(self, sampled, peaks):
        assert combined_peak_bytes(sampled, Accounts(peaks, complete=False)) == max(sampled, *peaks)

    @given(st.integers(0, 2**43), st.integers(1, 2**40))
    def test_one_process_is_exact(self, sampled, peak):
        assert combined_peak_bytes(sampled, Accounts((peak,), complete=True)) == peak


class TestHeld:
    def test_the_area_uses_the_samples_own_times(self):
        held = Held()
        for t_s, held_bytes in ((0.0, 0), (1.0, 100), (3.0, 100), (3.5, 0)):
            held.add(t_s, held_bytes)
        assert held.area_byte_s == 50 + 200 + 25
        assert held.peak_bytes == 100

    def test_one_sample_has_no_area(self):
        held = Held()
        assert held.area_byte_s is None
        held.add(0.0, 100)
        assert held.area_byte_s is None


class TestRange:
    def test_what_was_never_told_is_none(self):
        clock = Range()
        clock.add(None)
        assert (clock.low, clock.high, clock.mean) == (None, None, None)

    def test_what_was_told_counts(self):
        clock = Range()
        for mhz in (1500, None, 900, 1200):
            clock.add(mhz)
        assert (clock.low, clock.high, clock.mean) == (900, 1500, 1200)


class TestClockReasons:
    def reasons(self, *looks):
        reasons = ClockReasons()
        for bits in looks:
            reasons.add(bits)
        return reasons

    def test_idleness_is_no_reason_worth_telling(self):
        assert self.reasons(0x1, 0x1).words == ()

    @pytest.mark.parametrize("bit", [0x40, 0x80])
    def test_heat_and_power_brake_count_at_first_sight(self, bit):
        assert self.reasons(0, bit, 0).hardware

    def test_the_plain_slowdown_counts_once_it_lasts(self):
        assert self.reasons(8, 0, 8, 0).hardware == ""
        assert self.reasons(0, 8, 8, 0).hardware == "hardware slowdown"

    @pytest.mark.parametrize("bit", [0x2, 0x4, 0x10, 0x20, 0x100])
    def test_what_software_decides_never_counts(self, bit):
        reasons = self.reasons(bit, bit)
        assert reasons.hardware == ""
        assert len(reasons.words) == 1


class TestContainerOwner:
    def made(self, tmp_path, group, *, flags=0x400100):
        process = tmp_path / "7"
        process.mkdir()
        (process / "cgroup").write_text(group)
        # pid (name) state ppid pgrp session tty tpgid flags ...; a name may hold spaces and parentheses
        (process / "stat").write_text(f"7 (python) 3) S 1 7 7 0 -1 {flags} 100 0\n")
        return container_owner(ID, proc=tmp_path)

    @pytest.mark.parametrize(
        "group",
        [f"0::/system.slice/docker-{ID}.scope\n", f"4:memory:/own/{ID}\n3:cpu:/\n", f"0::/../{ID}"],
    )
    def test_a_process_in_the_containers_group_is_its_own(self, tmp_path, group):
        assert self.made(tmp_path, group)(7) is True

    @pytest.mark.parametrize(
        "group", ["0::/user.slice/user-1000.slice\n", f"0::/system.slice/docker-{OTHER}.scope\n", "4:memory:/\n"]
    )
    def test_one_in_another_group_is_somebody_elses(self, tmp_path, group):
        assert self.made(tmp_path, group)(7) is False

    def test_one_that_is_about_to_end_has_left_its_group_and_is_nobodys_for_certain(self, tmp_path):
        assert self.made(tmp_path, "4:memory:/\n", flags=0x400104)(7) is None

    def test_one_that_is_gone_is_nobodys_for_certain(self, tmp_path):
        assert container_owner(ID, proc=tmp_path)(7) is None
        assert nobody_knows(7) is None

    def test_this_process_is_in_no_container_of_that_name(self):
        assert container_owner(ID)(os.getpid()) is False

    def test_a_process_that_has_ended_but_was_not_waited_for_is_nobodys(self):
        with subprocess.Popen(["true"]) as child:
            os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
            assert container_owner(ID)(child.pid) is None


class TestCpuList:
    @pytest.mark.parametrize(("cpus", "text"), [({0, 1, 2, 3, 8}, "0-3,8"), ({5}, "5"), ({0, 2}, "0,2"), (set(), "")])
    def test_neighbours_make_a_range(self, cpus, text):
        assert cpu_list(cpus) == text


class TestGpuFacts:
    def test_nothing_is_known_where_there_is_no_driver(self):
        assert gpu_facts("GPU-none") is None


class TestWhyNotEmptyAgain:
    def why(self, *looks, before_pids=()):
        """What is said of a device that shows `looks` (processes, bytes in use), one each tenth of a second."""
        now, left = [0.0], list(looks)

        class Device:
            uuid = "GPU-1"

            def processes(self):
                return dict.fromkeys(left[0][0])

            def memory_used_bytes(self):
                return left[0][1]

        def sleep(seconds):
            now[0] += seconds
            if len(left) > 1:
                left.pop(0)

        before = Before(0.0, 0, frozenset(before_pids), frozenset(), None)
        return why_not_empty_again(Device(), before, clock=lambda: now[0], sleep=sleep), now[0]

    def test_an_empty_device_takes_no_time(self):
        assert self.why(((), 0)) == ("", 0.0)

    def test_a_driver_may_take_a_moment(self):
        why, waited_s = self.why(*[((7,), 2**30)] * 20, *[((), 2**30)] * 20, ((), 0))
        assert why == ""
        assert waited_s == pytest.approx(4.0)

    def test_it_does_not_wait_for_ever(self):
        why, waited_s = self.why(((7, 8), 0))
        assert why == "GPU GPU-1 is not free after the run: processes 7, 8 are still on it."
        assert waited_s == pytest.approx(5.0, abs=0.2)

    def test_who_was_there_before_may_stay(self):
        assert self.why(((5,), 0), before_pids=(5,)) == ("", 0.0)


class Driver:
    """An NVML that has little, and counts what is taken and given back."""

    def __init__(self):
        self.open = 0
        self.lists = [NvmlError(7), [SimpleNamespace(pid=7, usedGpuMemory=1)]]

    def nvmlInit(self):  # noqa: N802
        self.open += 1

    def nvmlShutdown(self):  # noqa: N802
        self.open -= 1

    def nvmlDeviceGetHandleByUUID(self, uuid):  # noqa: N802
        return uuid

    def nvmlEventSetCreate(self):  # noqa: N802
        self.open += 1
        return "events"

    def nvmlDeviceRegisterEvents(self, handle, types, events):  # noqa: N802
        pass

    def nvmlEventSetFree(self, events):  # noqa: N802
        self.open -= 1

    def nvmlDeviceGetComputeRunningProcesses_v3(self, handle):  # noqa: N802
        answer = self.lists.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class NvmlError(Exception):
    def __init__(self, value):
        self.value = value


class TestGpuDevice:
    def test_a_list_that_outgrew_its_room_is_asked_for_again(self):
        assert GpuDevice("GPU-1", nvml=Driver()).processes() == {7: 1}

    @pytest.mark.parametrize("misread", [0, 2**32 - 1])
    def test_a_driver_whose_entries_are_longer_than_they_should_be_is_asked_for_the_second_form(self, misread):
        driver = Driver()
        driver.lists = [[SimpleNamespace(pid=7, usedGpuMemory=1), SimpleNamespace(pid=misread, usedGpuMemory=8)]]
        truth = [SimpleNamespace(pid=7, usedGpuMemory=1), SimpleNamespace(pid=8, usedGpuMemory=2)]
        driver.nvmlDeviceGetComputeRunningProcesses_v2 = lambda handle: truth
        device = GpuDevice("GPU-1", nvml=driver)
        assert device.processes() == device.processes() == {7: 1, 8: 2}

    def test_it_gives_back_all_that_it_took(self):
        driver = Driver()
        device = GpuDevice("GPU-1", nvml=driver)
        assert driver.open == 2
        device.close()
        assert driver.open == 0

    def test_one_that_cannot_be_opened_holds_nothing(self):
        driver = Driver()
        driver.nvmlDeviceGetHandleByUUID = {}.__getitem__
        with pytest.raises(KeyError):
            GpuDevice("GPU-1", nvml=driver)
        assert driver.open == 0

    def test_faults_that_cannot_be_listened_for_leave_nothing_open(self):
        driver = Driver()
        driver.nvmlDeviceRegisterEvents = {}.__getitem__
        device = GpuDevice("GPU-1", nvml=driver)
        assert (driver.open, device.new_faults()) == (1, [])
