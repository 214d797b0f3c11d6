"""Pseudonyms on the platform: a key for every attempt, kept with it, and used to score whatever that attempt left."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select

from sonobench_eval.challenge.model import Challenge
from sonobench_eval.contract.pseudonyms import case_names
from sonobench_platform.challenges.definition import open_definition
from sonobench_platform.db.models import AttemptRow, ChallengeRow
from sonobench_platform.wiring import SonobenchEvaluator


def keys(world: Any) -> list[str | None]:
    with world.platform.core.database.read() as session:
        return list(session.scalars(select(AttemptRow.pseudonym_key).order_by(AttemptRow.run_id, AttemptRow.attempt)))


class TestClaim:
    def test_an_attempt_gets_a_key_that_is_kept_with_it(self, world: Any) -> None:
        world.queued("A")
        claimed = world.claim()
        assert len(bytes.fromhex(claimed["pseudonym_key"])) == 32
        assert keys(world) == [claimed["pseudonym_key"]]

    def test_another_attempt_at_the_same_run_gets_another_key(self, world: Any) -> None:
        world.queued("A")
        first = world.claim()
        world.tell(first, "release", reason="drain")
        second = world.claim()
        assert (first["run_id"], first["attempt"], second["attempt"]) == (second["run_id"], 1, 2)
        assert first["pseudonym_key"] != second["pseudonym_key"]
        assert keys(world) == [first["pseudonym_key"], second["pseudonym_key"]]

    def test_a_challenge_that_switched_them_off_has_no_keys(self, world: Any, worlds: Any) -> None:
        worlds.write_challenge(world.folder, pseudonyms=False)
        world.platform.register_challenge(world.yaml)
        world.queued("A")
        assert world.claim()["pseudonym_key"] is None
        assert keys(world) == [None]

    def test_no_team_ever_reads_a_key(self, world: Any) -> None:
        submission_id = world.scored("A")
        (key,) = keys(world)
        team = world.team("A")
        said = [team.get(f"/api/v1/submissions/{submission_id}{tail}").text for tail in ("", "/evaluation")]
        said.append(world.anyone.get("/api/v1/challenges/tiny/leaderboard").text)
        assert not any(str(key) in each for each in said)


class TestScore:
    def test_results_are_scored_with_the_key_of_the_attempt_that_made_them(self, world: Any, worlds: Any) -> None:
        world.queued("A")
        world.tell(world.claim(), "release", reason="drain")
        second = world.claim()
        world.hand_back(second)
        world.tell(second, "finish", report=worlds.report())
        world.platform.score_run(second["run_id"])
        assert world.evaluator.keys == [bytes.fromhex(second["pseudonym_key"])]


class TestLog:
    def test_organisers_read_the_cases_own_names_and_teams_never_do(self, world: Any, worlds: Any) -> None:
        submission_id = world.queued("A")
        claimed = world.claim()
        challenge = Challenge.model_validate(claimed["challenge"])
        given = case_names(challenge, bytes.fromhex(claimed["pseudonym_key"])).given["head/img/2.png"]
        world.hand_back(claimed)
        world.tell(claimed, "finish", report=worlds.report(log_tail=f"cannot read {given}"))
        assert "cannot read head/img/2.png" in world.organiser.get(f"/api/v1/submissions/{submission_id}/log").text
        assert "2.png" not in world.team("A").get(f"/api/v1/submissions/{submission_id}/log").text


class TestRealScores:
    def test_right_answers_under_pseudonyms_are_right_and_score_the_same_again_bit_for_bit(
        self,
        make_world: Any,
        fakes: Any,
        worlds: Any,
    ) -> None:
        evaluator = SonobenchEvaluator()
        evaluator.verify_image = fakes.FakeEvaluator().verify_image  # type: ignore[method-assign]
        world = make_world(evaluator=evaluator)
        submission_id = world.queued("A")
        claimed = world.claim()
        assert world.hand_back(claimed, worlds.right_answers(claimed)).status_code == 204
        assert world.tell(claimed, "finish", report=worlds.report()).status_code == 200
        world.platform.score_run(claimed["run_id"])
        assert world.state(submission_id) == "scored"
        document = world.organiser.get(f"/api/v1/submissions/{submission_id}/evaluation").text
        evaluation = json.loads(document)
        assert {case["id"] for case in evaluation["cases"]} == {case["id"] for case in worlds.CHALLENGE["cases"]}
        assert [metric["value"] for task in evaluation["tasks"] for metric in task["metrics"]] == [1.0] * 4
        assert evaluation["made_from"]["pseudonyms"] is True
        assert evaluation["findings"] == []

        core = world.platform.core
        with core.database.read() as session:
            loaded = open_definition(core.store, session.scalars(select(ChallengeRow)).one())
        results, (stored,) = core.store.results(claimed["run_id"], 1), keys(world)
        again = evaluator.score(loaded, results, pseudonym_key=bytes.fromhex(str(stored))).evaluation
        assert again.to_json() == document
        other = evaluator.score(loaded, results, pseudonym_key=bytes(32)).evaluation
        assert {case.problem for case in other.cases} == {"missing_result"}
