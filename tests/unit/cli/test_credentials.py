"""Tokens: kept for their owner alone, sent to the server they were given for."""

from __future__ import annotations

from pathlib import Path

import pytest

from sonobench_eval.cli import credentials
from sonobench_eval.cli.exits import CommandError, ExitCode

HERE, THERE = "https://here.example.org", "https://there.example.org"


@pytest.fixture(autouse=True)
def own_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "profile_path", lambda: tmp_path / "config" / "credentials.json")
    monkeypatch.delenv("SONOBENCH_TOKEN", raising=False)
    monkeypatch.delenv("SONOBENCH_SERVER", raising=False)


class TestRemember:
    def test_the_file_and_its_folder_belong_to_their_owner_alone(self) -> None:
        path = credentials.remember(HERE, "sbt_1")
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700

    def test_a_token_is_sent_only_where_it_was_given_for(self) -> None:
        credentials.remember(HERE, "sbt_1")
        credentials.remember(THERE, "sbt_2")
        assert credentials.token_for(HERE, None) == "sbt_1"
        assert credentials.token_for(THERE, None) == "sbt_2"
        assert credentials.token_for("https://else.example.org", None) is None

    def test_a_token_does_not_show_in_a_representation(self) -> None:
        credentials.remember(HERE, "sbt_secret")
        assert "sbt_secret" not in repr(credentials.read_profile())

    def test_a_broken_file_is_told_and_not_overwritten(self) -> None:
        path = credentials.remember(HERE, "sbt_1")
        path.write_text("{")
        with pytest.raises(CommandError, match="is broken"):
            credentials.remember(THERE, "sbt_2")
        assert path.read_text() == "{"


class TestServerAddress:
    def test_the_nearest_one_named_wins(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert credentials.server_address(None) == "http://127.0.0.1:8100"
        credentials.remember(HERE, "sbt_1")
        assert credentials.server_address(None) == HERE
        monkeypatch.setenv("SONOBENCH_SERVER", THERE + "/")
        assert credentials.server_address(None) == THERE
        assert credentials.server_address("https://given.example.org/") == "https://given.example.org"

    @pytest.mark.parametrize("address", ["bench.example.org", "ftp://x", "https://", "https://user:pw@x", "https://x?y=1"])
    def test_what_is_no_address_is_refused(self, address: str) -> None:
        with pytest.raises(CommandError, match="is not a server's address") as refused:
            credentials.server_address(address)
        assert refused.value.code is ExitCode.USAGE


class TestTokenFor:
    def test_the_environment_comes_before_the_file(self, monkeypatch: pytest.MonkeyPatch) -> None:
        credentials.remember(HERE, "sbt_file")
        monkeypatch.setenv("SONOBENCH_TOKEN", "sbt_environment")
        assert credentials.token_for(HERE, None) == "sbt_environment"
        assert credentials.token_for(HERE, "sbt_given") == "sbt_given"

    @pytest.mark.parametrize(
        ("server", "clear"),
        [("http://127.0.0.1:8100", False), ("http://bench.example.org", True), ("https://bench.example.org", False)],
    )
    def test_only_plain_http_to_elsewhere_travels_in_the_clear(self, server: str, clear: bool) -> None:
        assert credentials.travels_in_the_clear(server) is clear
