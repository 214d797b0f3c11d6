"""Lists page by page: nothing twice, nothing left out, whatever comes in meanwhile."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from sonobench_platform.db.models import NoticeRow, TeamRow
from sonobench_platform.desk.paging import Asked, Place, newer, older
from sonobench_platform.domain.errors import Unprocessable

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def _pages(http: Any, url: str, *, between: Any = lambda: None) -> list[list[dict[str, Any]]]:
    """Every page of a list, by its `next` links."""
    pages = []
    following: str | None = url
    while following is not None:
        answer = http.get(following)
        assert answer.status_code == 200, answer.text
        pages.append(answer.json()["items"])
        following = answer.json()["next"]
        assert answer.links.get("next", {}).get("url") == following
        between()
    return pages


class TestSubmissions:
    def test_all_come_newest_first_though_new_ones_come_in_between(self, world: Any) -> None:
        made = []
        for number in range(7):
            made.append(world.create("A")["id"])
            if number % 2:  # some share their moment
                world.clock.advance(seconds=1)
        world.clock.advance(seconds=1)
        pages = _pages(world.organiser, "/api/v1/submissions?limit=3&challenge=tiny", between=lambda: world.create("B"))
        assert [len(page) for page in pages] == [3, 3, 1]
        seen = [each["id"] for page in pages for each in page]
        assert sorted(seen) == sorted(made)
        moments = [each["created_at"] for page in pages for each in page]
        assert moments == sorted(moments, reverse=True)

    def test_the_link_keeps_what_else_was_asked(self, world: Any) -> None:
        for _ in range(2):
            world.create("A")
        following = world.organiser.get("/api/v1/submissions?limit=1&challenge=tiny").json()["next"]
        assert "challenge=tiny" in following
        assert "limit=1" in following
        assert following.startswith("/api/v1/submissions?")

    def test_a_cursor_shows_nobody_what_is_not_theirs(self, world: Any) -> None:
        for _ in range(3):
            world.create("A")
        following = world.organiser.get("/api/v1/submissions?limit=1").json()["next"]
        assert world.team("B").get(following).json()["items"] == []

    def test_a_page_that_is_exactly_full_has_no_next(self, world: Any) -> None:
        for _ in range(2):
            world.create("A")
        answer = world.organiser.get("/api/v1/submissions?limit=2")
        assert answer.json()["next"] is None
        assert "Link" not in answer.headers


class TestTeams:
    def test_all_come_by_name(self, world: Any) -> None:
        for name in ("b", "A", "ä", "c", "Z"):
            world.team(name)
        pages = _pages(world.organiser, "/api/v1/teams?limit=2")
        names = [each["name"] for page in pages for each in page]
        assert sorted(names) == sorted(["b", "A", "ä", "c", "Z"])
        assert [len(page) for page in pages] == [2, 2, 1]


_NO_CURSORS = ["", "x", "W10", "bnVsbA", "WzFd", "WyIyMDI2IiwgMV0", "W3RydWVd", "a" * 300, "WyJ4IiwieSJd", "é"]


class TestCursors:
    @pytest.mark.parametrize("cursor", _NO_CURSORS)
    def test_what_is_no_place_is_refused(self, cursor: str) -> None:
        with pytest.raises(Unprocessable, match="This cursor is not one of this list"):
            _ = Asked(10, cursor).place

    @given(text=st.text(max_size=60))
    def test_any_text_is_answered_never_a_mistake_of_ours(self, text: str) -> None:
        for kind in ("place", "word", "number"):
            with suppress(Unprocessable):
                assert getattr(Asked(10, text), kind) is not None


Moments = st.lists(st.integers(0, 3), min_size=0, max_size=12)


class TestStability:
    """Rows with few distinct moments, so that ties are the rule, and inserts at any moment between two pages."""

    @pytest.mark.parametrize("newest_first", [True, False])
    @settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
    @given(there=Moments, coming=Moments, limit=st.integers(1, 4))
    def test_what_was_there_is_seen_once_and_what_comes_never_hides_it(
        self, world: Any, newest_first: bool, there: list[int], coming: list[int], limit: int
    ) -> None:
        database = world.platform.core.database
        with database.write() as work:
            work.session.execute(delete(NoticeRow))
            work.session.execute(delete(TeamRow))
            work.session.add_all(_row(f"there-{number}", at) for number, at in enumerate(there))
        seen: list[str] = []
        place: Place | None = None
        late = [(f"late-{number}", at) for number, at in enumerate(coming)]
        while True:
            with database.read() as session:
                query = select(TeamRow)
                if place is not None:
                    query = query.where((older if newest_first else newer)(TeamRow.created_at, TeamRow.id, place))
                order = (TeamRow.created_at.desc(), TeamRow.id.desc()) if newest_first else (TeamRow.created_at, TeamRow.id)
                page = session.scalars(query.order_by(*order).limit(limit)).all()
            if not page:
                break
            seen += [row.id for row in page]
            place = Place(page[-1].created_at, page[-1].id)
            if late:
                with database.write() as work:
                    work.session.add(_row(*late.pop()))
        assert len(set(seen)) == len(seen)
        assert {each for each in seen if each.startswith("there")} == {f"there-{number}" for number in range(len(there))}


def _row(name: str, at: int) -> TeamRow:
    return TeamRow(id=name, name=name, name_key=name, created_at=NOON + timedelta(microseconds=at))
