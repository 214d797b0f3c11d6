"""Published rankings at their permanent addresses: who sees which, what may be kept by caches, and the way there from a date."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import phased_world
import platform_world
import pytest
from page_visitor import HTML, Visitor
from platform_people import hide

from sonobench_eval.challenge.phase import Phase
from sonobench_platform.db.models import PhaseRow, SnapshotRow

BOARD = "/challenges/tiny/leaderboard"
HISTORY = f"{BOARD}/history"
HOSTILE = "=<script>alert(1)</script>1+1{}\\input{x}"
SEALED = "2026-03-01T00:00:00Z"


def digests(world: Any, **query: str) -> list[str]:
    """The hashes that a phase's history names, newest first."""
    page = world.anyone.get(HISTORY, params=query)
    assert page.status_code == 200, page.text
    return list(dict.fromkeys(re.findall(r"/challenges/tiny/snapshots/([0-9a-f]{64})\"", page.text)))


@pytest.fixture
def published(world: Any) -> Any:
    """A world with two rankings: of A alone, and of A and B."""
    world.scored("A")
    world.clock.advance(days=2)
    world.scored("B")
    return world


class TestAPermanentAddress:
    def test_it_shows_the_board_as_it_was_and_leads_to_the_present_one(self, published: Any) -> None:
        newer, older = digests(published)
        page = published.anyone.get(f"/challenges/tiny/snapshots/{older}")
        assert page.status_code == 200
        assert "This is snapshot 1 of" in page.text
        assert "The present one is snapshot 2, one later." in page.text
        assert f'href="{BOARD}"' in page.text
        assert "<bdi>A</bdi>" in page.text
        assert "<bdi>B</bdi>" not in page.text
        present = published.anyone.get(f"/challenges/tiny/snapshots/{newer}")
        assert "It is the present one." in present.text
        assert "<bdi>B</bdi>" in present.text

    def test_the_board_says_where_it_is_cited(self, published: Any) -> None:
        assert f'href="/challenges/tiny/snapshots/{digests(published)[0]}#cite"' in published.anyone.get(BOARD).text

    def test_the_first_digits_lead_to_the_whole_address(self, published: Any) -> None:
        digest = digests(published)[0]
        answer = published.anyone.get(f"/challenges/tiny/snapshots/{digest[:12]}")
        assert answer.status_code == 302
        assert answer.headers["location"] == f"/challenges/tiny/snapshots/{digest}"
        file = published.anyone.get(f"/challenges/tiny/snapshots/{digest[:20].upper()}.json")
        assert file.headers["location"] == f"/challenges/tiny/snapshots/{digest}.json"

    @pytest.mark.parametrize("wrong", ["abc", "0" * 12, "g" * 12, "%25" * 6, "_" * 12, "0" * 65])
    def test_what_names_no_snapshot_is_not_found_with_a_sentence(self, published: Any, wrong: str) -> None:
        answer = published.anyone.get(f"/challenges/tiny/snapshots/{wrong}", headers=HTML)
        assert answer.status_code == 404
        assert "There is no such page" in answer.text

    def test_digits_that_several_hashes_begin_with_are_refused(self, published: Any) -> None:
        with published.platform.core.database.write() as work:
            for number, row in enumerate(work.session.query(SnapshotRow)):
                row.content_hash = "sha256:" + "ab" * 31 + f"{number:02d}"
        answer = published.anyone.get(f"/challenges/tiny/snapshots/{'ab' * 8}")
        assert answer.status_code == 404
        assert answer.json()["code"] == "several-snapshots"

    def test_a_reader_that_has_the_page_is_not_sent_it_again(self, published: Any) -> None:
        address = f"/challenges/tiny/snapshots/{digests(published)[0]}"
        etag = published.anyone.get(address).headers["etag"]
        again = published.anyone.get(address, headers={"If-None-Match": etag})
        assert (again.status_code, again.content) == (304, b"")

    def test_a_ranking_that_was_on_show_twice_has_one_address_that_says_so(self, published: Any) -> None:
        published.clock.advance(days=1)
        with published.platform.core.database.write() as work:
            first = work.session.query(SnapshotRow).filter_by(number=1).one()
            values = {
                name: getattr(first, name) for name in ("challenge_id", "phase_id", "content_hash", "document", "audit_head")
            }
            work.session.add(SnapshotRow(**values, number=3, created_at=published.clock.now()))
            digest = first.content_hash.removeprefix("sha256:")
        page = published.anyone.get(f"/challenges/tiny/snapshots/{digest}").text
        assert "This is snapshot 1 of" in page
        assert "It is the present one." in page
        assert "The same ranking was published again on" in page


