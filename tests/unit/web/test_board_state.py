"""An address says which part of a board one looks at; whatever else it says is left out."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from sonobench_platform.web.board_state import LONGEST_SEARCH, BoardQuery, ViewState, read_state

PATH = "/challenges/x/leaderboard"


def read(**typed: object) -> ViewState:
    return read_state(PATH, BoardQuery.model_validate(typed))


class TestReadState:
    def test_an_address_without_parameters_is_the_plain_board(self) -> None:
        assert read() == ViewState(PATH)
        assert read().is_plain
        assert read(phase="final").is_plain

    def test_columns_come_from_boxes_and_from_a_list(self) -> None:
        assert read(cols=["dsc", "auc"]).columns == read(cols=["dsc,auc"]).columns == ("dsc", "auc")
        assert read(cols=["dsc", "dsc", "", ","]).columns == ("dsc",)

    def test_numbers_that_are_none_are_left_out(self) -> None:
        for typed in ("0", "-3", "1e9", "x", "", "٣", "99999999999999999999"):
            assert read(page=typed).page == 1, typed
        assert read(page="7").page == 7
        assert read(size="100").size == 100
        assert read(size="1000000").size == 50

    def test_an_order_is_one_of_two(self) -> None:
        assert (read(order="asc").order, read(order="desc").order, read(order="; drop").order) == ("asc", "desc", None)

    def test_a_search_is_one_short_line(self) -> None:
        assert read(q="  a \n b\t").text == "a b"
        assert len(read(q="x" * 10_000).text) == LONGEST_SEARCH


class TestHref:
    def test_what_goes_without_saying_is_not_in_it(self) -> None:
        assert ViewState(PATH).href() == PATH
        assert ViewState(PATH, phase="final", page=1, size=50).href() == f"{PATH}?phase=final"

    def test_changing_one_thing_keeps_the_rest(self) -> None:
        state = ViewState(PATH, view="task", of="breast", text="a&b", columns=("dsc", "auc"), sort="dsc", order="asc", page=3)
        assert state.href(page=2) == f"{PATH}?view=task&of=breast&q=a%26b&cols=dsc,auc&sort=dsc&order=asc&page=2"

    def test_what_another_page_added_is_carried_along(self) -> None:
        state = ViewState(PATH, extra=(("weight", "0.5"),))
        assert state.href(sort="dsc") == f"{PATH}?sort=dsc&weight=0.5"
        assert state.hidden() == (("weight", "0.5"),)

    def test_a_form_carries_all_but_its_own_field_and_the_page(self) -> None:
        state = ViewState(PATH, text="x", sort="dsc", page=4)
        assert state.hidden("q") == (("sort", "dsc"),)

    @given(st.text(max_size=200), st.text(max_size=50), st.lists(st.text(max_size=20), max_size=5))
    def test_reading_an_address_again_changes_nothing(self, text: str, sort: str, columns: list[str]) -> None:
        state = read(q=text, sort=sort, cols=columns)
        again = parse_qs(urlsplit(state.href()).query, keep_blank_values=True)
        typed = {name: values if name == "cols" else values[0] for name, values in again.items()}
        assert read(**typed) == state
