"""What comes back of a probe container is parsed as a stranger's results are."""

from __future__ import annotations

import io
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sonobench_eval.doctor.trial import LONGEST_SAID_BYTES, TRIALS, parse_said, read_trace, write_trial
from sonobench_eval.sandbox.port import never_started


class TestParseSaid:
    def test_lines_are_names_and_values(self) -> None:
        assert parse_said(b"user=10001\nstatus.CapEff=0000\nempty=\n") == {"user": "10001", "status.CapEff": "0000", "empty": ""}

    @pytest.mark.parametrize(
        "line",
        [
            b"no equals sign",
            b"=x",
            b"9=x",
            b"a b=x",
            b"name=\x1b[31m",
            b"name=\xff",
            b"n" * 65 + b"=x",
            b"name=" + b"x" * 8001,
            b"\0=1",
        ],
    )
    def test_a_line_of_another_shape_is_left_out(self, line: bytes) -> None:
        assert parse_said(line + b"\nuser=1\n") == {"user": "1"}

    def test_of_two_with_one_name_neither_counts(self) -> None:
        assert parse_said(b"user=10001\nuser=0\nuser=10001\nkernel=6\n") == {"kernel": "6"}


class TestReadTrace:
    def outcome(self, tmp_path: Path, members: dict[str, tuple[bytes, bytes]]) -> Any:
        results = tmp_path / "results.tar"
        with tarfile.open(results, "w") as tar:
            for name, (kind, content) in members.items():
                member = tarfile.TarInfo(name)
                member.type, member.size = kind, len(content)
                member.linkname = "/etc/passwd" if kind != tarfile.REGTYPE else ""
                tar.addfile(member, io.BytesIO(content))
        return replace(never_started(""), results=results)

    def test_only_regular_files_of_a_probes_own_names_are_read(self, tmp_path: Path) -> None:
        regular = tarfile.REGTYPE
        members = {
            "said": (regular, b"user=1\n"),
            "clone.bin": (regular, b"12345678"),
            "attempts.bin": (tarfile.SYMTYPE, b""),
            "many/0": (regular, b"x"),
            "../said": (regular, b"user=0\n"),
            "core.123": (regular, b"x"),
        }
        trace = read_trace(self.outcome(tmp_path, members), log_bytes=5)
        assert (trace.said, trace.printed, trace.log_bytes) == ({"user": "1"}, {"clone.bin": b"12345678"}, 5)

    def test_a_flood_is_not_read(self, tmp_path: Path) -> None:
        members = {"said": (tarfile.REGTYPE, b"a=" + b"x" * LONGEST_SAID_BYTES)}
        assert read_trace(self.outcome(tmp_path, members), log_bytes=None).said == {}

    def test_a_container_that_never_started_is_trouble_in_the_engines_words(self) -> None:
        assert read_trace(never_started("unknown runtime"), log_bytes=None).trouble == "unknown runtime"


class TestWriteTrial:
    @pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.name)
    def test_any_user_can_read_what_a_probe_is_told_and_nobody_can_change_it(self, tmp_path: Path, trial: Any) -> None:
        write_trial(trial, tmp_path / "inputs", host_paths=(Path("/srv/secret"),))
        files = {path.name: path for path in (tmp_path / "inputs").iterdir()}
        assert set(files) == {"probe.sh", "sizes", "host_paths"}
        assert all(path.stat().st_mode & 0o777 == 0o444 for path in files.values())
        assert files["host_paths"].read_text() == "/srv/secret\n"
        assert all(f"{name}={value}" in files["sizes"].read_text() for name, value in trial.sizes.items())