class TestFiles:
    def test_each_form_has_its_kind_and_may_be_kept(self, published: Any) -> None:
        address = f"/challenges/tiny/snapshots/{digests(published)[1]}"
        kinds = {
            "json": "application/json",
            "csv": "text/csv",
            "tex": "application/x-tex",
            "bib": "application/x-bibtex",
            "png": "image/png",
        }
        for form, kind in kinds.items():
            file = published.anyone.get(f"{address}.{form}")
            assert file.status_code == 200, form
            assert file.headers["content-type"].startswith(kind)
            assert file.headers["cache-control"].startswith("public, max-age=")
            assert file.headers["etag"]
        assert published.anyone.get(f"{address}.exe").status_code == 422

    def test_the_document_is_the_published_one_and_never_changes(self, published: Any) -> None:
        older = digests(published)[1]
        file = published.anyone.get(f"/challenges/tiny/snapshots/{older}.json")
        assert file.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert [row["team"] for row in json.loads(file.content)["rows"]] == ["A"]
        rows = list(csv.DictReader(io.StringIO(published.anyone.get(f"/challenges/tiny/snapshots/{older}.csv").text)))
        assert [row["team"] for row in rows] == ["A"]

    def test_the_citation_on_the_page_is_the_file(self, published: Any) -> None:
        address = f"/challenges/tiny/snapshots/{digests(published)[0]}"
        entry = published.anyone.get(f"{address}.bib").text
        assert entry.startswith("@misc{tiny-leaderboard-")
        assert f"url = {{{published.platform.settings.public_url}{address}}}" in entry
        assert entry.strip() in published.anyone.get(address).text.replace("&#39;", "'")

    def test_the_badge_that_the_page_offers_is_there(self, published: Any) -> None:
        page = html.unescape(published.anyone.get(f"/challenges/tiny/snapshots/{digests(published)[0]}").text)
        found = re.search(r"\[!\[Rank\]\(([^)]+)\)\]\(([^)]+)\)", page)
        assert found is not None
        server = published.platform.settings.public_url
        badge = published.anyone.get(found.group(1).removeprefix(server))
        assert badge.headers["content-type"] == "image/svg+xml"
        assert "rank" in badge.text
        assert badge.headers["cache-control"] == "public, max-age=300"
        assert found.group(2) == f"{server}{BOARD}"
        assert published.anyone.get("/challenges/tiny/badge.svg", params={"team": "nobody"}).status_code == 404

    def test_what_an_organiser_alone_sees_lies_in_no_shared_cache(self, published: Any) -> None:
        digest = digests(published)[0]
        hide(published)
        assert published.anyone.get(f"/challenges/tiny/snapshots/{digest}.json").status_code == 404
        mine = published.organiser.get(f"/challenges/tiny/snapshots/{digest}.json")
        assert mine.headers["cache-control"] == "private, no-cache"

    def test_pictures_may_be_shown_on_other_sites_and_pages_may_not(self, published: Any) -> None:
        address = f"/challenges/tiny/snapshots/{digests(published)[0]}"
        assert published.anyone.get(f"{address}.png").headers["cross-origin-resource-policy"] == "cross-origin"
        badge = published.anyone.get("/challenges/tiny/badge.svg", params={"team": "A"})
        assert badge.headers["cross-origin-resource-policy"] == "cross-origin"
        assert published.anyone.get(address).headers["cross-origin-resource-policy"] == "same-origin"


