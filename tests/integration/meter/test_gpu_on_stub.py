"""The real GPU meter and the real nvidia-ml-py, on a driver library that plays a script.

Where time is played, the meter looks every 20 ms of it: the first look is at 20 ms, and a process that is there from 40 to
200 is in the 8 looks at 40, 60, ... 180.
"""

from __future__ import annotations

import pytest
from nvml_bench import MIB, nvml, nvml_without

__all__ = ["nvml", "nvml_without"]

ONE = f"process 7 40 200 {1000 * MIB}\n"
TWO = f"{ONE}process 8 100 300 {600 * MIB}\n"
SPIKE = f"process 9 45 50 {4000 * MIB}\n"
"""Five milliseconds between two looks."""
ACCOUNTING = "accounting 100\n"


class TestSampling:
    def test_a_process_that_is_held_is_seen_exactly(self, nvml):
        usage = nvml.measure(ONE)
        assert usage.peak_bytes == 1000 * MIB
        assert usage.method == f"NVML, the run's processes together, largest of {usage.samples} samples at most 0.020 s apart"
        assert usage.sampling_gap_s == pytest.approx(0.02)
        assert (usage.processes, usage.accounting) == (1, False)

    def test_several_count_together_where_they_are_together(self, nvml):
        assert nvml.measure(TWO).peak_bytes == 1600 * MIB
        apart = nvml.measure(f"{ONE}process 8 220 300 {600 * MIB}\n")
        assert apart.peak_bytes == 1000 * MIB
        assert apart.processes == 2

    def test_a_spike_between_two_looks_is_missed_and_the_figure_says_that_this_can_be(self, nvml):
        usage = nvml.measure(ONE + SPIKE)
        assert usage.peak_bytes == 1000 * MIB
        assert usage.limits == ["The driver's accounting is off: memory held for less than the sampling gap can be missed."]

    def test_a_process_that_draws_counts_as_well(self, nvml):
        assert nvml.measure(f"{ONE}process 8 100 300 {600 * MIB} g\n").peak_bytes == 1600 * MIB

    def test_a_process_that_computes_and_draws_counts_once(self, nvml):
        assert nvml.measure(f"process 7 40 200 {1000 * MIB} b\n").peak_bytes == 1000 * MIB

    def test_a_list_that_cannot_be_read_for_a_moment_is_stood_in_for_by_the_device(self, nvml):
        usage = nvml.measure(f"{ONE}extra 90 150 {500 * MIB}\nfail nvmlDeviceGetComputeRunningProcesses_v3 100 140 7\n")
        assert usage.peak_bytes == 1500 * MIB
        assert "In 2 of 20 samples no processes were listed" in usage.limits[1]


class TestAccounting:
    def test_one_process_is_exact_with_its_spike(self, nvml):
        usage = nvml.measure(f"{ACCOUNTING}process 7 40 200 {1000 * MIB}\nprocess 7 205 210 {3000 * MIB}\n")
        assert usage.peak_bytes == 3000 * MIB
        assert usage.method == "NVML, the driver's accounting of the run's one process"
        assert usage.accounting
        assert usage.limits == []

    def test_a_process_that_no_look_has_seen_is_not_lost(self, nvml):
        usage = nvml.measure(ACCOUNTING + SPIKE)
        assert usage.peak_bytes == 4000 * MIB
        assert usage.processes == 1

    def test_it_is_not_taken_for_the_runs_where_the_gpu_is_shared(self, nvml):
        assert nvml.measure(ACCOUNTING + SPIKE, exclusive=False).peak_bytes == 0

    def test_several_are_held_between_the_largest_and_the_sum(self, nvml):
        beside = nvml.measure(ACCOUNTING + TWO)
        assert beside.peak_bytes == 1600 * MIB  # seen together: the sum of both peaks
        assert beside.limits == [
            "Several processes: the figure lies between the largest of their peaks and the sum of their peaks."
        ]
        assert "2 processes together" in beside.method
        spiked = nvml.measure(ACCOUNTING + TWO + SPIKE)
        assert spiked.peak_bytes == 4000 * MIB  # one alone was higher than any look
        assert spiked.processes == 3

    def test_processes_of_earlier_runs_do_not_count(self, nvml):
        assert nvml.measure(f"{ACCOUNTING}ended 5 {9000 * MIB}\n{ONE}").peak_bytes == 1000 * MIB

    def test_a_process_id_that_is_used_again_is_another_process(self, nvml):
        spiked = f"process 7 205 210 {3000 * MIB}\n"
        usage = nvml.measure(f"{ACCOUNTING}ended 7 {9000 * MIB}\n{ONE}{spiked}")
        assert usage.peak_bytes == 3000 * MIB
        assert usage.accounting

    def test_a_strangers_peak_is_not_the_runs(self, nvml):
        assert nvml.measure(ACCOUNTING + TWO, strangers=(7,)).peak_bytes == 600 * MIB

    def test_a_driver_that_forgets_some_gives_a_lower_bound_and_says_so(self, nvml):
        usage = nvml.measure(f"accounting 2\n{SPIKE}{TWO}")  # the spike's record is overwritten
        assert usage.peak_bytes == 1600 * MIB
        assert usage.limits == ["The driver's accounting does not know all of the run's processes: the figure is a lower bound."]

    def test_one_that_fails_leaves_the_samples(self, nvml):
        usage = nvml.measure(f"{ACCOUNTING}{ONE}fail nvmlDeviceGetAccountingStats 0 9999 999\n")
        assert usage.peak_bytes == 1000 * MIB
        assert not usage.accounting


