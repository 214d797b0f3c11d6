"""The audit log: a chain that shows what was changed, removed, moved or cut off, on every database."""

# ruff: noqa: S608 - these tests tamper with the database by hand
from __future__ import annotations

import csv
import io
import json
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import typer
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner

from sonobench_platform.accounts.identity import SERVER
from sonobench_platform.audit.log import BEGINNING, hash_of, head, record
from sonobench_platform.audit.verify import BrokenLog, Verified, verify
from sonobench_platform.commands.plugin import register
from sonobench_platform.db.models import AuditRow, SnapshotRow


def _add(world: Any, *subjects: str, **more: Any) -> None:
    for subject in subjects:
        world.clock.advance(seconds=1, microseconds=7)
        with world.platform.core.database.write() as work:
            record(world.platform.core, work, SERVER, more.get("action", "test.do"), subject, detail=more.get("detail"))


def _rows(world: Any) -> list[AuditRow]:
    with world.platform.core.database.read() as session:
        return list(session.scalars(select(AuditRow).order_by(AuditRow.number)))


def _verify(world: Any, **more: Any) -> Verified:
    with world.platform.core.database.read() as session:
        return verify(session, **more)


def _tamper(world: Any, *statements: str) -> None:
    """As somebody does who owns the database: without the triggers that refuse it."""
    with world.platform.core.database.write() as work:
        if work.session.get_bind().dialect.name == "sqlite":
            for verb in ("update", "delete"):
                work.session.execute(text(f"DROP TRIGGER IF EXISTS audit_log_no_{verb}"))
        else:
            work.session.execute(text("DROP TRIGGER IF EXISTS audit_log_append_only ON audit_log"))
        for statement in statements:
            work.session.execute(text(statement))


def _forge(world: Any, first: int) -> None:
    """Write every hash from this row on anew, so that the chain holds in itself."""
    _tamper(world)
    with world.platform.core.database.write() as work:
        previous = BEGINNING
        for row in work.session.scalars(select(AuditRow).order_by(AuditRow.number)):
            if row.number >= first:
                row.previous = previous
                row.hash = hash_of(row)
            previous = row.hash


class TestRecording:
    def test_rows_are_numbered_from_one_and_chained(self, world: Any) -> None:
        before = len(_rows(world))
        _add(world, "a", "b")
        rows = _rows(world)
        assert [row.number for row in rows] == list(range(1, before + 3))
        assert [row.previous for row in rows] == [BEGINNING, *(row.hash for row in rows[:-1])]

    def test_what_is_rolled_back_was_never_recorded(self, world: Any) -> None:
        before = len(_rows(world))
        with suppress(ZeroDivisionError), world.platform.core.database.write() as work:
            record(world.platform.core, work, SERVER, "test.do", "x")
            raise ZeroDivisionError
        assert len(_rows(world)) == before

    def test_several_of_one_transaction_keep_their_order(self, world: Any) -> None:
        with world.platform.core.database.write() as work:
            for subject in ("first", "second", "third"):
                record(world.platform.core, work, SERVER, "test.do", subject)
        assert [row.subject for row in _rows(world)][-3:] == ["first", "second", "third"]
        _verify(world)

    @pytest.mark.parametrize("subject", ["", "é ü 漢字 🩻", "a\0b", "\ud800", "x" * 500, "'; DROP TABLE audit_log; --"])
    def test_any_text_reads_back_as_it_was_hashed(self, world: Any, subject: str) -> None:
        _add(world, subject, detail={"text": subject, "none": None, "number": 1.5})
        _verify(world)

    def test_an_empty_reason_is_not_the_same_as_none(self, world: Any) -> None:
        core = world.platform.core
        with core.database.write() as work:
            record(core, work, SERVER, "test.do", "x", reason="")
            record(core, work, SERVER, "test.do", "x")
        assert [row.reason for row in _rows(world)][-2:] == ["", None]
        _tamper(world, f"UPDATE audit_log SET reason = NULL WHERE number = {_rows(world)[-2].number}")
        with pytest.raises(BrokenLog, match="was changed"):
            _verify(world)

    @pytest.mark.parametrize("microsecond", [0, 1, 999_999, 500_000])
    def test_moments_keep_their_microseconds_whatever_zone_they_came_in(self, world: Any, microsecond: int) -> None:
        world.clock.time = datetime(2026, 3, 29, 2, 30, 0, microsecond, tzinfo=timezone(timedelta(hours=5, minutes=45)))
        _add(world, "x")
        assert _rows(world)[-1].at.astimezone(UTC) == world.clock.time
        _verify(world)

    def test_a_detail_that_is_no_json_is_refused(self, world: Any) -> None:
        with pytest.raises(ValueError, match="JSON compliant"):
            _add(world, "x", detail={"score": float("nan")})

    @pytest.mark.parametrize("statement", ["UPDATE audit_log SET actor = 'x'", "DELETE FROM audit_log"])
    def test_the_database_itself_refuses_to_change_it(self, world: Any, statement: str) -> None:
        _add(world, "x")
        with pytest.raises(DBAPIError, match="append-only"), world.platform.core.database.write() as work:
            work.session.execute(text(statement))


