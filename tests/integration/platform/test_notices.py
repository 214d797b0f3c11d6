"""Mails: written with what they tell, sent once, tried again, given up in the open; and nothing smuggled into them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from certificates import make_certificate, server_context
from mail_server import MailServer, mail_server
from sqlalchemy import select, update

from sonobench_platform.config import Settings
from sonobench_platform.db.models import (
    ChallengeRow,
    EntryRow,
    MembershipRow,
    NoticeRow,
    PersonRow,
    PhaseRow,
    TeamRow,
)
from sonobench_platform.notices.choices import choose_mail
from sonobench_platform.notices.deliver import MOST_TRIES, Round, deliver_due, pause_after
from sonobench_platform.notices.letters import BadAddress, Letter, message_of
from sonobench_platform.notices.outbox import mail
from sonobench_platform.notices.postman import send_mail
from sonobench_platform.notices.sending import Refused, TryLater, Unreachable

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def _write(world: Any, to: str = "ann@example.org", subject: str = "Hello", text: str = "Open https://x.test/y?z=1") -> str:
    with world.platform.core.database.write() as work:
        return mail(world.platform.core, work, to=to, event="test.mail", subject=subject, text=text).id


def _notices(world: Any) -> list[NoticeRow]:
    with world.platform.core.database.read() as session:
        return list(session.scalars(select(NoticeRow).order_by(NoticeRow.created_at, NoticeRow.id)))


def _person(world: Any, name: str, team: str | None = None, **more: Any) -> str:
    """A person with an account, in a team where one is named."""
    with world.platform.core.database.write() as work:
        person = PersonRow(id=f"pers-{name}", email=f"{name}@example.org", email_key=f"{name}@example.org", name=name)
        person.is_administrator, person.created_at, person.confirmed_at = False, NOON, NOON
        for key, value in more.items():
            setattr(person, key, value)
        work.session.add(person)
        work.session.flush()
        if team is not None:
            team_id = work.session.scalars(select(TeamRow.id).where(TeamRow.name == team)).one()
            work.session.add(MembershipRow(team_id=team_id, person_id=person.id, is_captain=True, joined_at=NOON))
    return f"pers-{name}"


class _Post:
    """Stands in for the mail server: keeps letters, or raises what a test says."""

    def __init__(self, *troubles: Exception) -> None:
        self.troubles = list(troubles)
        self.letters: list[Letter] = []

    def __call__(self, _core: Any, letter: Letter) -> None:
        if self.troubles:
            raise self.troubles.pop(0)
        self.letters.append(letter)


class TestWhatIsDue:
    def test_it_is_sent_once(self, world: Any) -> None:
        post, notice = _Post(), _write(world)
        assert deliver_due(world.platform.core, postman=post) == Round(sent=(notice,))
        assert deliver_due(world.platform.core, postman=post) == Round()
        assert [(each.to, each.subject) for each in post.letters] == [("ann@example.org", "Hello")]

    def test_what_is_rolled_back_is_not_sent(self, world: Any) -> None:
        with pytest.raises(ZeroDivisionError), world.platform.core.database.write() as work:
            mail(world.platform.core, work, to="a@b.org", event="x.y", subject=str(1 / 0), text="")
        assert _notices(world) == []

    def test_a_sent_mail_keeps_no_text_for_it_may_hold_a_secret_link(self, world: Any) -> None:
        _write(world)
        deliver_due(world.platform.core, postman=_Post())
        (row,) = _notices(world)
        assert row.body == ""
        assert row.sent_at == world.clock.now()

    def test_two_workers_send_each_once(self, world: Any) -> None:
        written = [_write(world, text=str(number)) for number in range(12)]
        post = _Post()
        threads = [threading.Thread(target=deliver_due, args=(world.platform.core,), kwargs={"postman": post}) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(each.id for each in post.letters) == sorted(written)

    def test_what_a_worker_took_and_died_with_is_sent_by_another_later(self, world: Any) -> None:
        notice = _write(world)

        def die(*_: Any) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            deliver_due(world.platform.core, postman=die)
        assert deliver_due(world.platform.core, postman=_Post()) == Round()
        world.clock.advance(minutes=3)
        assert deliver_due(world.platform.core, postman=_Post()) == Round(sent=(notice,))

    def test_trouble_is_tried_again_with_growing_pauses_and_given_up_after_a_day(
        self, world: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        _write(world)
        waited = timedelta(0)
        for tries in range(1, MOST_TRIES):
            assert deliver_due(world.platform.core, postman=_Post(TryLater("not now"))).failed
            assert not deliver_due(world.platform.core, postman=_Post()).sent  # not before its pause is over
            waited += pause_after(tries)
            world.clock.time += pause_after(tries)
        assert deliver_due(world.platform.core, postman=_Post(TryLater("still not"))).given_up
        assert timedelta(hours=12) < waited < timedelta(days=2)
        (row,) = _notices(world)
        assert (row.trouble, row.tries) == ("still not", MOST_TRIES)
        assert "given up" in caplog.text
        world.clock.advance(days=2)
        assert deliver_due(world.platform.core, postman=_Post()) == Round()

    def test_what_is_refused_for_good_is_given_up_at_once(self, world: Any) -> None:
        notice = _write(world)
        assert deliver_due(world.platform.core, postman=_Post(Refused("no such address"))).given_up == (notice,)

    def test_a_server_that_is_away_is_asked_once_a_round(self, world: Any) -> None:
        for _ in range(5):
            _write(world)
        found = deliver_due(world.platform.core, postman=_Post(Unreachable("away")))
        assert (len(found.failed), found.sent) == (1, ())
        assert [row.tries for row in _notices(world)].count(0) == 4

    def test_old_ones_are_removed_by_the_sweep(self, world: Any) -> None:
        _write(world)
        deliver_due(world.platform.core, postman=_Post())
        world.clock.advance(days=31)
        world.platform.sweep()
        assert _notices(world) == []


@pytest.fixture
def smtp() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


def _settings(tmp_path: Path, server: MailServer, **more: Any) -> Settings:
    return Settings(
        **{
            "home": tmp_path,
            "smtp_host": "127.0.0.1",
            "smtp_port": server.port,
            "smtp_tls": "none",
            "mail_from": "Sonobench <bench@example.org>",
            "public_url": "https://bench.example.org",
            **more,
        }
    )


def _letter(**more: Any) -> Letter:
    said = {"id": "note-a", "to": "ann@example.org", "subject": "Hello", "text": "Text", "event": "a.b", "at": NOON}
    return Letter(**{**said, **more})


class TestTheMailServer:
    def test_a_mail_arrives_whole(self, tmp_path: Path, smtp: MailServer) -> None:
        text = "Grüße, 漢字\n.\nFrom the top\n\nhttps://bench.example.org/reset?token=" + "x" * 200
        send_mail(_settings(tmp_path, smtp), _letter(to="ann@example.org", subject="Grüße 🩻", text=text))
        (taken,) = smtp.mails
        assert (taken.sender, taken.to) == ("bench@example.org", ["ann@example.org"])
        assert taken.message["Subject"] == "Grüße 🩻"
        assert taken.message["From"] == "Sonobench <bench@example.org>"
        assert taken.message["Message-ID"] == "<note-a@example.org>"
        assert taken.message["Auto-Submitted"] == "auto-generated"
        said = taken.message.get_content().replace("\r\n", "\n")
        assert said.startswith(text)
        assert said.endswith("Sonobench at https://bench.example.org\n")

    def test_a_domain_beyond_ascii_is_written_as_the_network_writes_it(self, tmp_path: Path, smtp: MailServer) -> None:
        send_mail(_settings(tmp_path, smtp), _letter(to="ann@bücher.example"))
        assert smtp.mails[0].to == ["ann@xn--bcher-kva.example"]

    def test_an_address_beyond_ascii_is_refused_for_good(self, tmp_path: Path, smtp: MailServer) -> None:
        with pytest.raises(Refused, match="is no mail address"):
            send_mail(_settings(tmp_path, smtp), _letter(to="jürgen@example.org"))

    def test_in_tls_after_starttls_and_signed_in(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        certificate = make_certificate(tmp_path, "127.0.0.1")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        (tmp_path / "password").write_text("hunter2\n")
        with mail_server(context=server_context(certificate)) as server:
            server.password = "hunter2"
            user = {"smtp_user": "bench", "smtp_password_file": tmp_path / "password"}
            send_mail(_settings(tmp_path, server, smtp_tls="starttls", **user), _letter())
            (tmp_path / "password").write_text("wrong")
            with pytest.raises(Unreachable, match="refused SONOBENCH_SMTP_USER"):
                send_mail(_settings(tmp_path, server, smtp_tls="starttls", **user), _letter())
        (taken,) = server.mails
        assert (taken.in_tls, taken.user) == (True, "bench")

    def test_in_tls_from_the_start(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        certificate = make_certificate(tmp_path, "127.0.0.1")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with mail_server(context=server_context(certificate), tls_from_the_start=True) as server:
            send_mail(_settings(tmp_path, server, smtp_tls="tls"), _letter())
        assert server.mails[0].in_tls

    def test_a_certificate_that_nobody_vouches_for_gets_no_mail(self, tmp_path: Path) -> None:
        context = server_context(make_certificate(tmp_path, "127.0.0.1"))
        with mail_server(context=context) as server, pytest.raises(Unreachable, match="cannot be used"):
            send_mail(_settings(tmp_path, server, smtp_tls="starttls"), _letter())
        assert server.mails == []

    def test_a_server_without_starttls_gets_no_mail_in_clear(self, tmp_path: Path, smtp: MailServer) -> None:
        with pytest.raises(Refused, match="cannot take this mail"):
            send_mail(_settings(tmp_path, smtp, smtp_tls="starttls"), _letter())
        assert smtp.mails == []

    @pytest.mark.parametrize(("line", "kind"), [("550 5.1.1 no such user\x07", Refused), ("451 4.7.1 come back later", TryLater)])
    def test_a_refused_address_is_for_good_or_for_now_as_the_server_says(
        self, tmp_path: Path, smtp: MailServer, line: str, kind: type[Exception]
    ) -> None:
        smtp.refuse.append(line)
        with pytest.raises(kind, match="the mail server refused the address") as refused:
            send_mail(_settings(tmp_path, smtp), _letter())
        assert "\x07" not in str(refused.value)

    def test_a_connection_that_breaks_is_tried_again(self, tmp_path: Path, smtp: MailServer) -> None:
        smtp.drop = 1
        with pytest.raises(Unreachable):
            send_mail(_settings(tmp_path, smtp), _letter())
        send_mail(_settings(tmp_path, smtp), _letter())
        assert len(smtp.mails) == 1

    def test_without_a_server_the_whole_mail_is_in_the_log(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        link = "https://bench.example.org/reset?token=" + "x" * 200
        send_mail(Settings(home=tmp_path), _letter(text=f"Open this:\n\n{link}\n"))
        assert link in caplog.text
        assert "To: ann@example.org" in caplog.text

    @pytest.mark.parametrize(
        "wrong",
        [
            {"smtp_user": "bench"},
            {
                "smtp_user": "bench",
                "smtp_password_file": "x",
                "smtp_host": "mail.example.org",
                "mail_from": "a@b.org",
                "smtp_tls": "none",
            },
            {"smtp_host": "mail.example.org"},
        ],
    )
    def test_settings_that_would_lose_a_mail_or_a_password_are_refused(self, tmp_path: Path, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="smtp_"):
            Settings(home=tmp_path, **wrong)


_NO_ADDRESSES = ["", "ann", "a@b.org\nBcc: eve@b.org", "a@b.org, eve@b.org", "a@b@c", "a b@example.org", "<>", "@x.org", "a@"]


class TestLetters:
    @pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\0", "\x0b", "\x85", "\u2028"])
    def test_no_header_can_be_smuggled_in(self, end: str) -> None:
        letter = _letter(subject=f"Hello{end}Bcc: eve@example.org{end}{end}body", event=f"a.b{end}X-Evil: 1")
        raw = message_of(letter, sender="a@example.org", public_url="x").as_bytes()
        headers = raw.split(b"\r\n\r\n")[0].split(b"\r\n")
        names = {line.split(b":")[0].lower() for line in headers if not line.startswith((b" ", b"\t"))}
        assert b"bcc" not in names
        assert b"x-evil" not in names

    @pytest.mark.parametrize("address", _NO_ADDRESSES)
    def test_what_is_no_single_address_is_refused(self, address: str) -> None:
        with pytest.raises(BadAddress):
            message_of(_letter(to=address), sender="a@example.org", public_url="x")

    def test_half_a_surrogate_pair_stops_no_mail(self) -> None:
        assert message_of(_letter(subject="\ud800", text="\udfff"), sender="a@example.org", public_url="x").as_bytes()


class TestWhoIsTold:
    def test_a_teams_people_are_told_how_a_submission_ended_without_its_scores(self, world: Any) -> None:
        world.team("A")
        world.team("B")
        _person(world, "ann", "A")
        _person(world, "ben", "B")
        _person(world, "gone", "A", disabled_at=NOON)
        choosy = _person(world, "quiet", "A")
        with world.platform.core.database.write() as work:
            choose_mail(work, choosy, wanted=False)
        submission = world.scored("A")
        (row,) = [each for each in _notices(world) if each.event == "submission.ended"]
        assert row.address == "ann@example.org"
        assert submission in row.subject
        assert "0.5" not in row.body

    def test_why_it_was_rejected_is_told(self, world: Any) -> None:
        world.team("A")
        _person(world, "ann", "A")
        submission = world.uploaded("A", b"refuse this")
        world.platform.check_submission(submission)
        (row,) = [each for each in _notices(world) if each.event == "submission.ended"]
        assert "This is not an image" in row.body

    def test_who_cancels_it_themselves_is_not_told(self, world: Any) -> None:
        submission = world.create("A")["id"]
        _person(world, "ann", "A")
        assert world.team("A").post(f"/api/v1/submissions/{submission}/cancel").status_code == 200
        assert _notices(world) == []

    def test_teams_that_entered_are_reminded_once_a_day_ahead_and_anew_where_the_date_moves(self, world: Any) -> None:
        world.team("A")
        world.team("B")
        _person(world, "ann", "A")
        _person(world, "ben", "B")
        closes = world.clock.now() + timedelta(hours=30)
        with world.platform.core.database.write() as work:
            challenge = work.session.scalars(select(ChallengeRow.id)).one()
            team = work.session.scalars(select(TeamRow.id).where(TeamRow.name == "A")).one()
            work.session.merge(EntryRow(challenge_id=challenge, team_id=team, status="approved", entered_at=NOON))
            work.session.execute(update(PhaseRow).values(closes_at=closes))

        def told() -> list[str]:
            world.platform.sweep()
            world.platform.sweep()
            return [each.address for each in _notices(world) if each.event == "phase.closes_soon"]

        assert told() == []
        world.clock.advance(hours=7)
        assert told() == ["ann@example.org"]
        world.clock.advance(hours=7)
        assert told() == ["ann@example.org"]
        with world.platform.core.database.write() as work:
            work.session.execute(update(PhaseRow).values(closes_at=closes + timedelta(hours=1)))
        assert told() == ["ann@example.org"] * 2

    def test_teams_that_entered_are_told_that_it_closed(self, world: Any) -> None:
        world.create("A")  # enters
        _person(world, "ann", "A")
        assert world.organiser.post("/api/v1/challenges/tiny/close").status_code == 200
        assert world.organiser.post("/api/v1/challenges/tiny/open").status_code == 200
        assert world.organiser.post("/api/v1/challenges/tiny/close").status_code == 200
        events = [each.event for each in _notices(world)]
        assert sorted(events) == ["phase.closed", "phase.opened"]


class TestOverHttp:
    def test_administrators_see_what_was_not_sent_and_why_but_never_the_text(self, world: Any) -> None:
        notice = _write(world, text="https://bench.example.org/reset?token=secret")
        deliver_due(world.platform.core, postman=_Post(Refused("no such user")))
        answer = world.organiser.get("/api/v1/notices?fate=given_up")
        (shown,) = answer.json()["items"]
        assert (shown["id"], shown["to"], shown["trouble"], shown["fate"]) == (
            notice,
            "ann@example.org",
            "no such user",
            "given_up",
        )
        assert "token=secret" not in answer.text
        assert world.organiser.get("/api/v1/notices?fate=sent").json()["items"] == []

    def test_one_that_was_given_up_is_sent_again_on_demand(self, world: Any) -> None:
        notice = _write(world)
        deliver_due(world.platform.core, postman=_Post(Refused("no such user")))
        assert world.organiser.post(f"/api/v1/notices/{notice}/retry").json()["fate"] == "waiting"
        assert deliver_due(world.platform.core, postman=_Post()).sent == (notice,)
        assert world.organiser.post(f"/api/v1/notices/{notice}/retry").json()["code"] == "notice-sent"
        assert world.organiser.post("/api/v1/notices/note-aaaaaaaaaaaaaaaa/retry").status_code == 404
