"""Scoring again from stored predictions: seen before anyone else sees it, published whole or dropped, safe from kills."""

from __future__ import annotations

import threading
from typing import Any

from sqlalchemy import func, select

from sonobench_eval.evaluation import Evaluation
from sonobench_platform.core import Scores
from sonobench_platform.db.models import AuditRow, EvaluationRow, SnapshotRow
from sonobench_platform.runs import rescore_items as items

REASON = {"reason": "the distance was in pixels, and should be in millimetres"}
START = "/api/v1/challenges/tiny/rescorings"


def _ask(world: Any, **wanted: Any) -> dict[str, Any]:
    answer = world.organiser.post(START, json={**REASON, **wanted})
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def _work(world: Any) -> int:
    """Do every item that is due; returns how many were."""
    due = world.platform.due_work().rescorings
    for item in due:
        world.platform.rescore(item)
    return len(due)


def _see(world: Any, rescoring: dict[str, Any]) -> dict[str, Any]:
    return dict(world.organiser.get(f"/api/v1/rescorings/{rescoring['id']}").json())


def _mend(world: Any, monkeypatch: Any, value: float) -> None:
    """From now on every score is `value`."""
    score = world.evaluator.score

    def mended(*arguments: Any, **named: Any) -> Scores:
        scores = score(*arguments, **named)
        evaluation: Evaluation = scores.evaluation
        means = tuple(mean.model_copy(update={"value": value}) for mean in evaluation.means)
        return Scores(evaluation=evaluation.model_copy(update={"means": means}), save_replicates=scores.save_replicates)

    monkeypatch.setattr(world.evaluator, "score", mended)


def _mean(world: Any, submission_id: str) -> float:
    answer = world.organiser.get(f"/api/v1/submissions/{submission_id}/evaluation")
    return float(answer.json()["means"][0]["value"])


def _count(world: Any, table: Any) -> int:
    with world.platform.core.database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


class TestRescoring:
    def test_nothing_that_counts_changes_before_it_is_published(self, world: Any, monkeypatch: Any) -> None:
        first, second = world.scored("A"), world.scored("B")
        board = world.anyone.get("/api/v1/challenges/tiny/leaderboard").text
        _mend(world, monkeypatch, 0.9)
        asked = _ask(world)
        assert (asked["state"], asked["runs"], asked["done"]) == ("running", 2, 0)
        assert _work(world) == 2
        ready = _see(world, asked)
        assert (ready["state"], ready["done"], ready["trouble"]) == ("ready", 2, 0)
        assert [_mean(world, each) for each in (first, second)] == [0.5, 0.5]
        assert world.anyone.get("/api/v1/challenges/tiny/leaderboard").text == board

    def test_published_they_all_count_at_once_and_the_board_is_made_anew(self, world: Any, monkeypatch: Any) -> None:
        first, second = world.scored("A"), world.scored("B")
        _mend(world, monkeypatch, 0.9)
        asked = _ask(world)
        _work(world)
        for _ in range(2):
            answer = world.organiser.post(f"/api/v1/rescorings/{asked['id']}/publish")
            assert (answer.status_code, answer.json()["state"]) == (200, "published")
        assert [_mean(world, each) for each in (first, second)] == [0.9, 0.9]
        rows = world.anyone.get("/api/v1/challenges/tiny/leaderboard").json()["rows"]
        assert sorted(row["team"] for row in rows) == ["A", "B"]
        with world.platform.core.database.read() as session:
            kept = session.scalars(select(EvaluationRow).order_by(EvaluationRow.run_id, EvaluationRow.number)).all()
        assert [(row.number, row.is_current) for row in kept] == [(1, False), (2, True)] * 2
        assert len(world.files("evaluations")) == 4

    def test_dropped_it_leaves_nothing(self, world: Any, monkeypatch: Any) -> None:
        submission_id = world.scored("A")
        _mend(world, monkeypatch, 0.9)
        asked = _ask(world)
        _work(world)
        for _ in range(2):
            assert world.organiser.post(f"/api/v1/rescorings/{asked['id']}/drop").json()["state"] == "dropped"
        assert (_mean(world, submission_id), _count(world, EvaluationRow), len(world.files("evaluations"))) == (0.5, 1, 1)
        assert world.organiser.post(f"/api/v1/rescorings/{asked['id']}/publish").json()["code"] == "rescoring-dropped"

    def test_the_table_tells_every_teams_place_and_scores_before_and_after(self, world: Any, monkeypatch: Any) -> None:
        for team in ("A", "B"):
            world.scored(team)
        _mend(world, monkeypatch, 0.9)
        asked = _ask(world)
        _work(world)
        changes = _see(world, asked)["changes"]
        assert [(each["team"], each["rank_before"], each["rank_after"]) for each in changes["teams"]] == [
            ("A", 1, 1),
            ("B", 1, 1),
        ]
        assert changes["not_scored"] == []
        assert _count(world, SnapshotRow) == 2  # as many as there were: trying it out published nothing

    def test_only_the_named_ones(self, world: Any) -> None:
        first, _ = world.scored("A"), world.scored("B")
        assert _ask(world, submissions=[first])["runs"] == 1

    def test_one_at_a_time_for_a_phase(self, world: Any) -> None:
        world.scored("A")
        asked = _ask(world)
        answer = world.organiser.post(START, json=REASON)
        assert (answer.status_code, answer.json()["code"]) == (409, "rescoring-under-way")
        world.organiser.post(f"/api/v1/rescorings/{asked['id']}/drop")
        world.clock.advance(seconds=1)
        _ask(world)
        assert [each["state"] for each in world.organiser.get(START).json()["items"]] == ["running", "dropped"]

    def test_where_nothing_is_scored_there_is_nothing_to_do(self, world: Any) -> None:
        assert world.organiser.post(START, json=REASON).json()["code"] == "nothing-to-rescore"

    def test_not_ready_it_cannot_be_published(self, world: Any) -> None:
        world.scored("A")
        asked = _ask(world)
        answer = world.organiser.post(f"/api/v1/rescorings/{asked['id']}/publish")
        assert (answer.status_code, answer.json()["code"]) == (409, "not-ready")