class TestWholeDevice:
    def test_it_serves_where_the_driver_does_not_tell_a_processs_memory(self, nvml):
        usage = nvml.measure(f"{ACCOUNTING}set baseline {500 * MIB}\nprocess 7 40 200 -1\nextra 40 200 {1000 * MIB}\n")
        assert usage.peak_bytes == 1000 * MIB
        assert usage.method.startswith("NVML, whole device less what was used before the run")
        assert "as under WSL" in usage.limits[0]
        assert usage.baseline_bytes == 500 * MIB
        assert usage.memory_area_byte_s == pytest.approx(8 * 0.02 * 1000 * MIB)

    def test_it_serves_where_the_driver_says_nothing_of_every_process(self, nvml):
        usage = nvml.measure(f"process 7 40 200 0\nextra 40 200 {1000 * MIB}\n")
        assert usage.peak_bytes == 1000 * MIB
        assert "does not tell a process's memory" in usage.limits[0]

    def test_it_serves_where_processes_are_hidden_by_another_namespace(self, nvml):
        usage = nvml.measure("set hidden 1\n" + ONE)
        assert usage.peak_bytes == 1000 * MIB
        assert "No process of the run was seen" in usage.limits[0]

    def test_it_does_not_count_what_the_driver_keeps_for_itself(self, nvml_without):
        reserved = f"set hidden 1\nset reserved {300 * MIB}\nset baseline {500 * MIB}\n" + ONE
        assert nvml_without().measure(reserved).baseline_bytes == 500 * MIB
        older = nvml_without("nvmlDeviceGetMemoryInfo_v2").measure(reserved)
        assert older.baseline_bytes == 800 * MIB  # the older call cannot tell them apart
        assert older.peak_bytes == 1000 * MIB


class TestMig:
    def test_an_instance_is_measured_and_says_what_it_cannot_tell(self, nvml):
        script = f"set mig 1\n{ACCOUNTING}energy 0 50\nvalue clock 0 999 1200\n{TWO}"
        usage = nvml.measure(script, uuid="MIG-1")
        assert usage.peak_bytes == 1600 * MIB
        assert not usage.accounting
        assert (usage.energy_j, usage.mean_utilisation_percent, usage.peak_power_w) == (None, None, None)
        assert usage.sm_clock_mhz_low == 1200  # asked of the whole device
        assert any(limit.startswith("It is a MIG instance") for limit in usage.limits)

    def test_the_whole_devices_slowdown_counts_for_its_instances(self, nvml):
        assert "hardware thermal" in nvml.measure(f"set mig 1\n{ONE}value reasons 100 140 64\n", uuid="MIG-1").trouble


