"""What those would try who want more than their share: teams that cheat, others' organisers, thieves of a token. Each held."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import httpx
import phased_world
import pytest
from platform_people import (
    Person,
    audited,
    browser_of,
    mails,
    make_organiser,
    make_person,
    make_team,
    with_scopes,
)
from pydantic import ValidationError
from sqlalchemy import select, update

from sonobench_eval.challenge.explain import problems_of
from sonobench_eval.challenge.model import Challenge
from sonobench_platform.db.models import QuotaRow, SubmissionRow
from sonobench_platform.registry import found
from sonobench_platform.teams.invitations import MOST_A_DAY


def _given_back(world: Any, submission_id: str) -> list[str]:
    query = select(QuotaRow.reason).where(QuotaRow.submission_id == submission_id, QuotaRow.amount < 0)
    with world.platform.core.database.read() as session:
        return list(session.scalars(query))


def _opened(person: Person) -> str:
    answer = person.http.post("/api/v1/challenges/tiny/submissions", json={"size_bytes": 10})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["submission"]["id"])


class TestAStolenToken:
    """A personal token that leaked must not be worth more than its scopes say."""

    def test_one_that_only_reads_finds_no_link_that_resets_the_password(self, world: Any) -> None:
        ada = make_person(world, "ada", password_hash="x")
        world.anyone.post("/api/v1/account/reset-request", json={"email": ada.email})
        (mail,) = mails(world, ada.email)
        secret = mail.body.split("token=")[1].split()[0]
        answer = with_scopes(world, ada.id, "read").get("/api/v1/account/export")
        assert answer.status_code == 200
        assert "account.reset" in answer.text
        assert secret not in answer.text

    def test_nor_one_that_joins_a_team(self, world: Any) -> None:
        ada, bo = make_person(world, "ada"), make_person(world, "bo")
        team_id = make_team(bo, "B")
        bo.http.post(f"/api/v1/teams/{team_id}/invitations", json={"email": ada.email})
        secret = mails(world, ada.email)[-1].body.split("/invitations/")[1].split()[0]
        assert secret not in with_scopes(world, ada.id, "read").get("/api/v1/account/export").text

    def test_an_administrators_token_finds_nobodys_link_either(self, world: Any) -> None:
        ada = make_person(world, "ada", password_hash="x")
        world.anyone.post("/api/v1/account/reset-request", json={"email": ada.email})
        secret = mails(world, ada.email)[0].body.split("token=")[1].split()[0]
        assert secret not in world.organiser.get(f"/api/v1/people/{ada.id}/export").text

    @pytest.mark.parametrize("verb", ["cancel", "withdraw"])
    def test_one_that_organises_ends_no_submission_of_its_owners_own_team(self, world: Any, verb: str) -> None:
        """Its owner organises another challenge, so that the token may organise at all."""
        ada = make_organiser(world, "ada")
        _leave_organisers(world, ada)
        make_team(ada, "A")
        submission_id = _opened(ada)
        answer = with_scopes(world, ada.id, "organise").post(f"/api/v1/submissions/{submission_id}/{verb}")
        assert (answer.status_code, answer.json()["code"]) == (403, "scope-missing")
        assert world.state(submission_id) == "uploading"


def _leave_organisers(world: Any, person: Person) -> None:
    """The person organises some other challenge, and this one no more."""
    from platform_people import add_challenge

    from sonobench_platform.db.models import ChallengeRow, OrganiserRow

    add_challenge(world, "other")
    with world.platform.core.database.write() as work:
        other = work.session.scalar(select(ChallengeRow.id).where(ChallengeRow.name == "other"))
        work.session.execute(update(OrganiserRow).where(OrganiserRow.person_id == person.id).values(challenge_id=other))


class TestAnOrganiserWhoIsInATeam:
    def test_what_they_cancel_of_another_team_is_not_told_as_its_own_doing(self, world: Any) -> None:
        olga, ada = make_organiser(world, "olga"), make_person(world, "ada")
        make_team(olga, "O")
        make_team(ada, "A")
        submission_id = _opened(ada)
        assert olga.http.post(f"/api/v1/submissions/{submission_id}/cancel").status_code == 200
        assert world.submission(submission_id)["history"][-1]["cause"] == "cancelled by an organiser"
        assert [mail.event for mail in mails(world, ada.email)] == ["submission.ended"]
        assert "submission.cancel" in audited(world)

    def test_what_they_cancel_of_their_own_team_is(self, world: Any) -> None:
        olga = make_organiser(world, "olga")
        make_team(olga, "O")
        submission_id = _opened(olga)
        assert olga.http.post(f"/api/v1/submissions/{submission_id}/cancel").status_code == 200
        assert world.submission(submission_id)["history"][-1]["cause"] == "cancelled by the team"


class TestATeamThatCheats:
    def test_what_ran_already_is_not_given_back_by_cancelling_its_further_run(self, world: Any, worlds: Any) -> None:
        """The first run saw the hidden images and failed by the image's fault; an organiser has it run again."""
        submission_id = world.queued("A")
        world.tell(world.claim(), "finish", report=worlds.report(exit_code=1, result_files=0))
        assert world.state(submission_id) == "failed"
        again = world.organiser.post(f"/api/v1/submissions/{submission_id}/rerun", json={"reason": "their wish"})
        assert again.status_code == 202, again.text
        assert world.team("A").post(f"/api/v1/submissions/{submission_id}/cancel").status_code == 200
        assert _given_back(world, submission_id) == []

    def test_the_export_of_a_person_tells_no_more_of_a_submission_than_its_page(self, world: Any) -> None:
        """Trouble is for organisers, and exact moments of a run are a channel out of it."""
        ada = make_person(world, "ada")
        make_team(ada, "A")
        submission_id = _opened(ada)
        with world.platform.core.database.write() as work:
            work.session.execute(update(SubmissionRow).values(trouble="organiser: /truth/secret-case.png is missing"))
        kept = {each["table"]: each["rows"] for each in ada.http.get("/api/v1/account/export").json()["items"]}
        (row,) = kept["submissions"]
        assert row["id"] == submission_id
        assert row.keys().isdisjoint({"trouble", "state_since", "woken_at", "worker", "worker_until", "next_try_at", "tries"})
        assert "secret-case" not in json.dumps(kept)

    def test_a_manifest_that_says_it_is_endless_is_refused_in_a_sentence(
        self, make_world: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A registry takes the sizes that a manifest names for granted."""
        world = make_world(registry_url="http://127.0.0.1:1", registry_host="bench.example.org")
        team = world.team("A")
        me = team.get("/api/v1/me").json()["team"]["id"]
        endless = found.Found(f"{me}/model", f"sha256:{'0' * 64}", 2**62)
        monkeypatch.setattr("sonobench_platform.registry.handing_in.look_up", lambda *_: endless)
        answer = team.post("/api/v1/challenges/tiny/submissions/pushed", json={"image": f"{me}/model:latest"})
        assert (answer.status_code, answer.json()["code"]) == (413, "image-too-large")


class TestADefinitionThatIsAllMistakes:
    def test_only_the_first_of_them_are_looked_into(self) -> None:
        """Each unknown key is looked for among the known ones: a body full of them was half a minute of work."""
        body = {f"k{number}": 1 for number in range(3000)}
        with pytest.raises(ValidationError) as caught:
            Challenge.model_validate(body)
        problems = problems_of(caught.value, body)
        assert len(problems) <= 201
        assert "more problems" in problems[-1].sentence


class TestManifestsThatAreNone:
    """Registries keep what they do not know, and fields that are null: all of these can be pushed."""

    @pytest.mark.parametrize(
        "manifest",
        [
            b'{"schemaVersion": 2, "manifests": null}',
            b'{"schemaVersion": 2, "manifests": [{"platform": "x"}, 1]}',
            b'{"schemaVersion": 2, "manifests": [{"digest": "../../../team-other/model/manifests/latest"}]}',
            b'{"schemaVersion": 2, "layers": 5, "config": 7}',
            b"[]",
            b'{"x": ' + b"[" * 9000 + b"]" * 9000 + b"}",
        ],
    )
    def test_they_are_no_image_and_no_trouble_of_ours(
        self, make_world: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, manifest: bytes
    ) -> None:
        world = make_world(registry_url="http://registry.test", registry_host="bench.example.org")
        asked = []

        def answer(request: httpx.Request) -> httpx.Response:
            asked.append(request.url.path)
            return httpx.Response(200, content=manifest)

        transport = httpx.MockTransport(answer)
        monkeypatch.setattr(found, "_client", lambda *_: httpx.Client(transport=transport, base_url="http://registry.test"))
        team = world.team("A")
        me = team.get("/api/v1/me").json()["team"]["id"]
        answered = team.post("/api/v1/challenges/tiny/submissions/pushed", json={"image": f"{me}/model:latest"})
        assert (answered.status_code, answered.json()["code"]) == (404, "no-such-image")
        assert asked == [f"/v2/{me}/model/manifests/latest"]


class TestTricklingPastTheClose:
    """A body that was begun in time and drips for hours would buy its team another day, unless it said beforehand what it is."""

    IMAGE = b"ten bytes."

    @pytest.fixture
    def closing(self, world: Any) -> Any:
        """It closes in a minute."""
        phased_world.with_rules(world, closes=(world.clock.now() + timedelta(minutes=1)).isoformat())
        return world

    def _dripping(self, world: Any) -> AsyncIterator[bytes]:
        async def drip() -> AsyncIterator[bytes]:
            yield self.IMAGE[:5]
            world.clock.advance(seconds=3600)
            yield self.IMAGE[5:]

        return drip()

    def _put(self, world: Any, **headers: str) -> tuple[str, Any]:
        made = world.create("A", size_bytes=len(self.IMAGE))
        said = {"Content-Length": str(len(self.IMAGE)), **headers}
        url = f"/api/v1/submissions/{made['id']}/image"
        return made["id"], world.team("A").put(url, content=self._dripping(world), headers=said)

    def _patch(self, world: Any, metadata: str = "") -> tuple[str, Any]:
        tus = {"Tus-Resumable": "1.0.0"}
        challenge = base64.b64encode(b"tiny").decode()
        said = {**tus, "Upload-Length": str(len(self.IMAGE)), "Upload-Metadata": f"challenge {challenge}{metadata}"}
        made = world.team("A").post("/api/v1/uploads", headers=said)
        assert made.status_code == 201, made.text
        headers = {**tus, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        answer = world.team("A").request("PATCH", made.headers["Location"], content=self._dripping(world), headers=headers)
        return made.headers["Sonobench-Submission"], answer

    def test_a_put_that_says_nothing_of_its_content_is_late(self, closing: Any) -> None:
        submission_id, answer = self._put(closing)
        assert (answer.status_code, answer.json()["code"]) == (409, "challenge-closed")
        assert closing.state(submission_id) == "uploading"

    def test_one_that_named_its_content_is_in_time(self, closing: Any, worlds: Any) -> None:
        submission_id, answer = self._put(closing, **{"Content-Digest": worlds.content_digest(self.IMAGE)})
        assert answer.status_code == 202, answer.text
        assert closing.state(submission_id) == "checking"

    def test_a_patch_that_says_nothing_of_its_content_is_late(self, closing: Any) -> None:
        submission_id, answer = self._patch(closing)
        assert (answer.status_code, answer.json()["code"]) == (409, "challenge-closed")
        assert closing.state(submission_id) == "uploading"

    def test_one_whose_upload_named_its_content_is_in_time(self, closing: Any) -> None:
        sha256 = base64.b64encode(hashlib.sha256(self.IMAGE).hexdigest().encode()).decode()
        submission_id, answer = self._patch(closing, f",sha256 {sha256}")
        assert answer.status_code == 204, answer.text
        assert closing.state(submission_id) == "checking"


class TestNamesForSpreadsheets:
    """Where a comma is the decimal sign, a spreadsheet splits lines at semicolons: a name may hold a cell of its own."""

    NAME = "Nice;=HYPERLINK(1);\u00a0@SUM(1);-1"

    @pytest.mark.parametrize("who", ["organiser", "anyone"])
    def test_no_cell_begins_a_formula_however_a_line_is_split(self, world: Any, who: str) -> None:
        world.scored(self.NAME)
        url = {"organiser": "/api/v1/challenges/tiny/export/results.csv", "anyone": "/challenges/tiny/leaderboard.csv"}[who]
        text = getattr(world, who).get(url).text
        assert "HYPERLINK" in text
        cells = [cell.strip('" \u00a0') for line in text.splitlines() for cell in line.split(";")]
        assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))] == []


class TestMailToStrangers:
    def test_a_team_that_is_dissolved_and_made_anew_invites_no_more_than_one_that_stays(self, world: Any) -> None:
        ada = make_person(world, "ada")
        statuses = []
        for number in range(MOST_A_DAY + 1):
            if number % 25 == 0:
                team_id = make_team(ada, f"Cheap watches {number}")
            url = f"/api/v1/teams/{team_id}/invitations"
            statuses.append(ada.http.post(url, json={"email": f"stranger{number}@example.org"}).status_code)
            if number % 25 == 24:
                assert ada.http.request("DELETE", f"/api/v1/teams/{team_id}").status_code == 204
        assert statuses == [201] * MOST_A_DAY + [429]


class TestRequestsThatFlood:
    def test_creating_uploads_counts_as_changing_things(self, make_world: Callable[..., Any]) -> None:
        """Bytes on their way do not count, or a slow line would be shut out; opening an upload brings none."""
        world = make_world(writes_per_minute=3)
        team = world.team("A")
        headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "0"}
        answers = [team.post("/api/v1/uploads", headers=headers).status_code for _ in range(5)]
        assert answers[-1] == 429


class TestOddCursors:
    @pytest.mark.parametrize("key", [["2026-01-01T00:00Z", "\ud800"], ["\udfff", "x"], ["2026-01-01T00:00Z", "\0"]])
    @pytest.mark.parametrize("url", ["/api/v1/submissions", "/api/v1/notices"])
    def test_one_that_no_database_takes_is_a_bad_one(self, world: Any, url: str, key: list[str]) -> None:
        world.create("A")
        cursor = base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")
        answer = world.organiser.get(url, params={"cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (422, "bad-cursor")

    def test_in_a_list_by_name_too(self, world: Any) -> None:
        cursor = base64.urlsafe_b64encode(json.dumps(["\ud800"]).encode()).decode().rstrip("=")
        assert world.organiser.get("/api/v1/teams", params={"cursor": cursor}).status_code == 422


class TestBrowsers:
    def test_a_session_ends_with_its_person(self, world: Any) -> None:
        ada = make_person(world, "ada", password_hash="x")
        browser = browser_of(world, ada)
        assert browser.get("/api/v1/me").status_code == 200
        assert world.organiser.post(f"/api/v1/people/{ada.id}/disable").status_code == 200
        assert browser.get("/api/v1/me").status_code == 401
