"""The second half of the organizer desk, in a browser without JavaScript: nodes, data, publishing, the audit trail, exports."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from platform_people import browser_of, make_organiser, make_person
from sqlalchemy import select

from sonobench_platform.db.models import AuditRow

HTML = {"Accept": "text/html"}
FORM = {**HTML, "Content-Type": "application/x-www-form-urlencoded", "Origin": "http://test", "Sec-Fetch-Site": "same-origin"}
DESK = "/desk/challenges/tiny"
HOSTILE = "<script>alert(1)</script>"
REPORT = {
    "engine": "Docker 20.10",
    "machine": {"gpu": "NVIDIA A100 80GB", "driver": "580.159"},
    "checks": [
        {"name": "Memory and swap", "verdict": "bad", "found": "a program took 128 MiB", "cure": "Turn it on.", "kind": "limit"},
        {"name": "Disk of the engine's data", "verdict": "ok", "found": "12 GB free of 80 GB", "cure": "", "kind": "fact"},
    ],
}


class Desk:
    """An organizer at the desk."""

    def __init__(self, http: Any) -> None:
        self._http = http

    def open(self, path: str) -> httpx.Response:
        answer: httpx.Response = self._http.get(path, headers=HTML)
        return answer

    def text(self, path: str) -> str:
        """What the page says, its tags taken out."""
        answer = self.open(path)
        assert answer.status_code == 200, answer.text
        return said(answer)

    def send(self, path: str, **fields: str) -> httpx.Response:
        answer: httpx.Response = self._http.post(path, content=urlencode(fields), headers=FORM)
        return answer


def said(answer: httpx.Response) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())


@pytest.fixture
def root(world: Any) -> Desk:
    return Desk(browser_of(world, make_person(world, "Root", is_administrator=True)))


@pytest.fixture
def olga(world: Any) -> Desk:
    return Desk(browser_of(world, make_organiser(world, "Olga")))


def actions(world: Any) -> list[str]:
    with world.platform.core.database.read() as session:
        return list(session.scalars(select(AuditRow.action).order_by(AuditRow.number)))


class TestNodes:
    def test_a_platform_without_nodes_says_how_to_get_one(self, root: Desk) -> None:
        assert "No node has made itself known yet" in root.text("/desk/nodes")

    def test_it_says_what_a_node_is_and_what_runs_on_it_and_what_waits(self, world: Any, root: Desk) -> None:
        world.report_node("n1", **REPORT)
        running, waiting = world.queued("A"), world.queued("B")
        assert world.claim("n1") is not None
        text = root.text("/desk/nodes")
        assert "1 of 1 node has runs; 1 run is under way; 1 submission waits." in text
        for words in ("NVIDIA A100 80GB", "580.159", "12 GB free of 80 GB", "Turn it on.", f"Runs now {running} of A", waiting):
            assert words in text

    def test_draining_needs_a_reason_and_is_undone_with_a_button(self, world: Any, root: Desk) -> None:
        world.report_node("n1")
        world.queued("A")
        refused = root.send("/desk/nodes/n1/drain", reason=" ")
        assert (refused.status_code, "Give a reason" in said(refused)) == (422, True)
        done = root.send("/desk/nodes/n1/drain", reason="new driver")
        assert (done.status_code, done.headers["location"]) == (303, "/desk/nodes?note=drained")
        assert "new driver" in root.text("/desk/nodes?note=drained")
        assert world.claim("n1") is None
        root.send("/desk/nodes/n1/take-back")
        assert world.claim("n1") is not None
        assert [each for each in actions(world) if each.startswith("node.")] == ["node.drain", "node.take-back"]

    def test_forgetting_asks_for_the_nodes_name(self, world: Any, root: Desk) -> None:
        world.report_node("n1")
        assert root.send("/desk/nodes/n1/forget", confirm="n2").status_code == 422
        assert "n1" in root.text("/desk/nodes")
        assert root.send("/desk/nodes/n1/forget", confirm="n1").status_code == 303
        assert "No node has made itself known yet" in root.text("/desk/nodes")

    def test_the_frame_calls_the_reader_by_name(self, root: Desk) -> None:
        assert "Root" in root.text("/desk/nodes")

    def test_a_node_that_fell_silent_is_said_to_have(self, world: Any, root: Desk) -> None:
        world.report_node("n1")
        world.clock.advance(hours=5)
        text = root.text("/desk/nodes")
        assert "Not heard of for 5 hours" in text
        assert "0 of 1 node has runs" in text

    def test_what_a_node_says_of_itself_is_text(self, world: Any, root: Desk) -> None:
        world.report_node("n1", engine=HOSTILE, machine={"gpu": f"\u202e{HOSTILE}"}, checks=[{"name": HOSTILE}, 3])
        page = root.open("/desk/nodes")
        assert HOSTILE not in page.text
        assert "\u202e" not in page.text
        assert "&lt;script&gt;" in page.text

    def test_it_is_for_administrators(self, olga: Desk) -> None:
        assert olga.open("/desk/nodes").status_code == 403


class TestData:
    def test_it_says_that_registered_data_is_sound_and_how_many_cases_there_are(self, olga: Desk) -> None:
        text = olga.text(f"{DESK}/data")
        assert "The data is sound: 4 cases, nothing wrong." in text
        assert "May open on its date yes" in text

    def test_a_verification_is_asked_for_and_its_findings_are_shown(self, world: Any, olga: Desk) -> None:
        asked = olga.send(f"{DESK}/data/verify", phase="test")
        assert asked.headers["location"] == f"{DESK}/data?phase=test&note=asked"
        assert "A verification waits for a score worker." in olga.text(f"{DESK}/data")
        for each in world.platform.due_work().datasets:
            world.platform.verify_data(each)
        text = olga.text(f"{DESK}/data")
        assert "The data is not sound" in text
        assert "Error" in text
        assert "/dataset/report.csv?phase=test" in olga.open(f"{DESK}/data").text

    def test_a_phase_that_is_not_there_is_404(self, olga: Desk) -> None:
        assert olga.open(f"{DESK}/data?phase=none").status_code == 404


class TestPublish:
    def test_it_says_what_is_on_show_and_what_closing_would_change(self, world: Any, olga: Desk) -> None:
        assert "Nothing is scored yet" in olga.text(f"{DESK}/publish")
        world.scored("A")
        text = olga.text(f"{DESK}/publish")
        assert "Snapshot 1 is on show, with times and memory rounded while the phase is open." in text
        assert "Closing the phase shows exact figures; no team changes place by that." in text

    def test_a_rescoring_is_seen_before_it_is_published_and_publishing_asks_for_the_name(self, world: Any, olga: Desk) -> None:
        world.scored("A")
        asked = olga.send(f"{DESK}/publish/rescore", phase="test", reason="a metric was mended")
        assert asked.status_code == 303
        assert "Being scored: 0 of 1 done." in olga.text(f"{DESK}/publish")
        for item in world.platform.due_work().rescorings:
            world.platform.rescore(item)
        page = olga.open(f"{DESK}/publish")
        assert "No team would change place." in said(page)
        (address,) = re.findall(r'action="([^"]+/publish/[^"/]+/publish)"', page.text)
        refused = olga.send(address, confirm="other")
        assert (refused.status_code, "Type the name tiny" in said(refused)) == (422, True)
        assert olga.send(address, confirm="tiny").headers["location"] == f"{DESK}/publish?note=published"
        assert "rescoring.publish" in actions(world)

    def test_a_second_rescoring_is_refused_with_what_to_do(self, world: Any, olga: Desk) -> None:
        world.scored("A")
        olga.send(f"{DESK}/publish/rescore", phase="test", reason="a metric was mended")
        again = olga.send(f"{DESK}/publish/rescore", phase="test", reason="a metric was mended")
        assert again.status_code == 409
        assert "publish or drop it first" in said(again)

    def test_a_rescoring_can_be_dropped(self, world: Any, olga: Desk) -> None:
        world.scored("A")
        olga.send(f"{DESK}/publish/rescore", phase="test", reason="a metric was mended")
        (address,) = re.findall(r'action="([^"]+/drop)"', olga.open(f"{DESK}/publish").text)
        assert olga.send(address).headers["location"] == f"{DESK}/publish?note=dropped"
        assert "Dropped." in olga.text(f"{DESK}/publish")


class TestAuditTrail:
    def test_it_shows_who_did_what_and_filters(self, world: Any, olga: Desk) -> None:
        world.scored("A")
        olga.send(f"{DESK}/publish/rescore", phase="test", reason="a <b>metric</b> was mended")
        text = olga.text(f"{DESK}/audit")
        assert "rescoring.ask" in text
        assert "a <b>metric</b> was mended" in text
        only = olga.text(f"{DESK}/audit?action=truth.")
        assert "rescoring.ask" not in only

    def test_hashes_are_shortened_and_stay_searchable(self, world: Any, olga: Desk) -> None:
        world.scored("A")
        text = olga.text(f"{DESK}/audit?action=truth.")
        assert f"{world.summary.hash.removeprefix('sha256:')[:12]}…" in text
        assert world.summary.hash.removeprefix("sha256:") not in text

    def test_nonsense_for_a_day_is_said_to_be_that(self, olga: Desk) -> None:
        answer = olga.open(f"{DESK}/audit?since=yesterday")
        assert (answer.status_code, "'yesterday' is no day" in said(answer)) == (422, True)
        assert "No row of the log is like that." in olga.text(f"{DESK}/audit?since=2099-01-01")

    def test_older_rows_are_on_further_parts(self, world: Any, olga: Desk) -> None:
        for _ in range(101):
            world.organiser.get("/api/v1/challenges/tiny/export/entries.csv")
        page = olga.open(f"{DESK}/audit")
        (next_part,) = re.findall(r'href="([^"]+before=[^"]+)"', page.text)
        assert "export.entries" in olga.text(unescape(next_part))


class TestExports:
    def test_every_table_is_linked_and_each_link_works(self, world: Any, olga: Desk) -> None:
        world.scored("A")
        links = re.findall(r'href="(/api/v1/challenges/tiny/export/[^"]+)"', olga.open(f"{DESK}/exports").text)
        assert len(links) == 10
        assert {olga.open(link).status_code for link in links} == {200}
        assert "Tells of the hidden references" in olga.text(f"{DESK}/exports")


class TestWhoSees:
    PAGES = ("data", "publish", "audit", "exports")

    @pytest.mark.parametrize("page", PAGES)
    def test_an_organizer_of_another_challenge_sees_none_of_it(self, world: Any, page: str) -> None:
        from platform_people import add_challenge

        add_challenge(world, "other")
        otto = Desk(browser_of(world, make_organiser(world, "Otto", "other")))
        assert otto.open(f"{DESK}/{page}").status_code == 404

    @pytest.mark.parametrize("page", PAGES)
    def test_a_participant_sees_none_of_it(self, world: Any, page: str) -> None:
        ann = Desk(browser_of(world, make_person(world, "Ann")))
        assert ann.open(f"{DESK}/{page}").status_code == 403

    @pytest.mark.parametrize("page", [f"{DESK}/{each}" for each in PAGES] + ["/desk/nodes"])
    def test_nobody_is_led_to_sign_in_and_back(self, world: Any, page: str) -> None:
        answer = world.anyone.get(page, headers=HTML)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/account/sign-in?next={page}")
