"""What a team decides about its submissions, against a server that is made here."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from sonobench_eval.cli import deciding
from sonobench_eval.cli.client import Client


class Asked:
    """A server that does what it is asked and remembers it."""

    def __init__(self) -> None:
        self.urls: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.urls.append(str(request.url))
        state = "cancelled" if request.url.path.endswith("/cancel") else "withdrawn"
        return httpx.Response(200, json={"id": "sub-a", "state": state, "phase": "final", "costs_attempt": False})


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    made = Asked()
    monkeypatch.setattr(
        deciding, "signed_in", lambda *_: Client("https://a.example", "sbt_a", transport=httpx.MockTransport(made))
    )
    return made


class TestChoose:
    def test_it_names_the_phase_in_which_it_counts(self, asked: Asked, capsys: pytest.CaptureFixture[str]) -> None:
        deciding.choose_command("sub-a")
        assert asked.urls == ["https://a.example/api/v1/submissions/sub-a/choose"]
        assert "sub-a is your choice in phase final." in capsys.readouterr().err


class TestWithdraw:
    def test_the_reason_arrives_as_it_was_written(self, asked: Asked, capsys: pytest.CaptureFixture[str]) -> None:
        deciding.withdraw_command("sub-a", reason="wrong split & more?")
        assert httpx.URL(asked.urls[0]).params["reason"] == "wrong split & more?"
        said = capsys.readouterr()
        assert (said.out, "sub-a is withdrawn." in said.err) == ("", True)

    def test_an_id_cannot_ask_for_another_address(self, asked: Asked) -> None:
        deciding.withdraw_command("../../me")
        assert asked.urls == ["https://a.example/api/v1/submissions/..%2F..%2Fme/withdraw"]


class TestCancel:
    def test_it_says_that_the_attempt_was_given_back(self, asked: Asked, capsys: pytest.CaptureFixture[str]) -> None:
        deciding.cancel_command("sub-a")
        assert "sub-a is cancelled. Its attempt was given back." in capsys.readouterr().err

    def test_as_json_there_is_the_submission_and_no_word(self, asked: Asked, capsys: pytest.CaptureFixture[str]) -> None:
        deciding.cancel_command("sub-a", json=True)
        said = capsys.readouterr()
        shown: dict[str, Any] = json.loads(said.out)
        assert (shown["state"], said.err) == ("cancelled", "")
