"""Names of strangers, lists, counts and dates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from sonobench_platform.web import wording


class TestShownName:
    @pytest.mark.parametrize("hidden", ["\u202e", "\u2066", "\x1b", "\n", "\u2028", "\x00", "\u200f"])
    def test_direction_and_control_characters_are_replaced(self, hidden: str) -> None:
        assert wording.shown_name(f"a{hidden}b") == "a\ufffdb"

    def test_a_name_of_nothing_is_said_to_be_blank(self) -> None:
        assert wording.shown_name("  ") == "(no name)"

    def test_names_in_any_script_stay_as_they_are(self) -> None:
        names = ["Équipe 1", "团队", "فریق", "می‌خواهم", "<script>"]
        assert [wording.shown_name(name) for name in names] == names


class TestWords:
    def test_lists_read_as_sentences(self) -> None:
        assert [wording.joined(names) for names in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a and b", "a, b and c"]
        assert wording.joined(["a", "b"], more=3) == "a, b and 3 more"

    def test_small_numbers_are_words(self) -> None:
        assert [wording.number_word(n) for n in (1, 12, 13, 2479)] == ["one", "twelve", "13", "2,479"]

    def test_long_names_are_cut_with_an_ellipsis(self) -> None:
        assert wording.shortened("x" * 40, 10) == "x" * 9 + "…"

    def test_a_moment_is_told_in_utc_with_the_zone_named(self) -> None:
        moment = datetime(2025, 10, 2, 16, 30, tzinfo=timezone(timedelta(hours=2)))
        assert wording.date_words(moment) == "2 October 2025, 14:30 UTC"
        assert wording.date_words(datetime(2025, 1, 1, tzinfo=UTC)) == "1 January 2025, 00:00 UTC"
