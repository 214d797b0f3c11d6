"""Turning weights with a keyboard: ranks, sentence and address follow without a page being loaded; and without a script too."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Browser, Page, expect
from showcase_browser import Reader

WHAT_IF = "/challenges/uusic25/leaderboard/what-if"
ReaderOf = Callable[[str], Reader]


def teams(page: Page) -> list[str]:
    """In the order of the table."""
    return page.locator("#what-if-found table.board tbody th.team bdi").all_inner_texts()


class TestSliders:
    def test_one_that_is_moved_by_keys_changes_ranks_sentence_and_address_in_place(self, reader_of: ReaderOf) -> None:
        page = reader_of("nobody").open(WHAT_IF)
        said = page.locator("#what-if-said")
        expect(said).to_have_text("This is the official weighting.")
        official = teams(page)
        page.evaluate("window.stays = true")
        page.locator("#performance").focus()
        page.keyboard.press("Home")
        expect(said).to_contain_text(re.compile(r"With 0\s% for performance, \d+ teams change place"))
        expect(page).to_have_url(re.compile(r"what-if\?performance=0$"))
        assert sorted(teams(page)) == sorted(official)
        assert teams(page) != official
        assert page.locator("output[for=performance]").inner_text().startswith("0")
        assert page.evaluate("window.stays")
        assert page.evaluate("document.activeElement.id") == "performance"
        page.reload()
        expect(said).to_contain_text(re.compile(r"With 0\s% for performance"))

    def test_back_at_the_declared_weight_everything_is_official_again(self, reader_of: ReaderOf) -> None:
        page = reader_of("nobody").open(f"{WHAT_IF}?performance=71")
        official = page.locator("#performance").get_attribute("data-official")
        assert official == "70"
        page.locator("#performance").focus()
        page.keyboard.press("ArrowLeft")
        expect(page.locator("#what-if-said")).to_have_text("This is the official weighting.")
        expect(page).to_have_url(re.compile(r"what-if$"))

    def test_schemes_and_tolerances_are_answered_at_once_too(self, reader_of: ReaderOf) -> None:
        page = reader_of("nobody").open(WHAT_IF)
        page.get_by_text("Other weights, scheme and tolerance").click()
        page.get_by_label("Tolerance of surface metrics").select_option("nsd-4-px")
        expect(page).to_have_url(re.compile(r"tolerance=nsd-4-px$"))
        page.get_by_label("Ranking scheme").select_option("mean-then-rank")
        expect(page).to_have_url(re.compile(r"scheme=mean-then-rank"))
        expect(page.locator("#what-if-said")).to_contain_text("With these choices")


class TestWithoutAScript:
    def test_the_form_gives_the_same_answer_at_the_same_address(self, chromium: Browser, address: str) -> None:
        context = chromium.new_context(java_script_enabled=False)
        page = context.new_page()
        page.goto(address + WHAT_IF)
        page.locator("#performance").fill("0")
        page.get_by_role("button", name="Rank by these weights").click()
        expect(page).to_have_url(re.compile(r"what-if\?performance=0$"))
        expect(page.locator("#what-if-said")).to_contain_text(re.compile(r"With 0\s% for performance"))
        context.close()
