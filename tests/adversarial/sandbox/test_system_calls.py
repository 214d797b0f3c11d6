"""What the kernel answers to a program in the sandbox, call by call. The programs are a few hundred bytes of our own."""

from __future__ import annotations

import errno
import struct
import tarfile

import pytest

from sonobench_eval.sandbox.docker_engine.tiny_elf import Syscall, program, read_answers

pytestmark = pytest.mark.docker

AT_FDCWD = -100
SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET = 1, 2, 3, 5
NEW_NS, NEW_USER, NEW_NET, SIGCHLD = 0x20000, 0x10000000, 0x40000000, 17
X32 = 0x40000000
EMPTY = bytes(256)
SOCKET = 41

# Without a filter most of these would succeed or fail otherwise (a bad pointer, a bad descriptor) for any user.
REFUSED = {
    "a vsock socket": Syscall(SOCKET, (40, SOCK_STREAM, 0)),
    "a socket to the kernel's ciphers": Syscall(SOCKET, (38, SOCK_SEQPACKET, 0)),
    "a packet socket": Syscall(SOCKET, (17, SOCK_RAW, 0)),
    "a Bluetooth socket": Syscall(SOCKET, (31, SOCK_RAW, 1)),
    "a TIPC socket": Syscall(SOCKET, (30, SOCK_DGRAM, 0)),
    "a netlink socket for netfilter": Syscall(SOCKET, (16, SOCK_RAW, 12)),
    "a netlink socket for audit": Syscall(SOCKET, (16, SOCK_RAW, 9)),
    "an SCTP socket": Syscall(SOCKET, (2, SOCK_STREAM, 132)),
    "an MPTCP socket": Syscall(SOCKET, (2, SOCK_STREAM, 262)),
    "a ping socket": Syscall(SOCKET, (2, SOCK_DGRAM, 1)),
    "a pair of TIPC sockets": Syscall(53, (30, SOCK_DGRAM, 0, EMPTY)),
    "io_uring_setup": Syscall(425, (8, EMPTY)),
    "io_uring_enter": Syscall(426, (99, 0, 0, 0, 0, 0)),
    "io_uring_register": Syscall(427, (99, 0, 0, 0)),
    "io_setup": Syscall(206, (1, EMPTY)),
    "userfaultfd": Syscall(323, (1,)),
    "bpf": Syscall(321, (0, EMPTY, 48)),
    "perf_event_open": Syscall(298, (struct.pack("<II", 1, 112) + EMPTY, 0, -1, -1, 0)),
    "keyctl": Syscall(250, (0, -3, 1)),
    "add_key": Syscall(248, (b"user", b"name", b"secret", 6, -3)),
    "request_key": Syscall(249, (b"user", b"name", 0, -3)),
    "ptrace": Syscall(101, (0, 0, 0, 0)),
    "process_vm_readv": Syscall(310, (1, EMPTY, 1, EMPTY, 1, 0)),
    "process_vm_writev": Syscall(311, (1, EMPTY, 1, EMPTY, 1, 0)),
    "kcmp": Syscall(312, (1, 1, 0, 0, 0)),
    "pidfd_getfd": Syscall(438, (99, 0, 0)),
    "mount": Syscall(165, (b"none", b"/tmp", b"tmpfs", 0, 0)),
    "umount2": Syscall(166, (b"/nowhere", 0)),
    "open_tree": Syscall(428, (AT_FDCWD, b"/", 0)),
    "fsopen": Syscall(430, (b"tmpfs", 0)),
    "mount_setattr": Syscall(442, (AT_FDCWD, b"/", 0, EMPTY, 32)),
    "pivot_root": Syscall(155, (b"/", b"/")),
    "chroot": Syscall(161, (b"/nowhere",)),
    "unshare of nothing": Syscall(272, (0,)),
    "unshare of users": Syscall(272, (NEW_USER,)),
    "setns": Syscall(308, (99, 0)),
    "clone with new users": Syscall(56, (NEW_USER | SIGCHLD, 0, 0, 0, 0)),
    "clone with a new network": Syscall(56, (NEW_NET | SIGCHLD, 0, 0, 0, 0)),
    "clone with new mounts and bits that the kernel drops": Syscall(56, ((1 << 40) | NEW_NS | SIGCHLD, 0, 0, 0, 0)),
    "kexec_load": Syscall(246, (0, 0, 0, 0)),
    "init_module": Syscall(175, (EMPTY, 1, b"")),
    "finit_module": Syscall(313, (99, b"", 0)),
    "delete_module": Syscall(176, (b"nothing", 0)),
    "open_by_handle_at": Syscall(304, (99, EMPTY, 0)),
    "name_to_handle_at": Syscall(303, (AT_FDCWD, b"/nowhere", EMPTY, EMPTY, 0)),
    "quotactl": Syscall(179, (0, 0, 0, 0)),
    "acct": Syscall(163, (b"/nowhere",)),
    "settimeofday to what it is": Syscall(164, (0, 0)),
    "clock_settime": Syscall(227, (99, EMPTY)),
    "adjtimex for reading": Syscall(159, (EMPTY,)),
    "clock_adjtime": Syscall(305, (0, EMPTY)),
    "reboot": Syscall(169, (0, 0, 0, 0)),
    "swapon": Syscall(167, (b"/nowhere", 0)),
    "syslog": Syscall(103, (99, 0, 0)),
    "lookup_dcookie": Syscall(212, (0, EMPTY, 256)),
    "personality without address randomisation": Syscall(135, (0x40000,)),
    "modify_ldt": Syscall(154, (0, EMPTY, 256)),
    "fanotify_mark": Syscall(301, (99, 0, 0, AT_FDCWD, 0)),
    "memfd_secret": Syscall(447, (0,)),
    "seccomp": Syscall(317, (2, 0, EMPTY)),
    "sync of the whole machine": Syscall(162),
    "syncfs": Syscall(306, (0,)),
    "sethostname": Syscall(170, (b"x", 1)),
}
GRANTED = {
    "a Unix socket": Syscall(SOCKET, (1, SOCK_STREAM, 0)),
    "a pair of Unix sockets": Syscall(53, (1, SOCK_STREAM, 0, EMPTY)),
    "a TCP socket": Syscall(SOCKET, (2, SOCK_STREAM, 0)),
    "a TCP socket by its protocol": Syscall(SOCKET, (2, SOCK_STREAM, 6)),
    "a UDP socket": Syscall(SOCKET, (2, SOCK_DGRAM, 17)),
    "an IPv6 socket": Syscall(SOCKET, (10, SOCK_STREAM, 0)),
    "a netlink socket for routes": Syscall(SOCKET, (16, SOCK_RAW, 0)),
    "memory to write and execute": Syscall(9, (0, 4096, 7, 0x22, -1, 0)),
    "a file in memory": Syscall(319, (b"x", 0)),
    "the usual personality": Syscall(135, (0xFFFFFFFF,)),
    "membarrier": Syscall(324, (0, 0, 0)),
    "get_mempolicy": Syscall(239, (0, 0, 0, 0, 0)),
    "shared memory": Syscall(29, (0, 4096, 0o1600)),
    "random bytes": Syscall(318, (EMPTY, 16, 0)),
    "statx": Syscall(332, (AT_FDCWD, b"/", 0, 0xFFF, EMPTY)),
}


