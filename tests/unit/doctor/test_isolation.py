"""What a probe said, weighed: each door that can stand open is seen to, and a kernel of its own is told apart."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sonobench_eval.doctor.attempts import attempts
from sonobench_eval.doctor.isolation import Outside, isolation_checks
from sonobench_eval.doctor.trial import Trace

Make = Callable[..., Trace]
Named = Callable[..., dict[str, Any]]

OPEN_DOORS = {
    "User": {"user": "0"},
    "Capabilities": {"status__CapEff": "00000000a80425fb"},
    "No new privileges": {"status__NoNewPrivs": "0"},
    "System call filter, seen": {"status__Seccomp": "0"},
    "Namespaces of its own": {"namespace__net": "net:[4026531801]"},
    "Processes seen": {"processes": "systemd sh"},
    "Open files handed over": {"handed__files": "/dev/null /sys/fs/cgroup"},
    "Root file system": {"written__root": "/probe"},
    "Input": {"written__input": "/input/new"},
    "/proc and /sys": {"written__proc": "/proc/sysrq-trigger"},
    "Devices": {"devices": "/dev/null /dev/sda"},
    "Files of the host": {"host__file": "8c1f"},
    "Engine's socket": {"runtime__sockets": "/var/run/docker.sock"},
    "Network": {"interfaces": "lo eth0"},
}


class TestIsolationChecks:
    def test_under_runc_as_it_should_be_every_check_is_ok(self, by_runc: Make, outside: Outside, named: Named) -> None:
        checks = named(isolation_checks(by_runc(), outside))
        assert {check.verdict for check in checks.values()} == {"ok"}
        assert {check.kind for check in checks.values()} == {"isolation"}
        assert checks["Kernel seen"].found == "the host's, behind the filter"

    def test_under_gvisor_every_check_is_ok_and_says_whose_kernel_it_is(
        self, by_gvisor: Trace, outside: Outside, named: Named
    ) -> None:
        checks = named(isolation_checks(by_gvisor, outside))
        assert {check.verdict for check in checks.values()} == {"ok"}
        assert checks["Kernel seen"].found == "4.4.0, the runtime's own"
        assert "in the runtime's own kernel" in checks["Namespaces, made or entered"].found
        assert "in the runtime's own kernel" in checks["User namespace by clone"].found

    @pytest.mark.parametrize(("name", "said"), OPEN_DOORS.items(), ids=OPEN_DOORS)
    def test_an_open_door_is_bad_has_a_cure_and_leaves_the_others_ok(
        self, by_runc: Make, outside: Outside, named: Named, name: str, said: dict[str, str]
    ) -> None:
        checks = named(isolation_checks(by_runc(**said), outside))
        assert [each for each, check in checks.items() if check.verdict != "ok"] == [name]
        assert checks[name].verdict == "bad"
        assert checks[name].cure
        assert not checks[name].holds

    @pytest.mark.parametrize("stranger", ["cat", "sleep", "exe", "(unnamed)", "SH"])
    def test_any_process_but_the_probes_shell_and_its_init_is_a_stranger(
        self, by_runc: Make, outside: Outside, named: Named, stranger: str
    ) -> None:
        check = named(isolation_checks(by_runc(processes=f"docker-init {stranger} sh"), outside))["Processes seen"]
        assert (check.verdict, check.found) == ("bad", f"others than its own: {stranger}")

    @pytest.mark.parametrize("attempt", attempts("x"), ids=lambda attempt: attempt.name)
    def test_every_call_that_is_not_refused_is_bad_and_named(
        self, by_runc: Make, outside: Outside, named: Named, attempt: Any
    ) -> None:
        bad = [check for check in isolation_checks(by_runc(calls={attempt.name: 0}), outside) if check.verdict == "bad"]
        assert len(bad) == 1
        assert attempt.what in bad[0].found

    @pytest.mark.parametrize("answer", [-errno.EFAULT, -errno.EINPROGRESS, -errno.ETIMEDOUT])
    def test_a_kernel_that_only_minds_the_arguments_or_takes_its_time_has_not_refused(
        self, by_runc: Make, outside: Outside, named: Named, answer: int
    ) -> None:
        checks = named(isolation_checks(by_runc(calls={"tcp": answer, "io_uring": answer}), outside))
        assert checks["Network"].verdict == checks["Kernel surface"].verdict == "bad"

    def test_a_node_without_vsock_or_crypto_sockets_refuses_them_in_other_words(self, by_runc: Make, outside: Outside) -> None:
        trace = by_runc(calls={"vsock": -errno.EAFNOSUPPORT, "crypto": -errno.EAFNOSUPPORT})
        assert all(check.verdict == "ok" for check in isolation_checks(trace, outside))

    def test_a_child_in_a_user_namespace_is_seen_though_its_parent_answers_too(
        self, by_runc: Make, outside: Outside, named: Named
    ) -> None:
        assert named(isolation_checks(by_runc(clone=(77, 0)), outside))["User namespace by clone"].verdict == "bad"

    @pytest.mark.parametrize("identity", [(0, 0), (0, 10001), (-1, 0)])
    def test_a_setuid_program_that_becomes_root_is_bad(
        self, by_runc: Make, outside: Outside, named: Named, identity: tuple[int, int]
    ) -> None:
        assert named(isolation_checks(by_runc(identity=identity), outside))["Setuid programs"].verdict == "bad"

    def test_a_device_node_that_opens_is_bad_even_under_a_kernel_of_its_own(
        self, by_gvisor: Trace, outside: Outside, named: Named
    ) -> None:
        trace = replace(by_gvisor, said={**by_gvisor.said, "device.node": "opened"})
        assert named(isolation_checks(trace, outside))["Devices"].verdict == "bad"

    def test_a_gpus_devices_are_expected_only_where_one_was_handed_over(
        self, by_runc: Make, outside: Outside, named: Named
    ) -> None:
        trace = by_runc(devices="/dev/null /dev/nvidia0 /dev/nvidiactl")
        assert named(isolation_checks(trace, outside))["Devices"].verdict == "bad"
        assert named(isolation_checks(trace, replace(outside, expects_gpu=True)))["Devices"].verdict == "ok"

    def test_no_kernel_of_its_own_is_believed_to_shield_the_network_or_files(
        self, by_gvisor: Trace, outside: Outside, named: Named
    ) -> None:
        trace = replace(
            by_gvisor, said={**by_gvisor.said, "interfaces": "lo eth0", "host.file": "8c1f", "written.input": "/input/new"}
        )
        checks = named(isolation_checks(trace, outside))
        assert {checks[name].verdict for name in ("Network", "Files of the host", "Input")} == {"bad"}

    def test_a_probe_that_said_nothing_leaves_every_check_unknown_and_none_holding(self, outside: Outside) -> None:
        checks = list(isolation_checks(Trace(trouble="it never started"), outside))
        assert {check.verdict for check in checks} == {"unknown"}
        assert not any(check.holds for check in checks)

    @pytest.mark.parametrize("printed", [b"", b"\0" * 7, b"\0" * 16])
    def test_answers_that_are_cut_off_are_unknown(self, by_runc: Make, outside: Outside, named: Named, printed: bytes) -> None:
        trace = by_runc()
        trace = replace(trace, printed={**trace.printed, "attempts.bin": printed})
        assert named(isolation_checks(trace, outside))["Network"].verdict == "unknown"
