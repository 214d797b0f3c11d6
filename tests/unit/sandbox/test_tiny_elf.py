"""Programs written byte by byte, run on this machine: they only ask for what any process may ask."""

from __future__ import annotations

import errno
import platform
import subprocess
import sys

import pytest

from sonobench_eval.sandbox.docker_engine.tiny_elf import ResultOf, Syscall, program, read_answers

pytestmark = pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="the programs are for linux/amd64"
)
READ, CLOSE, GETPID, MEMFD_CREATE, FTRUNCATE, OPENAT, DUP, SETRLIMIT = 0, 3, 39, 319, 77, 257, 32, 160
AT_FDCWD = -100


@pytest.fixture
def ended(tmp_path):
    def run(calls, **options):
        path = tmp_path / "program"
        path.write_bytes(program(calls, **options))
        path.chmod(0o755)
        return subprocess.run([path], check=False, timeout=10).returncode

    return run


@pytest.fixture
def answers(ended, tmp_path):
    def run(calls):
        report = tmp_path / "report"
        assert ended(calls, report_to=str(report)) == 0
        return read_answers(report.read_bytes())

    return run


class TestProgram:
    def test_one_that_does_nothing_ends_well(self, ended):
        assert ended([]) == 0

    def test_a_call_that_succeeds_ends_with_0_whatever_it_returns(self, ended):
        assert ended([Syscall(GETPID)]) == 0

    def test_a_call_that_fails_ends_with_its_errno(self, ended):
        assert ended([Syscall(OPENAT, (AT_FDCWD, b"/nowhere/at/all", 0))]) == errno.ENOENT

    def test_a_call_that_does_not_exist_is_told_as_that(self, ended):
        assert ended([Syscall(9999)]) == errno.ENOSYS

    def test_only_the_last_call_counts(self, ended):
        assert ended([Syscall(CLOSE, (99,)), Syscall(GETPID)]) == 0

    def test_a_call_uses_what_an_earlier_one_returned(self, ended):
        assert ended([Syscall(MEMFD_CREATE, (b"x", 0)), Syscall(FTRUNCATE, (ResultOf(0), 4096))]) == 0

    def test_the_32_bit_entry_has_its_own_numbers_and_registers(self, ended):
        exit_32, open_32 = 1, 5
        assert ended([Syscall(open_32, (b"/nowhere/at/all", 0), abi="i386")]) in {errno.ENOENT, errno.ENOSYS}
        assert ended([Syscall(exit_32, (42,), abi="i386")]) in {42, errno.ENOSYS}


class TestReport:
    def test_every_answer_is_in_it(self, answers):
        first, second, third = answers([Syscall(CLOSE, (99,)), Syscall(OPENAT, (AT_FDCWD, b"/", 0)), Syscall(9999)])
        assert (first.result, third.result) == (-errno.EBADF, -errno.ENOSYS)
        assert second.result >= 3

    def test_a_repeated_call_stops_where_it_fails(self, answers):
        descriptors = 7
        limit = descriptors.to_bytes(8, "little") * 2
        _, repeated = answers([Syscall(SETRLIMIT, (descriptors, limit)), Syscall(DUP, (0,), times=100)])[:2]
        assert repeated.result == -errno.EMFILE
        assert 1 <= repeated.tries <= descriptors

    def test_a_repeated_call_stops_at_its_number(self, answers):
        assert answers([Syscall(GETPID, times=1000)])[0].tries == 1000

    def test_one_that_cannot_be_written_is_told_by_the_exit_code(self, ended):
        assert ended([Syscall(GETPID)], report_to="/nowhere/at/all") != 0

    def test_one_that_is_cut_off_is_refused(self):
        with pytest.raises(ValueError, match="cut off"):
            read_answers(bytes(17))