class TestManyAtOnce:
    def test_eight_threads_leave_a_chain_without_a_gap_and_never_wait_for_each_other_in_a_ring(self, world: Any) -> None:
        core, failed, before = world.platform.core, [], len(_rows(world))

        def write(thread: int) -> None:
            try:
                for turn in range(50):
                    with core.database.write() as work:
                        # Half record before they take another lock, half after: the order in the code must not matter.
                        if thread % 2:
                            record(core, work, SERVER, "test.do", f"{thread}/{turn}")
                            work.take_turns("another lock")
                        else:
                            work.take_turns("another lock")
                            record(core, work, SERVER, "test.do", f"{thread}/{turn}")
            except Exception as error:
                failed.append(error)

        threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        assert _verify(world).rows == before + 400
        assert len({row.subject for row in _rows(world) if row.action == "test.do"}) == 400


class TestVerifying:
    @pytest.fixture(autouse=True)
    def _ten_rows(self, world: Any) -> None:
        _add(world, *"abcdefghij")
        self.first = len(_rows(world)) - 9

    def test_a_log_that_is_whole(self, world: Any) -> None:
        rows = _rows(world)
        assert _verify(world) == Verified(rows=len(rows), head=rows[-1].hash, heads=0)

    @pytest.mark.parametrize(
        "change",
        [
            "actor = 'x'",
            "action = 'x'",
            "subject = 'x'",
            "detail = '{\"a\": 1}'",
            "reason = ''",
            "challenge_id = 'x'",
            "hash = 'x'",
        ],
    )
    def test_a_changed_row_is_named(self, world: Any, change: str) -> None:
        row = self.first + 4
        _tamper(world, f"UPDATE audit_log SET {change} WHERE number = {row}")
        with pytest.raises(BrokenLog, match=f"Row {row} of the audit log was changed"):
            _verify(world)

    def test_a_moment_moved_by_a_microsecond_is_named(self, world: Any) -> None:
        row = self.first + 2
        _tamper(world)
        with world.platform.core.database.write() as work:
            work.session.get_one(AuditRow, row).at += timedelta(microseconds=1)
        with pytest.raises(BrokenLog, match=f"Row {row} of the audit log was changed"):
            _verify(world)

    def test_a_row_taken_from_the_middle_is_named(self, world: Any) -> None:
        row = self.first + 3
        _tamper(world, f"DELETE FROM audit_log WHERE number = {row}")
        with pytest.raises(BrokenLog, match=f"Row {row} of the audit log is missing: row {row + 1} comes after row {row - 1}"):
            _verify(world)

    def test_the_first_row_taken_is_named(self, world: Any) -> None:
        _tamper(world, "DELETE FROM audit_log WHERE number = 1")
        with pytest.raises(BrokenLog, match="Row 1 of the audit log is missing"):
            _verify(world)

    def test_a_row_taken_and_the_rest_renumbered_is_named(self, world: Any) -> None:
        row = self.first + 3
        later = [f"UPDATE audit_log SET number = {n - 1} WHERE number = {n}" for n in range(row + 1, self.first + 10)]
        _tamper(world, f"DELETE FROM audit_log WHERE number = {row}", *later)
        with pytest.raises(BrokenLog, match=f"Row {row} of the audit log was changed or moved"):
            _verify(world)

    def test_two_rows_that_changed_places_are_named(self, world: Any) -> None:
        a, b = self.first + 1, self.first + 6
        swap = [f"UPDATE audit_log SET number = {to} WHERE number = {at}" for at, to in ((a, 9999), (b, a), (9999, b))]
        _tamper(world, *swap)
        with pytest.raises(BrokenLog, match=f"Row {a} of the audit log was changed or moved"):
            _verify(world)

    def test_a_row_whose_hash_was_made_to_fit_breaks_the_one_after_it(self, world: Any) -> None:
        row = self.first + 3
        _tamper(world, f"UPDATE audit_log SET actor = 'x' WHERE number = {row}")
        with world.platform.core.database.write() as work:
            changed = work.session.get_one(AuditRow, row)
            changed.hash = hash_of(changed)
        with pytest.raises(BrokenLog, match=f"Row {row + 1} of the audit log does not follow row {row}"):
            _verify(world)

    def test_a_row_put_in_between_is_named(self, world: Any) -> None:
        row = self.first + 5
        later = [f"UPDATE audit_log SET number = {n + 1} WHERE number = {n}" for n in range(self.first + 9, row - 1, -1)]
        put = f"INSERT INTO audit_log SELECT {row}, at, actor, action, subject, challenge_id, detail, reason, previous, hash"
        _tamper(world, *later, f"{put} FROM audit_log WHERE number = {row - 1}")
        with pytest.raises(BrokenLog, match=f"Row {row} of the audit log was changed or moved"):
            _verify(world)

    def test_a_tail_cut_off_behind_a_published_board_is_noticed(self, world: Any) -> None:
        world.scored("A")
        assert _verify(world).heads == 1
        with world.platform.core.database.read() as session:
            published = session.scalars(select(SnapshotRow.audit_head)).one()
        numbers = {row.hash: row.number for row in _rows(world)}
        _tamper(world, f"DELETE FROM audit_log WHERE number >= {numbers[published]}")
        with pytest.raises(BrokenLog, match=f"ends with row {numbers[published] - 1}, but the head in board 1 of phase test"):
            _verify(world)

    def test_a_log_written_anew_from_a_row_on_is_noticed_by_the_published_head(self, world: Any) -> None:
        world.scored("A")
        row = self.first + 3
        _tamper(world, f"UPDATE audit_log SET actor = 'x' WHERE number = {row}")
        _forge(world, row)
        with pytest.raises(BrokenLog, match="the whole log was written anew"):
            _verify(world)

    def test_a_head_that_somebody_noted_must_be_in_it(self, world: Any) -> None:
        noted = _rows(world)[-1].hash
        _add(world, "later")
        assert _verify(world, noted=[noted]).heads == 1
        _tamper(world, f"DELETE FROM audit_log WHERE number >= {self.first + 9}")
        assert _verify(world).rows == self.first + 8  # the chain alone cannot tell
        with pytest.raises(BrokenLog, match="the head that you gave"):
            _verify(world, noted=[noted])


