"""Names that strangers chose, on axes and in file names."""

from __future__ import annotations

import pytest

from sonobench_eval.report.charts.labels import LONGEST, NAMELESS, labels_of, listed, percent, plain, shortened, slug


class TestPlain:
    def test_a_direction_override_is_shown_as_replaced(self) -> None:
        assert plain("\u202eevil\u202c team") == "?evil? team"

    def test_control_characters_line_breaks_and_lone_surrogates_are_shown_as_replaced(self) -> None:
        assert plain("a\nb\x00c\x1b\ud800\u2028") == "a?b?c???"

    def test_markup_is_left_for_the_renderer_to_escape(self) -> None:
        assert plain("<script>") == "<script>"

    def test_a_tower_of_accents_keeps_two(self) -> None:
        assert plain("z" + "\u0334" * 40 + "a") == "z\u0334\u0334a"

    def test_other_languages_keep_their_letters(self) -> None:
        assert plain("Équipe 超声 Σ") == "Équipe 超声 Σ"

    def test_a_name_that_is_not_seen_says_so(self) -> None:
        assert plain(" \u00a0 ") == NAMELESS


class TestShortened:
    def test_a_name_that_just_fits_is_whole(self) -> None:
        assert shortened("x" * LONGEST) == "x" * LONGEST

    def test_a_longer_one_ends_in_an_ellipsis_and_is_as_long(self) -> None:
        assert shortened("x" * (LONGEST + 1)) == "x" * (LONGEST - 1) + "…"


class TestLabelsOf:
    def test_names_that_look_the_same_are_numbered(self) -> None:
        assert labels_of(["a\u202e", "a\u202d", "a\ufffd"]) == {
            "a\u202e": "a?",
            "a\u202d": "a? (2)",
            "a\ufffd": "a? (3)",
        }

    def test_long_names_with_one_beginning_stay_apart_and_short(self) -> None:
        labels = list(labels_of(["x" * 99 + "1", "x" * 99 + "2"]).values())

        assert len(set(labels)) == 2
        assert max(map(len, labels)) <= LONGEST

    def test_a_team_that_took_the_number_already_keeps_it(self) -> None:
        assert list(labels_of(["A", "A (2)", " A"]).values()) == ["A", "A (2)", "A (3)"]

    @pytest.mark.parametrize("name", ["__proto__", "constructor", "toString"])
    def test_names_that_javascript_objects_have_are_quoted(self, name: str) -> None:
        assert labels_of([name]) == {name: f"“{name}”"}


class TestListed:
    def test_two_names_are_joined_by_and(self) -> None:
        assert listed(["A", "B"]) == "A and B"

    def test_one_more_than_the_most_is_still_named(self) -> None:
        assert listed("ABCDE", most=4) == "A, B, C, D and E"

    def test_many_names_end_in_a_number(self) -> None:
        assert listed("ABCDEF", most=4) == "A, B, C, D and 2 others"

    def test_nobody_is_nothing(self) -> None:
        assert listed([]) == ""


class TestPercent:
    def test_is_rounded_to_whole_ones(self) -> None:
        assert percent(0.774) == "77 %"


class TestSlug:
    def test_leaves_letters_digits_and_hyphens(self) -> None:
        assert slug("roc", "Brüst/../läsion", "<b>") == "roc-brust-lasion-b"

    def test_names_without_such_letters_have_files_of_their_own(self) -> None:
        names = {slug("roc", "超声"), slug("roc", "乳腺"), slug("roc")}

        assert len(names) == 3
        assert all(name.startswith("roc") and name.isascii() for name in names)

    def test_very_long_names_stay_apart_and_fit_a_file_system(self) -> None:
        one, other = slug("x" * 300 + "a"), slug("x" * 300 + "b")

        assert one != other
        assert len(one) < 100

    def test_nothing_still_has_a_name(self) -> None:
        assert slug("", "<>").isalnum()
