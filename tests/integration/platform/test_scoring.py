"""Scoring: one evaluation and one board per run, in one transaction; never a team's failure."""

from __future__ import annotations

import threading
from typing import Any

from sqlalchemy import func, select

from sonobench_eval.challenge.load import ChallengeError
from sonobench_eval.io.sources import ResultsUnreadable
from sonobench_platform.db.models import EvaluationRow, PhaseRow, SnapshotRow
from sonobench_platform.leaderboards.publish import contenders


def _count(world: Any, table: Any) -> int:
    with world.platform.core.database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


class TestScore:
    def test_twice_gives_one_evaluation_and_one_board(self, world: Any) -> None:
        _, run_id = world.scoring("A")
        world.platform.score_run(run_id)
        world.platform.score_run(run_id)
        assert (_count(world, EvaluationRow), _count(world, SnapshotRow)) == (1, 1)
        assert world.evaluator.scored == 1

    def test_two_workers_score_once(self, world: Any) -> None:
        submission_id, run_id = world.scoring("A")

        def meanwhile() -> None:
            world.evaluator.meanwhile = lambda: None
            other = threading.Thread(target=world.platform.score_run, args=(run_id,))
            other.start()
            other.join()

        world.evaluator.meanwhile = meanwhile
        world.platform.score_run(run_id)
        assert world.evaluator.scored == 1
        assert world.state(submission_id) == "scored"

    def test_two_runs_scored_at_once_are_both_on_the_last_board(self, world: Any) -> None:
        runs = [world.scoring(team)[1] for team in ("A", "B", "C", "D")]
        threads = [threading.Thread(target=world.platform.score_run, args=(run_id,)) for run_id in runs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        board = world.anyone.get("/api/v1/challenges/tiny/leaderboard").json()
        assert sorted(row["team"] for row in board["rows"]) == ["A", "B", "C", "D"]

    def test_results_that_stay_unreadable_are_made_anew_at_no_cost(self, world: Any, worlds: Any) -> None:
        submission_id, run_id = world.scoring("A")
        world.evaluator.trouble = ResultsUnreadable("results-1.tar: is not a whole tar of results")
        for _ in range(3):
            assert world.state(submission_id) == "scoring"
            world.platform.score_run(run_id)
            world.clock.advance(minutes=15)
        shown = world.team("A").get(f"/api/v1/submissions/{submission_id}").json()
        assert (shown["state"], shown["queue_position"]) == ("queued", 1)
        assert "at no cost" in shown["history"][-1]["cause"]
        assert "results-1.tar" not in str(shown)
        assert world.files("runs") == []
        world.evaluator.trouble = None
        again = world.claim()
        assert again["attempt"] == 2
        world.hand_back(again)
        world.tell(again, "finish", report=worlds.report())
        world.platform.score_run(run_id)
        assert world.state(submission_id) == "scored"

    def test_results_that_are_damaged_every_time_wait_for_an_organiser(self, make_world: Any) -> None:
        world = make_world(max_attempts=1)
        submission_id, run_id = world.scoring("A")
        world.evaluator.trouble = ResultsUnreadable("results-1.tar: is not a whole tar of results")
        for _ in range(5):
            world.platform.score_run(run_id)
            world.clock.advance(minutes=15)
        assert world.state(submission_id) == "scoring"
        assert "results-1.tar" in world.organiser.get(f"/api/v1/submissions/{submission_id}").json()["trouble"]

    def test_unknown_runs_are_ignored(self, world: Any) -> None:
        world.platform.score_run("run-aaaaaaaaaaaaaaaa")
        world.platform.score_run("../x")
        assert world.evaluator.scored == 0

    def test_a_cancel_meanwhile_leaves_no_score(self, world: Any) -> None:
        submission_id, run_id = world.scoring("A")
        cancel = f"/api/v1/submissions/{submission_id}/cancel"

        def meanwhile() -> None:
            world.evaluator.meanwhile = lambda: None
            other = threading.Thread(target=world.organiser.post, args=(cancel,))
            other.start()
            other.join()

        world.evaluator.meanwhile = meanwhile
        world.platform.score_run(run_id)
        assert world.state(submission_id) == "cancelled"
        assert _count(world, EvaluationRow) == 0
        assert world.anyone.get("/api/v1/challenges/tiny/leaderboard").status_code == 404


class TestTrouble:
    def test_a_missing_reference_never_fails_the_team(self, world: Any) -> None:
        submission_id, run_id = world.scoring("A")
        world.evaluator.trouble = ChallengeError("truth/head/1.png is missing")
        world.platform.score_run(run_id)
        assert world.state(submission_id) == "scoring"
        assert world.submission(submission_id)["trouble"] == "organiser: truth/head/1.png is missing"
        shown = world.team("A").get(f"/api/v1/submissions/{submission_id}")
        assert "truth" not in shown.text
        world.evaluator.trouble = None
        world.clock.advance(seconds=16)
        world.platform.score_run(run_id)
        assert world.state(submission_id) == "scored"
        assert world.submission(submission_id)["trouble"] is None

    def test_data_that_changed_since_it_was_registered_is_never_scored_against(self, world: Any) -> None:
        submission_id, run_id = world.scoring("A")
        world.evaluator.dataset_hash = f"sha256:{'1' * 64}"
        world.platform.score_run(run_id)
        assert world.state(submission_id) == "scoring"
        assert "is not what was registered" in world.submission(submission_id)["trouble"]

    def test_a_stored_definition_that_was_tampered_with_is_never_used(self, world: Any) -> None:
        submission_id, run_id = world.scoring("A")
        definition = world.platform.core.store.definition(world.summary.hash)
        definition.write_text(definition.read_text().replace("Tiny", "Other"))
        world.platform.score_run(run_id)
        assert "has changed" in world.submission(submission_id)["trouble"]
        assert world.evaluator.scored == 0

    def test_an_error_of_the_scorer_is_tried_for_ever_and_told(self, world: Any) -> None:
        submission_id, run_id = world.scoring("A")
        world.evaluator.trouble = MemoryError("no memory")
        for _ in range(20):
            world.platform.score_run(run_id)
            world.clock.advance(minutes=11)
        assert world.state(submission_id) == "scoring"
        assert "no memory" in world.submission(submission_id)["trouble"]

    def test_evaluation_state_and_board_appear_together_or_not_at_all(self, world: Any, monkeypatch: Any) -> None:
        submission_id, run_id = world.scoring("A")

        def broken(*_args: Any, **_options: Any) -> None:
            raise RuntimeError("board")

        monkeypatch.setattr(world.evaluator, "build_leaderboard", broken)
        world.platform.score_run(run_id)
        assert world.state(submission_id) == "scoring"
        assert (_count(world, EvaluationRow), _count(world, SnapshotRow)) == (0, 0)


class TestWhoSeesWhat:
    def test_a_team_reads_nothing_that_its_container_named(self, world: Any, fakes: Any) -> None:
        submission_id = world.scored("A")
        team = world.team("A")
        answers = [team.get(f"/api/v1/submissions/{submission_id}{tail}") for tail in ("", "/evaluation")]
        answers += [team.get("/api/v1/submissions"), team.get("/api/v1/challenges/tiny/leaderboard")]
        assert all(answer.status_code == 200 for answer in answers)
        assert not any(fakes.SECRET_NAME in answer.text for answer in answers)
        finding = answers[0].json()["result"]["findings"][0]
        assert finding == {"code": "unexpected_file", "count": 2, "sentence": finding["sentence"]}
        assert finding["sentence"].startswith("2 ")

    def test_an_organiser_reads_the_whole_evaluation(self, world: Any, fakes: Any) -> None:
        answer = world.organiser.get(f"/api/v1/submissions/{world.scored('A')}/evaluation")
        assert answer.json()["findings"][0]["examples"] == [fakes.SECRET_NAME]

    def test_before_it_is_scored_there_is_none(self, world: Any) -> None:
        answer = world.team("A").get(f"/api/v1/submissions/{world.queued('A')}/evaluation")
        assert (answer.status_code, answer.json()["code"]) == (404, "no-evaluation")


class TestLeaderboard:
    def test_before_the_first_score_there_is_none(self, world: Any) -> None:
        answer = world.anyone.get("/api/v1/challenges/tiny/leaderboard")
        assert (answer.status_code, answer.json()["code"]) == (404, "no-leaderboard")

    def test_its_etag_is_what_it_says(self, world: Any) -> None:
        world.scored("A")
        url = "/api/v1/challenges/tiny/leaderboard"
        etag = world.anyone.get(url).headers["ETag"]
        hit = world.anyone.get(url, headers={"If-None-Match": f'"other", W/{etag}'})
        assert (hit.status_code, hit.content, hit.headers["ETag"]) == (304, b"", etag)
        world.scored("B")
        miss = world.anyone.get(url, headers={"If-None-Match": etag})
        assert miss.status_code == 200
        assert miss.headers["ETag"] != etag

    def test_a_board_that_says_the_same_is_not_published_again(self, world: Any) -> None:
        from sonobench_platform.db.models import PhaseRow
        from sonobench_platform.leaderboards.publish import publish

        world.scored("A")
        core = world.platform.core
        with core.database.write() as work:
            phase = work.session.scalars(select(PhaseRow)).one()
            world.clock.advance(hours=1)
            publish(core, work, phase_id=phase.id)
        assert _count(world, SnapshotRow) == 1


class TestReferenceTimes:
    def test_a_contender_has_the_reference_time_that_its_node_reported(self, world: Any, worlds: Any) -> None:
        submission_id = world.queued("A")
        claimed = world.claim()
        world.hand_back(claimed)
        told = worlds.report()
        told["measurement"] |= {"reference_s": 1.25, "repeats_s": [12.4, 12.5, 12.6], "phases": {"warm_up_s": 3.0}}
        assert world.tell(claimed, "finish", report=told).status_code == 200
        world.platform.score_run(claimed["run_id"])
        assert world.state(submission_id) == "scored"
        core = world.platform.core
        with core.database.read() as session:
            (contender,) = contenders(core, session, session.scalar(select(PhaseRow.id)))
        assert (contender.time_s, contender.reference_s) == (12.5, 1.25)
