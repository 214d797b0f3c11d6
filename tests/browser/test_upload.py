"""Handing an image in from the browser: sent in slices, broken off by whatever breaks lines, and gone on with."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from json import dumps
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import pytest
import uvicorn
from platform_people import Person, make_person
from platform_world import write_challenge
from playwright.sync_api import Browser, Page, expect
from tus_bench import BadLine
from waiting import until

from sonobench_platform.accounts import sessions
from sonobench_platform.accounts.identity import SERVER
from sonobench_platform.app import create_app
from sonobench_platform.config import Settings
from sonobench_platform.db.models import PersonRow, SubmissionRow, UploadRow
from sonobench_platform.domain.ids import new_id
from sonobench_platform.submissions.cancel import cancel
from sonobench_platform.submissions.quota import all_given_back
from sonobench_platform.teams import membership
from sonobench_platform.wiring import Platform

MIB = 1 << 20
SLOW = MIB // 2
"""Bytes a second: time enough to do something in between, on a busy machine too."""
CHECKLIST = "/portal/challenges/tiny"
FILE = "The image: a file made with docker save"
FIGURES = re.compile(r"^\d+ % – [\d.]+ [KM]iB of 8.0 MiB, [\d.]+ [KM]iB/s, \d+ s left$")

WITHIN_MS = 120_000
"""On a busy machine; nothing waits for it to pass."""


@dataclass
class Bench:
    """Somebody whose team may hand in, at a browser, and lines to the server that can be bad."""

    platform: Platform
    port: int
    person: Person
    team_id: str
    chromium: Browser
    folder: Path
    opened: ExitStack = field(default_factory=ExitStack)

    def line(self, **faults: float) -> BadLine:
        made = BadLine(self.port, **faults)  # type: ignore[arg-type]
        self.opened.callback(made.close)
        return made

    def image(self, size_bytes: int, name: str = "my-algorithm.tar") -> Path:
        path = self.folder / name
        path.write_bytes(os.urandom(size_bytes))
        return path

    def checklist(self, port: int | None = None, **options: bool) -> Page:
        """The checklist's page as the person sees it, signed in."""
        address, core = f"http://127.0.0.1:{port or self.port}", self.platform.core
        context = self.chromium.new_context(base_url=address, **options)  # type: ignore[arg-type]
        self.opened.callback(context.close)
        with core.database.write() as work:
            made = sessions.start(core, work, work.session.get_one(PersonRow, self.person.id), agent="Chromium")
        context.add_cookies([{"name": sessions.cookie_name(core.settings), "value": made.cookie, "url": address}])
        context.set_default_timeout(WITHIN_MS)
        page = context.new_page()
        page.goto(CHECKLIST)
        return page

    def submission(self) -> SubmissionRow:
        """The team's only submission."""
        with self.platform.core.database.read() as session:
            return session.query(SubmissionRow).filter_by(team_id=self.team_id).one()

    def has_none(self) -> bool:
        with self.platform.core.database.read() as session:
            return session.query(SubmissionRow).filter_by(team_id=self.team_id).count() == 0

    def stored(self, page: Page) -> bytes:
        """What was stored of the submission whose page is open."""
        found = re.search(r"/submissions/(sub-[a-z2-7]+)$", page.url)
        assert found is not None
        assert found[1] == self.submission().id
        return self.platform.core.store.upload(found[1]).read_bytes()