class TestPublishing:
    def test_the_board_shows_the_head_of_its_moment(self, world: Any) -> None:
        _add(world, "before")
        with world.platform.core.database.read() as session:
            then = head(session)
        world.scored("A")
        _add(world, "after")
        answer = world.anyone.get("/api/v1/challenges/tiny/leaderboard")
        shown = answer.headers["Sonobench-Audit-Head"]
        rows = _rows(world)
        assert shown in {row.hash for row in rows}
        assert shown != rows[-1].hash
        assert [row.hash for row in rows].index(shown) >= [row.hash for row in rows].index(then)

    def test_the_header_comes_with_an_unchanged_board_too(self, world: Any) -> None:
        _add(world, "before")
        world.scored("A")
        etag = world.anyone.get("/api/v1/challenges/tiny/leaderboard").headers["ETag"]
        answer = world.anyone.get("/api/v1/challenges/tiny/leaderboard", headers={"If-None-Match": etag})
        assert answer.status_code == 304
        assert answer.headers["Sonobench-Audit-Head"]


_TOO_EARLY = "since=0001-01-01T00:00:00%2B10:00"


class TestOverHttp:
    def test_administrators_read_all_newest_first_page_by_page(self, world: Any) -> None:
        _add(world, *"abcde")
        url, seen = "/api/v1/audit?limit=2", []
        while url is not None:
            answer = world.organiser.get(url)
            assert answer.status_code == 200, answer.text
            seen += [each["number"] for each in answer.json()["items"]]
            url = answer.json()["next"]
            assert (answer.links.get("next", {}).get("url")) == url
            _add(world, "meanwhile")
        total = len(_rows(world))
        assert seen == sorted(seen, reverse=True)
        assert len(set(seen)) == len(seen)
        assert min(seen) == 1
        assert max(seen) < total

    def test_filters(self, world: Any) -> None:
        world.clock.advance(seconds=5)
        start = world.clock.now()
        _add(world, "a", action="trial.read")
        middle = world.clock.now()
        world.clock.advance(seconds=5)
        _add(world, "b", action="trialling.say")

        def subjects(**params: str) -> list[str]:
            return [each["subject"] for each in world.organiser.get("/api/v1/audit", params=params).json()["items"]]

        assert subjects(action="trial.") == ["a"]
        assert subjects(action="trial.read") == ["a"]
        assert subjects(subject="b") == ["b"]
        assert subjects(since=(middle + timedelta(seconds=1)).isoformat()) == ["b"]
        assert subjects(since=start.isoformat(), until=(middle + timedelta(seconds=1)).isoformat()) == ["a"]
        assert subjects(actor="nobody") == []
        assert subjects(subject="\0") == []

    @pytest.mark.parametrize(
        "query",
        [
            "cursor=x",
            "cursor=W10",
            "cursor=WyJhIl0",
            "cursor=%F0",
            "limit=0",
            "limit=501",
            "since=2026-01-01",
            "since=0001-01-01T00:00:00%2B10:00",
        ],
    )
    def test_what_makes_no_sense_is_422(self, world: Any, query: str) -> None:
        assert world.organiser.get(f"/api/v1/audit?{query}").status_code == 422

    def test_a_challenges_part_is_for_its_organisers(self, world: Any) -> None:
        core = world.platform.core
        with core.database.write() as work:
            challenge_id = work.session.execute(text("SELECT id FROM challenges")).scalar_one()
            record(core, work, SERVER, "challenge.test", "of it", challenge_id=challenge_id, detail={"a": [1, None]})
            record(core, work, SERVER, "challenge.test", "of none")
        found = world.organiser.get("/api/v1/challenges/tiny/audit?action=challenge.test").json()["items"]
        assert [(each["subject"], each["challenge"], each["detail"]) for each in found] == [("of it", "tiny", {"a": [1, None]})]
        assert world.organiser.get("/api/v1/challenges/none/audit").status_code == 404
        assert world.team("A").get("/api/v1/challenges/tiny/audit").status_code == 403


