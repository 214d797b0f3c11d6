"""What code running inside the decoding child could still do: nothing, once it is confined."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sonobench_eval.io.confined import ConfinedDecoder
from sonobench_eval.io.confined_running import _shared_memory
from sonobench_eval.io.images import MaskRequest
from sonobench_eval.io.volumes import Geometry

ATTACKS = {
    "open a file": "open('/etc/passwd').read()",
    "list a folder": "os.listdir('/')",
    "open after closing the pipes": "[os.close(fd) for fd in (0, 2)]; os.open('/etc/passwd', os.O_RDONLY)",
    "make a socket": "socket.socket()",
    "make a socket pair": "socket.socketpair()",
    "fork": "os.fork()",
    "run a program": "os.execv('/bin/true', ['true'])",
    "signal its parent": "os.kill(os.getppid(), 0)",
    "make a file in memory": "os.memfd_create('x')",
    "raise its own limits": "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))",
    "become somebody": "os.setuid(0)",
    "trace its parent": "confinement.call('ptrace', 16, os.getppid(), 0, 0)",
    "read its parent's memory": "confinement.call('process_vm_readv', os.getppid(), 0, 0, 0, 0, 0)",
    "allocate without end": "bytearray(3 * 2**30)",
}


def run_confined(attack: str, *, started_as: str = "whoever runs the tests") -> str:
    """Run an attack in a confined process; what it printed: REFUSED, or DONE where it got through."""
    user = "os.geteuid() == 0 and (os.setgroups([]), os.setresgid(65533, 65533, 65533), os.setresuid(65533, 65533, 65533))\n"
    code = (
        "import os, resource, socket, sys\n"
        "from sonobench_eval.io import confined_child, confinement\n"
        "confined_child.warm_up()\n"
        "status = open('/proc/self/status')\n"
        + (user if started_as == "a plain user" else "")
        + "print(' '.join(confinement.confine(shared_bytes=0)), flush=True)\n"
        f"try:\n    {attack}\n"
        "except (OSError, ValueError, MemoryError) as error:\n    os.write(1, b'REFUSED ' + type(error).__name__.encode())\n"
        "else:\n    os.write(1, b'DONE')\n"
        "os._exit(0)\n"
    )
    command, environment = [sys.executable, "-I", "-c", code], {"OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
    return done.stdout.splitlines()[-1] if done.stdout else done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="the confinement is Linux's")
class TestConfinement:
    @pytest.mark.parametrize("started_as", ["whoever runs the tests", "a plain user"])
    @pytest.mark.parametrize("attack", list(ATTACKS))
    def test_the_child_cannot(self, attack: str, started_as: str) -> None:
        assert run_confined(ATTACKS[attack], started_as=started_as).startswith("REFUSED")

    def test_a_plain_users_child_keeps_no_capability_of_its_new_namespace(self) -> None:
        look = "status.seek(0); os.write(1, b''.join(line for line in status.buffer if b'CapEff' in line)); os._exit(0)"
        assert run_confined(look, started_as="a plain user") == "CapEff:\t0000000000000000"

    def test_limits_privileges_and_system_calls_hold(self) -> None:
        with ConfinedDecoder() as decoder:
            assert {"limits", "no_new_privs", "seccomp"} <= decoder.confinement()

    def test_it_knows_nothing_of_its_parents_environment_and_holds_only_its_pipes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SONOBENCH_DATABASE_URL", "secret")
        with Path("/etc/passwd").open("rb") as held, ConfinedDecoder() as decoder:
            os.set_inheritable(held.fileno(), True)
            decoder.confinement()
            proc = Path(f"/proc/{decoder._idle[0].pid}")
            if os.geteuid() == 0:
                assert b"secret" not in (proc / "environ").read_bytes()
                assert {entry.name for entry in (proc / "fd").iterdir()} == {"0", "1", "2"}
            status = (proc / "status").read_text()
        assert "NoNewPrivs:\t1" in status
        # With a second thread it could not have left the network behind.
        assert "Threads:\t1\n" in status
        assert "Seccomp:\t2" in status
        assert "CapEff:\t0000000000000000" in status


class TestSharedMemory:
    def test_nobody_can_shrink_it_under_the_parents_hands(self) -> None:
        descriptor, memory = _shared_memory(2**16)
        for size in (0, 2**17):
            with pytest.raises(PermissionError):
                os.ftruncate(descriptor, size)
        os.close(descriptor)
        memory.close()

    def test_the_child_keeps_no_descriptor_of_it(self) -> None:
        with ConfinedDecoder() as decoder:
            decoder.confinement()
            maps = Path(f"/proc/{decoder._idle[0].pid}/maps").read_text()
            held = [str(each.readlink()) for each in Path(f"/proc/{decoder._idle[0].pid}/fd").iterdir()]
        assert "memfd:sonobench" in maps
        assert not any("memfd" in each for each in held)


@pytest.fixture
def taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a program in the child's place that answers everything with one expression."""

    def install(reply: str) -> None:
        fake = tmp_path / "python"
        body = (
            f"#!{sys.executable}\nimport os\nfrom sonobench_eval.io.confined_wire import READY, REPLY, REQUEST\n"
            f"os.write(1, READY.pack(b'limits'))\nos.read(0, 10**6)\nos.write(1, {reply})\n"
        )
        fake.write_text(body)
        fake.chmod(0o755)
        monkeypatch.setattr("sonobench_eval.io.confined_running.sys.executable", str(fake))

    return install


class TestHostileChild:
    @pytest.mark.parametrize(
        "reply",
        [
            "REPLY.pack(7, 0, 1, 0, *[0] * 12, b'')",
            "REPLY.pack(0, 0, 4, 0, *[0] * 12, b'')",
            "REPLY.pack(0, 0, 0, 0, *[0] * 12, b'')",
            "REPLY.pack(1, 0, 0, 255, *[0] * 12, b'')",
            "b'short'",
        ],
    )
    def test_a_child_that_was_taken_over_cannot_harm_its_parent(self, taken_over: Callable[[str], None], reply: str) -> None:
        taken_over(reply)
        with ConfinedDecoder(timeout_s=5) as decoder:
            read = decoder.decode(b"x", expected=(16, 16))
        assert read.array is None
        assert read.detail == "decoding it ends the decoder"

    @pytest.mark.parametrize(
        "reply",
        [
            "REPLY.pack(0, 0, 1, 0, *[float('nan')] * 12, b'')",
            "REPLY.pack(0, 0, 8, 0, *[0] * 12, b'')",
            "REPLY.pack(0, 0, 3, 0, *[1] * 12, b'')",
        ],
    )
    def test_nor_can_one_that_reads_volumes(self, taken_over: Callable[[str], None], reply: str) -> None:
        taken_over(reply)
        with ConfinedDecoder(timeout_s=5) as decoder:
            read = decoder.decode_volume(b"x", expected=Geometry((2, 2, 2), None))
        assert read.array is None
        assert read.detail == "decoding it ends the decoder"

    def test_answers_nobody_asked_for_harm_nobody(self, taken_over: Callable[[str], None]) -> None:
        taken_over("REPLY.pack(1, 0, 0, 3, *[0] * 12, b'lie') * 200")
        requests = [MaskRequest(b"x", (16, 16))] * 20
        with ConfinedDecoder(timeout_s=5) as decoder:
            reads = list(decoder.decode_stream(requests))
        assert [read.problem for read in reads] == ["unreadable_image"] * 20