class Served(NamedTuple):
    platform: Platform
    port: int


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One platform for all tests here, on a socket."""
    home = tmp_path_factory.mktemp("upload") / "home"
    platform = Platform(Settings(home=home, min_free_bytes=0, max_upload_bytes=32 * MIB))
    platform.prepare()
    platform.register_challenge(write_challenge(home.parent / "challenge"))
    app = create_app(platform=platform)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started, "the server to answer")
    yield Served(platform, server.servers[0].sockets[0].getsockname()[1])
    server.should_exit = server.force_exit = True
    thread.join()
    platform.close()


@pytest.fixture
def bench(served: Served, chromium: Browser, tmp_path: Path) -> Iterator[Bench]:
    core = served.platform.core
    world = SimpleNamespace(platform=served.platform, clock=core.clock, app=None)
    name = new_id("ada")
    person = make_person(world, name)
    with core.database.write() as work:
        team_id = membership.found(core, work, person.identity, name).id
    made = Bench(served.platform, served.port, person, team_id, chromium, tmp_path)
    yield made
    made.opened.close()


def hand_in(page: Page, image: Path) -> None:
    page.get_by_label(FILE).set_input_files(image)
    page.get_by_role("button", name="Hand it in").click()


def is_sent(page: Page, least_percent: int) -> None:
    """Wait until this much of the image left the browser."""
    page.wait_for_function("least => document.querySelector('[data-progress]').value >= least", arg=least_percent * 10)


def is_kept(page: Page, least_bytes: int) -> None:
    """Wait until the server has said that it has this much."""
    page.wait_for_function("least => Object.values(localStorage).some(each => JSON.parse(each).offset >= least)", arg=least_bytes)


def mend(line: BadLine) -> None:
    """A slow line is slow no more."""
    line._bytes_per_s = None


def arrives(page: Page) -> None:
    page.wait_for_url(re.compile(r"/submissions/sub-"))


def sent_percent(page: Page) -> int:
    found = re.search(r"(\d+)\s%", page.locator("[data-figures]").inner_text())
    assert found is not None
    return int(found[1])


def keep_again(page: Page, bench: Bench, image: Path) -> None:
    """Have the browser remember the upload as it does until it has seen its end."""
    with bench.platform.core.database.read() as session:
        row = session.query(UploadRow).filter_by(submission_id=bench.submission().id).one()
    place = [bench.team_id, "tiny", "test", image.name, image.stat().st_size, 0]
    record = {"url": f"/api/v1/uploads/{row.id}", "submission": row.submission_id, "offset": 0}
    page.evaluate("([key, record]) => localStorage.setItem(key, record)", ["sonobench upload " + dumps(place), dumps(record)])


def end_elsewhere(bench: Bench) -> None:
    """End the only submission, as another browser would."""
    core = bench.platform.core
    with core.database.write() as work:
        cancel(core, work, bench.submission().id, caller=SERVER, cause="ended elsewhere")


class TestAWholeUpload:
    def test_it_leads_to_the_submissions_page(self, bench: Bench) -> None:
        page, image = bench.checklist(), bench.image(5 * MIB)
        page.get_by_label("A note to yourself").fill("with a bigger model")
        hand_in(page, image)
        arrives(page)
        assert bench.stored(page) == image.read_bytes()
        assert (bench.submission().state, bench.submission().note) == ("checking", "with a bigger model")
        assert page.evaluate("localStorage.length") == 0

    def test_it_tells_how_fast_it_is_and_how_long_it_will_take(self, bench: Bench) -> None:
        page = bench.checklist(bench.line(bytes_per_s=MIB).port)
        hand_in(page, bench.image(8 * MIB))
        expect(page.locator("[data-figures]")).to_have_text(FIGURES)
        expect(page.get_by_role("progressbar")).to_be_visible()
        expect(page.locator("[data-status]")).to_contain_text("%")
        arrives(page)

    def test_a_dropped_file_is_taken_as_a_chosen_one(self, bench: Bench) -> None:
        page = bench.checklist()
        page.evaluate("""() => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(70000)], "dropped.tar"));
            const zone = document.querySelector("[data-drop]");
            zone.dispatchEvent(new DragEvent("dragover", { dataTransfer: data, cancelable: true }));
            if (!zone.classList.contains("over")) throw new Error("nothing shows that it can be dropped");
            zone.dispatchEvent(new DragEvent("drop", { dataTransfer: data, cancelable: true }));
        }""")
        page.get_by_role("button", name="Hand it in").click()
        arrives(page)
        assert bench.stored(page) == bytes(70000)


class TestAReload:
    def test_the_same_file_goes_on_where_it_stopped(self, bench: Bench) -> None:
        line = bench.line(bytes_per_s=SLOW)
        page, image = bench.checklist(line.port), bench.image(12 * MIB)
        hand_in(page, image)
        is_kept(page, 2 * MIB)
        page.reload()
        said = page.get_by_text(re.compile(r"An upload of .my-algorithm\.tar. stopped at \d+ %: choose the same file to go on"))
        expect(said).to_be_visible()
        assert int(re.findall(r"(\d+) %", said.inner_text())[0]) >= 100 * 2 // 12
        before = line.carried_bytes
        mend(line)
        page.get_by_label(FILE).set_input_files(image)
        arrives(page)
        assert bench.stored(page) == image.read_bytes()
        assert line.carried_bytes - before < 11 * MIB

    def test_one_that_arrived_whole_meanwhile_is_said_to_have(self, bench: Bench) -> None:
        page, image = bench.checklist(), bench.image(3 * MIB)
        hand_in(page, image)
        arrives(page)
        keep_again(page, bench, image)
        page.goto(CHECKLIST)
        page.get_by_role("link", name="Its submission").click()
        arrives(page)

    def test_an_upload_that_stopped_can_be_ended_there(self, bench: Bench) -> None:
        page, image = bench.checklist(bench.line(bytes_per_s=SLOW).port), bench.image(12 * MIB)
        hand_in(page, image)
        is_sent(page, 20)
        page.reload()
        page.get_by_role("button", name="Cancel the upload").click()
        expect(page.get_by_text("stopped at")).to_have_count(0)
        assert bench.submission().state == "cancelled"
        assert page.evaluate("localStorage.length") == 0

    def test_one_that_was_ended_elsewhere_is_not_offered(self, bench: Bench) -> None:
        page, image = bench.checklist(bench.line(bytes_per_s=SLOW).port), bench.image(12 * MIB)
        hand_in(page, image)
        is_sent(page, 20)
        page.goto("/portal")
        end_elsewhere(bench)
        page.goto(CHECKLIST)
        page.wait_for_function("() => localStorage.length === 0")
        expect(page.get_by_text("stopped at")).to_have_count(0)


class TestABadLine:
    def test_it_is_waited_out(self, bench: Bench) -> None:
        line = bench.line()
        page, image = bench.checklist(line.port), bench.image(12 * MIB)
        line._one_in = 4  # from here on requests are dropped: their answers lost, their bodies cut, never arrived
        hand_in(page, image)
        arrives(page)
        line._one_in = None
        page.wait_for_load_state()
        assert bench.stored(page) == image.read_bytes()
        assert line.dropped

    def test_a_device_that_goes_offline_goes_on_by_itself(self, bench: Bench) -> None:
        line = bench.line(bytes_per_s=SLOW)
        page, image = bench.checklist(line.port), bench.image(12 * MIB)
        hand_in(page, image)
        is_sent(page, 20)
        page.context.set_offline(True)
        expect(page.locator("[data-figures]")).to_contain_text("This device is offline")
        page.context.set_offline(False)
        mend(line)
        arrives(page)
        assert bench.stored(page) == image.read_bytes()

    def test_a_server_that_is_busy_is_waited_for(self, bench: Bench) -> None:
        line = bench.line(bytes_per_s=SLOW)
        page, image = bench.checklist(line.port), bench.image(12 * MIB)
        hand_in(page, image)
        is_sent(page, 20)
        page.route("**/api/v1/uploads/*", lambda route: route.fulfill(status=503, body="busy"))
        expect(page.locator("[data-figures]")).to_contain_text("Trying again in")
        page.unroute("**/api/v1/uploads/*")
        mend(line)
        arrives(page)
        assert bench.stored(page) == image.read_bytes()


class TestTheReadersHand:
    def test_a_paused_upload_waits_and_goes_on(self, bench: Bench) -> None:
        line = bench.line(bytes_per_s=SLOW)
        page, image = bench.checklist(line.port), bench.image(12 * MIB)
        hand_in(page, image)
        is_sent(page, 20)
        page.get_by_role("button", name="Pause").click()
        expect(page.locator("[data-figures]")).to_contain_text("Paused at")
        before = sent_percent(page)
        page.wait_for_timeout(1500)
        assert sent_percent(page) == before
        page.get_by_role("button", name="Go on").click()
        mend(line)
        arrives(page)
        assert bench.stored(page) == image.read_bytes()

    def test_a_canceled_upload_gives_its_attempt_back(self, bench: Bench) -> None:
        page = bench.checklist(bench.line(bytes_per_s=SLOW).port)
        hand_in(page, bench.image(12 * MIB))
        is_sent(page, 20)
        page.get_by_role("button", name="Cancel the upload").click()
        expect(page.get_by_role("status").filter(has_text="The upload is canceled")).to_have_count(1)
        expect(page.get_by_role("button", name="Hand it in")).to_be_visible()
        row = bench.submission()
        assert row.state == "cancelled"
        with bench.platform.core.database.read() as session:
            assert all_given_back(session, [row.id]) == {row.id}

    def test_who_is_signed_out_meanwhile_is_told_how_to_go_on(self, bench: Bench) -> None:
        page, image = bench.checklist(bench.line(bytes_per_s=SLOW).port), bench.image(12 * MIB)
        hand_in(page, image)
        is_sent(page, 20)
        page.context.clear_cookies()
        expect(page.get_by_text("You are signed out. Sign in again, and choose the same file")).to_have_count(2)


class TestBeforeAnythingIsSent:
    @pytest.mark.parametrize(("size_bytes", "said"), [(0, "This file is empty"), (33 * MIB, "takes at most 32 MiB")])
    def test_a_file_that_cannot_be_taken_is_refused(self, bench: Bench, size_bytes: int, said: str) -> None:
        page = bench.checklist()
        hand_in(page, bench.image(size_bytes))
        expect(page.locator("#upload-error")).to_contain_text(said)
        assert bench.has_none()


class TestWithoutScripts:
    def test_the_form_sends_the_file_in_one_piece(self, bench: Bench) -> None:
        page, image = bench.checklist(java_script_enabled=False), bench.image(9 * MIB)
        expect(page.get_by_text("Without JavaScript the file goes in one piece")).to_be_visible()
        page.get_by_label("A note to yourself").fill("plain")
        hand_in(page, image)
        arrives(page)
        assert bench.stored(page) == image.read_bytes()
        assert bench.submission().note == "plain"

    def test_no_file_is_said_beside_the_field(self, bench: Bench) -> None:
        page = bench.checklist(java_script_enabled=False)
        hand_in(page, bench.image(0))
        expect(page.get_by_role("alert")).to_contain_text("Choose the file with the image first")
