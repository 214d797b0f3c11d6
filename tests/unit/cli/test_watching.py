"""A submission's way in words, and watching it to its end."""

from __future__ import annotations

from typing import Any

import pytest
import typer

from sonobench_eval.cli import watching
from sonobench_eval.cli.exits import CommandError, ExitCode


def submission(state: str, **more: Any) -> dict[str, Any]:
    return {
        "id": "s1",
        "state": state,
        "team": {"id": "t", "name": "A"},
        "challenge": "c",
        "state_since": "2026-01-01T00:00:00Z",
        **more,
    }


class FakeClient:
    def __init__(self, *answers: dict[str, Any] | Exception) -> None:
        self.answers = list(answers)

    def get(self, _path: str) -> dict[str, Any]:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture(autouse=True)
def _without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SONOBENCH_POLL_S", "0")


class TestStateWords:
    @pytest.mark.parametrize(
        ("given", "words"),
        [
            (submission("queued", queue_position=4), "waiting for a machine, 3 before it"),
            (submission("queued", queue_position=1), "waiting for a machine"),
            (submission("running", progress={"phase": "collect"}), "running (collect)"),
            (submission("running", progress={"phase": "run"}), "running"),
            (submission("rejected"), "its image was refused"),
            (submission("something-new"), "something-new"),
        ],
    )
    def test_no_internal_name_is_shown_where_there_are_words(self, given: dict[str, Any], words: str) -> None:
        assert watching.state_words(given) == words


class TestWatching:
    def test_it_stays_until_the_end_and_tells_each_step_once(self, capsys: pytest.CaptureFixture[str]) -> None:
        client = FakeClient(submission("queued"), submission("running"), submission("running"), submission("scored"))
        end = watching.watch_to_its_end(client, submission("queued"))  # type: ignore[arg-type]
        assert end["state"] == "scored"
        told = capsys.readouterr().err.splitlines()
        assert told == ["Submission s1: waiting for a machine", "Submission s1: running", "Submission s1: scored"]

    def test_a_server_that_is_away_for_a_moment_is_waited_for(self) -> None:
        client = FakeClient(CommandError("away", ExitCode.RETRY), submission("scored"))
        assert watching.watch_to_its_end(client, submission("running"))["state"] == "scored"  # type: ignore[arg-type]

    def test_a_token_that_was_taken_away_ends_it(self) -> None:
        client = FakeClient(CommandError("no", ExitCode.AUTHENTICATION))
        with pytest.raises(CommandError):
            watching.watch_to_its_end(client, submission("running"))  # type: ignore[arg-type]


class TestEnding:
    @pytest.mark.parametrize("state", ["failed", "rejected", "cancelled", "withdrawn"])
    def test_an_end_without_a_score_is_code_7(self, state: str) -> None:
        with pytest.raises(typer.Exit) as ended:
            watching.end_as(submission(state))
        assert ended.value.exit_code == 7

    def test_a_score_is_a_good_end(self) -> None:
        watching.end_as(submission("scored"))