class TestCommands:
    def _run(self, world: Any, *words: str) -> Any:

        settings = world.platform.settings
        environment = {"SONOBENCH_HOME": str(settings.home), "SONOBENCH_DATABASE_URL": settings.database_url}
        app = typer.Typer()
        register(app)
        return CliRunner().invoke(app, ["admin", "audit", *words], env=environment)

    def test_verify_says_that_it_is_whole_and_its_head(self, world: Any) -> None:
        _add(world, "a")
        result = self._run(world, "verify")
        assert result.exit_code == 0, result.output
        assert _rows(world)[-1].hash in result.stdout
        told = json.loads(self._run(world, "verify", "--json").stdout)
        assert (told["whole"], told["rows"]) == (True, len(_rows(world)))

    def test_verify_ends_with_1_and_a_sentence_where_it_is_not(self, world: Any) -> None:
        _add(world, "a")
        _tamper(world, f"UPDATE audit_log SET subject = 'b' WHERE number = {len(_rows(world))}")
        result = self._run(world, "verify")
        assert result.exit_code == 1
        assert "was changed" in result.stderr
        assert "Traceback" not in result.output

    def test_list_exports_json_lines_and_csv(self, world: Any) -> None:
        _add(world, '=HYPERLINK("x")', "b", detail={"a": 1})
        lines = self._run(world, "list", "--action", "test.do", "--format", "jsonl").stdout.splitlines()
        assert [json.loads(line)["subject"] for line in lines] == ["b", '=HYPERLINK("x")']
        rows = list(csv.DictReader(io.StringIO(self._run(world, "list", "--action", "test.do", "--format", "csv").stdout)))
        assert [row["subject"] for row in rows] == ["b", '\'=HYPERLINK("x")']
        assert rows[0]["detail"] == '{"a": 1}'
        assert "test.do" in self._run(world, "list").stdout

    def test_list_goes_on_past_a_page(self, world: Any) -> None:
        core = world.platform.core
        with core.database.write() as work:
            for number in range(1100):
                record(core, work, SERVER, "many.do", str(number))
        lines = self._run(world, "list", "--action", "many.do", "--limit", "0", "--format", "jsonl").stdout.splitlines()
        assert [json.loads(line)["subject"] for line in lines] == [str(number) for number in reversed(range(1100))]
        with core.database.read() as session:
            assert session.scalar(select(func.count()).select_from(AuditRow).where(AuditRow.action == "many.do")) == 1100