class TestKills:
    def test_two_workers_score_an_item_once(self, world: Any) -> None:
        world.scored("A")
        _ask(world)
        (item,) = world.platform.due_work().rescorings
        before = world.evaluator.scored

        def meanwhile() -> None:
            world.evaluator.meanwhile = lambda: None
            other = threading.Thread(target=world.platform.rescore, args=(item,))
            other.start()
            other.join()

        world.evaluator.meanwhile = meanwhile
        world.platform.rescore(item)
        assert world.evaluator.scored == before + 1
        world.platform.rescore(item)
        assert (world.evaluator.scored, _count(world, EvaluationRow)) == (before + 1, 2)

    def test_an_item_of_a_worker_that_died_is_due_again(self, world: Any) -> None:
        world.scored("A")
        asked = _ask(world)
        (item,) = world.platform.due_work().rescorings
        assert items._take(world.platform.core, item, "tok-aaaaaaaaaaaaaaaa")
        world.clock.advance(seconds=39)
        assert world.platform.due_work().rescorings == ()
        world.platform.rescore(item)
        assert _see(world, asked)["done"] == 0
        world.clock.advance(seconds=2)
        assert _work(world) == 1
        assert _see(world, asked)["state"] == "ready"

    def test_a_worker_that_is_late_writes_nothing_into_a_dropped_one(self, world: Any) -> None:
        world.scored("A")
        asked = _ask(world)

        def meanwhile() -> None:
            world.evaluator.meanwhile = lambda: None
            drop = threading.Thread(target=world.organiser.post, args=(f"/api/v1/rescorings/{asked['id']}/drop",))
            drop.start()
            drop.join()

        world.evaluator.meanwhile = meanwhile
        _work(world)
        assert (_see(world, asked)["state"], _count(world, EvaluationRow)) == ("dropped", 1)

    def test_what_cannot_be_scored_is_given_up_after_some_tries_and_told(self, world: Any) -> None:
        submission_id = world.scored("A")
        asked = _ask(world)
        world.evaluator.trouble = OSError("the disk is broken")
        for _ in range(5):
            assert _work(world) == 1
            assert _work(world) == 0
            world.clock.advance(minutes=11)
        ready = _see(world, asked)
        assert (ready["state"], ready["trouble"]) == ("ready", 1)
        (left,) = ready["changes"]["not_scored"]
        assert (left["submission"], left["trouble"]) == (submission_id, "OSError: the disk is broken")

    def test_a_worker_that_died_after_the_last_item_is_made_up_for_by_the_sweep(self, world: Any, monkeypatch: Any) -> None:
        world.scored("A")
        asked = _ask(world)
        with monkeypatch.context() as patched:
            patched.setattr(items, "_finish_if_done", lambda *_: None)
            _work(world)
        assert _see(world, asked)["state"] == "running"
        world.platform.sweep()
        assert _see(world, asked)["state"] == "ready"


class TestTruth:
    def test_every_read_of_hidden_labels_is_in_the_audit_log_before_it_happens(self, world: Any) -> None:
        submission_id, run_id = world.scoring("A")
        world.evaluator.trouble = RuntimeError("broke off")
        world.platform.score_run(run_id)
        world.evaluator.trouble = None
        world.clock.advance(minutes=1)
        world.platform.score_run(run_id)
        _ask(world)
        _work(world)
        with world.platform.core.database.read() as session:
            rows = session.scalars(select(AuditRow).where(AuditRow.action == "truth.read").order_by(AuditRow.number)).all()
        assert [(row.actor, row.subject) for row in rows] == [("the score worker", submission_id)] * 3
        assert f'"dataset": "{world.summary.dataset_hash}"' in rows[0].detail
