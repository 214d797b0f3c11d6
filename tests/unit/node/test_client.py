from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from sonobench_platform.node.client import ApiAway, ApiRefused, LeaseLost, NodeClient


def _always() -> bool:
    return True


def _never() -> bool:
    return False


def _times(*answers: httpx.Response | Exception | None) -> Callable[[httpx.Request], httpx.Response | None]:
    """Give these answers one after the other (None: what the API would answer), then leave it to the API."""
    waiting: Iterator[httpx.Response | Exception | None] = iter(answers)

    def respond(request: httpx.Request) -> httpx.Response | None:
        answer = next(waiting, None)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return respond


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    # In this module alone: threads of other tests sleep on.
    monkeypatch.setattr("sonobench_platform.node.client.time", SimpleNamespace(sleep=lambda seconds: None))


class TestClaim:
    def test_an_empty_queue_is_none(self, client: NodeClient) -> None:
        assert client.claim(gpus=0) is None

    def test_an_assignment_is_read_whole(self, client: NodeClient, api: Any, an_assignment: Callable[..., Any]) -> None:
        api.assignments.append(an_assignment("run-9", attempt=2))
        assignment = client.claim(gpus=0)
        assert assignment is not None
        assert (assignment.run_id, assignment.attempt) == ("run-9", 2)
        assert assignment.challenge.cases[0].mask is None

    def test_the_key_of_the_names_is_in_no_message_and_in_no_representation(
        self, client: NodeClient, api: Any, an_assignment: Callable[..., Any]
    ) -> None:
        whole = an_assignment()
        api.assignments += [whole | {"attempt": 0}, {"run_id": "x", "pseudonym_key": whole["pseudonym_key"]}, whole]
        for _ in range(2):
            with pytest.raises(ApiRefused) as refused:
                client.claim(gpus=0)
            assert "5e5e" not in str(refused.value)
        assignment = client.claim(gpus=0)
        assert assignment is not None
        assert assignment.key == bytes.fromhex("5e" * 32)
        assert "5e5e" not in repr(assignment)

    def test_the_image_is_known_by_both_its_digests(
        self, client: NodeClient, api: Any, an_assignment: Callable[..., Any]
    ) -> None:
        whole, digest = an_assignment(), "sha256:" + "9" * 64
        api.assignments += [whole, whole | {"image": whole["image"] | {"manifest_digest": digest}}]
        without, known = client.claim(gpus=0), client.claim(gpus=0)
        assert without is not None
        assert known is not None
        assert (without.image.identity.manifest_digest, known.image.identity.manifest_digest) == (None, digest)
        assert known.image.identity.config_digest == without.image.identity.config_digest

    def test_fields_of_a_newer_api_are_ignored(self, client: NodeClient, api: Any, an_assignment: Callable[..., Any]) -> None:
        api.assignments.append(an_assignment() | {"priority": "high"})
        assert client.claim(gpus=0) is not None

    @pytest.mark.parametrize(
        ("field", "value"), [("run_id", "../../etc"), ("attempt", 0), ("challenge", {}), ("inputs", {"hash": "x"})]
    )
    def test_an_assignment_that_makes_no_sense_is_refused(
        self, client: NodeClient, api: Any, an_assignment: Callable[..., Any], field: str, value: object
    ) -> None:
        api.assignments.append(an_assignment() | {field: value})
        with pytest.raises(ApiRefused, match="cannot read"):
            client.claim(gpus=0)

    def test_a_wrong_token_is_refused_with_the_sentence_of_the_api(
        self, client: NodeClient, api: Any, given: SimpleNamespace
    ) -> None:
        api.respond = _times(given.problem(401, "unknown-token"))
        with pytest.raises(ApiRefused, match="401 the detail of unknown-token"):
            client.claim(gpus=0)

    @pytest.mark.parametrize(
        "trouble", [httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), httpx.Response(502, text="<html>")]
    )
    def test_an_api_that_is_away_is_told_apart(self, client: NodeClient, api: Any, trouble: httpx.Response | Exception) -> None:
        api.respond = _times(trouble)
        with pytest.raises(ApiAway):
            client.claim(gpus=0)


