"""Charts that are drawn anew in the browser: under the pages' policy, by keyboard, and back to the picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import pytest
from infra.showcase import Showcase
from playwright.sync_api import Page, expect
from showcase_browser import DESK, Reader, Scheme

pytestmark = pytest.mark.timeout(1200)
"""Whoever asks first for the showcase waits until all of its charts are drawn."""


@pytest.fixture
def nobody(reader_of: Callable[[str], Reader]) -> Reader:
    """Fails the test where the browser complains: of the policy, of an expression, of a file that is missing."""
    return reader_of("nobody")


def opened(reader: Reader, showcase: Showcase, section: str = "") -> Page:
    return reader.open(f"/challenges/{showcase.closed}/leaderboard/charts{section}")


class TestExploring:
    @pytest.mark.parametrize("scheme", get_args(Scheme))
    def test_every_kind_of_chart_is_drawn_and_the_browser_complains_of_nothing(
        self, nobody: Reader, showcase: Showcase, scheme: Scheme
    ) -> None:
        nobody.look(DESK, scheme)
        page = opened(nobody, showcase)
        figures = page.locator("figure.study")
        assert figures.count() == 9
        for figure in figures.all():
            figure.get_by_role("button", name="Explore").click()
            expect(figure.locator("canvas")).to_be_visible()
            expect(figure.locator(".study-picture")).to_be_hidden()

    def test_rows_are_read_by_arrow_keys_and_escape_leads_back(self, nobody: Reader, showcase: Showcase) -> None:
        page = opened(nobody, showcase, "?section=efficiency")
        figure = page.locator("figure.study")
        figure.get_by_role("button", name="Explore").press("Enter")
        expect(figure.locator(".study-canvas")).to_be_focused()
        page.keyboard.press("ArrowDown")
        expect(figure.get_by_role("status")).to_contain_text("Row 1 of 15: team ")
        page.keyboard.press("Escape")
        expect(figure.locator("canvas")).to_have_count(0)
        expect(figure.locator(".study-picture")).to_be_visible()
        expect(figure.get_by_role("button", name="Explore")).to_be_focused()

    def test_an_open_chart_has_no_barrier(self, nobody: Reader, showcase: Showcase) -> None:
        page = opened(nobody, showcase, "?section=efficiency")
        page.get_by_role("button", name="Explore").click()
        expect(page.locator("figure.study canvas")).to_be_visible()
        assert nobody.barriers() == []

    def test_where_the_chart_does_not_come_the_picture_stays(self, nobody: Reader, showcase: Showcase) -> None:
        page = opened(nobody, showcase, "?section=efficiency")
        page.route("**/*.json", lambda route: route.abort())
        figure = page.locator("figure.study")
        figure.get_by_role("button", name="Explore").click()
        expect(figure.get_by_role("status")).to_contain_text("The chart could not be loaded.")
        expect(figure.locator(".study-picture")).to_be_visible()
        page.unroute("**/*.json")
        # The request that this test broke off, and the word on it, are all that may have been complained of.
        assert all("/efficiency-" in each or "charts.js" in each or "Failed to fetch" in each for each in nobody.watch.take())

    def test_without_scripts_there_are_pictures_numbers_and_files(self, nobody: Reader, showcase: Showcase) -> None:
        context = nobody.context.browser.new_context(java_script_enabled=False)
        page = context.new_page()
        page.goto(f"{nobody.address}/challenges/{showcase.closed}/leaderboard/charts?section=efficiency")
        assert page.get_by_role("button").count() == 0
        expect(page.get_by_role("img", name="Chart: Performance against time.")).to_be_visible()
        page.get_by_text("The numbers of this chart").click()
        assert page.locator("figure.study tbody tr").count() == 15
        assert [link.inner_text().split()[0] for link in page.locator(".study-files a").all()] == ["SVG", "PNG", "PDF", "CSV"]
        context.close()
