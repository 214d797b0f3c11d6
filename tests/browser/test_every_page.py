"""Every page, as those who read it: no barrier that axe finds, no sideways scroll on a phone, no complaint of the browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import pytest
from infra.showcase import Showcase
from infra.showcase_pages import NOT_PAGES, STOPS, Stop, all_stops, page_routes
from showcase_browser import DESK, PHONE, Reader, Scheme
from showcase_validator import problems_of


def _named(stop: Stop) -> str:
    return f"{stop.who} at {stop.path}"


class TestEveryPage:
    def test_every_page_is_known(self) -> None:
        assert set(page_routes()) == {*STOPS, *NOT_PAGES}

    @pytest.mark.parametrize("stop", all_stops(), ids=_named)
    def test_has_no_barrier_and_fits_a_phone(self, stop: Stop, reader_of: Callable[[str], Reader], showcase: Showcase) -> None:
        reader = reader_of(stop.who)
        reader.look(DESK, "light")
        page = reader.open(stop.address(showcase))
        assert page.get_by_role("heading", level=1).count() == 1
        found: dict[str, list[str]] = {}
        for size in (DESK, PHONE):
            for scheme in get_args(Scheme):
                reader.look(size, scheme)
                found[f"{size['width']} px, {scheme}"] = reader.barriers() if scheme == "light" else reader.faint_colors()
            assert reader.overflow_px() == 0
        assert {look: barriers for look, barriers in found.items() if barriers} == {}

    def test_is_valid_html(self, reader_of: Callable[[str], Reader], showcase: Showcase) -> None:
        pages = {}
        for stop in all_stops():
            reader = reader_of(stop.who)
            answer = reader.context.request.get(reader.address + stop.address(showcase), headers={"Accept": "text/html"})
            assert answer.ok, (stop, answer.status)
            pages[_named(stop)] = answer.text()
        assert problems_of(pages) == []
