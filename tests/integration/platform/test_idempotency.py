"""`Idempotency-Key`: what is sent twice is done once, whatever breaks in between."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import func, select, update

from sonobench_platform.db.models import AnswerRow, SubmissionRow, TeamRow
from sonobench_platform.desk import answers, idempotency

KEY = {"Idempotency-Key": "2f1c1a9e-6a52-4b0b-9d0f-6a8b0e6e1a11"}


def _team(world: Any, name: str = "U-Vision", headers: dict[str, str] | None = None) -> Any:
    return world.organiser.post("/api/v1/teams", json={"name": name}, headers=headers or KEY)


def _teams(world: Any) -> int:
    with world.platform.core.database.read() as session:
        return session.scalar(select(func.count()).select_from(TeamRow)) or 0


def _answers(world: Any) -> list[AnswerRow]:
    with world.platform.core.database.read() as session:
        return list(session.scalars(select(AnswerRow)))


class TestTheSameRequestAgain:
    def test_it_is_answered_as_before_and_done_once(self, world: Any) -> None:
        first, again = _team(world), _team(world)
        assert (first.status_code, again.status_code) == (201, 201)
        assert again.content == first.content
        assert again.headers["Content-Type"] == first.headers["Content-Type"]
        assert "Idempotency-Replayed" not in first.headers
        assert again.headers["Idempotency-Replayed"] == "true"
        assert again.headers["X-Content-Type-Options"] == "nosniff"
        assert _teams(world) == 1

    def test_the_token_in_the_answer_works_and_is_nowhere_in_the_database(self, world: Any) -> None:
        token = _team(world).json()["token"]
        assert _team(world).json()["token"] == token
        assert world.anyone.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code == 200
        (row,) = _answers(world)
        assert token not in str(vars(row))
        assert world.organiser.token not in str(vars(row))

    def test_without_a_key_it_is_done_again(self, world: Any) -> None:
        assert world.organiser.post("/api/v1/teams", json={"name": "A"}).status_code == 201
        assert world.organiser.post("/api/v1/teams", json={"name": "A"}).status_code == 409

    def test_a_day_later_the_key_is_new(self, world: Any) -> None:
        _team(world)
        world.clock.advance(hours=25)
        assert _team(world).status_code == 409  # done anew: the team is there already
        assert _team(world, "B").status_code == 201

    def test_old_answers_are_removed_by_the_sweep(self, world: Any) -> None:
        _team(world)
        world.clock.advance(hours=25)
        world.platform.sweep()
        assert _answers(world) == []


class TestAnotherRequestWithTheKey:
    def test_it_is_422_and_nothing_is_done(self, world: Any) -> None:
        _team(world, "A")
        other = _team(world, "B")
        assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
        assert _teams(world) == 1

    def test_another_address_is_another_request(self, world: Any) -> None:
        assert world.organiser.post("/api/v1/challenges/tiny/close", headers=KEY).status_code == 200
        assert world.organiser.post("/api/v1/challenges/tiny/open", headers=KEY).status_code == 422

    def test_what_was_refused_may_be_mended_with_the_same_key(self, world: Any) -> None:
        assert _team(world, "").status_code == 422
        assert _answers(world) == []
        assert _team(world, "A").status_code == 201

    def test_another_caller_may_use_the_same_key(self, world: Any) -> None:
        body = {"size_bytes": 10}
        made = [world.team(name).post("/api/v1/challenges/tiny/submissions", json=body, headers=KEY) for name in ("A", "B")]
        assert [each.status_code for each in made] == [201, 201]
        assert len({each.json()["submission"]["id"] for each in made}) == 2

    @pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", " "])
    def test_a_key_that_is_none_is_refused(self, world: Any, key: str) -> None:
        assert _team(world, headers={"Idempotency-Key": key}).status_code == 422
        assert _teams(world) == 0

    def test_nobody_leaves_a_row(self, world: Any) -> None:
        assert world.anyone.post("/api/v1/teams", json={"name": "A"}, headers=KEY).status_code == 401
        assert world.team("A").post("/api/v1/teams", json={"name": "B"}, headers=KEY).status_code == 403
        assert _answers(world) == []


class TestAtTheSameTime:
    def test_of_many_at_once_one_is_done_and_the_others_are_answered_or_told_to_wait(self, world: Any) -> None:
        world.team("A")
        found: list[Any] = []

        def ask() -> None:
            found.append(world.team("A").post("/api/v1/challenges/tiny/submissions", json={"size_bytes": 10}, headers=KEY))

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {each.status_code for each in found} <= {201, 409}
        assert {each.json()["code"] for each in found if each.status_code == 409} <= {"in-flight"}
        assert len({each.json()["submission"]["id"] for each in found if each.status_code == 201}) == 1
        with world.platform.core.database.read() as session:
            assert session.scalar(select(func.count()).select_from(SubmissionRow)) == 1

    def test_one_that_is_being_answered_is_409_with_a_pause(self, world: Any) -> None:
        _team(world)
        _as_if_killed(world, done=False)
        answer = _team(world)
        assert (answer.status_code, answer.json()["code"], answer.headers["Retry-After"]) == (409, "in-flight", "1")


def _as_if_killed(world: Any, *, done: bool) -> None:
    """As a server leaves it that was killed in the middle of the one request: before its commit, or after."""
    values: dict[str, Any] = {"status": None, "sealed": None}
    with world.platform.core.database.write() as work:
        work.session.execute(update(AnswerRow).values(values if done else {**values, "done_at": None}))


class TestAServerThatWasKilled:
    def test_before_its_commit_the_request_is_done_when_it_comes_again(self, world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(answers, "keep", lambda *_: None)  # killed: nothing is tidied up
        assert _team(world, "").status_code == 422
        world.clock.advance(seconds=61)
        assert _team(world, "").status_code == 422
        assert len(_answers(world)) <= 1

    def test_after_its_commit_it_is_never_done_again(self, world: Any) -> None:
        _team(world)
        _as_if_killed(world, done=True)
        world.clock.advance(seconds=61)
        answer = _team(world)
        assert (answer.status_code, answer.json()["code"]) == (409, "already-done")
        assert _teams(world) == 1

    def test_the_mark_is_in_the_very_transaction_of_the_effect(self, world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(answers, "keep", lambda *_: None)
        assert _team(world).status_code == 201
        (row,) = _answers(world)
        assert row.done_at is not None
        assert row.status is None

    def test_a_request_that_was_begun_anew_cannot_commit_any_more(self, world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        begin = answers.begin

        def slow(core: Any, question: Any) -> Any:
            begun = begin(core, question)
            # A minute passes, its sender gives up and asks again, and that one is begun.
            world.clock.advance(seconds=61)
            begin(core, question)
            return begun

        monkeypatch.setattr(idempotency.answers, "begin", slow)
        answer = _team(world)
        assert (answer.status_code, answer.json()["code"]) == (409, "overtaken")
        assert _teams(world) == 0

    def test_a_mistake_after_the_commit_is_not_repeated(self, world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        from sonobench_platform.teams import api

        def broken(**_: Any) -> None:
            raise RuntimeError

        monkeypatch.setattr(api, "TeamWithToken", broken)
        assert _team(world).status_code == 500
        monkeypatch.undo()
        world.clock.advance(seconds=61)
        assert _team(world).json()["code"] == "already-done"
        assert _teams(world) == 1


class TestWhoMayReadAnAnswer:
    def test_the_same_caller_with_another_token_is_told_that_it_was_done(self, world: Any) -> None:
        _team(world)
        (row,) = _answers(world)
        other = answers.Question(row.caller, row.key, row.request_sha256, b"another token")
        with pytest.raises(Exception, match="asked with another token"):
            answers.begin(world.platform.core, other)
