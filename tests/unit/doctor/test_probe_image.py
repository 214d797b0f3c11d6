from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from sonobench_eval.doctor import probe_image
from sonobench_eval.doctor.attempts import answers, attempts, attempts_program, many_files_program
from sonobench_eval.doctor.probe_image import BusyboxMissing, find_busybox, is_static
from sonobench_eval.sandbox.docker_engine.tiny_elf import program, read_answers


class TestIsStatic:
    def test_a_program_of_our_own_is(self) -> None:
        assert is_static(program([]))

    def test_one_that_asks_for_a_loader_is_not(self) -> None:
        dynamic = bytearray(program([]))
        dynamic[64:68] = (3).to_bytes(4, "little")  # its one program header names an interpreter
        assert not is_static(bytes(dynamic))

    @pytest.mark.parametrize("content", [b"", b"#!/bin/sh\n", b"\x7fELF\x01\x01" + bytes(100), program([])[:70]])
    def test_something_else_is_not(self, content: bytes) -> None:
        assert not is_static(content)


class TestFindBusybox:
    def test_without_one_it_is_told(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr(probe_image, "_PLACES", (str(tmp_path / "busybox"),))
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(BusyboxMissing):
            find_busybox()


class TestProbeImage:
    def test_the_identity_is_that_of_the_tar_and_no_two_images_are_the_same(self) -> None:
        first, second = (probe_image.probe_image(b"busybox", attempts("x"), open_files=5) for _ in range(2))
        with tarfile.open(fileobj=io.BytesIO(first.tar)) as tar:
            manifest = json.loads(tar.extractfile("manifest.json").read())[0]
            layer, config = (tar.extractfile(name).read() for name in (manifest["Layers"][0], manifest["Config"]))
        assert first.identity.config_digest == f"sha256:{hashlib.sha256(config).hexdigest()}"
        assert first.identity.diff_ids == (f"sha256:{hashlib.sha256(layer).hexdigest()}",)
        assert first.identity.diff_ids == second.identity.diff_ids
        assert first.identity.config_digest != second.identity.config_digest
        with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
            assert tar.getmember("programs/identity").mode & 0o4000


class TestAttemptsProgram:
    def run(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "program"
        path.write_bytes(content)
        path.chmod(0o755)
        subprocess.run([path], check=False, timeout=10, stdin=subprocess.DEVNULL)

    def test_a_second_attempt_uses_its_own_socket_not_the_firsts(self, tmp_path: Path) -> None:
        """Only attempts that are harmless outside of a container, and whose answer is the same everywhere."""
        tries = [each for each in attempts(f"nobody-{os.getpid()}") if each.name in {"abstract", "user_socket", "crypto"}]
        self.run(tmp_path, attempts_program([*tries[:1], *tries[:1]], report_to=str(tmp_path / "said")))
        report = read_answers((tmp_path / "said").read_bytes())
        assert [answer.result for answer in report][1::2] == [-111, -111]
        assert report[0].result != report[2].result

    def test_answers_are_those_of_each_attempts_last_call_and_none_is_made_up(self) -> None:
        tries = attempts("x")
        assert answers(tries, ()) == {}

    def test_a_program_that_opens_files_counts_them(self, tmp_path: Path) -> None:
        self.run(tmp_path, many_files_program(20, report_to=str(tmp_path / "said")))
        assert read_answers((tmp_path / "said").read_bytes())[0].tries == 20


class TestAttempts:
    def test_no_two_have_one_name(self) -> None:
        names = [each.name for each in attempts("x")]
        assert len(set(names)) == len(names)