class TestOlderDrivers:
    @pytest.mark.parametrize(
        "missing",
        [
            ("nvmlDeviceGetMemoryInfo_v2",),
            ("nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetGraphicsRunningProcesses_v3"),
            ("nvmlDeviceGetGraphicsRunningProcesses_v3", "nvmlDeviceGetGraphicsRunningProcesses_v2"),
            ("nvmlDeviceGetAccountingMode",),
            ("nvmlDeviceGetAccountingPids", "nvmlDeviceGetAccountingBufferSize"),
            ("nvmlDeviceGetUtilizationRates", "nvmlDeviceGetTotalEnergyConsumption", "nvmlDeviceGetPowerUsage"),
            ("nvmlDeviceGetClockInfo", "nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons"),
            ("nvmlEventSetCreate", "nvmlDeviceRegisterEvents", "nvmlEventSetWait_v2"),
            ("nvmlDeviceIsMigDeviceHandle", "nvmlDeviceGetDeviceHandleFromMigDeviceHandle", "nvmlSystemGetDriverVersion"),
        ],
    )
    def test_what_they_lack_is_not_told_and_the_rest_is_measured(self, nvml_without, missing):
        for accounting in ("", ACCOUNTING):
            usage = nvml_without(*missing).measure(f"{accounting}{TWO}extra 40 390 {90 * MIB}\n")
            assert usage.peak_bytes == 1600 * MIB  # of processes: the whole device held more
            assert usage.processes == 2
            assert usage.trouble == ""

    def test_without_any_list_of_processes_the_device_serves(self, nvml_without):
        driver = nvml_without("nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetComputeRunningProcesses_v2")
        assert driver.measure(ONE).method.startswith("NVML, whole device")

    def test_the_older_name_of_the_clocks_reasons_is_asked(self, nvml_without):
        driver = nvml_without("nvmlDeviceGetCurrentClocksEventReasons")
        assert driver.measure(f"{ONE}value reasons 100 140 4\n").throttled == ["software power cap"]


class TestFigures:
    def test_the_area_is_the_memory_times_the_time_it_was_held(self, nvml):
        # 8 looks of 1000 MiB and 10 of 600 MiB, 20 ms apart
        assert nvml.measure(TWO).memory_area_byte_s == pytest.approx((8 * 1000 + 10 * 600) * 0.02 * MIB)

    def test_energy_is_the_counters_growth_of_the_whole_device(self, nvml):
        # 50 mJ a millisecond, from the look before (0 ms) to the end (400 ms)
        assert nvml.measure(f"{ONE}energy 123456 50\n").energy_j == pytest.approx(20.0)

    def test_energy_is_unknown_where_the_counter_began_anew(self, nvml):
        assert nvml.measure(f"{ONE}energy 123456 -50\n").energy_j is None

    def test_utilisation_clocks_and_power_are_kept(self, nvml):
        script = "value busy 0 210 80\nvalue busy 210 999 40\nvalue clock 100 210 1980\nvalue power 100 210 345000\n"
        usage = nvml.measure(ONE + script)  # they are looked at at 20, 120, 220 and 320 ms
        assert usage.mean_utilisation_percent == pytest.approx(60.0)
        assert (usage.sm_clock_mhz_low, usage.sm_clock_mhz_high) == (1500, 1980)
        assert usage.peak_power_w == 345.0
        assert usage.driver == "570.00.stub"

    def test_the_curve_begins_with_the_container(self, nvml):
        whole, later = nvml.measure(TWO).curve, nvml.measure(TWO, began_ms=100).curve
        assert (whole[0]["t_s"], whole[-1]["t_s"]) == pytest.approx((0.02, 0.4))
        assert (later[0]["t_s"], later[-1]["t_s"]) == pytest.approx((0.0, 0.3))
        assert max(point["gpu_memory_bytes"] for point in later) == 1600 * MIB
        assert later[-1]["gpu_memory_bytes"] == 0