class TestRetries:
    def test_what_failed_twice_succeeds_the_third_time(self, client: NodeClient, api: Any) -> None:
        api.respond = _times(httpx.ConnectError("refused"), httpx.Response(503))
        client.finish("run-1", 1, {"exit_code": 0}, retrying=_always)
        assert api.reports == [{"exit_code": 0}]

    def test_it_ends_when_the_caller_has_no_more_patience(self, client: NodeClient, api: Any) -> None:
        api.respond = _times(*[httpx.ConnectError("refused")] * 3)
        with pytest.raises(ApiAway, match="does not answer"):
            client.finish("run-1", 1, {}, retrying=_never)
        assert len(api.requests) == 1

    def test_a_lost_lease_is_not_tried_again(self, client: NodeClient, api: Any) -> None:
        api.lease_lost = True
        with pytest.raises(LeaseLost, match="the detail of lease-lost"):
            client.finish("run-1", 1, {}, retrying=_always)
        assert len(api.requests) == 1

    def test_another_conflict_is_a_refusal_and_no_lost_lease(self, client: NodeClient, api: Any, given: SimpleNamespace) -> None:
        api.respond = _times(given.problem(409, "something-else"))
        with pytest.raises(ApiRefused):
            client.finish("run-1", 1, {}, retrying=_always)


class TestUploadResults:
    def test_the_bytes_arrive_with_their_digest_and_length(self, client: NodeClient, api: Any, tmp_path: Path) -> None:
        results, seen = tmp_path / "results.tar", {}

        def look(request: httpx.Request) -> None:
            seen.update(request.headers)

        api.respond = look
        results.write_bytes(b"x" * 3_000_000)
        client.upload_results("run-1", 3, results, retrying=_never)
        assert api.results["run-1", "3"] == results.read_bytes()
        digest = base64.b64encode(hashlib.sha256(results.read_bytes()).digest()).decode()
        assert seen["content-digest"] == f"sha-256=:{digest}:"
        assert seen["content-length"] == "3000000"
        assert "transfer-encoding" not in seen

    def test_a_second_try_sends_all_of_it_again(self, client: NodeClient, api: Any, tmp_path: Path) -> None:
        results = tmp_path / "results.tar"
        results.write_bytes(b"all of it")
        api.respond = _times(httpx.Response(500))
        client.upload_results("run-1", 1, results, retrying=_always)
        assert api.results["run-1", "1"] == b"all of it"


class TestDownload:
    def test_a_file_with_a_wrong_digest_is_not_taken(self, client: NodeClient, api: Any, tmp_path: Path) -> None:
        api.respond = _times(httpx.Response(200, content=b"damaged", headers={"Content-Digest": "sha-256=:AAAA:"}))
        with pytest.raises(ApiAway, match="damaged"):
            client.download("/file", tmp_path / "file", retrying=_never)

    def test_a_damaged_file_is_fetched_again(self, client: NodeClient, api: Any, tmp_path: Path) -> None:
        api.files["/file"] = b"whole"
        api.respond = _times(httpx.Response(200, content=b"damaged", headers={"Content-Digest": "sha-256=:AAAA:"}))
        client.download("/file", tmp_path / "file", retrying=_always)
        assert (tmp_path / "file").read_bytes() == b"whole"

    def test_a_missing_file_is_a_refusal_with_the_reason(
        self, client: NodeClient, api: Any, given: SimpleNamespace, tmp_path: Path
    ) -> None:
        api.respond = _times(given.problem(404, "not-found"))
        with pytest.raises(ApiRefused, match="the detail of not-found"):
            client.download("/file", tmp_path / "file", retrying=_always)


class TestLive:
    def test_it_lists_attempts(self, client: NodeClient, api: Any) -> None:
        api.live = [["run-1", 2]]
        assert client.live() == [("run-1", 2)]

    def test_it_is_asked_for_once_whatever_comes_of_it(self, client: NodeClient, api: Any) -> None:
        api.respond = _times(httpx.ConnectError("refused"))
        with pytest.raises(ApiAway):
            client.live()
        assert api.requests == ["GET /internal/v1/runs/live"]
