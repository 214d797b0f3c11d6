"""`login`, `submit`, `status` and `leaderboard` against the real API on a socket of this machine; nothing runs the images."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from remote_server import Server

Run = Callable[..., Any]


class TestLogin:
    def test_a_token_from_stdin_is_kept_and_used_from_then_on(self, sonobench: Run, server: Server, tmp_path: Path) -> None:
        signed_in = sonobench("login", "--server", server.address, stdin=f"{server.token}\n")
        assert signed_in.returncode == 0, signed_in.stderr
        assert "as team Team A" in signed_in.stderr
        assert server.token not in signed_in.stdout + signed_in.stderr
        listed = sonobench("status")
        assert listed.returncode == 0, listed.stderr
        assert "No submission yet" in listed.stdout

    def test_a_wrong_token_ends_with_4_and_is_not_kept(self, sonobench: Run, server: Server, tmp_path: Path) -> None:
        refused = sonobench("login", "--server", server.address, stdin="sbt_wrong\n")
        assert refused.returncode == 4
        assert not list((tmp_path / "home").rglob("credentials.json"))

    def test_no_token_at_all_is_wrong_usage(self, sonobench: Run, server: Server) -> None:
        assert sonobench("login", "--server", server.address, stdin="\n").returncode == 2


class TestSubmit:
    def test_an_image_goes_whole_and_its_submission_can_be_followed(self, sonobench: Run, server: Server, tar: Path) -> None:
        environment = {"SONOBENCH_SERVER": server.address, "SONOBENCH_TOKEN": server.token}
        sent = sonobench("submit", tar, "--challenge", "small", "--note", "first try", **environment)
        assert sent.returncode == 0, sent.stderr
        submission_id = sent.stdout.strip()
        shown = json.loads(sonobench("status", submission_id, "--json", **environment).stdout)
        assert (shown["id"], shown["state"], shown["note"]) == (submission_id, "checking", "first try")
        assert submission_id in sonobench("status", **environment).stdout
        assert "its image is being checked" in sonobench("status", submission_id, **environment).stdout

    def test_a_refused_image_is_told_and_watching_it_ends_with_7(self, sonobench: Run, server: Server, tar: Path) -> None:
        environment = {"SONOBENCH_SERVER": server.address, "SONOBENCH_TOKEN": server.token, "SONOBENCH_POLL_S": "0.05"}
        submission_id = sonobench("submit", tar, "--challenge", "small", **environment).stdout.strip()
        server.platform.check_submission(submission_id)
        watched = sonobench("status", submission_id, "--watch", **environment)
        assert watched.returncode == 7, watched.stderr
        assert "its image was refused" in watched.stdout

    @pytest.mark.parametrize(
        ("arguments", "environment", "code"),
        [
            (("--challenge", "none"), {}, 5),
            (("--challenge", "small"), {"SONOBENCH_TOKEN": "sbt_wrong"}, 4),
            (("--challenge", "small", "--resume", "none"), {}, 5),
        ],
    )
    def test_each_refusal_has_its_exit_code_and_one_sentence(
        self, sonobench: Run, server: Server, tar: Path, arguments: tuple[str, ...], environment: dict[str, str], code: int
    ) -> None:
        known = {"SONOBENCH_SERVER": server.address, "SONOBENCH_TOKEN": server.token}
        refused = sonobench("submit", tar, *arguments, **{**known, **environment})
        assert refused.returncode == code, refused.stderr
        assert refused.stderr.startswith("sonobench: ")
        assert "Traceback" not in refused.stderr
        assert refused.stdout == ""

    def test_a_file_that_is_not_there_is_told_before_anything_is_sent(self, sonobench: Run, server: Server) -> None:
        refused = sonobench("submit", "./none.tar", "--challenge", "small", SONOBENCH_SERVER=server.address)
        assert refused.returncode == 1
        assert "There is no file ./none.tar." in refused.stderr


class TestLeaderboard:
    def test_a_phase_that_is_not_there_ends_with_5(self, sonobench: Run, server: Server) -> None:
        refused = sonobench("leaderboard", "small", "--phase", "later", "--server", server.address)
        assert refused.returncode == 5
        assert "no phase of that name" in refused.stderr

    def test_a_challenge_without_a_board_ends_with_5(self, sonobench: Run, server: Server) -> None:
        refused = sonobench("leaderboard", "small", "--server", server.address)
        assert refused.returncode == 5
        assert "scored" in refused.stderr

    def test_json_and_csv_together_are_wrong_usage(self, sonobench: Run, server: Server) -> None:
        assert sonobench("leaderboard", "small", "--json", "--csv", "--server", server.address).returncode == 2

    def test_a_server_that_is_away_is_worth_trying_again(self, sonobench: Run) -> None:
        refused = sonobench("leaderboard", "small", "--server", "http://127.0.0.1:9")
        assert refused.returncode == 8
        assert "No Sonobench answers at http://127.0.0.1:9" in refused.stderr


class TestChallengeGet:
    def test_what_is_public_is_kept_under_the_challenges_name_and_never_replaced(
        self, sonobench: Run, server: Server, tmp_path: Path
    ) -> None:
        got = sonobench("challenge", "get", "small", "--server", server.address)
        assert got.returncode == 0, got.stderr
        kept = json.loads((tmp_path / "small.json").read_text())
        assert (kept["settings"]["name"], sum(kept["cases"].values())) == ("small", 4)
        assert "img/0.png" not in (tmp_path / "small.json").read_text()
        again = sonobench("challenge", "get", "small", "--server", server.address)
        assert again.returncode == 2
        assert "--force" in again.stderr
        assert sonobench("challenge", "get", "small", "--server", server.address, "--force").returncode == 0

    def test_to_stdout_there_is_nothing_but_the_file(self, sonobench: Run, server: Server) -> None:
        got = sonobench("challenge", "get", "small", "-o", "-", "--server", server.address)
        assert json.loads(got.stdout)["schema"] == "sonobench.public-challenge/1"

    def test_one_that_is_not_there_ends_with_5(self, sonobench: Run, server: Server) -> None:
        assert sonobench("challenge", "get", "none", "--server", server.address).returncode == 5

    def test_a_public_challenge_needs_a_sample_to_test_on(self, sonobench: Run, server: Server, tar: Path) -> None:
        sonobench("challenge", "get", "small", "--server", server.address)
        refused = sonobench("test", tar, "small.json")
        assert refused.returncode == 2
        assert "--sample DIR" in refused.stderr


class TestLogs:
    def test_where_logs_are_not_for_teams_it_ends_with_5_and_says_what_to_do(
        self, sonobench: Run, server: Server, tar: Path
    ) -> None:
        signed = {"SONOBENCH_SERVER": server.address, "SONOBENCH_TOKEN": server.token}
        sent = sonobench("submit", tar, "--challenge", "small", **signed)
        assert sent.returncode == 0, sent.stderr
        refused = sonobench("logs", sent.stdout.strip(), **signed)
        assert refused.returncode == 5
        assert "sonobench test" in refused.stderr
