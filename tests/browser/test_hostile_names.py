"""Names that are markup, or turn a line around, are shown as what they are and do nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from infra.showcase import Showcase
from infra.showcase_pages import DESK, OPEN_BOARD, Stop
from playwright.sync_api import expect
from showcase_browser import Reader

TURNS = "\u202a\u202b\u202d\u202e\u2066\u2067\u2068"
PLACES = (Stop("nobody", OPEN_BOARD), Stop("organizer", f"{DESK}/teams"), Stop("organizer", f"{DESK}/submissions"))


class TestHostileNames:
    @pytest.mark.parametrize("stop", PLACES, ids=lambda stop: f"{stop.who} at {stop.path}")
    def test_are_text_and_nothing_else(self, stop: Stop, reader_of: Callable[[str], Reader], showcase: Showcase) -> None:
        page = reader_of(stop.who).open(stop.path)
        script, _turned = showcase.hostile
        expect(page.get_by_text(script, exact=True).first).to_be_visible()
        assert page.locator("script:not([src])").count() == 0
        assert not set(page.get_by_role("main").inner_text()) & set(TURNS)

    def test_a_name_that_turns_the_line_keeps_to_itself(self, reader_of: Callable[[str], Reader]) -> None:
        page = reader_of("organizer").open(f"{DESK}/teams")
        cell = page.locator("tr", has_text="gnilrats").locator("bdi").first
        expect(cell).to_be_visible()
        assert cell.evaluate("each => getComputedStyle(each).unicodeBidi") == "isolate"
