"""Webhooks: signed, told nothing hidden, and never sent where this server's own networks are."""

from __future__ import annotations

import ipaddress
import json
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from certificates import make_certificate, server_context
from hook_receiver import Receiver, hook_receiver
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError
from typer.testing import CliRunner

from sonobench_platform.commands.plugin import register
from sonobench_platform.config import Settings
from sonobench_platform.notices import courier
from sonobench_platform.notices.courier import Message, send_message
from sonobench_platform.notices.guard import aim, check_url, is_public
from sonobench_platform.notices.sending import Gone, Refused, TryLater, Unreachable

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with hook_receiver() as told:
        yield told


@pytest.fixture
def open_world(make_world: Any) -> Any:
    """A world whose settings let webhooks go to this machine, in clear."""
    return make_world(webhooks_over_http=True, webhooks_to_private_addresses=True)


def _make(world: Any, receiver: Receiver, path: str = "/api/v1/challenges/tiny/webhooks", **more: Any) -> Any:
    url = f"http://127.0.0.1:{receiver.port}/hook?x=1"
    answer = world.organiser.post(path, json={"url": url, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def _deliver(world: Any) -> Any:
    world.clock.time = datetime.now(UTC)  # what is signed is verified against the real clock
    return world.platform.deliver()


class TestWhatIsSent:
    def test_a_receiver_verifies_it_with_the_library(self, open_world: Any, receiver: Receiver) -> None:
        hook = _make(open_world, receiver)
        open_world.scored("A")
        _deliver(open_world)
        types = set()
        for came in receiver.got:
            said = Webhook(hook["secret"]).verify(came.body, came.headers)
            types.add(said["type"])
            assert said["data"]["challenge"] == "tiny"
            assert came.path == "/hook?x=1"
            with pytest.raises(WebhookVerificationError):
                Webhook(SECRET).verify(came.body, came.headers)
        assert types == {"submission.ended", "leaderboard.published"}

    def test_no_score_is_in_it(self, open_world: Any, receiver: Receiver) -> None:
        _make(open_world, receiver)
        submission = open_world.scored("A")
        _deliver(open_world)
        (ended,) = [json.loads(each.body)["data"] for each in receiver.got if b"submission.ended" in each.body]
        team = ended.pop("team")
        assert ended == {"challenge": "tiny", "submission": submission, "phase": "test", "state": "scored"}
        assert team["name"] == "A"
        assert not any(b"0.5" in each.body for each in receiver.got)

    def test_only_the_events_that_were_asked_for(self, open_world: Any, receiver: Receiver) -> None:
        _make(open_world, receiver, events=["leaderboard.published"])
        open_world.scored("A")
        _deliver(open_world)
        assert [json.loads(each.body)["type"] for each in receiver.got] == ["leaderboard.published"]

    def test_one_of_all_challenges_hears_of_each(self, open_world: Any, receiver: Receiver) -> None:
        _make(open_world, receiver, "/api/v1/webhooks", events=["phase.closed"])
        open_world.organiser.post("/api/v1/challenges/tiny/close")
        _deliver(open_world)
        assert [json.loads(each.body)["type"] for each in receiver.got] == ["phase.closed"]

    def test_nothing_is_sent_where_nobody_made_one(self, open_world: Any, receiver: Receiver) -> None:
        open_world.scored("A")
        _deliver(open_world)
        assert receiver.got == []

    def test_sent_again_after_trouble_it_keeps_its_id(self, open_world: Any, receiver: Receiver) -> None:
        hook = _make(open_world, receiver)
        receiver.answers = [500]
        assert open_world.organiser.post(f"/api/v1/webhooks/{hook['id']}/test").status_code == 202
        assert _deliver(open_world).failed
        open_world.clock.advance(minutes=1)
        assert open_world.platform.deliver().sent
        first, second = receiver.got
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert first.body == second.body

    def test_one_that_answers_410_is_switched_off(self, open_world: Any, receiver: Receiver) -> None:
        hook = _make(open_world, receiver)
        receiver.answers = [410]
        open_world.organiser.post(f"/api/v1/webhooks/{hook['id']}/test")
        _deliver(open_world)
        (shown,) = open_world.organiser.get("/api/v1/challenges/tiny/webhooks").json()["items"]
        assert shown["disabled_at"] is not None
        open_world.scored("A")
        _deliver(open_world)
        assert len(receiver.got) == 1
        assert open_world.organiser.post(f"/api/v1/webhooks/{hook['id']}/test").json()["code"] == "webhook-off"


class TestLookingAfterThem:
    def test_the_secret_is_shown_once(self, open_world: Any, receiver: Receiver) -> None:
        made = _make(open_world, receiver)
        assert made["secret"].startswith("whsec_")
        listed = open_world.organiser.get("/api/v1/challenges/tiny/webhooks")
        assert made["secret"] not in listed.text
        assert [each["id"] for each in listed.json()["items"]] == [made["id"]]

    def test_its_deliveries_tell_what_became_of_each(self, open_world: Any, receiver: Receiver) -> None:
        hook = _make(open_world, receiver)
        receiver.answers = [503]
        open_world.organiser.post(f"/api/v1/webhooks/{hook['id']}/test")
        _deliver(open_world)
        (shown,) = open_world.organiser.get(f"/api/v1/webhooks/{hook['id']}/deliveries").json()["items"]
        assert (shown["event"], shown["fate"], shown["trouble"]) == ("webhook.test", "waiting", "the address answered 503")

    def test_removed_it_is_told_nothing_more(self, open_world: Any, receiver: Receiver) -> None:
        hook = _make(open_world, receiver)
        open_world.organiser.post(f"/api/v1/webhooks/{hook['id']}/test")
        assert open_world.organiser.request("DELETE", f"/api/v1/webhooks/{hook['id']}").status_code == 204
        assert _deliver(open_world).sent == ()
        assert open_world.organiser.get(f"/api/v1/webhooks/{hook['id']}/deliveries").status_code == 404

    def test_its_making_is_in_the_audit_log(self, open_world: Any, receiver: Receiver) -> None:
        hook = _make(open_world, receiver)
        (row,) = open_world.organiser.get("/api/v1/challenges/tiny/audit?action=webhook.create").json()["items"]
        assert row["subject"] == hook["id"]
        assert hook["secret"] not in str(row)

    @pytest.mark.parametrize(
        ("url", "says"),
        [
            ("http://example.org/", "must begin with https"),
            ("ftp://example.org/", "must begin with https"),
            ("https://", "name a host"),
            ("https://user:pass@example.org/", "must not hold a name"),
            ("https://127.0.0.1/", "private network"),
            ("https://[::1]/", "private network"),
            ("https://[::ffff:10.0.0.1]/", "private network"),
            ("https://example.org/a b", "characters"),
            ("https://example.org\\@10.0.0.1/", "characters"),
            ("https://exämple.org/", "characters"),
            ("https://example.org:99999/", "no address"),
        ],
    )
    def test_an_address_that_may_not_be_asked_is_refused_at_once(self, world: Any, url: str, says: str) -> None:
        answer = world.organiser.post("/api/v1/challenges/tiny/webhooks", json={"url": url})
        assert answer.status_code == 422
        assert says in answer.json()["detail"]

    def test_an_event_that_is_none_is_refused_with_those_there_are(self, world: Any) -> None:
        answer = world.organiser.post("/api/v1/webhooks", json={"url": "https://example.org", "events": ["submission.endet"]})
        assert (answer.status_code, answer.json()["code"]) == (422, "no-such-event")
        assert "submission.ended" in answer.json()["detail"]

    def test_no_more_than_twenty(self, world: Any) -> None:
        made = [world.organiser.post("/api/v1/webhooks", json={"url": f"https://example.org/{n}"}) for n in range(21)]
        assert [each.status_code for each in made] == [201] * 20 + [409]


PRIVATE = [
    "0.0.0.0",  # noqa: S104 - not listened on
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.1",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::8.8.8.8",
    "64:ff9b:1::1",
    "100::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "nonsense",
]


class TestTheGuard:
    @pytest.mark.parametrize("address", PRIVATE)
    def test_what_is_not_public_is_refused(self, tmp_path: Path, address: str) -> None:
        assert not is_public(address)
        with pytest.raises(Refused, match="private network"):
            aim(Settings(home=tmp_path), "https://example.org/", resolve=lambda *_: [address])

    @pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700::1111", "2a00:1450:4001::1"])
    def test_what_is_public_is_let_through(self, tmp_path: Path, address: str) -> None:
        assert aim(Settings(home=tmp_path), "https://example.org/", resolve=lambda *_: [address]).address == address

    @given(inside=st.ip_addresses(v=4))
    def test_no_ipv4_address_gets_through_inside_an_ipv6_one(self, inside: ipaddress.IPv4Address) -> None:
        number = int(inside)
        for wrapped in (number, 0xFFFF << 32 | number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80):
            assert not is_public(str(ipaddress.IPv6Address(wrapped)))

    def test_one_private_address_among_public_ones_is_enough_to_refuse(self, tmp_path: Path) -> None:
        with pytest.raises(Refused):
            aim(Settings(home=tmp_path), "https://example.org/", resolve=lambda *_: ["8.8.8.8", "10.0.0.1"])

    @pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1", "0177.0.0.1", "localhost"])
    def test_other_ways_of_writing_loopback_are_seen_through(self, tmp_path: Path, host: str) -> None:
        with pytest.raises((Refused, Unreachable)):
            aim(Settings(home=tmp_path), f"https://{host}/")

    def test_a_name_without_an_address_is_tried_again_later(self, tmp_path: Path) -> None:
        def nothing(*_: Any) -> list[str]:
            raise socket.gaierror

        with pytest.raises(Unreachable):
            aim(Settings(home=tmp_path), "https://example.org/", resolve=nothing)

    @given(text=st.text(max_size=40))
    def test_any_text_is_refused_or_an_address_never_a_mistake_of_ours(self, text: str) -> None:
        settings = Settings.model_construct(webhooks_over_http=False, webhooks_to_private_addresses=False)
        for url in (text, f"https://{text}", f"https://example.org/{text}"):
            try:
                is_https, host, port, path = check_url(settings, url)
            except Refused:
                continue
            assert is_https
            assert host
            assert 0 < port < 65536
            assert path.startswith("/")


def _send(settings: Settings, url: str, **more: Any) -> None:
    send_message(settings, Message("note-a", url, SECRET, '{"type":"a"}'), at=datetime.now(UTC), **more)


@pytest.fixture
def allowed(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, webhooks_over_http=True, webhooks_to_private_addresses=True)


class TestTheCourier:
    def test_a_name_that_answers_differently_the_second_time_changes_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answers, asked, connected = [["93.184.216.34"], ["127.0.0.1"]], [], []

        def rebinding(host: str, _port: int) -> list[str]:
            asked.append(host)
            return answers.pop(0)

        def connect(address: tuple[str, int], **_: Any) -> socket.socket:
            connected.append(address)
            raise ConnectionRefusedError

        monkeypatch.setattr(courier.socket, "create_connection", connect)
        monkeypatch.setattr(courier.socket, "getaddrinfo", lambda *_a, **_k: pytest.fail("a name was resolved again"))
        with pytest.raises(Unreachable):
            _send(Settings(home=tmp_path), "https://rebind.example.org/", resolve=rebinding)
        assert asked == ["rebind.example.org"]
        assert connected == [("93.184.216.34", 443)]

    def test_over_tls_the_name_is_asked_for_and_its_certificate_verified(
        self, allowed: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        certificate = make_certificate(tmp_path, "hooks.example.org")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with hook_receiver(context=server_context(certificate)) as receiver:
            _send(allowed, f"https://hooks.example.org:{receiver.port}/x", resolve=lambda *_: ["127.0.0.1"])
            with pytest.raises(Unreachable, match=r"certificate of other\.example\.org is not valid"):
                _send(allowed, f"https://other.example.org:{receiver.port}/x", resolve=lambda *_: ["127.0.0.1"])
        assert receiver.names[0] == "hooks.example.org"
        (came,) = receiver.got
        assert came.headers["Host"] == f"hooks.example.org:{receiver.port}"

    def test_no_redirect_is_followed(self, allowed: Settings, receiver: Receiver) -> None:
        with hook_receiver() as other:
            receiver.answers, receiver.headers = [307], {"Location": f"http://127.0.0.1:{other.port}/"}
            with pytest.raises(TryLater, match="redirects are not followed"):
                _send(allowed, f"http://127.0.0.1:{receiver.port}/")
        assert other.got == []

    def test_410_is_told_apart(self, allowed: Settings, receiver: Receiver) -> None:
        receiver.answers = [410]
        with pytest.raises(Gone):
            _send(allowed, f"http://127.0.0.1:{receiver.port}/")

    def test_nobody_there(self, allowed: Settings) -> None:
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))
            with pytest.raises(Unreachable, match="did not answer"):
                _send(allowed, f"http://127.0.0.1:{held.getsockname()[1]}/")

    def test_one_that_sends_a_byte_now_and_then_is_broken_off(
        self, allowed: Settings, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(courier, "TOTAL_S", 0.4)
        receiver.dribble_s = 60.0
        start = time.monotonic()
        with pytest.raises(Unreachable):
            _send(allowed, f"http://127.0.0.1:{receiver.port}/")
        assert time.monotonic() - start < receiver.dribble_s / 2
        receiver.dribble_s = 0.0

    def test_a_proxy_of_the_environment_is_not_asked(
        self, allowed: Settings, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
        _send(allowed, f"http://127.0.0.1:{receiver.port}/")
        assert len(receiver.got) == 1


class TestCommands:
    def _run(self, world: Any, *words: str) -> Any:
        settings, app = world.platform.settings, typer.Typer()
        register(app)
        environment = {"SONOBENCH_HOME": str(settings.home), "SONOBENCH_DATABASE_URL": settings.database_url}
        return CliRunner().invoke(app, ["admin", *words], env=environment)

    def test_a_webhook_is_made_listed_tried_and_removed(self, world: Any) -> None:
        made = self._run(world, "webhook", "add", "https://example.org/x", "--challenge", "tiny", "--event", "phase.closed")
        assert made.exit_code == 0, made.output
        assert made.stdout.startswith("whsec_")
        (hook,) = json.loads(self._run(world, "webhook", "list", "--challenge", "tiny", "--json").stdout)
        assert hook["events"] == ["phase.closed"]
        assert self._run(world, "webhook", "test", hook["id"]).exit_code == 0
        (sent,) = json.loads(self._run(world, "webhook", "deliveries", hook["id"], "--json").stdout)
        assert (sent["event"], sent["fate"]) == ("webhook.test", "waiting")
        assert json.loads(self._run(world, "notices", "list", "--fate", "waiting", "--json").stdout)[0]["id"] == sent["id"]
        assert self._run(world, "notices", "retry", sent["id"]).exit_code == 0
        assert self._run(world, "webhook", "remove", hook["id"]).exit_code == 0
        assert json.loads(self._run(world, "webhook", "list", "--challenge", "tiny", "--json").stdout) == []

    @pytest.mark.parametrize(
        "words",
        [
            ["webhook", "add", "https://127.0.0.1/"],
            ["webhook", "remove", "hook-aaaaaaaaaaaaaaaa"],
            ["notices", "retry", "note-aaaaaaaaaaaaaaaa"],
            ["notices", "list", "--fate", "lost"],
            ["export", "nothing", "cases"],
            ["export", "tiny", "nothing"],
        ],
    )
    def test_what_cannot_be_done_is_told_in_a_sentence(self, world: Any, words: list[str]) -> None:
        result = self._run(world, *words)
        assert result.exit_code in {1, 5}
        assert result.stderr.startswith("sonobench: ")
        assert "Traceback" not in result.output

    def test_an_export_is_printed_and_in_the_audit_log(self, world: Any) -> None:
        world.create("A")
        assert self._run(world, "export", "tiny", "submissions").stdout.count("\n") == 2
        rows = world.organiser.get("/api/v1/challenges/tiny/audit?action=export.submissions").json()["items"]
        assert [row["actor"] for row in rows] == ["the server itself"]