class TestVisibility:
    def test_snapshots_of_a_sealed_phase_are_seen_when_its_board_is(self, world: Any) -> None:
        phased_world.with_rules(world, scores="sealed", sealed_until=SEALED)
        phased_world.scored(world)
        with world.platform.core.database.read() as session:
            digest = session.query(SnapshotRow).one().content_hash.removeprefix("sha256:")
        address = f"/challenges/tiny/snapshots/{digest}"
        closed = [address, f"{address}.json", f"{address}.png", HISTORY, f"{HISTORY}.csv", f"{BOARD}.atom"]
        closed += ["/challenges/tiny/badge.svg?team=A", f"{BOARD}?as_of=2027-01-01"]
        for path in closed:
            assert world.anyone.get(path).status_code == 404, path
            assert world.team("A").get(path).status_code == 404, path
        assert world.organiser.get(address).status_code == 200
        world.clock.time = datetime(2026, 3, 1, tzinfo=UTC)
        for path in closed:
            assert world.anyone.get(path).status_code in {200, 303}, path

    def test_exact_figures_are_kept_back_while_the_phase_takes_images_again(self, published: Any) -> None:
        assert published.organiser.post("/api/v1/challenges/tiny/close").status_code == 200
        exact = digests(published)[0]
        assert published.anyone.get(f"/challenges/tiny/snapshots/{exact}").status_code == 200
        assert published.organiser.post("/api/v1/challenges/tiny/open").status_code == 200
        assert published.anyone.get(f"/challenges/tiny/snapshots/{exact}").status_code == 404
        assert exact not in digests(published)
        assert published.organiser.post("/api/v1/challenges/tiny/close").status_code == 200
        assert published.anyone.get(f"/challenges/tiny/snapshots/{exact}").status_code == 200

    def test_names_are_kept_back_where_the_phase_shows_aliases_from_now_on(self, world: Any) -> None:
        phased_world.scored(world)
        (named,) = digests(world)
        with world.platform.core.database.write() as work:
            phase = work.session.query(PhaseRow).one()
            phase.rules = Phase.model_validate_json(phase.rules).model_copy(update={"names": "aliases"}).model_dump_json()
        phased_world.scored(world, "B")
        assert named not in digests(world)
        assert world.anyone.get(f"/challenges/tiny/snapshots/{named}").status_code == 404
        assert "<bdi>A</bdi>" not in world.anyone.get(HISTORY).text


class TestAsOf:
    def test_a_date_leads_to_what_was_on_show_at_its_end(self, published: Any) -> None:
        newer, older = digests(published)
        lines = {line["snapshot"]: line for line in csv.DictReader(io.StringIO(published.anyone.get(f"{HISTORY}.csv").text))}
        first, second = (datetime.fromisoformat(lines[number]["published"]) for number in ("1", "2"))
        for as_of, digest in (
            (f"{first:%Y-%m-%d}", older),
            (f"{second:%Y-%m-%d}", newer),
            (f"{first:%Y-%m-%dT%H:%M:%S}Z", older),
            ("9999-12-31", newer),
        ):
            answer = published.anyone.get(BOARD, params={"as_of": as_of})
            assert answer.status_code == 303, as_of
            assert answer.headers["location"] == f"/challenges/tiny/snapshots/{digest}"

    def test_before_the_first_one_there_is_none_and_that_is_said(self, published: Any) -> None:
        answer = published.anyone.get(BOARD, params={"as_of": "2020-01-01"}, headers=HTML)
        assert answer.status_code == 404
        assert "No ranking had been published by 2020-01-01 23:59 UTC. The first one is of" in answer.text

    def test_nonsense_is_refused_with_how_to_write_it(self, published: Any) -> None:
        answer = published.anyone.get(BOARD, params={"as_of": "last tuesday"}, headers=HTML)
        assert answer.status_code == 400
        assert "as_of is a day, like 2026-10-02" in answer.text


