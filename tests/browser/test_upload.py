"""Handing an image in from the browser: sent in slices, broken off by whatever breaks lines, and gone on with."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest
from platform_people import Person, make_person
from playwright.sync_api import Browser, Page, expect
from tus_bench import BadLine, Servers

from sonobench_platform.accounts.identity import SERVER
from sonobench_platform.accounts.passwords import hash_password
from sonobench_platform.db.models import SubmissionRow
from sonobench_platform.submissions.cancel import cancel
from sonobench_platform.submissions.quota import all_given_back
from sonobench_platform.teams import membership

PASSWORD = "four grey herons wading"
MIB = 1 << 20
CHECKLIST = "/portal/challenges/tiny"
FILE = "The image: a file made with docker save"
FIGURES = re.compile(r"^\d+ % – [\d.]+ [KM]iB of 8.0 MiB, [\d.]+ [KM]iB/s, \d+ s left$")

expect.set_options(timeout=30_000)


@dataclass
class Bench:
    """A server, somebody whose team may hand in, and lines to it that can be bad."""

    servers: Servers
    port: int
    person: Person
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
        context = self.chromium.new_context(base_url=f"http://127.0.0.1:{port or self.port}", **options)  # type: ignore[arg-type]
        self.opened.callback(context.close)
        page = context.new_page()
        page.goto("/account/sign-in")
        page.get_by_label("Mail address").fill(self.person.email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("main").get_by_role("button", name="Sign in").click()
        page.goto(CHECKLIST)
        return page

    def submission(self) -> SubmissionRow:
        """The only submission."""
        with self.servers.platform.core.database.read() as session:
            return session.query(SubmissionRow).one()

    def stored(self, page: Page) -> bytes:
        """What was stored of the submission whose page is open."""
        found = re.search(r"/submissions/(sub-[a-z2-7]+)$", page.url)
        assert found is not None
        assert found[1] == self.submission().id
        return self.servers.platform.core.store.upload(found[1]).read_bytes()


@pytest.fixture
def bench(chromium: Browser, tmp_path: Path) -> Iterator[Bench]:
    servers = Servers(tmp_path / "home", settings={"SONOBENCH_MAX_UPLOAD_BYTES": str(32 * MIB)})
    core = servers.platform.core
    world = SimpleNamespace(platform=servers.platform, clock=core.clock, app=None)
    person = make_person(world, "ada", password_hash=hash_password(PASSWORD))
    with core.database.write() as work:
        membership.found(core, work, person.identity, "U-Vision")
    made = Bench(servers, servers.start(), person, chromium, tmp_path)
    yield made
    made.opened.close()
    servers.close()


def hand_in(page: Page, image: Path) -> None:
    page.get_by_label(FILE).set_input_files(image)
    page.get_by_role("button", name="Hand it in").click()


def is_sent(page: Page, least_percent: int) -> None:
    """Wait until this much of the image was sent."""
    page.wait_for_function(f"document.querySelector('[data-progress]').value >= {least_percent * 10}")


def arrives(page: Page) -> None:
    page.wait_for_url(re.compile(r"/submissions/sub-"), timeout=60_000)


def sent_percent(page: Page) -> int:
    found = re.search(r"(\d+)\s%", page.locator("[data-figures]").inner_text())
    assert found is not None
    return int(found[1])


def end_elsewhere(bench: Bench) -> None:
    """End the only submission, as another browser would."""
    core = bench.servers.platform.core
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
        page = bench.checklist(bench.line(bytes_per_s=2 * MIB).port)
        hand_in(page, bench.image(8 * MIB))
        figures = page.locator("[data-figures]")
        expect(figures).to_have_text(
            re.compile(r"^\d+ % – [\d.]+ [KM]iB of 8.0 MiB, [\d.]+ [KM]iB/s, \d+ s left$"), timeout=20_000
        )
        expect(page.get_by_role("progressbar")).to_be_visible()
        expect(page.get_by_role("status").filter(has_text="%")).to_have_count(1)
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
        line = bench.line(bytes_per_s=4 * MIB)
        page, image = bench.checklist(line.port), bench.image(16 * MIB)
        hand_in(page, image)
        is_sent(page, 40)
        page.reload()
        said = page.get_by_text(re.compile(r"An upload of .my-algorithm\.tar. stopped at (\d+) %: choose the same file to go on"))
        expect(said).to_be_visible()
        assert int(re.search(r"(\d+) %", said.inner_text())[1]) >= 15  # type: ignore[index]
        page.get_by_label(FILE).set_input_files(image)
        arrives(page)
        assert bench.stored(page) == image.read_bytes()
        assert line.carried_bytes < 24 * MIB

    def test_an_upload_that_stopped_can_be_ended_there(self, bench: Bench) -> None:
        page, image = bench.checklist(bench.line(bytes_per_s=4 * MIB).port), bench.image(16 * MIB)
        hand_in(page, image)
        is_sent(page, 20)
        page.reload()
        page.get_by_role("button", name="Cancel the upload").click()
        expect(page.get_by_text("stopped at")).to_have_count(0)
        assert bench.submission().state == "cancelled"
        assert page.evaluate("localStorage.length") == 0

    def test_one_that_was_ended_elsewhere_is_not_offered(self, bench: Bench) -> None:
        page, image = bench.checklist(bench.line(bytes_per_s=4 * MIB).port), bench.image(16 * MIB)
        hand_in(page, image)
        is_sent(page, 20)
        page.goto("/portal")
        end_elsewhere(bench)
        page.goto(CHECKLIST)
        page.wait_for_function("localStorage.length === 0")
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
        page, image = bench.checklist(bench.line(bytes_per_s=4 * MIB).port), bench.image(12 * MIB)
        hand_in(page, image)
        is_sent(page, 20)
        page.context.set_offline(True)
        expect(page.locator("[data-figures]")).to_contain_text("This device is offline")
        page.context.set_offline(False)
        arrives(page)
        assert bench.stored(page) == image.read_bytes()

    def test_a_server_that_is_started_anew_is_waited_for(self, bench: Bench) -> None:
        page, image = bench.checklist(bench.line(bytes_per_s=4 * MIB).port), bench.image(12 * MIB)
        hand_in(page, image)
        is_sent(page, 20)
        bench.servers.kill(bench.port)
        expect(page.locator("[data-figures]")).to_contain_text("Trying again in")
        bench.servers.start(bench.port)
        arrives(page)
        assert bench.stored(page) == image.read_bytes()


class TestTheReadersHand:
    def test_a_paused_upload_waits_and_goes_on(self, bench: Bench) -> None:
        page, image = bench.checklist(bench.line(bytes_per_s=4 * MIB).port), bench.image(12 * MIB)
        hand_in(page, image)
        is_sent(page, 20)
        page.get_by_role("button", name="Pause").click()
        expect(page.locator("[data-figures]")).to_contain_text("Paused at")
        before = sent_percent(page)
        page.wait_for_timeout(1500)
        assert sent_percent(page) == before
        page.get_by_role("button", name="Go on").click()
        arrives(page)
        assert bench.stored(page) == image.read_bytes()

    def test_a_canceled_upload_gives_its_attempt_back(self, bench: Bench) -> None:
        page = bench.checklist(bench.line(bytes_per_s=4 * MIB).port)
        hand_in(page, bench.image(12 * MIB))
        is_sent(page, 20)
        page.get_by_role("button", name="Cancel the upload").click()
        expect(page.get_by_role("status").filter(has_text="The upload is canceled")).to_have_count(1)
        expect(page.get_by_role("button", name="Hand it in")).to_be_visible()
        row = bench.submission()
        assert row.state == "cancelled"
        with bench.servers.platform.core.database.read() as session:
            assert all_given_back(session, [row.id]) == {row.id}

    def test_who_is_signed_out_meanwhile_is_told_how_to_go_on(self, bench: Bench) -> None:
        page, image = bench.checklist(bench.line(bytes_per_s=4 * MIB).port), bench.image(12 * MIB)
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
        with bench.servers.platform.core.database.read() as session:
            assert session.query(SubmissionRow).count() == 0


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
