"""A challenge as configuration: the plan says what a file would change, applying it does, and no board mixes definitions."""

from __future__ import annotations

import copy
import json
from typing import Any

import phased_world as phased
import platform_world
import pytest
import yaml

from sonobench_eval.challenge.load import ChallengeError
from sonobench_platform.accounts.identity import SERVER
from sonobench_platform.challenges.applying import apply
from sonobench_platform.challenges.planning import make_plan
from sonobench_platform.challenges.preparing import prepare, read_file
from sonobench_platform.challenges.told import sentences_of
from sonobench_platform.domain.errors import Conflict, DefinitionRefused, Unprocessable


def edited(world: Any, old: str, new: str) -> None:
    text = world.yaml.read_text()
    assert old in text
    world.yaml.write_text(text.replace(old, new))


def plan(world: Any) -> Any:
    return make_plan(world.platform.core, prepare(read_file(world.yaml)))


def applied(world: Any, reason: str | None = None) -> Any:
    return apply(world.platform.core, SERVER, read_file(world.yaml), reason=reason)


def challenge(world: Any) -> dict[str, Any]:
    return world.anyone.get("/api/v1/challenges/tiny").json()


STRICTER = ("tolerance: 1", "tolerance: 2")
"""A change of what scores are made with."""


class TestPlan:
    def test_it_names_every_difference_and_changes_nothing(self, world: Any) -> None:
        edited(world, "Tiny challenge", "Renamed")
        edited(world, *STRICTER)
        found = plan(world)
        assert [(each.what, each.old, each.new) for each in found.changes] == [
            ("title", "Tiny challenge", "Renamed"),
            ("tasks.head.metrics.nsd.tolerance", "1", "2"),
        ]
        assert challenge(world)["title"] == "Tiny challenge"

    def test_it_says_what_it_means_for_what_was_scored(self, world: Any) -> None:
        phased.scored(world)
        phased.scored(world, "B")
        edited(world, "Tiny challenge", "Renamed")
        assert sentences_of(plan(world))[0] == "test: changes nothing that was scored."
        edited(world, *STRICTER)
        assert sentences_of(plan(world))[0].startswith("test: needs all 2 scored submissions to be scored again.")
        edited(world, "time_s: 60s", "time_s: 90s")
        assert "all 2 scored submissions should be run again" in sentences_of(plan(world))[0]

    def test_of_the_same_file_there_is_nothing_to_change(self, world: Any) -> None:
        assert plan(world).changes_nothing
        assert sentences_of(plan(world)) == ["Nothing to change."]

    def test_a_new_challenge_is_said_to_be_new(self, world: Any) -> None:
        edited(world, "name: tiny", "name: other")
        assert plan(world).is_new
        assert world.anyone.get("/api/v1/challenges/other").status_code == 404

    def test_a_changed_reference_needs_scoring_and_a_changed_image_running(self, world: Any) -> None:
        phased.scored(world)
        mask = world.folder / "truth/head/1.png"
        mask.write_bytes(mask.read_bytes() + b"\0")
        found = plan(world)
        assert [(each.what, each.new) for each in found.changes] == [("data of test", "references")]
        assert "scored again" in sentences_of(found)[0]
        assert "run again" not in sentences_of(found)[0]
        image = world.folder / "images/head/img/1.png"
        image.write_bytes(image.read_bytes() + b"\0")
        found = plan(world)
        assert [(each.what, each.new) for each in found.changes] == [("data of test", "1 images")]
        assert "run again" in sentences_of(found)[0]


