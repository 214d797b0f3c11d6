"""Retention and erasure: what is past its time goes, what counts stays, and both can be told from the audit log."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import typer
from sqlalchemy import func, select
from typer.testing import CliRunner

from sonobench_platform.accounts.identity import SERVER
from sonobench_platform.accounts.tokens import TokenKind, digest
from sonobench_platform.commands.plugin import register
from sonobench_platform.db.models import (
    AuditRow,
    EvaluationRow,
    HistoryRow,
    ImageRow,
    NoticeRow,
    RunRow,
    SnapshotRow,
    SubmissionRow,
    TokenRow,
)
from sonobench_platform.desk import retention
from sonobench_platform.desk.submission_erasure import erase_submission
from sonobench_platform.domain.errors import BadRequest, Conflict, NotFound
from sonobench_platform.domain.ids import new_id
from sonobench_platform.submissions.cancel import cancel

ALL = {f"retention_{name}_days": 30.0 for name in ("images", "superseded", "logs", "tokens", "notices")}


@pytest.fixture
def keeping(make_world: Callable[..., Any]) -> Any:
    """A platform whose every rule is 30 days."""
    return make_world(**ALL)


def _removed(world: Any) -> dict[str, int]:
    return {each.rule: len(each.items) for each in retention.apply(world.platform.core) if each.items}


def _runs(world: Any, submission_id: str) -> list[RunRow]:
    with world.platform.core.database.read() as session:
        return list(session.scalars(select(RunRow).where(RunRow.submission_id == submission_id)))


class TestRules:
    def test_without_a_rule_nothing_is_ever_removed(self, world: Any) -> None:
        world.scored("A")
        world.clock.advance(days=5000)
        assert retention.look(world.platform.core) == []
        assert retention.apply_daily(world.platform.core) == []
        assert len(world.files("images")) == 1

    def test_what_is_young_stays(self, keeping: Any) -> None:
        keeping.scored("A")
        keeping.clock.advance(days=29)
        assert _removed(keeping) == {}

    def test_looking_removes_nothing(self, keeping: Any) -> None:
        keeping.scored("A")
        keeping.clock.advance(days=31)
        found = {each.rule: each for each in retention.look(keeping.platform.core)}
        assert (len(found["images"].items), len(found["logs"].items)) == (1, 1)
        assert found["images"].size_bytes > 0
        assert len(keeping.files("images")) == 1

    def test_an_image_goes_when_all_its_submissions_have_long_ended(self, keeping: Any) -> None:
        first = keeping.scored("A")
        keeping.clock.advance(days=31)
        assert _removed(keeping)["images"] == 1
        assert keeping.files("images") == []
        assert keeping.submission(first)["state"] == "scored"
        with keeping.platform.core.database.read() as session:
            assert session.scalar(select(func.count()).select_from(ImageRow)) == 1

    def test_an_image_that_is_handed_in_again_stays(self, keeping: Any) -> None:
        image = b"the same image"
        cancelled = keeping.queued("A", image)
        with keeping.platform.core.database.write() as work:
            cancel(keeping.platform.core, work, cancelled, caller=SERVER, cause="test")
        keeping.clock.advance(days=31)
        keeping.queued("A", image)
        assert "images" not in _removed(keeping)
        assert len(keeping.files("images")) == 1

    def test_an_image_that_went_can_be_handed_in_again(self, keeping: Any) -> None:
        image = b"the same image"
        cancelled = keeping.queued("A", image)
        with keeping.platform.core.database.write() as work:
            cancel(keeping.platform.core, work, cancelled, caller=SERVER, cause="test")
        keeping.clock.advance(days=31)
        assert _removed(keeping)["images"] == 1
        keeping.queued("A", image)
        claimed = keeping.claim()
        assert keeping.node.get(f"/internal/v1/images/{claimed['image']['config_digest']}").status_code == 200

    def test_predictions_that_count_stay_and_those_of_a_replaced_run_go(self, keeping: Any) -> None:
        submission_id = keeping.scored("A")
        core = keeping.platform.core
        with core.database.write() as work:
            old = work.session.scalars(select(RunRow).where(RunRow.submission_id == submission_id)).one()
            old.is_current = False
            new = {"id": new_id("run"), "submission_id": submission_id, "number": 2, "is_current": True, "attempt": 1, "lost": 0}
            work.session.add(RunRow(**new, created_at=core.clock.now(), outcome=old.outcome))
        counted = core.store.results(new["id"], 1)
        counted.parent.mkdir(parents=True)
        counted.write_bytes(b"predictions")
        keeping.clock.advance(days=31)
        assert _removed(keeping)["superseded runs"] == 1
        assert counted.is_file()
        assert not core.store.results(old.id, 1).exists()
        assert not core.store.replicates(old.id).exists()
        with core.database.read() as session:
            assert session.scalar(select(func.count()).select_from(EvaluationRow)) == 1

    def test_logs_go_and_what_was_measured_stays(self, keeping: Any) -> None:
        submission_id = keeping.scored("A")
        keeping.clock.advance(days=31)
        assert _removed(keeping)["logs"] == 1
        outcome = json.loads(_runs(keeping, submission_id)[0].outcome)
        assert (outcome["log_tail"], outcome["measurement"]["wall_time_s"]) == ("", 12.5)
        assert keeping.submission(submission_id)["result"]["time_s"] == 12.5

    def test_a_canarys_log_goes_too(self) -> None:
        kept = json.dumps({"report": {"log_tail": "secret", "exit_code": 0}, "attempt": 1, "hash": "x"})
        left = json.loads(retention.without_log(kept) or "")
        assert left == {"report": {"log_tail": "", "exit_code": 0}, "attempt": 1, "hash": "x"}

    def test_dead_tokens_go_and_living_ones_stay(self, keeping: Any) -> None:
        now = keeping.clock.now()
        rows = {"revoked": {"revoked_at": now}, "expired": {"expires_at": now}, "living": {}}
        with keeping.platform.core.database.write() as work:
            for name, ended in rows.items():
                row = TokenRow(id=new_id("tok"), kind=TokenKind.TEAM, sha256=digest(name), hint="sbt", created_at=now, **ended)
                work.session.add(row)
        keeping.clock.advance(days=31)
        assert _removed(keeping)["tokens"] == 2
        assert keeping.organiser.get("/api/v1/me").status_code == 200

    def test_notices_that_went_out_go_and_waiting_ones_stay(self, keeping: Any) -> None:
        now = keeping.clock.now()
        with keeping.platform.core.database.write() as work:
            for sent in (now, None):
                words = {"channel": "mail", "address": "a@b.example", "event": "x.y", "subject": "s", "body": "b", "tries": 1}
                work.session.add(NoticeRow(id=new_id("note"), created_at=now, sent_at=sent, **words))
        keeping.clock.advance(days=31)
        assert _removed(keeping)["notices"] == 1

    def test_boards_stay_whatever_goes(self, keeping: Any) -> None:
        keeping.scored("A")
        before = keeping.anyone.get("/api/v1/challenges/tiny/leaderboard").json()
        keeping.clock.advance(days=3000)
        _removed(keeping)
        assert keeping.anyone.get("/api/v1/challenges/tiny/leaderboard").json() == before


class TestEveryDay:
    def test_the_sweep_applies_the_rules_once_a_day_and_says_so(self, keeping: Any) -> None:
        keeping.scored("A")
        keeping.clock.advance(days=31)
        keeping.platform.sweep()
        assert keeping.files("images") == []
        for _ in range(3):
            keeping.clock.advance(hours=6)
            keeping.platform.sweep()
        assert len(_audited(keeping)) == 1
        keeping.clock.advance(hours=7)
        keeping.platform.sweep()
        rows = _audited(keeping)
        assert len(rows) == 2
        assert json.loads(rows[0].detail)["images"]["items"] == 1


def _audited(world: Any, action: str = retention.APPLIED) -> list[AuditRow]:
    with world.platform.core.database.read() as session:
        return list(session.scalars(select(AuditRow).where(AuditRow.action == action).order_by(AuditRow.number)))


def _erase(world: Any, submission_id: str, reason: str = "the team asked") -> None:
    with world.platform.core.database.write() as work:
        erase_submission(world.platform.core, work, submission_id, caller=SERVER, reason=reason)


class TestErasure:
    def test_nothing_of_it_is_left_but_its_states_and_the_reason(self, world: Any) -> None:
        submission_id = world.scored("A")
        run_id = _runs(world, submission_id)[0].id
        _erase(world, submission_id)
        assert world.files("images") == world.files("runs") == world.files("evaluations") == world.files("uploads") == []
        with world.platform.core.database.read() as session:
            assert session.scalar(select(func.count()).select_from(EvaluationRow)) == 0
            assert session.scalar(select(func.count()).select_from(ImageRow)) == 0
            run, row = session.get_one(RunRow, run_id), session.get_one(SubmissionRow, submission_id)
            assert (run.outcome, run.canary, row.image_digest, row.note) == (None, None, None, None)
            causes = session.scalars(select(HistoryRow.cause).where(HistoryRow.submission_id == submission_id)).all()
        assert causes[-1] == "erased: the team asked"
        shown = world.submission(submission_id)
        assert (shown["state"], shown["result"]) == ("withdrawn", None)
        assert [row.reason for row in _audited(world, "submission.erase")] == ["the team asked"]

    def test_the_board_is_published_without_it_and_old_boards_keep_what_they_said(self, world: Any) -> None:
        world.scored("A")
        erased = world.scored("B")
        _erase(world, erased)
        rows = world.anyone.get("/api/v1/challenges/tiny/leaderboard").json()["rows"]
        assert [row["team"] for row in rows] == ["A"]
        with world.platform.core.database.read() as session:
            boards = session.scalars(select(SnapshotRow.document).order_by(SnapshotRow.number)).all()
        assert ['"B"' in board for board in boards][-2:] == [True, False]

    def test_the_teams_other_submission_counts_then(self, world: Any) -> None:
        first, second = world.scored("A"), world.scored("A")
        _erase(world, second)
        rows = world.anyone.get("/api/v1/challenges/tiny/leaderboard").json()["rows"]
        assert [row["submission"] for row in rows] == [first]

    def test_an_image_that_another_submission_is_of_stays(self, world: Any) -> None:
        image = b"the same image"
        first = world.queued("A", image)
        with world.platform.core.database.write() as work:
            cancel(world.platform.core, work, first, caller=SERVER, cause="test")
        world.queued("A", image)
        _erase(world, first)
        assert len(world.files("images")) == 1
        assert world.claim() is not None

    def test_one_that_ended_otherwise_keeps_its_end_with_one_more_line(self, world: Any) -> None:
        submission_id = world.uploaded("A", b"refuse this")
        world.platform.check_submission(submission_id)
        _erase(world, submission_id, "a patient's name was in it")
        shown = world.submission(submission_id)
        assert (shown["state"], shown["history"][-1]["cause"]) == ("rejected", "erased: a patient's name was in it")

    def test_twice_is_harmless(self, world: Any) -> None:
        submission_id = world.scored("A")
        _erase(world, submission_id)
        _erase(world, submission_id)
        assert world.state(submission_id) == "withdrawn"

    def test_one_that_is_under_way_is_to_be_cancelled_first(self, world: Any) -> None:
        with pytest.raises(Conflict, match="is queued; cancel it, and erase it then"):
            _erase(world, world.queued("A"))

    def test_without_a_reason_nothing_happens(self, world: Any) -> None:
        submission_id = world.scored("A")
        with pytest.raises(BadRequest, match="Say why"):
            _erase(world, submission_id, "  ")
        assert world.state(submission_id) == "scored"

    def test_one_that_is_not_there_is_said_to_be_none(self, world: Any) -> None:
        with pytest.raises(NotFound):
            _erase(world, "sub-aaaaaaaaaaaaaaaa")


class TestCommands:
    @pytest.fixture
    def run(self, keeping: Any) -> Callable[..., Any]:
        app = typer.Typer()
        register(app)
        settings = keeping.platform.settings
        environment = {"SONOBENCH_HOME": str(settings.home), "SONOBENCH_DATABASE_URL": settings.database_url}
        environment |= {"SONOBENCH_RETENTION_IMAGES_DAYS": "30"}
        return lambda *words: CliRunner().invoke(app, ["admin", *words], env=environment)

    def test_retention_counts_first_and_removes_when_told(self, keeping: Any, run: Callable[..., Any]) -> None:
        keeping.scored("A")  # on 2026-01-01, which the real clock of the command finds long ago
        shown = run("retention", "--json")
        assert shown.exit_code == 0, shown.output
        assert [(row["rule"], len(row["items"])) for row in json.loads(shown.stdout)] == [("images", 1)]
        assert len(keeping.files("images")) == 1
        assert run("retention", "--apply").exit_code == 0
        assert keeping.files("images") == []

    def test_erase_needs_a_reason_and_says_what_went(self, keeping: Any, run: Callable[..., Any]) -> None:
        submission_id = keeping.scored("A")
        assert run("submission", "erase", submission_id).exit_code != 0
        done = run("submission", "erase", submission_id, "--reason", "asked")
        assert done.exit_code == 0, done.output
        assert "is erased: its image, predictions, evaluations and logs are gone" in done.stdout
        assert run("submission", "erase", "sub-none", "--reason", "x").exit_code != 0