class TestExclusive:
    def test_a_device_that_somebody_uses_is_not_fit_for_a_run(self, nvml):
        usage = nvml.measure(f"process 5 0 9999 {200 * MIB}\n{ONE}")
        assert usage.unfit.startswith("GPU GPU-stub is not free: process 5 is on it.")
        assert usage.trouble == usage.unfit

    def test_one_that_draws_is_enough(self, nvml):
        assert "process 5" in nvml.measure(f"process 5 0 9999 {200 * MIB} g\n{ONE}").unfit

    def test_memory_in_use_by_nobody_who_is_to_be_seen_is_enough(self, nvml):
        usage = nvml.measure(f"set baseline {1025 * MIB}\n{ONE}")
        assert usage.unfit.startswith("GPU GPU-stub is not free: 1025 MiB of it are in use, by no process that is to be seen")
        assert nvml.measure(f"set baseline {1024 * MIB}\n{ONE}").unfit == ""  # older drivers' own
        assert nvml.measure(f"set baseline {1025 * MIB}\n{ONE}", exclusive=False).unfit == ""

    def test_somebody_elses_process_during_the_run_makes_it_worthless(self, nvml):
        usage = nvml.measure(TWO, strangers=(8,))
        assert usage.unfit == ""
        assert usage.hopeless
        assert "process 8 is on it, not of its container" in usage.trouble

    def test_a_process_that_nobody_can_place_counts_as_the_runs(self, nvml):
        usage = nvml.measure(TWO, untold=True)
        assert usage.trouble == ""
        assert not usage.hopeless
        assert usage.peak_bytes == 1600 * MIB

    def test_a_process_that_stays_after_the_run_is_trouble(self, nvml):
        assert "process 7 is still on it" in nvml.measure(f"process 7 40 999999 {MIB}\n").trouble

    def test_memory_that_does_not_come_back_is_trouble(self, nvml):
        assert "still holds 400 MiB more" in nvml.measure(f"{ONE}extra 100 999999 {400 * MIB}\n").trouble
        assert nvml.measure(f"{ONE}extra 100 999999 {60 * MIB}\n").trouble == ""

    def test_a_shared_gpu_is_measured_beside_others(self, nvml):
        usage = nvml.measure(f"process 5 0 999999 {200 * MIB}\n{TWO}", exclusive=False, strangers=(8,))
        assert usage.peak_bytes == 1000 * MIB
        assert (usage.unfit, usage.trouble, usage.hopeless) == ("", "", False)

    def test_a_device_that_is_not_there_is_not_fit(self, nvml):
        usage = nvml.measure(ONE, uuid="GPU-other", until_ms=0)
        assert usage.unfit == "" or "cannot be watched" in usage.unfit
        gone = nvml.measure("fail nvmlDeviceGetHandleByUUID 0 9999 6\n", until_ms=0)
        assert "cannot be watched through NVML (NVMLError_NotFound: Not Found)" in gone.unfit
        assert gone.peak_bytes is None


class TestSlowdown:
    @pytest.mark.parametrize(
        ("bits", "words"), [(0x40, "hardware thermal slowdown"), (0x80, "hardware power brake"), (0xC8, "hardware slowdown and")]
    )
    def test_the_hardwares_own_makes_the_time_worthless(self, nvml, bits, words):
        usage = nvml.measure(f"{ONE}value reasons 100 240 {bits}\n")
        assert usage.hopeless
        assert f"slowed itself down during the run ({words}" in usage.trouble

    def test_a_plain_one_in_a_single_look_is_a_change_of_clocks(self, nvml):
        usage = nvml.measure(f"{ONE}value reasons 100 140 8\n")
        assert (usage.trouble, usage.hopeless) == ("", False)
        assert usage.throttled == ["hardware slowdown"]

    def test_the_drivers_own_is_kept_and_nothing_more(self, nvml):
        usage = nvml.measure(f"{ONE}value reasons 100 340 {0x4 | 0x20 | 0x1}\n")
        assert usage.trouble == ""
        assert usage.throttled == ["software power cap", "software thermal slowdown"]

    def test_on_a_shared_gpu_it_is_kept_and_nothing_more(self, nvml):
        usage = nvml.measure(f"{ONE}value reasons 100 340 64\n", exclusive=False)
        assert (usage.trouble, usage.hopeless) == ("", False)
        assert usage.throttled == ["hardware thermal slowdown"]