class TestApply:
    def test_the_same_file_changes_nothing(self, world: Any) -> None:
        before = challenge(world)
        assert applied(world, "for no reason").plan.changes_nothing
        assert challenge(world) == before

    def test_before_it_is_frozen_no_reason_is_asked_for_and_nothing_is_listed(self, world: Any) -> None:
        edited(world, *STRICTER)
        applied(world)
        assert challenge(world)["changes"] == []
        assert challenge(world)["tasks"][0]["metrics"][1]["tolerance"] == 2

    def test_a_frozen_one_is_changed_with_a_reason_that_everyone_reads(self, world: Any) -> None:
        phased.opened(world)
        edited(world, "Tiny challenge", "Renamed")
        with pytest.raises(Conflict, match="apply them with a reason"):
            applied(world)
        with pytest.raises(Conflict, match="apply them with a reason"):
            applied(world, "   ")
        applied(world, "a typing error <b>")
        (change,) = challenge(world)["changes"]
        assert change["reason"] == "a typing error <b>"
        assert change["changes"] == [{"what": "title", "kind": "changed", "old": "Tiny challenge", "new": "Renamed"}]
        page = world.anyone.get("/challenges/tiny").text
        assert "a typing error &lt;b&gt;" in page
        assert "title: Tiny challenge → Renamed" in page

    @pytest.mark.parametrize("reason", ["a\0b", "turned \u202e around"])
    def test_a_reason_with_what_nobody_sees_is_refused(self, world: Any, reason: str) -> None:
        with pytest.raises(Unprocessable, match="The reason contains the invisible or control character"):
            applied(world, reason)
        url, submission_id = "/api/v1/challenges/tiny/apply", phased.scored(world)
        assert world.organiser.post(url, params={"reason": reason}, content=world.yaml.read_text()).status_code == 422
        for verb in ("withdraw", "give-back"):
            url = f"/api/v1/submissions/{submission_id}/{verb}"
            assert world.organiser.post(url, params={"reason": reason}, json={"reason": reason}).status_code == 422

    def test_it_is_in_the_audit_log_with_its_reason(self, world: Any) -> None:
        phased.opened(world)
        edited(world, "Tiny challenge", "Renamed")
        applied(world, "a typing error")
        rows = world.organiser.get("/api/v1/challenges/tiny/audit").json()["items"]
        found = [(each["action"], each["reason"]) for each in rows if each["action"] == "challenge.apply"]
        assert ("challenge.apply", "a typing error") in found

    def test_a_phase_with_submissions_cannot_be_removed(self, world: Any) -> None:
        phased.in_two_phases(world)
        phased.opened(world, "A", "first")
        platform_world.write_challenge(world.folder)
        with pytest.raises(Conflict, match="The phase first has 1 submissions and cannot be removed"):
            applied(world, "simpler")

    def test_phases_may_come_and_go_while_they_are_empty(self, world: Any) -> None:
        phased.in_two_phases(world)
        assert [each["id"] for each in challenge(world)["phases"]] == ["first", "final"]
        platform_world.write_challenge(world.folder)
        applied(world)
        assert [each["id"] for each in challenge(world)["phases"]] == ["test"]

    def test_whoever_was_overtaken_is_told_and_changes_nothing(self, world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        from sonobench_platform.challenges import applying

        keep, other = applying.keep, copy.copy(world.yaml.read_text().replace("Tiny challenge", "Other"))
        edited(world, "Tiny challenge", "Mine")

        def overtaken(*arguments: Any) -> None:
            monkeypatch.setattr(applying, "keep", keep)
            mine = world.yaml.read_text()
            world.yaml.write_text(other)
            applied(world)
            world.yaml.write_text(mine)
            keep(*arguments)

        monkeypatch.setattr(applying, "keep", overtaken)
        with pytest.raises(Conflict, match="changed by someone else meanwhile"):
            applied(world)
        assert challenge(world)["title"] == "Other"

    def test_a_submission_that_comes_meanwhile_freezes_it(self, world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        from sonobench_platform.challenges import applying

        keep = applying.keep

        def meanwhile(*arguments: Any) -> None:
            phased.opened(world)
            keep(*arguments)

        monkeypatch.setattr(applying, "keep", meanwhile)
        edited(world, *STRICTER)
        with pytest.raises(Conflict, match="is frozen"):
            applied(world)

    def test_data_that_moved_to_another_folder_is_no_change(self, world: Any) -> None:
        phased.opened(world)
        world.folder.rename(world.folder.with_name("moved"))
        moved = world.folder.with_name("moved") / "challenge.yaml"
        found = apply(world.platform.core, SERVER, read_file(moved), reason=None)
        assert (found.plan.changes_nothing, found.challenge.folder) == (True, str(moved.parent))
        assert challenge(world)["changes"] == []


class TestScoresOfTwoDefinitions:
    def test_a_title_changes_the_board_and_no_score(self, world: Any) -> None:
        submission_id = phased.scored(world)
        before = challenge(world)["phases"][0]["hash"]
        edited(world, "Tiny challenge", "Renamed")
        applied(world, "a typing error")
        board = world.anyone.get("/api/v1/challenges/tiny/leaderboard").json()
        assert (board["title"], board["rows"][0]["submission"]) == ("Renamed", submission_id)
        assert challenge(world)["phases"][0]["hash"] == before == board["challenge_hash"]
        phased.scored(world, "B")
        assert len(phased.board_teams(world)) == 2

    def test_after_a_change_of_scoring_the_board_stays_until_all_are_scored_again(self, world: Any) -> None:
        submission_id = phased.scored(world)
        before = world.anyone.get("/api/v1/challenges/tiny/leaderboard")
        edited(world, *STRICTER)
        applied(world, "the tolerance was wrong")
        phased.scored(world, "B")
        after = world.anyone.get("/api/v1/challenges/tiny/leaderboard")
        assert after.json() == before.json()
        (phase,) = challenge(world)["phases"]
        assert (phase["waiting_for_scores"], phase["hash"] == before.json()["challenge_hash"]) == (1, False)
        assert "one submission waits to be scored again" in world.anyone.get("/challenges/tiny/leaderboard").text
        assert world.submission(submission_id)["result"] is not None

    def test_the_board_goes_on_once_those_that_waited_are_gone(self, world: Any) -> None:
        submission_id = phased.scored(world)
        edited(world, *STRICTER)
        applied(world, "the tolerance was wrong")
        new = phased.scored(world, "B")
        world.team("A").post(f"/api/v1/submissions/{submission_id}/withdraw")
        assert phased.board_teams(world) == {"B": new}
        assert challenge(world)["phases"][0]["waiting_for_scores"] == 0

    def test_what_was_scored_while_the_definition_changed_is_scored_by_the_new_one(self, world: Any) -> None:
        submission_id, run_id = world.scoring("A")

        def change() -> None:
            world.evaluator.meanwhile = lambda: None
            edited(world, *STRICTER)
            applied(world, "the tolerance was wrong")

        world.evaluator.meanwhile = change
        world.platform.score_run(run_id)
        assert world.state(submission_id) == "scoring"
        world.clock.advance(minutes=11)
        world.platform.score_run(run_id)
        assert world.state(submission_id) == "scored"
        evaluation = world.organiser.get(f"/api/v1/submissions/{submission_id}/evaluation").json()
        assert evaluation["made_from"]["challenge_hash"] == challenge(world)["phases"][0]["hash"]

    def test_another_rule_of_what_counts_is_published_at_once(self, world: Any) -> None:
        phased.with_rules(world, counts="last")
        first, last = phased.scored(world), phased.scored(world)
        assert phased.board_teams(world) == {"A": last}
        edited(world, "counts: last", "counts: best")
        applied(world, "as announced")
        assert phased.board_teams(world) == {"A": first}


class TestOverHttp:
    def test_an_organiser_sends_the_file_and_it_is_applied_to_the_data_that_is_there(self, world: Any) -> None:
        phased.opened(world)
        edited(world, "Tiny challenge", "Renamed")
        sent = world.yaml.read_text()
        planned = world.organiser.post("/api/v1/challenges/tiny/plan", content=sent).json()
        assert [each["what"] for each in planned["changes"]] == ["title"]
        assert (planned["needs_reason"], planned["phases"][0]["needs"]) == (True, "nothing")
        refused = world.organiser.post("/api/v1/challenges/tiny/apply", content=sent)
        assert (refused.status_code, refused.json()["code"]) == (409, "challenge-changed")
        answer = world.organiser.post("/api/v1/challenges/tiny/apply?reason=a+typing+error", content=sent)
        assert (answer.status_code, answer.json()["changes_nothing"]) == (200, False)
        assert challenge(world)["title"] == "Renamed"
        again = world.organiser.post("/api/v1/challenges/tiny/apply", content=sent).json()
        assert (again["changes_nothing"], again["meaning"]) == (True, ["Nothing to change."])

    @pytest.mark.parametrize(
        ("old", "new", "code"),
        [
            ("name: tiny", "name: other", "other-name"),
            ("name: tiny", "name: tiny\ninputs: /etc", "other-folders"),
            ("name: tiny", "name: tiny\ntruth: ../../elsewhere", "other-folders"),
            ("name: tiny", "nonsense: 1", "bad-definition"),
            ("head/1.png", "head/none.png", "bad-data"),
        ],
    )
    def test_it_reaches_no_other_data_and_no_other_challenge(self, world: Any, old: str, new: str, code: str) -> None:
        sent = world.yaml.read_text().replace(old, new)
        for verb in ("plan", "apply"):
            answer = world.organiser.post(f"/api/v1/challenges/tiny/{verb}", content=sent)
            assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert challenge(world)["hash"] == world.summary.hash

    def test_a_body_that_is_no_text_is_told(self, world: Any) -> None:
        answer = world.organiser.post("/api/v1/challenges/tiny/plan", content=b"\xff\xfe")
        assert answer.json()["code"] == "not-utf-8"

    def test_one_that_is_not_there_is_not_found(self, world: Any) -> None:
        assert world.organiser.post("/api/v1/challenges/none/plan", content="x").status_code == 404

    def test_no_reference_is_told_in_a_plan(self, world: Any) -> None:
        document = yaml.safe_load(world.yaml.read_text())
        document["cases"][3]["label"] = 0
        planned = world.organiser.post("/api/v1/challenges/tiny/plan", content=json.dumps(document)).json()
        assert [(each["what"], each["new"]) for each in planned["changes"][:1]] == [("cases.label", "1 case")]


class TestWhatCannotBeApplied:
    def test_a_stored_definition_that_was_tampered_with_is_told(self, world: Any) -> None:
        stored = world.platform.core.store.definition(world.summary.hash)
        stored.write_text(stored.read_text().replace("Tiny", "Tampered"))
        edited(world, "Tiny challenge", "Renamed")
        with pytest.raises(ChallengeError, match="the stored definition has changed; put it back from a backup"):
            plan(world)

    def test_broken_data_changes_nothing(self, world: Any) -> None:
        edited(world, *STRICTER)
        (world.folder / "truth/head/1.png").write_bytes(b"no image")
        with pytest.raises(DefinitionRefused, match=r"head/img/1\.png"):
            applied(world)
        assert challenge(world)["hash"] == world.summary.hash


class TestCommandLine:
    @pytest.fixture
    def command(self, world: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
        """The commands, on the world's platform."""
        from contextlib import contextmanager

        from sonobench_platform.commands import admin_challenges

        @contextmanager
        def platform(_settings: Any) -> Any:
            yield world.platform

        monkeypatch.setattr(admin_challenges, "_platform", platform)
        return admin_challenges

    def test_a_plan_is_printed_and_followed_by_how_to_apply_it(self, world: Any, command: Any, capsys: Any) -> None:
        phased.scored(world)
        edited(world, *STRICTER)
        command.plan_challenge(None, world.yaml, as_json=False)
        printed = capsys.readouterr().out
        assert "  ~ tasks.head.metrics.nsd.tolerance: 1 → 2" in printed
        assert "test: needs its one scored submission to be scored again." in printed
        assert f'To change it: sonobench admin apply {world.yaml} --reason "..."' in printed
        assert challenge(world)["hash"] == world.summary.hash

    def test_applying_says_what_was_done_and_the_second_time_that_there_is_nothing(
        self, world: Any, command: Any, capsys: Any
    ) -> None:
        edited(world, "Tiny challenge", "Renamed")
        command.apply_challenge(None, world.yaml, reason=None, as_json=False)
        assert "Applied: tiny is sha256:" in capsys.readouterr().out
        command.apply_challenge(None, world.yaml, reason=None, as_json=False)
        assert "Nothing to change." in capsys.readouterr().out

    def test_as_json_it_is_what_the_api_gives(self, world: Any, command: Any, capsys: Any) -> None:
        edited(world, "Tiny challenge", "Renamed")
        sent = world.organiser.post("/api/v1/challenges/tiny/plan", content=world.yaml.read_text()).json()
        command.plan_challenge(None, world.yaml, as_json=True)
        assert json.loads(capsys.readouterr().out) == sent

    def test_challenges_and_quotas_are_listed(self, world: Any, command: Any, capsys: Any) -> None:
        phased.with_rules(world, quota={"daily": 3})
        phased.opened(world)
        command.list_quotas(None, "tiny", as_json=True)
        assert json.loads(capsys.readouterr().out) == [{"team": "A", "phase": "test", "today": 1, "total": 1, "left": 2}]
        command.hide_challenge(None, "tiny")
        command.list_challenges(None, as_json=True)
        assert [each["hidden"] for each in json.loads(capsys.readouterr().out.partition("\n")[2])] == [True]
        command.list_challenges(None, as_json=False)
        assert "tiny (hidden)" in capsys.readouterr().out
