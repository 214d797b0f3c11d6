"""`quota`, `registry`, `submit --pushed`, `choose`, `withdraw` and `cancel` against the real API on a socket of this machine."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from remote_server import REGISTRY_HOST, Server

Run = Callable[..., Any]


class TestQuota:
    def test_it_tells_what_is_left_phase_by_phase(self, sonobench: Run, server: Server, tar: Path) -> None:
        assert sonobench("submit", tar, "--challenge", "small", **server.environment).returncode == 0
        shown = sonobench("quota", "small", **server.environment)
        assert (shown.returncode, shown.stderr) == (0, "")
        assert "test" in shown.stdout
        told = json.loads(sonobench("quota", "small", "--json", **server.environment).stdout)
        assert [(each["phase"], each["daily"]["used"]) for each in told["phases"]] == [("test", 1)]

    def test_a_challenge_that_is_not_there_ends_with_5(self, sonobench: Run, server: Server) -> None:
        assert sonobench("quota", "none", **server.environment).returncode == 5

    def test_without_a_token_it_ends_with_4_and_says_how_to_sign_in(self, sonobench: Run, server: Server) -> None:
        refused = sonobench("quota", "small", "--server", server.address)
        assert refused.returncode == 4
        assert "sonobench login" in refused.stderr


class TestRegistry:
    def test_it_prints_the_commands_and_nothing_else_on_stdout(self, sonobench: Run, server: Server) -> None:
        shown = sonobench("registry", "me/my-model:v2", **server.environment)
        assert shown.returncode == 0, shown.stderr
        name = f"{server.team_id}/my-model:v2"
        assert shown.stdout.splitlines() == [
            f"docker login {REGISTRY_HOST} --username team",
            f"docker tag me/my-model:v2 {REGISTRY_HOST}/{name}",
            f"docker push {REGISTRY_HOST}/{name}",
            f"sonobench submit --pushed {name} --challenge NAME",
        ]
        assert server.token not in shown.stdout + shown.stderr

    def test_as_json_it_is_what_the_server_says(self, sonobench: Run, server: Server) -> None:
        told = json.loads(sonobench("registry", "--json", **server.environment).stdout)
        assert told == {"host": REGISTRY_HOST, "repositories": [f"{server.team_id}/"]}


class TestPushed:
    def test_what_was_pushed_is_handed_in_and_can_be_followed(self, sonobench: Run, server: Server) -> None:
        handed = ("submit", "--pushed", f"{server.team_id}/model:v1", "--challenge", "small", "--note", "second try")
        sent = sonobench(*handed, **server.environment)
        assert sent.returncode == 0, sent.stderr
        shown = json.loads(sonobench("status", sent.stdout.strip(), "--json", **server.environment).stdout)
        assert (shown["state"], shown["note"]) == ("checking", "second try")

    @pytest.mark.parametrize("image", ["model:v2", "team-aaaaaaaaaaaaaaaa/model:v1"])
    def test_what_is_not_there_or_another_teams_ends_with_5(self, sonobench: Run, server: Server, image: str) -> None:
        name = image if "/" in image else f"{server.team_id}/{image}"
        refused = sonobench("submit", "--pushed", name, "--challenge", "small", **server.environment)
        assert refused.returncode == 5, refused.stderr

    @pytest.mark.parametrize("given", [(), ("image.tar", "--pushed", "a/b"), ("--pushed", "a/b", "--resume", "sub-a")])
    def test_one_image_is_named_one_way(self, sonobench: Run, server: Server, given: tuple[str, ...]) -> None:
        refused = sonobench("submit", *given, "--challenge", "small", **server.environment)
        assert refused.returncode == 2
        assert refused.stderr.startswith("sonobench: ")


class TestCancel:
    def test_what_is_under_way_ends_and_giving_its_attempt_back_is_told(self, sonobench: Run, server: Server, tar: Path) -> None:
        submission_id = sonobench("submit", tar, "--challenge", "small", **server.environment).stdout.strip()
        cancelled = sonobench("cancel", submission_id, **server.environment)
        assert (cancelled.returncode, cancelled.stdout) == (0, "")
        assert f"{submission_id} is cancelled." in cancelled.stderr
        again = sonobench("cancel", submission_id, "--json", **server.environment)
        shown = json.loads(again.stdout)
        assert shown["state"] == "cancelled"
        assert ("given back" in cancelled.stderr) is (not shown["costs_attempt"])

    def test_what_is_not_there_ends_with_5(self, sonobench: Run, server: Server) -> None:
        assert sonobench("cancel", "sub-aaaaaaaaaaaaaaaa", **server.environment).returncode == 5


class TestChooseAndWithdraw:
    @pytest.mark.parametrize("verb", ["choose", "withdraw"])
    def test_what_has_no_score_yet_is_refused_with_6_and_stays(
        self, sonobench: Run, server: Server, tar: Path, verb: str
    ) -> None:
        submission_id = sonobench("submit", tar, "--challenge", "small", **server.environment).stdout.strip()
        refused = sonobench(verb, submission_id, **server.environment)
        assert (refused.returncode, refused.stdout) == (6, "")
        assert refused.stderr.startswith("sonobench: ")
        shown = json.loads(sonobench("status", submission_id, "--json", **server.environment).stdout)
        assert shown["state"] == "checking"
