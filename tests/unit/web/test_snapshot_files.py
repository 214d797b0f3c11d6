"""What a snapshot can be had as: badge, citation, LaTeX, card. Names are strangers' words, and each format has its own traps."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from xml.etree import ElementTree

import pytest
from PIL import Image

from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_eval.report.tables import leaderboard_csv
from sonobench_platform.domain.errors import BadRequest, Unavailable
from sonobench_platform.web import snapshot_card
from sonobench_platform.web.cite_bibtex import Cited, bibtex_of, bibtex_text, latex_of
from sonobench_platform.web.snapshot_badge import badge_svg, rank_words
from sonobench_platform.web.snapshot_card import HEIGHT, WIDTH, Card, CardRow, card_png
from sonobench_platform.web.snapshot_moment import read_moment
from sonobench_platform.web.snapshot_social import board_card
from sonobench_platform.web.source import PublishedBoard

HOSTILE = "<script>alert(1)</script>&\u202e]]>\"'\x00{{7*7}}"
TEX = "}\\input{/etc/passwd}% \\write18{rm}\n@misc{a, {"
DIGEST = "5b4f" * 16
Publish = Callable[[Leaderboard], PublishedBoard]


def parsed(document: str | bytes) -> ElementTree.Element:
    """The root of a document that we made ourselves; fails where it is not well-formed."""
    return ElementTree.fromstring(document)  # noqa: S314 - nobody else's


def cited(title: str = "UUSIC25") -> Cited:
    address = f"https://bench.example.org/challenges/uusic25/snapshots/{DIGEST}"
    return Cited("uusic25", title, 12, DIGEST, datetime(2026, 10, 2, 14, 30, tzinfo=UTC), address)


def named(board: Leaderboard, name: str) -> Leaderboard:
    """The board with its first team called so."""
    return board.model_copy(update={"rows": (board.rows[0].model_copy(update={"team": name}), *board.rows[1:])})


class TestBadge:
    def test_it_tells_the_rank_of_how_many(self, board: Leaderboard) -> None:
        assert rank_words(board, board.rows[2].team) == "rank 3 of 15"

    def test_a_shared_rank_is_said_to_be_shared_and_an_unranked_team_has_none(self, board: Leaderboard) -> None:
        tied = board.model_copy(update={"rows": tuple(row.model_copy(update={"rank": 1}) for row in board.rows[:2])})
        assert rank_words(tied, board.rows[0].team) == "shared rank 1 of 2"
        without = board.model_copy(update={"rows": (board.rows[0].model_copy(update={"rank": None}),)})
        assert rank_words(without, board.rows[0].team) == "scored, not ranked"

    def test_a_team_that_is_not_there_has_no_badge(self, board: Leaderboard) -> None:
        assert rank_words(board, "nobody") is None

    @pytest.mark.parametrize("title", ["Tiny", HOSTILE, "超音波" * 20, "فریق", ""])
    def test_it_is_well_formed_and_holds_text_alone(self, title: str) -> None:
        svg = badge_svg(title, "rank 3 of 15")
        root = parsed(svg)
        assert {each.tag.rpartition("}")[2] for each in root.iter()} == {"svg", "title", "rect", "path", "text"}
        assert not [name for each in root.iter() for name in each.attrib if name.startswith("on") or name in {"style", "href"}]
        assert "\u202e" not in svg
        assert float(root.attrib["width"]) > 100


class TestCitation:
    def test_an_entry_has_title_year_address_and_hash(self) -> None:
        entry = bibtex_of(cited("Universal UltraSound Image Challenge 2025"))
        assert entry.startswith("@misc{uusic25-leaderboard-5b4f5b4f5b4f,\n")
        assert "  year = {2026},\n  month = oct,\n" in entry
        assert "leaderboard, snapshot 12 of 2 October 2026}}" in entry
        assert f"  url = {{https://bench.example.org/challenges/uusic25/snapshots/{DIGEST}}}," in entry
        assert f"sha256:{DIGEST}" in entry

    @pytest.mark.parametrize("title", [TEX, HOSTILE, "{", "}", "{}}{", "100 % of $x_1^2$ & #3 ~ \\", "Żółć, naïve", " "])
    def test_whatever_a_title_holds_the_entry_stays_one_entry(self, title: str) -> None:
        entry = bibtex_of(cited(title))
        body, depth = entry[entry.index("{") + 1 : entry.rindex("}")], 0
        for each in body:
            depth += (each == "{") - (each == "}")
            assert depth >= 0, entry
        assert depth == 0
        assert entry.count("\n") == 8
        assert not re.search(r"(?<!\\)%", entry)

    def test_no_command_of_a_title_reaches_tex(self) -> None:
        commands = set(re.findall(r"\\([A-Za-z]+)", bibtex_text(TEX)))
        assert commands == {"textbraceright", "textbraceleft", "textbackslash"}

    def test_latex_has_the_tables_of_the_paper_with_where_they_come_from(self, board: Leaderboard) -> None:
        text = latex_of(cited(), board)
        assert text.startswith(f"% UUSIC25\n% Snapshot 12, sha256:{DIGEST}\n% https://bench.example.org/")
        assert r"\label{tab:table1}" in text
        assert r"\label{tab:ranking}" in text
        assert text.count(r"\begin{table}") == text.count(r"\end{table}")

    def test_hostile_names_are_only_printed(self, board: Leaderboard) -> None:
        text = latex_of(cited(TEX), named(board, TEX))
        printed = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
        assert r"\input" not in printed
        assert r"\write" not in printed
        assert text.splitlines()[1].startswith("% Snapshot 12")

    def test_a_title_of_several_lines_stays_in_its_comment(self, board: Leaderboard) -> None:
        text = latex_of(cited("one\n\\input{x}\u2028two\r\\input{y}"), board)
        assert text.startswith("% one \\input{x} two \\input{y}\n% Snapshot 12")

    def test_names_that_spreadsheets_would_run_are_guarded_in_csv(self, board: Leaderboard) -> None:
        assert "'=HYPERLINK" in leaderboard_csv(named(board, '=HYPERLINK("http://x")'))


class TestCard:
    def test_it_is_a_png_of_the_size_that_others_ask_for(self, board: Leaderboard) -> None:
        image = Image.open(io.BytesIO(card_png(board_card(board, line="15 teams", address="https://bench.example.org/x"))))
        assert (image.format, image.size) == ("PNG", (WIDTH, HEIGHT))
        assert len(image.getcolors(1 << 20) or ()) > 20

    @pytest.mark.parametrize("name", [HOSTILE, "x" * 5000, "超音波 فریق 🩺", "", "a b " * 500])
    def test_no_name_breaks_it(self, board: Leaderboard, name: str) -> None:
        hostile = named(board, name).model_copy(update={"title": name})
        assert card_png(board_card(hostile, line=name, address="https://bench.example.org/x")).startswith(b"\x89PNG")

    def test_teams_without_a_score_have_no_bar(self, board: Leaderboard) -> None:
        bare = board.rows[0].model_copy(update={"rank": None, "score": None, "performance": 0.9, "efficiency": None})
        (row,) = board_card(board.model_copy(update={"rows": (bare,)}), line="", address="").rows
        assert row == CardRow("–", bare.team, "–", 0.0, 0.0)

    def test_whoever_asks_while_many_do_is_sent_away_and_the_next_one_is_not(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(snapshot_card, "_WAIT_S", 0.01)
        for _each in range(4):
            assert snapshot_card._asking.acquire(timeout=5)
        with pytest.raises(Unavailable, match="ask again in a minute"):
            card_png(Card("Busy", "", (), ""))
        for _each in range(4):
            snapshot_card._asking.release()
        assert card_png(Card("Busy", "", (), "")).startswith(b"\x89PNG")

    def test_the_same_words_give_the_same_bytes(self) -> None:
        card = Card("Tiny", "one team", (CardRow("1", "A", "0.500", 0.35, 0.15),), "https://bench.example.org")
        assert card_png(card) == card_png(Card(*card))


class TestMoments:
    def test_a_day_is_its_end_in_utc(self) -> None:
        assert read_moment("2026-10-02") == datetime(2026, 10, 2, 23, 59, 59, 999999, tzinfo=UTC)

    @pytest.mark.parametrize(
        "text", ["2026-10-02T14:30+02:00", "2026-10-02T14:30:00 02:00", " 2026-10-02T12:30Z ", "2026-10-02T12:30"]
    )
    def test_a_moment_is_told_in_any_zone(self, text: str) -> None:
        assert read_moment(text) == datetime(2026, 10, 2, 12, 30, tzinfo=UTC)

    def test_a_zone_west_of_greenwich_is_one_too(self) -> None:
        west = timezone(-timedelta(hours=5))
        assert read_moment("2026-10-02T14:30-05:00") == datetime(2026, 10, 2, 14, 30, tzinfo=west)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "yesterday",
            "2026-13-01",
            "2026-02-30",
            "1759408200",
            "0001-01-01T00:00+14:00",
            "9999-12-31T23:00-14:00",
            "٢٠٢٦-١٠-٠٢",
        ],
    )
    def test_nonsense_is_refused_with_how_to_write_it(self, text: str) -> None:
        with pytest.raises(BadRequest, match="as_of is a day, like 2026-10-02"):
            read_moment(text)
