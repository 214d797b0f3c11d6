"""How often one may ask: who is counted as whom, what a full window answers, and where counts are kept."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from limits import RateLimitItemPerSecond
from platform_browser import PASSWORD, Browser, signed_up
from platform_people import audited, make_person

from sonobench_platform.accounts import rate_store
from sonobench_platform.accounts.rate_store import ProcessStorage, RateStore
from sonobench_platform.queue.embedded import EmbeddedRedis, redis_server

ADA, EVE = "ada@example.org", "eve@example.org"
WRONG = "nine slow trains at dusk"


class TestRequests:
    def test_over_the_limit_it_is_429_with_when_to_ask_again(self, make_world: Any) -> None:
        world = make_world(requests_per_minute=3)
        ada = make_person(world, "ada").http
        assert [ada.get("/api/v1/me").status_code for _ in range(3)] == [200, 200, 200]
        answer = ada.get("/api/v1/me")
        assert (answer.status_code, answer.json()["code"]) == (429, "too-often")
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
        assert answer.headers["Content-Type"] == "application/problem+json"

    def test_one_caller_does_not_use_up_anothers(self, make_world: Any) -> None:
        world = make_world(requests_per_minute=2)
        ada, eve = make_person(world, "ada").http, make_person(world, "eve").http
        for _ in range(3):
            ada.get("/api/v1/me")
        assert eve.get("/api/v1/me").status_code == 200
        assert world.node.get("/internal/v1/runs/live?node=n1").status_code == 200

    def test_a_person_is_one_caller_however_many_tokens_they_have(self, make_world: Any) -> None:
        world = make_world(requests_per_minute=6)
        browser = signed_up(world, ADA)
        for number in range(3):
            browser.post("/api/v1/account/tokens", json={"name": str(number), "scopes": ["read"]})
        made = browser.post("/api/v1/account/tokens", json={"name": "x", "scopes": ["read"]}).json()["token"]
        statuses = [browser.get("/api/v1/me", headers={"Authorization": f"Bearer {made}"}).status_code for _ in range(8)]
        assert statuses == [200] * 6 + [429] * 2
        assert browser.me() == 429

    def test_changes_have_a_limit_of_their_own(self, make_world: Any) -> None:
        world = make_world(writes_per_minute=2)
        ada = make_person(world, "ada").http
        assert [ada.post("/api/v1/me/teams", json={"name": f"T{n}"}).status_code for n in range(3)] == [201, 201, 429]
        assert ada.get("/api/v1/me").status_code == 200

    def test_bytes_of_an_upload_do_not_count(self, make_world: Any) -> None:
        world = make_world(writes_per_minute=2)
        for number in range(2):
            made = world.create("A", size_bytes=3, note=str(number))
            assert world.team("A").put(f"/api/v1/submissions/{made['id']}/image", content=b"abc").status_code == 202

    def test_nobody_in_particular_counts_by_address(self, make_world: Any) -> None:
        world = make_world(requests_per_minute=1)
        assert [world.anyone.get("/api/v1/challenges").status_code for _ in range(11)] == [200] * 10 + [429]
        assert Browser(world).get("/api/v1/challenges").status_code == 200

    def test_guessing_at_tokens_counts_by_address(self, make_world: Any) -> None:
        world = make_world(requests_per_minute=1)
        wrong = {"Authorization": "Bearer sbt_guess"}
        assert {world.anyone.get("/api/v1/me", headers=wrong).status_code for _ in range(10)} == {401}
        assert world.anyone.get("/api/v1/me", headers=wrong).status_code == 429

    def test_an_address_that_a_client_makes_up_does_not_count(self, make_world: Any) -> None:
        world = make_world(requests_per_minute=1)
        for number in range(10):
            world.anyone.get("/api/v1/challenges", headers={"X-Forwarded-For": f"198.51.100.{number}"})
        assert world.anyone.get("/api/v1/challenges", headers={"X-Forwarded-For": "198.51.100.99"}).status_code == 429

    def test_behind_a_proxy_that_is_named_its_clients_count_apart(self, make_world: Any) -> None:
        world = make_world(requests_per_minute=1, trusted_proxies="127.0.0.1")
        for _ in range(11):
            world.anyone.get("/api/v1/challenges", headers={"X-Forwarded-For": "198.51.100.1"})
        assert world.anyone.get("/api/v1/challenges", headers={"X-Forwarded-For": "198.51.100.2"}).status_code == 200

    def test_0_is_no_limit(self, make_world: Any) -> None:
        world = make_world(requests_per_minute=0, writes_per_minute=0, node_requests_per_minute=0)
        assert {world.anyone.get("/api/v1/challenges").status_code for _ in range(30)} == {200}


class TestSigningIn:
    def test_the_eleventh_try_from_one_address_waits_even_with_the_right_password(self, world: Any) -> None:
        signed_up(world, ADA)
        assert {Browser(world).sign_in(ADA, WRONG).status_code for _ in range(10)} == {401}
        answer = Browser(world).sign_in(ADA, PASSWORD)
        assert answer.status_code == 429
        assert 1 <= int(answer.headers["Retry-After"]) <= 900

    def test_an_unknown_address_waits_as_a_known_one(self, world: Any) -> None:
        assert [Browser(world).sign_in(EVE, WRONG).status_code for _ in range(11)] == [401] * 10 + [429]

    def test_a_stranger_elsewhere_does_not_lock_anybody_out(self, make_world: Any) -> None:
        world = make_world(trusted_proxies="192.0.2.1")
        signed_up(world, ADA)
        for _ in range(12):
            Browser(world).sign_in(ADA, WRONG, headers={"X-Forwarded-For": "198.51.100.66"})
        assert Browser(world).sign_in(ADA, headers={"X-Forwarded-For": "203.0.113.5"}).status_code == 200

    def test_it_is_in_the_audit_log_once_and_without_what_was_typed(self, world: Any) -> None:
        from sonobench_platform.db.models import AuditRow

        for _ in range(13):
            Browser(world).sign_in("hunter2-my-secret@example.org", WRONG)
        assert audited(world).count("person.sign-in-refused") == 1
        with world.platform.core.database.read() as session:
            row = session.query(AuditRow).filter_by(action="person.sign-in-refused").one()
        assert row.subject == "an unknown address"
        assert "192.0.2.1" in row.detail
        assert "hunter2" not in str(vars(row))

    def test_mails_to_one_address_are_few(self, world: Any) -> None:
        wish = {"email": ADA}
        statuses = [Browser(world).post("/api/v1/account/reset-request", json=wish).status_code for _ in range(6)]
        assert statuses == [202] * 5 + [429]
        assert Browser(world).sign_up(ADA).status_code == 429
        assert Browser(world).sign_up(EVE).status_code == 202


class TestCountingInThisProcess:
    def test_a_window_moves(self, monkeypatch: pytest.MonkeyPatch) -> None:
        storage, now = ProcessStorage(), [1000.0]
        monkeypatch.setattr(rate_store, "time", SimpleNamespace(time=lambda: now[0]))
        assert [storage.acquire_entry("k", 2, 1) for _ in range(3)] == [True, True, False]
        now[0] += 1.05
        assert [storage.acquire_entry("k", 2, 1) for _ in range(3)] == [True, True, False]

    def test_what_is_refused_is_not_counted(self) -> None:
        storage = ProcessStorage()
        begun, _ = storage.get_moving_window("k", 1, 60)
        storage.acquire_entry("k", 1, 60)
        first, count = storage.get_moving_window("k", 1, 60)
        storage.acquire_entry("k", 1, 60)
        assert storage.get_moving_window("k", 1, 60) == (first, 1)
        assert (begun <= first, count) == (True, 1)

    def test_threads_together_get_no_more_than_the_limit(self) -> None:
        storage, won = ProcessStorage(), []

        def take() -> None:
            won.extend(storage.acquire_entry("k", 100, 60) for _ in range(50))

        threads = [threading.Thread(target=take) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(won) == 100

    def test_whom_nobody_heard_of_for_a_window_is_forgotten(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rate_store, "_SWEEP_EVERY", 5)
        storage = ProcessStorage()
        storage.acquire_entry("old", 1, 0)
        for number in range(6):
            storage.acquire_entry(f"new-{number}", 1, 60)
        assert "old" not in storage._events
        assert storage.reset() == 6


class TestCountingInRedis:
    @pytest.mark.skipif(redis_server() is None, reason="redis-server is not installed")
    def test_processes_share_their_counts(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rate_store, "_REDIS_WITHIN_S", 60.0)  # a busy machine's Redis is not away
        item = RateLimitItemPerSecond(3, 60, namespace="test")
        with EmbeddedRedis(tmp_path) as redis:
            one, other = RateStore(redis.broker_url), RateStore(redis.broker_url)
            assert [store.hit(item, "k") for store in (one, other, one, other)] == [True, True, True, False]
            assert 1 <= other.wait_s(item, "k") <= 60

    def test_while_it_is_away_this_process_counts(self, tmp_path: Path) -> None:
        store = RateStore(f"redis+socket://{tmp_path}/nobody.sock")
        item = RateLimitItemPerSecond(2, 60, namespace="test")
        assert [store.hit(item, "k") for _ in range(3)] == [True, True, False]
        assert store.wait_s(item, "k") >= 1