class TestHistory:
    def test_it_tells_what_changed_and_who_is_first(self, published: Any) -> None:
        page = published.anyone.get(HISTORY).text
        assert "The first ranking." in page
        assert re.search(r"<bdi>B</bdi> new at \d", page)
        assert "The ranking was published 2 times from" in page
        assert '<svg class="chart history"' in page

    def test_without_a_ranking_there_is_a_page_that_says_so(self, world: Any) -> None:
        page = world.anyone.get(HISTORY)
        assert page.status_code == 200
        assert "Nothing has been published yet" in page.text
        assert ElementTree.fromstring(world.anyone.get(f"{BOARD}.atom").content) is not None  # noqa: S314 - our own

    def test_hundreds_are_paged(self, published: Any) -> None:
        with published.platform.core.database.write() as work:
            last = work.session.query(SnapshotRow).filter_by(number=2).one()
            values = {name: getattr(last, name) for name in ("challenge_id", "phase_id", "document", "audit_head", "created_at")}
            work.session.add_all(
                SnapshotRow(**values, number=number, content_hash=f"sha256:{number:064x}") for number in range(3, 131)
            )
        assert len(digests(published)) == 50
        assert len(digests(published, page="3")) == 30
        assert digests(published, page="3")[-1] not in digests(published)
        assert digests(published, page="99999") == digests(published, page="3")
        assert published.anyone.get(HISTORY, params={"page": "0"}).status_code == 422

    def test_the_feed_is_linked_from_the_board_and_well_formed(self, published: Any) -> None:
        assert (
            f'type="application/atom+xml" title="New rankings of Tiny challenge" href="{BOARD}.atom"'
            in published.anyone.get(BOARD).text
        )
        feed = published.anyone.get(f"{BOARD}.atom")
        assert feed.headers["content-type"] == "application/atom+xml; charset=utf-8"
        entries = ElementTree.fromstring(feed.content).findall("{http://www.w3.org/2005/Atom}entry")  # noqa: S314 - our own
        assert len(entries) == 2
        again = published.anyone.get(f"{BOARD}.atom", headers={"If-None-Match": feed.headers["etag"]})
        assert again.status_code == 304

    def test_hostile_names_do_no_harm_anywhere(self, world: Any) -> None:
        world.scored(HOSTILE)
        world.clock.advance(days=1)
        world.scored("B")
        digest = digests(world)[0]
        for path in (HISTORY, f"/challenges/tiny/snapshots/{digest}", "/", "/challenges/tiny"):
            page = world.anyone.get(path).text
            assert "<script>alert" not in page, path
            assert "\u202e" not in page, path
        badge = world.anyone.get("/challenges/tiny/badge.svg", params={"team": HOSTILE})
        assert badge.status_code == 200
        assert ElementTree.fromstring(badge.content) is not None  # noqa: S314 - our own
        assert ElementTree.fromstring(world.anyone.get(f"{BOARD}.atom").content) is not None  # noqa: S314
        assert world.anyone.get(f"/challenges/tiny/snapshots/{digest}.tex").status_code == 200
        assert world.anyone.get(f"/challenges/tiny/snapshots/{digest}.png").status_code == 200

    def test_phases_have_histories_of_their_own(self, world: Any) -> None:
        phased_world.in_two_phases(world)
        phased_world.scored(world, phase="first")
        assert len(digests(world, phase="first")) == 1
        assert digests(world, phase="final") == []
        page = world.anyone.get(f"/challenges/tiny/snapshots/{digests(world, phase='first')[0]}").text
        assert f'href="{HISTORY}?phase=first"' in page
        assert world.anyone.get(HISTORY, params={"phase": "third"}).status_code == 404


class TestTheChallengesPage:
    def test_it_has_formulas_centers_policy_weights_and_the_way_in(self, world: Any) -> None:
        page = world.anyone.get("/challenges/tiny").text
        for said in ("<math", "external: never seen in training", "the result is missing", "All weights as a tree"):
            assert said in page
        assert 'href="/portal/challenges/tiny"' in page
        assert 'property="og:image"' in page
        anchors = re.findall(r'<li><a href="#([a-z]+)"', page)
        assert len(anchors) >= 8
        assert all(f'id="{anchor}"' in page for anchor in anchors)

    def test_what_is_left_of_a_phase_is_told_and_its_moments_are_in_utc(self, world: Any) -> None:
        phased_world.with_rules(world, opens="2025-12-01T00:00:00+01:00", closes="2026-01-04T16:00:00Z", quota={"daily": 2})
        page = world.anyone.get("/challenges/tiny").text
        assert "closes in 3 days 4 hours" in page
        assert 'data-pattern="closes in {left}"' in page
        assert "2 a day (of UTC)" in page
        assert "closes in 3 days 4 hours" in world.anyone.get("/").text

    def test_its_definition_can_be_had_without_what_is_hidden(self, world: Any) -> None:
        phased_world.in_two_phases(world, {"quota": {"daily": 3}})
        file = world.anyone.get("/challenges/tiny/definition.yaml")
        assert file.status_code == 200
        assert "cases_of_tasks:" in file.text
        assert "daily: 3" in file.text
        for hidden in ("img/", ".png", "mask:", "label: ", "truth:"):
            assert hidden not in file.text, hidden

    def test_terms_are_shown_as_text(self, world: Any) -> None:
        platform_world.write_challenge(world.folder, entry={"approval": True, "terms": "No <b>sharing</b>.\nTwice."})
        world.platform.register_challenge(world.yaml)
        page = world.anyone.get("/challenges/tiny").text
        assert "No &lt;b&gt;sharing&lt;/b&gt;.\nTwice." in page
        assert "An organizer approves each team" in page

    def test_its_card_is_a_picture(self, world: Any) -> None:
        card = world.anyone.get("/challenges/tiny/card.png")
        assert card.headers["content-type"] == "image/png"
        assert card.content.startswith(b"\x89PNG")


class TestAVisitor:
    def test_the_form_of_a_date_is_a_plain_one(self, published: Any) -> None:
        page = Visitor(published).open(HISTORY)
        assert 'method="get"' in page.text
        assert '<input type="date" id="as-of" name="as_of" required' in page.text
