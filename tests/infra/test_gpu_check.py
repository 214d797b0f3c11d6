"""infra/gpu_check.py: its verdicts, and the whole of it on the two stub drivers."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from infra.gpu_check import NOTHING_CHECKED, SamplesOnly, Trial, row_of, table, trials
from nvml_bench import MIB, STUB, build

from sonobench_eval.meter.gpu_usage import GpuUsage

LONG_MS = "1000"
"""Programs that hold their memory for so long are seen by many samples, and together, on a busy machine too."""
METHOD = "NVML, the run's processes together, largest of 20 samples at most 0.021 s apart"


def row(reported_mib, *, hold_ms=200, programs=1, accounting=False, trouble=""):
    peak = reported_mib and int(reported_mib * MIB)
    usage = GpuUsage(peak, METHOD, accounting=accounting, sampling_gap_s=0.021, trouble=trouble)
    return row_of(Trial(programs, 700, hold_ms), usage, control_bytes=300 * MIB)


class TestRow:
    def test_what_was_taken_and_the_control_are_expected_of_each_program(self):
        assert row(1000).expected_bytes == 1000 * MIB
        assert row(2000, programs=2).expected_bytes == 2000 * MIB

    @pytest.mark.parametrize(
        ("reported", "accounting", "verdict"),
        [
            (1000, True, "ok"),
            (1009, True, "ok"),
            (1011, True, "FAIL"),
            (989, True, "FAIL"),
            (1011, False, "ok"),
            (1021, False, "FAIL"),
        ],
    )
    def test_accounting_is_held_to_one_percent_and_samples_to_two(self, reported, accounting, verdict):
        assert row(reported, accounting=accounting).verdict == verdict

    def test_several_programs_are_held_to_the_samples_bound_even_with_accounting(self):
        assert row(2030, programs=2, accounting=True).verdict == "ok"

    def test_samples_are_judged_from_50_ms_on_and_accounting_always(self):
        assert row(300, hold_ms=20).verdict == "not judged"
        assert row(300, hold_ms=50).verdict == "FAIL"
        assert row(300, hold_ms=5, accounting=True).verdict == "FAIL"

    def test_what_was_not_measured_fails(self):
        assert row(None).verdict == "FAIL"
        assert "       -        -" in table([row(None)])

    def test_a_run_that_would_not_count_fails_whatever_it_shows(self):
        assert row(1000, trouble="GPU GPU-1 was lost during the run").verdict == "FAIL"
        assert row(1000, hold_ms=5, trouble="GPU GPU-1 was lost during the run").verdict == "FAIL"

    def test_the_method_is_told_without_its_numbers(self):
        assert row(1000).method == "NVML, the run's processes together, largest of samples"


class TestTrials:
    def test_every_size_is_held_for_every_time_and_two_at_once_for_the_long_ones(self):
        made = trials((256, 1024), (5, 50, 200))
        assert len(made) == 7
        assert made[-1] == Trial(2, 256, 200)


class TestSamplesOnly:
    def test_it_knows_no_accounting_and_everything_else(self):
        nvml = SamplesOnly(pytest)
        assert nvml.raises is pytest.raises
        with pytest.raises(AttributeError):
            _ = nvml.nvmlDeviceGetAccountingMode


@pytest.fixture(scope="module")
def drivers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drivers")
    build(STUB / "nvml_stub.c", folder / "libnvidia-ml.so.1")
    build(STUB / "cuda_stub.c", folder / "libcuda.so.1")
    return folder


@pytest.fixture
def check(drivers, tmp_path, repo_root):
    """Runs the check with a script's driver; what it printed and its exit code."""
    live = tmp_path / "live"
    live.mkdir()

    def run(script, *arguments, **environment):
        path = tmp_path / "script"
        path.write_text(f"live {live}\n{script}")
        named = {"LD_LIBRARY_PATH": str(drivers), "NVML_STUB_SCRIPT": str(path), "CUDA_STUB_LIVE": str(live)}
        command = [sys.executable, "-m", "infra.gpu_check", *arguments]
        return subprocess.run(
            command, cwd=repo_root, env={**os.environ, **named, **environment}, capture_output=True, text=True, check=False
        )

    return run


class TestMain:
    def test_it_passes_on_a_driver_that_keeps_accounts(self, check):
        done = check("accounting 100\n", "--mib", "64", "--hold-ms", "5", LONG_MS)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.count("accounting         1        64") == 2
        assert "The driver's accounting is on and was used." in done.stdout
        assert f"samples            2        64     {LONG_MS}      728.0      728.0" in done.stdout
        assert "Not tested here:\n- that a container is given this GPU" in done.stdout

    def test_it_passes_by_samples_and_says_that_accounting_was_not_checked(self, check):
        done = check("", "--mib", "64", "--hold-ms", LONG_MS)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "accounting is off and was not turned on, so it was not checked" in done.stdout

    def test_a_driver_that_keeps_a_part_to_itself_fails(self, check):
        done = check("", "--mib", "64", "--hold-ms", LONG_MS, CUDA_STUB_UNTOLD=str(30 * MIB))
        assert done.returncode == 1, done.stdout + done.stderr
        assert "2 rows judged, 2 out of bounds or in trouble" in done.stdout

    def test_a_gpu_that_slows_itself_down_fails_and_says_so(self, check):
        done = check("value reasons 0 999999 64\n", "--mib", "64", "--hold-ms", LONG_MS)
        assert done.returncode == 1, done.stdout + done.stderr
        assert "trouble: GPU GPU-stub slowed itself down during the run (hardware thermal slowdown)" in done.stdout

    def test_a_gpu_that_somebody_uses_is_not_checked(self, check):
        done = check(f"process 5 0 999999 {MIB}\n")
        assert done.returncode == NOTHING_CHECKED
        assert done.stderr.startswith("GPU GPU-stub is not free: process 5 is on it.")
        assert done.stderr.endswith("nothing was checked\n")

    def test_without_cuda_nothing_is_checked(self, check):
        done = check("", CUDA_STUB_ERROR="100")
        assert done.returncode == NOTHING_CHECKED
        assert "cuInit returned 100" in done.stderr
        assert "nothing was checked" in done.stderr

    def test_without_a_gpu_it_says_so_and_does_not_pass(self, repo_root, tmp_path):
        command = [sys.executable, "-m", "infra.gpu_check", "--gpu", "GPU-none"]
        empty = {**os.environ, "LD_LIBRARY_PATH": str(tmp_path)}
        done = subprocess.run(command, cwd=repo_root, env=empty, capture_output=True, text=True, check=False)
        assert done.returncode == NOTHING_CHECKED
        assert done.stderr.startswith("no GPU here")
        assert done.stderr.endswith("nothing was checked\n")