@pytest.fixture(scope="module")
def one_program(image_of, file_of):
    """An image that is one program which makes the calls; the report is its result where there is one."""

    def make(calls, *, report_to=None):
        binary = file_of(program(calls, report_to=report_to), 0o755)
        return image_of(files={"probe": binary}, config={"Cmd": ["/probe"]})

    return make


@pytest.fixture
def errors(run, one_program, tmp_path):
    """The errno of each call, made in one container; 0 where it succeeded."""

    def of(calls):
        ran = run(one_program(list(calls.values()), report_to="/output/report"))
        report = (ran.outcome.results).read_bytes()[512 : 512 + 16 * len(calls)]  # after the tar's only header
        return {name: max(0, -answer.result) for name, answer in zip(calls, read_answers(report), strict=True)}

    return of


class TestRefused:
    def test_every_call_that_only_an_attacker_needs(self, errors):
        assert {name: error for name, error in errors(REFUSED).items() if error != errno.EPERM} == {}

    def test_the_newest_way_to_make_a_process_looks_as_if_the_kernel_was_older(self, errors):
        clone3, unknown = Syscall(435, (0, 0)), Syscall(999)
        assert errors({"clone3": clone3, "unknown": unknown}) == {"clone3": errno.ENOSYS, "unknown": errno.ENOSYS}

    @pytest.mark.parametrize(
        "call",
        [Syscall(20, abi="i386"), Syscall(102, (1, EMPTY), abi="i386"), Syscall(X32 | 39)],
        ids=["getpid by int 0x80", "socketcall by int 0x80", "getpid by x32"],
    )
    def test_other_entries_to_the_kernel_end_the_program(self, run, one_program, call):
        assert run(one_program([Syscall(39), call, Syscall(231, (0,))])).outcome.exit_code not in {0, None}


class TestGranted:
    def test_what_programs_of_machine_learning_need(self, errors):
        assert {name: error for name, error in errors(GRANTED).items() if error} == {}

    def test_a_process_can_be_made(self, errors):
        # The child goes on with the same calls, so each answer is there twice.
        assert errors({"fork": Syscall(57)}) == {"fork": 0}


class TestWithoutAFilter:
    """The tests above would prove nothing where the kernel refuses by itself. So the same is asked without a filter."""

    def test_most_of_what_is_refused_would_have_been_granted_or_refused_otherwise(self, docker_api, loaded, one_program, file_of):
        image = one_program(list(REFUSED.values()), report_to="/out/report")
        image.files["out"] = file_of(mode=0o777, kind=tarfile.DIRTYPE)
        host = {"NetworkMode": "none", "CapDrop": ["ALL"], "SecurityOpt": ["seccomp=unconfined"]}
        config = {"Image": loaded(image).engine_id, "User": "10001:10001", "HostConfig": host}
        container = docker_api.create_container_from_config(config)["Id"]
        try:
            docker_api.start(container)
            docker_api.wait(container, timeout=30)
            stream, _ = docker_api.get_archive(container, "/out/report")
            report = b"".join(stream)[512 : 512 + 16 * len(REFUSED)]
        finally:
            docker_api.remove_container(container, force=True)
        unfiltered = zip(REFUSED, read_answers(report), strict=True)
        refused_by_the_kernel = {name for name, answer in unfiltered if answer.result == -errno.EPERM}
        assert refused_by_the_kernel <= NEED_RIGHTS_ANYWAY


NEED_RIGHTS_ANYWAY = {
    *("mount", "umount2", "open_tree", "fsopen", "mount_setattr", "pivot_root", "chroot", "kexec_load", "init_module"),
    *(
        "finit_module",
        "delete_module",
        "open_by_handle_at",
        "quotactl",
        "acct",
        "reboot",
        "swapon",
        "syslog",
        "sethostname",
        "settimeofday to what it is",
    ),
    *("clone with a new network", "clone with new mounts and bits that the kernel drops", "a packet socket", "lookup_dcookie"),
    *("bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "unshare of users", "clone with new users"),  # by sysctl
}
