"""Taking a submission out of the ranking: what the board, the team and the log say of it, and that it can be undone."""

from __future__ import annotations

from typing import Any

import pytest
import typer
from phased_world import board_teams, hand_in, in_two_phases, scored, with_rules
from platform_people import audited, mails, make_organiser, make_person
from sqlalchemy import select
from typer.testing import CliRunner

from sonobench_platform.commands.plugin import register
from sonobench_platform.db.models import DisqualificationRow, MembershipRow, TeamRow

WHY = {"reason": "it read the labels"}


def disqualify(world: Any, submission_id: str, http: Any = None) -> Any:
    return (http or world.organiser).post(f"/api/v1/submissions/{submission_id}/disqualify", json=WHY)


def reinstate(world: Any, submission_id: str) -> Any:
    return world.organiser.post(f"/api/v1/submissions/{submission_id}/reinstate", json={"reason": "a mistake"})


def ranks(world: Any) -> dict[str, int | None]:
    rows = world.anyone.get("/api/v1/challenges/tiny/leaderboard").json()["rows"]
    return {row["team"]: row["rank"] for row in rows}


class TestTheBoard:
    def test_a_team_with_one_submission_stays_without_a_rank(self, world: Any) -> None:
        out = world.scored("A")
        world.scored("B")
        answer = disqualify(world, out)
        assert (answer.status_code, answer.json()["disqualified"]["reason"]) == (200, "it read the labels")
        assert ranks(world) == {"A": None, "B": 1}
        assert world.state(out) == "scored"

    def test_a_team_with_another_is_ranked_by_that_one(self, world: Any) -> None:
        first = world.scored("A")
        second = world.scored("A")
        assert board_teams(world) == {"A": second}
        disqualify(world, second)
        assert (board_teams(world), ranks(world)) == ({"A": first}, {"A": 1})

    def test_what_a_team_chose_does_not_bring_it_back(self, world: Any) -> None:
        with_rules(world, counts="chosen")
        first, second = scored(world), scored(world)
        assert world.team("A").post(f"/api/v1/submissions/{first}/choose").status_code == 200
        disqualify(world, first)
        assert board_teams(world) == {"A": second}

    def test_of_several_that_are_all_out_the_last_is_shown(self, world: Any) -> None:
        first, second = world.scored("A"), world.scored("A")
        disqualify(world, first)
        disqualify(world, second)
        assert (board_teams(world), ranks(world)) == ({"A": second}, {"A": None})

    def test_with_the_best_counting_the_best_of_those_that_may_counts(self, world: Any) -> None:
        with_rules(world, counts="best")
        first, second = scored(world), scored(world)
        disqualify(world, first)
        assert (board_teams(world), ranks(world)) == ({"A": second}, {"A": 1})
        disqualify(world, second)
        assert ranks(world) == {"A": None}

    def test_one_that_is_not_scored_yet_gets_no_rank_when_it_is(self, world: Any) -> None:
        waiting, run_id = world.scoring("A")
        assert disqualify(world, waiting).status_code == 200
        world.platform.score_run(run_id)
        assert ranks(world) == {"A": None}


class TestUndoing:
    def test_it_is_ranked_again(self, world: Any) -> None:
        out = world.scored("A")
        disqualify(world, out)
        answer = reinstate(world, out)
        assert (answer.status_code, answer.json()["disqualified"]) == (200, None)
        assert ranks(world) == {"A": 1}

    def test_both_are_harmless_twice_and_logged_once(self, world: Any) -> None:
        out = world.scored("A")
        for _ in range(2):
            assert disqualify(world, out).status_code == 200
        for _ in range(2):
            assert reinstate(world, out).status_code == 200
        log = audited(world)
        assert (log.count("submission.disqualify"), log.count("submission.reinstate")) == (1, 1)

    def test_who_and_why_are_kept(self, world: Any) -> None:
        olga = make_organiser(world, "olga")
        out = world.scored("A")
        disqualify(world, out, olga.http)
        with world.platform.core.database.read() as session:
            row = session.scalars(select(DisqualificationRow)).one()
        assert (row.submission_id, row.by, row.reason) == (out, f"person {olga.id}", "it read the labels")


class TestWhoKnows:
    def test_the_team_reads_why_and_other_people_do_not(self, world: Any) -> None:
        out = world.scored("A")
        member = make_person(world, "ann")
        with world.platform.core.database.write() as work:
            team = work.session.scalars(select(TeamRow.id)).one()
            row = MembershipRow(team_id=team, person_id=member.id, is_captain=True, joined_at=world.clock.now())
            work.session.add(row)
        disqualify(world, out)
        assert world.team("A").get(f"/api/v1/submissions/{out}").json()["disqualified"]["reason"] == "it read the labels"
        assert "it read the labels" in mails(world, member.email)[-1].body
        assert "read the labels" not in world.anyone.get("/api/v1/challenges/tiny/leaderboard").text

    def test_an_organiser_of_another_challenge_may_not(self, world: Any) -> None:
        out = world.scored("A")
        stranger = make_person(world, "otto")
        assert disqualify(world, out, stranger.http).status_code == 403
        assert world.team("A").post(f"/api/v1/submissions/{out}/disqualify", json=WHY).status_code == 403
        assert ranks(world) == {"A": 1}


class TestWhatIsRefused:
    def test_what_ended_without_a_score_stands_on_no_board(self, world: Any) -> None:
        gone = world.create("A")["id"]
        world.team("A").post(f"/api/v1/submissions/{gone}/cancel")
        answer = disqualify(world, gone)
        assert (answer.status_code, answer.json()["code"]) == (409, "nothing-to-disqualify")

    @pytest.mark.parametrize("reason", ["", "a\u202eb", "x" * 2001])
    def test_a_reason_is_needed(self, world: Any, reason: str) -> None:
        out = world.scored("A")
        answer = world.organiser.post(f"/api/v1/submissions/{out}/disqualify", json={"reason": reason})
        assert answer.status_code == 422
        assert ranks(world) == {"A": 1}

    def test_a_disqualified_score_opens_no_further_phase(self, world: Any) -> None:
        in_two_phases(world, final={"requires": ["first"]})
        out = scored(world, phase="first")
        disqualify(world, out)
        answer = hand_in(world, phase="final")
        assert (answer.status_code, answer.json()["code"]) == (409, "phase-required")
        reinstate(world, out)
        assert hand_in(world, phase="final").status_code == 201


class TestCommands:
    def test_both_are_commands_on_the_server(self, world: Any) -> None:
        out = world.queued("A")
        assert "is disqualified" in admin(world, "disqualify", out, "--reason", "it read the labels").stdout
        assert world.submission(out)["disqualified"]["reason"] == "it read the labels"
        assert "is not disqualified" in admin(world, "reinstate", out, "--reason", "a mistake").stdout
        assert world.submission(out)["disqualified"] is None

    def test_one_that_is_not_there_ends_with_a_sentence(self, world: Any) -> None:
        result = admin(world, "disqualify", "sub-aaaaaaaaaaaaaaaa", "--reason", "x")
        assert result.exit_code != 0
        assert "There is no submission of that name" in result.stderr


def admin(world: Any, *words: str) -> Any:
    """`sonobench admin ...` on the test's platform."""
    settings = world.platform.settings
    environment = {"SONOBENCH_HOME": str(settings.home), "SONOBENCH_DATABASE_URL": settings.database_url}
    app = typer.Typer()
    register(app)
    return CliRunner().invoke(app, ["admin", *words], env=environment)
