"""A log that anyone may read: nothing that a terminal obeys, its end only, and what is missing is said."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonobench_eval.sandbox.shown_log import LONGEST_LINE, TEAM_BYTES, TEAM_LINES, shown_log


class TestWhatIsStripped:
    @pytest.mark.parametrize(
        "hostile",
        [
            "a\x1b[31mb\x1b[0m",
            "a\x1b[?1049hb",
            "a\x1b[38;2;1;2;3mb",
            "\x9b31ma\x9b0mb",
            "a\x1b]0;a title\x07b",
            "a\x1b]8;;https://evil.example\x1b\\b\x1b]8;;\x1b\\",
            "\x9d52;c;cm0gLXJm\x9cab",
            "a\x1bPq#0;2;0;0;0\x1b\\b",
            "a\x1b_Gi=1\x1b\\b",
            "a\x1b^privacy\x1b\\b",
            "a\x1b(Bb",
            "a\x1bcb",
            "a\x00\x07\x08\x7f\x1a\x84b",
            "a\u202eb\u202c",
            "\u2066a\u2069b\u200f",
            "\ufeffa\u200bb",
            "a\U000e0041b",
        ],
        ids=repr,
    )
    def test_nothing_that_a_terminal_obeys_is_left(self, hostile: str) -> None:
        assert shown_log(hostile).text == "ab"

    def test_a_sequence_without_an_end_takes_its_own_line_at_most(self) -> None:
        assert shown_log("one\x1b]0;never ended\ntwo\x1b[\nthree\x1bP\nfour").text == "one\ntwo\nthree\nfour"

    def test_a_sequence_that_appears_when_another_is_taken_out_is_no_sequence(self) -> None:
        assert "\x1b" not in shown_log("\x1b\x1b[0m[31mred").text

    def test_tabs_accents_and_other_scripts_stay(self) -> None:
        assert shown_log("épaisseur\t3 мм 心臓 👩‍⚕️").text == "épaisseur\t3 мм 心臓 👩‍⚕️"

    def test_bytes_that_are_no_text_are_replaced(self) -> None:
        assert shown_log(b"a\xff\xfeb").text == "a\ufffd\ufffdb"

    def test_half_a_surrogate_pair_is_left_out(self) -> None:
        assert shown_log("a\udc80b").text == "ab"

    def test_what_a_progress_bar_writes_over_is_still_seen(self) -> None:
        assert shown_log("10 %\r20 %\r\ndone\n").text == "10 %\n20 %\ndone"

    @given(st.text())
    def test_no_control_character_is_ever_left(self, text: str) -> None:
        shown = shown_log(text).text
        assert not [each for each in shown if (ord(each) < 32 and each not in "\t\n") or 127 <= ord(each) < 160]
        assert shown_log(shown).text == shown.removesuffix("\n")


class TestWhatIsKept:
    def test_it_is_the_last_lines(self) -> None:
        shown = shown_log("".join(f"line {number}\n" for number in range(TEAM_LINES + 3)))
        assert shown.text.splitlines()[0] == "line 3"
        assert (shown.lines, shown.lines_left_out) == (TEAM_LINES, 3)
        assert shown.missing == "3 earlier lines are left out."

    def test_it_is_the_last_bytes_in_whole_lines(self) -> None:
        shown = shown_log("\n".join("é" * 1000 for _ in range(100)))
        assert len(shown.text.encode()) + 1 <= TEAM_BYTES
        assert shown.lines == TEAM_BYTES // 2001
        assert {len(line) for line in shown.text.split("\n")} == {1000}

    def test_a_long_line_is_cut_and_that_is_said(self) -> None:
        shown = shown_log("x" * (LONGEST_LINE + 1234))
        assert shown.text == "x" * LONGEST_LINE + "… (1,234 more characters)"
        assert shown.missing == "1 long line is cut."

    def test_both_are_said(self) -> None:
        shown = shown_log("a\n" + "x" * 3000, most_lines=1)
        assert shown.missing == "1 earlier line is left out, and 1 long line is cut."

    @pytest.mark.parametrize("empty", ["", b"", "\n"])
    def test_an_empty_log_is_empty(self, empty: str | bytes) -> None:
        assert shown_log(empty).text == ""
        assert shown_log(empty).missing == ""

    @pytest.mark.parametrize("piece", ["\x1b[", "\x1b]", "\x1b[0", "\x1b", "\x9d", "\x1bP;"])
    def test_a_log_made_to_be_slow_is_not(self, piece: str) -> None:
        started = time.thread_time()
        shown_log(piece * 200_000)
        assert time.thread_time() - started < 5
