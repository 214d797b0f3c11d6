"""Files are there whole or not at all; progress off a terminal is a line now and then."""

from __future__ import annotations

from pathlib import Path

import pytest

from sonobench_eval.cli import console
from sonobench_eval.cli.exits import CommandError


class TestWriteWhole:
    def test_it_replaces_and_leaves_nothing_else(self, tmp_path: Path) -> None:
        target = tmp_path / "a.json"
        target.write_text("old")
        console.write_whole(target, b"new")
        assert target.read_text() == "new"
        assert [path.name for path in tmp_path.iterdir()] == ["a.json"]

    def test_a_failure_half_way_keeps_the_old_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        target = tmp_path / "a.json"
        target.write_text("old")

        def fail(_descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(console.os, "fsync", fail)
        with pytest.raises(OSError, match="No space"):
            console.write_whole(target, b"new")
        assert target.read_text() == "old"
        assert [path.name for path in tmp_path.iterdir()] == ["a.json"]

    def test_a_device_is_written_to_and_never_replaced(self) -> None:
        console.write_whole(Path("/dev/null"), b"x")
        assert Path("/dev/null").is_char_device()
        with pytest.raises(OSError, match="No space"):
            console.write_whole(Path("/dev/full"), b"x")

    def test_a_folder_or_a_missing_folder_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="is a folder"):
            console.write_whole(tmp_path, b"x")
        with pytest.raises(CommandError, match="There is no folder"):
            console.write_whole(tmp_path / "none" / "a.json", b"x")

    def test_the_mode_is_the_one_asked_for(self, tmp_path: Path) -> None:
        console.write_whole(tmp_path / "secret", b"x", mode=0o600)
        assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


class TestWriteData:
    def test_a_dash_is_stdout(self, capsys: pytest.CaptureFixture[str]) -> None:
        console.write_data("{}", Path("-"))
        captured = capsys.readouterr()
        assert (captured.out, captured.err) == ("{}\n", "")


class TestProgress:
    def test_short_work_off_a_terminal_is_silent(self, capsys: pytest.CaptureFixture[str]) -> None:
        with console.counting("Scoring") as told:
            told(1, 2)
            told(2, 2)
        assert capsys.readouterr() == ("", "")

    def test_long_work_off_a_terminal_tells_its_share_on_stderr(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(console, "LINE_EVERY_S", 0.0)
        with console.moving("Sending") as told:
            told(50, 200)
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.strip() == "Sending: 25%"


class TestWidth:
    def test_it_is_what_the_environment_says_now_not_what_it_said_first(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for columns in ("60", "120"):
            monkeypatch.setenv("COLUMNS", columns)
            assert (console.stdout().width, console.stderr().width) == (int(columns), int(columns))

    def test_off_a_terminal_lines_are_kept_whole(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COLUMNS", "60")
        console.stdout()
        monkeypatch.delenv("COLUMNS")
        assert console.stdout().width == console.WIDTH_OFF_A_TERMINAL