class TestVanished:
    @pytest.mark.parametrize("code", [15, 16, 999])
    @pytest.mark.parametrize("exclusive", [True, False])
    def test_it_is_trouble_and_what_was_seen_stays(self, nvml, code, exclusive):
        usage = nvml.measure(f"{TWO}lost 180 {code}\n", exclusive=exclusive)
        assert usage.trouble.startswith("GPU GPU-stub was lost during the run (")
        assert usage.hopeless  # nobody waits for its end
        assert usage.peak_bytes == 1600 * MIB
        assert "until NVML failed" in usage.method

    def test_one_that_vanishes_at_the_very_end_is_noticed(self, nvml):
        usage = nvml.measure(f"{ONE}energy 0 50\nfail nvmlDeviceGetTotalEnergyConsumption 200 9999 15\n")
        assert usage.trouble.startswith("GPU GPU-stub was lost during the run (")
        assert usage.peak_bytes == 1000 * MIB

    def test_a_fault_of_the_hardware_is_trouble(self, nvml):
        usage = nvml.measure(f"{ONE}xid 100 79\n")
        assert "(Xid 79)" in usage.trouble
        assert usage.hopeless

    def test_one_after_the_last_look_is_noticed(self, nvml):
        assert "(Xid 79)" in nvml.measure(f"{ONE}xid 390 79\n").trouble

    def test_one_of_an_earlier_run_is_not_this_ones(self, nvml):
        assert nvml.measure(f"{ONE}xid 0 79\n").trouble == ""

    def test_a_fault_of_the_program_is_told_and_no_trouble(self, nvml):
        usage = nvml.measure(f"{ONE}xid 100 31\n")
        assert (usage.trouble, usage.hopeless) == ("", False)
        assert usage.limits[-1] == "The driver reported errors that a program can make by itself (Xid 31)."

    def test_it_cannot_be_measured_where_the_driver_is_not_loaded(self, nvml):
        usage = nvml.measure("fail nvmlDeviceGetMemoryInfo_v2 0 9999 999\n", until_ms=0, exclusive=False)
        assert usage.peak_bytes is None
        assert usage.method.startswith("not measured: NVML could not be used (GpuLost")


class TestRealTime:
    def test_what_is_held_for_long_is_seen_and_a_spike_is_accounted(self, nvml):
        script = f"{ACCOUNTING}process 7 300 1500 {1000 * MIB}\nprocess 9 605 610 {4000 * MIB}\n"
        usage = nvml.measure(script, until_ms=2100, played=False)
        assert usage.peak_bytes in {4000 * MIB, 5000 * MIB}  # a look may fall into the spike, and then the sum is known
        assert usage.samples >= 3
        assert 0.02 <= usage.sampling_gap_s < 2.1
        assert usage.memory_area_byte_s == pytest.approx(1.2 * 1000 * MIB, rel=0.5)


class TestGpuPlace:
    def test_the_driver_names_the_cpus_near_the_device(self, nvml, tmp_path):
        facts = nvml.facts("cpus ff00ff\n", cpus=48, pci_devices=tmp_path)
        assert facts.cpus_near == "0-7,16-23"
        assert (facts.name, facts.driver, facts.accounting) == ("NVIDIA Stub", "570.00.stub", False)

    def test_a_mig_instance_names_the_gpu_that_it_is_a_part_of(self, nvml, nvml_without, tmp_path):
        facts = nvml.facts("set mig 1\n", cpus=4, pci_devices=tmp_path, uuid="MIG-1")
        assert (facts.uuid, facts.whole_uuid, facts.is_mig) == ("MIG-1", "GPU-stub", True)
        assert nvml.facts("", cpus=4, pci_devices=tmp_path).whole_uuid == "GPU-stub"
        unsaid = nvml_without("nvmlDeviceGetUUID").facts("", cpus=4, pci_devices=tmp_path)
        assert unsaid.whole_uuid == "GPU-stub"

    def test_more_than_64_cpus_take_several_words(self, nvml, tmp_path):
        assert nvml.facts("cpus 0\ncpus f\n", cpus=128, pci_devices=tmp_path).cpus_near == "64-67"

    def test_the_kernel_is_asked_where_the_driver_does_not_say(self, nvml, tmp_path):
        folder = tmp_path / "0000:65:00.0"
        folder.mkdir()
        (folder / "local_cpulist").write_text("8-15,24,200\n")
        assert nvml.facts("pci 00000000:65:00.0\n", cpus=32, pci_devices=tmp_path).cpus_near == "8-15,24"

    @pytest.mark.parametrize("script", ["cpus f\n", "cpus 0\n", ""])
    def test_nothing_is_said_where_all_are_near_or_nobody_knows(self, nvml, tmp_path, script):
        assert nvml.facts(script, cpus=4, pci_devices=tmp_path).cpus_near is None
