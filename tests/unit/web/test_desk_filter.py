"""What the address of a list of submissions is read as, and written again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import pytest

from sonobench_platform.domain.states import OPEN
from sonobench_platform.submissions.searching import Order
from sonobench_platform.web import desk_submissions_filter as filters
from sonobench_platform.web.desk_submissions_filter import Query


class TestReading:
    def test_what_is_not_known_is_left_out(self) -> None:
        assert filters.query_of({"state": "scored", "other": "x", "cursor": "y"}) == Query(state="scored")

    def test_a_form_sends_empty_fields_that_ask_for_nothing(self) -> None:
        assert filters.query_of(dict.fromkeys(("state", "phase", "team", "since", "page", "order"), "")) == Query()

    @pytest.mark.parametrize("day", ["2026-02-30", "tomorrow", "0001-01-01", "9999-12-31", "2026-1-1", "２０２６-01-01"])
    def test_a_day_that_is_none_is_left_out(self, day: str) -> None:
        assert filters.query_of({"since": day, "until": day}) == Query()

    @pytest.mark.parametrize(("page", "read"), [("3", 3), ("0", 1), ("-2", 1), ("x", 1), ("", 1), ("99999", 10_000), ("９", 1)])
    def test_a_page_is_a_number_from_one_on(self, page: str, read: int) -> None:
        assert filters.page_of(filters.query_of({"page": page})) == read

    def test_long_words_are_cut(self) -> None:
        assert len(filters.query_of({"q": "x" * 5000}).q) == 200

    def test_an_order_that_there_is_not_is_the_newest_first(self) -> None:
        assert filters.order_of(filters.query_of({"order": "name; drop"})) is Order.NEWEST


class TestWriting:
    def test_it_reads_what_it_wrote(self) -> None:
        asked = filters.query_of({"team": "a&b=c #<é>", "state": "scored", "order": "team", "page": "2"})
        assert filters.read(filters.written(asked)) == asked

    def test_empty_words_are_not_written(self) -> None:
        assert filters.href("/desk/challenges/x", Query()) == "/desk/challenges/x/submissions"

    def test_sorting_begins_at_the_first_page_and_keeps_the_filters(self) -> None:
        columns = filters.columns("", Query(team="A", page="3"))
        by_team = next(each for each in columns if "order=team" in each.href)
        assert dict(parse_qsl(by_team.href.partition("?")[2])) == {"team": "A", "order": "team"}

    def test_only_the_column_that_is_sorted_by_says_so(self) -> None:
        said = [each.sort for each in filters.columns("", Query(order="team")) if each.sort]
        assert said == ["ascending"]
        assert [each.sort for each in filters.columns("", Query()) if each.sort] == ["descending"]


class TestWhatIsSearchedFor:
    def test_all_under_way_are_the_open_states(self) -> None:
        assert filters.wanted_of(Query(state=filters.UNDER_WAY), []).states == OPEN

    def test_the_last_day_is_included(self) -> None:
        wanted = filters.wanted_of(Query(since="2026-03-01", until="2026-03-01"), [])
        assert (wanted.since, wanted.until) == (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC))

    def test_a_phase_that_there_is_not_finds_nothing_rather_than_everything(self) -> None:
        assert filters.wanted_of(Query(phase="none"), []).phase_id == ""

    def test_a_digest_may_carry_its_kind(self) -> None:
        assert filters.wanted_of(Query(image="sha256:abc"), []).image == "abc"

    def test_whether_it_is_disqualified(self) -> None:
        said = {out: filters.wanted_of(replace(Query(), out=out), []).is_disqualified for out in ("", "yes", "no", "x")}
        assert said == {"": None, "yes": True, "no": False, "x": None}
