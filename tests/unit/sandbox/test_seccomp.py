"""The list of system calls, as data. What the kernel makes of it is tried in `tests/adversarial/sandbox`."""

from __future__ import annotations

import errno
import json
import re
import signal
from pathlib import Path

import pytest

from sonobench_eval.sandbox.seccomp import ALLOWED, SECURITY_OPTION, profile

HEADER = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
NEWER_THAN_SOME_HEADERS = {"fchmodat2", "map_shadow_stack", "futex_wake", "futex_wait", "futex_requeue", "mseal"}
DANGEROUS = """
    io_uring_setup io_uring_enter io_uring_register userfaultfd bpf perf_event_open keyctl add_key request_key ptrace
    process_vm_readv process_vm_writev process_madvise kcmp pidfd_getfd mount umount2 move_mount open_tree fsopen fsmount fsconfig
    fspick mount_setattr pivot_root chroot unshare setns kexec_load kexec_file_load init_module finit_module delete_module
    open_by_handle_at name_to_handle_at quotactl quotactl_fd acct settimeofday clock_settime adjtimex clock_adjtime reboot swapon
    swapoff syslog lookup_dcookie nfsservctl fanotify_init fanotify_mark iopl ioperm modify_ldt uselib vhangup sethostname
    setdomainname memfd_secret migrate_pages move_pages sync syncfs
"""


def rules_for(name):
    return [rule for rule in profile()["syscalls"] if name in rule["names"]]


class TestAllowed:
    def test_no_call_is_named_twice(self):
        assert len(ALLOWED) == len(set(ALLOWED))

    @pytest.mark.skipif(not HEADER.exists(), reason="the kernel's headers are not installed")
    def test_every_name_is_a_call_of_the_kernel(self):
        known = set(re.findall(r"#define __NR_(\w+)", HEADER.read_text()))
        assert set(ALLOWED) - known - NEWER_THAN_SOME_HEADERS == set()

    @pytest.mark.parametrize("name", DANGEROUS.split())
    def test_what_only_an_attacker_needs_is_not_allowed(self, name):
        assert rules_for(name) == []


class TestProfile:
    def test_what_is_not_named_is_refused(self):
        assert profile()["defaultAction"] == "SCMP_ACT_ERRNO"
        assert profile()["defaultErrnoRet"] == errno.EPERM

    def test_no_other_entry_to_the_kernel_is_open(self):
        assert profile()["archMap"] == [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": []}]

    def test_every_rule_allows_but_one_that_makes_the_kernel_look_older(self):
        others = [rule for rule in profile()["syscalls"] if rule["action"] != "SCMP_ACT_ALLOW"]
        assert [(rule["names"], rule["errnoRet"]) for rule in others] == [(["clone3"], errno.ENOSYS)]

    def test_no_rule_has_two_conditions_for_one_argument(self):
        # The engine would take them as alternatives.
        for rule in profile()["syscalls"]:
            indices = [condition["index"] for condition in rule["args"]]
            assert len(indices) == len(set(indices))

    def test_filtered_calls_are_not_among_those_that_may_have_any_arguments(self):
        assert not {"socket", "socketpair", "clone", "clone3", "personality"} & set(ALLOWED)

    @pytest.mark.parametrize("family", range(50))
    def test_only_four_families_of_sockets_are_let_through(self, family):
        let_through = any(rule["args"][0]["value"] == family for rule in rules_for("socket"))
        assert let_through == (family in {1, 2, 10, 16})  # Unix, IPv4, IPv6, netlink; vsock is 40

    def test_a_pair_of_sockets_is_of_unix_sockets(self):
        assert [rule["args"][0]["value"] for rule in rules_for("socketpair")] == [1]

    @pytest.mark.parametrize("bit", [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000])
    def test_no_new_namespace_of_any_kind(self, bit):
        (rule,) = rules_for("clone")
        (condition,) = rule["args"]
        assert condition["op"] == "SCMP_CMP_MASKED_EQ"
        assert (condition["value"] & bit, condition["valueTwo"]) == (bit, 0)  # the flag must be 0

    def test_threads_and_processes_can_be_made(self):
        (rule,) = rules_for("clone")
        thread = 0x100 | 0x200 | 0x400 | 0x800 | 0x10000 | 0x40000 | 0x80000 | 0x100000 | 0x200000  # as pthread_create does
        assert not thread & rule["args"][0]["value"]
        assert not signal.SIGCHLD & rule["args"][0]["value"]


class TestSecurityOption:
    def test_it_is_the_profile_itself_and_no_path(self):
        assert json.loads(SECURITY_OPTION.removeprefix("seccomp=")) == profile()
