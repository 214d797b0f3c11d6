"""From nobody to a place on the board, in a real browser and with a real container: by mouse, by keyboard, without JavaScript."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import docker
import pytest
from docker.errors import DockerException
from infra.house import PATIENT, House
from infra.showcase_open import SCRIPT
from infra.small_challenge import small_image, write_small_challenge
from mail_server import MailServer, mail_server
from playwright.sync_api import Browser, Page, Route, expect
from showcase_browser import DESK, PHONE, Reader, reader_at
from showcase_hands import Hands, Keyboard, Mouse, NoScript
from sqlalchemy import select

from sonobench_eval.doctor.examine import Setting, examine_node
from sonobench_platform.accounts.passwords import hash_password
from sonobench_platform.config import Settings
from sonobench_platform.db.models import ChallengeRow, OrganiserRow, PersonRow
from sonobench_platform.domain.ids import new_id
from sonobench_platform.wiring import Platform

pytestmark = [pytest.mark.docker, pytest.mark.timeout(900)]

PASSWORD = "violet lantern under seven bridges"
ORGANIZER = "olga@example.org"
TERMS = "You use the images for this challenge alone."
WITHIN_MS = 300_000
"""On a busy machine; nothing waits for it to pass."""


class Way(NamedTuple):
    """How somebody goes: with which hands, and what their browser is like."""

    name: str
    hands: Hands
    team: str
    options: dict[str, Any]


WAYS = (
    Way("by mouse", Mouse(), "Blue Whale", {"viewport": DESK, "color_scheme": "light"}),
    Way("by keyboard", Keyboard(), "Night Shift", {"viewport": DESK, "color_scheme": "dark"}),
    Way("on a phone, without JavaScript", NoScript(), SCRIPT, {"viewport": PHONE, "java_script_enabled": False}),
)


@dataclass
class Place:
    """A platform with real workers, and the mails that it sends."""

    house: House
    mails: MailServer

    def mailed_path(self, email: str) -> str:
        """Where the newest mail to somebody leads."""

        def links() -> list[str]:
            bodies = [each.message.get_content() for each in self.mails.mails if email in each.to]
            return [found for body in bodies for found in re.findall(r"https?://[^/\s]+(/account/\S+)", body)]

        self.house.wait_for(links, f"a mail to {email}")
        return links()[-1]


@pytest.fixture(scope="module")
def place(docker_client: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("journeys")
    challenge = write_small_challenge(folder / "challenge", entry={"approval": True, "terms": TERMS})
    examined = examine_node(Setting(home=Path(tempfile.gettempdir())))
    assert examined.is_safe, [f"{check.name}: {check.found}" for check in examined.open_doors]
    with mail_server() as mails:
        house = House(folder / "home", docker_client, examined=examined.to_json(), settings=_mailing(mails), pace=PATIENT)
        try:
            added = house.run_command("admin", "challenge", "add", str(challenge))
            assert added.returncode == 0, added.stderr
            _add_organizer(house)
            house.within_s = 180.0  # beside a browser; nothing waits for it to pass
            house.start("serve", "score", "run")
            yield Place(house, mails)
        finally:
            house.close()


def _mailing(mails: MailServer) -> dict[str, str]:
    return {
        "SONOBENCH_SMTP_HOST": "127.0.0.1",
        "SONOBENCH_SMTP_PORT": str(mails.port),
        "SONOBENCH_SMTP_TLS": "none",
        "SONOBENCH_MAIL_FROM": "Sonobench <bench@example.org>",
    }


def _add_organizer(house: House) -> None:
    with closing(Platform(Settings(home=house.home, database_url=""))) as platform, platform.core.database.write() as work:
        now = platform.core.clock.now()
        person = PersonRow(id=new_id("pers"), email=ORGANIZER, email_key=ORGANIZER, name="Olga Brandt", created_at=now)
        person.confirmed_at, person.is_administrator, person.password_hash = now, False, hash_password(PASSWORD)
        work.session.add(person)
        work.session.flush()
        challenge = work.session.scalars(select(ChallengeRow.id)).one()
        work.session.add(OrganiserRow(challenge_id=challenge, person_id=person.id, added_at=now))


@pytest.fixture
def image(docker_client: docker.DockerClient, tmp_path: Path) -> Iterator[Path]:
    made = small_image(seconds=1)
    path = tmp_path / "my-algorithm.tar"
    path.write_bytes(made.tar)
    yield path
    with suppress(DockerException):
        docker_client.images.remove(made.digest, force=True)


class TestFromNobodyToTheBoard:
    @pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
    def test_a_team_gets_there(self, way: Way, place: Place, chromium: Browser, image: Path) -> None:
        with reader_at(chromium, place.house.url, **way.options) as captain, reader_at(chromium, place.house.url) as organizer:
            _register(captain, way, place)
            _form_a_team(captain, way)
            _enter(captain, way)
            _approve(organizer, way.team)
            _hand_in(captain, way, image)
            _wait_for_the_score(captain.page, way)
            board = captain.open("/challenges/small/leaderboard")
            expect(board.get_by_role("rowheader", name=way.team).first).to_be_visible()
            assert captain.watch.take() == []
            assert organizer.watch.take() == []


def _register(reader: Reader, way: Way, place: Place) -> None:
    page, hands, email = reader.open("/portal"), way.hands, f"{way.name.split()[-1].lower()}@example.org"
    hands.use(page.get_by_role("link", name="Make an account"))
    hands.write(page.get_by_label("Mail address"), email)
    hands.write(page.get_by_label("Name", exact=True), "Clara Nguyen")
    hands.write(page.get_by_label("Password"), PASSWORD)
    hands.use(page.get_by_role("button", name="Make the account"))
    page = reader.open(place.mailed_path(email))
    hands.write(page.get_by_label("Password"), PASSWORD)
    hands.use(page.get_by_role("button", name="Confirm and sign in"))
    expect(page.get_by_role("status").first).to_contain_text("confirmed")


def _form_a_team(reader: Reader, way: Way) -> None:
    page = reader.page
    way.hands.write(page.get_by_label("The team's name"), way.team)
    way.hands.use(page.get_by_role("button", name="Form the team"))
    expect(page.get_by_role("main")).to_contain_text(way.team)


def _enter(reader: Reader, way: Way) -> None:
    page = reader.page
    way.hands.use(page.get_by_role("region", name="Challenges").get_by_role("link", name="Small", exact=True))
    way.hands.use(page.get_by_label("agree to them"))
    way.hands.use(page.get_by_role("button", name="Sign, and enter the team"))
    expect(page.get_by_role("main")).to_contain_text("The organizers were told")


def _approve(organizer: Reader, team: str) -> None:
    organizer.sign_in(ORGANIZER, PASSWORD)
    page = organizer.open("/desk/challenges/small/teams")
    page.get_by_label(team).check()
    page.get_by_role("button", name="Approve those that are checked").click()
    expect(page.get_by_role("row").filter(has_text=team)).to_contain_text("Approved")


def _hand_in(reader: Reader, way: Way, image: Path) -> None:
    page = reader.open("/portal/challenges/small")
    if isinstance(way.hands, NoScript | Keyboard):
        way.hands.hand_over(page, image)
    else:
        _hand_in_with_a_reload_between(reader, way, image)
    page.wait_for_url("**/submissions/sub-*", timeout=WITHIN_MS)


def _hand_in_with_a_reload_between(reader: Reader, way: Way, image: Path) -> None:
    """The second slice never arrives; after a reload the same file goes on behind the first."""
    page, begun = reader.page, []

    def only_the_first(route: Route) -> None:
        if route.request.method == "PATCH" and route.request.headers["upload-offset"] != "0":
            begun.append(route.request.headers["upload-offset"])
            return  # it hangs, as on a line that died
        route.continue_()

    page.route("**/api/v1/uploads/**", only_the_first)
    way.hands.hand_over(page, image)
    way.hands.use(page.get_by_role("button", name="Hand it in"))
    page.wait_for_function("() => Object.values(localStorage).some(each => JSON.parse(each).offset > 0)")
    page.reload()
    page.unroute("**/api/v1/uploads/**")  # not before: what hangs would go on
    sent: list[str] = []
    page.on("request", lambda each: sent.append(each.headers.get("upload-offset", "")) if each.method == "PATCH" else None)
    way.hands.hand_over(page, image)
    if page.get_by_role("button", name="Hand it in").is_visible():
        way.hands.use(page.get_by_role("button", name="Hand it in"))
    page.wait_for_url("**/submissions/sub-*", timeout=WITHIN_MS)
    assert sent
    assert "0" not in sent


def _wait_for_the_score(page: Page, way: Way) -> None:
    """Where there is JavaScript the page tells it by itself; where not, its reader looks again."""
    heading = page.get_by_role("heading", level=2, name=re.compile("^Scored"))
    if isinstance(way.hands, NoScript):
        for _ in range(WITHIN_MS // 500):
            if heading.count():
                break
            page.wait_for_timeout(500)
            with page.expect_navigation():  # else the last look would be for a link that the new page may not have
                page.get_by_role("link", name="Look again").click()
    expect(heading).to_be_visible(timeout=WITHIN_MS)
    expect(page.get_by_role("heading", name="Scores")).to_be_visible()


class TestTheOrganizersDesk:
    def test_scores_again_and_publishes(self, place: Place, chromium: Browser, image: Path) -> None:
        with reader_at(chromium, place.house.url) as organizer:
            assert place.house.call("GET", "/api/v1/submissions")["items"], "run the journeys above too: they hand in"
            organizer.sign_in(ORGANIZER, PASSWORD)
            page = organizer.open("/desk/challenges/small/publish")
            page.locator("summary", has_text="again").first.click()
            page.get_by_label("Reason").first.fill("A metric was mended.")
            with page.expect_navigation():  # a reload before it would break the request off
                page.get_by_role("button", name="Score again").click()
            publish = page.get_by_role("button", name="Publish these scores")
            for _ in range(WITHIN_MS // 500):
                if publish.count():
                    break
                page.wait_for_timeout(500)
                page.reload()
            page.get_by_label("Type the name small to confirm").fill("large")
            publish.click()
            expect(page.get_by_role("alert")).to_be_visible()
            organizer.watch.take()  # the refusal of a wrong name
            page.get_by_label("Type the name small to confirm").fill("small")
            page.get_by_role("button", name="Publish these scores").click()
            expect(page.get_by_role("status").first).to_be_visible()
            assert organizer.watch.take() == []
