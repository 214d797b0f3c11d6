"""The history of a ranking: what changed in words, who led since when, the chart, and the feed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from xml.etree import ElementTree

from sonobench_platform.leaderboards.history import HistoryLine, Moved, RankPoint, moves_between
from sonobench_platform.leaderboards.snapshot_standings import Placed, Standing
from sonobench_platform.leaderboards.snapshots import SnapshotLine
from sonobench_platform.web.history_chart import DEEPEST, MOST_TEAMS, history_chart, leading, takeaway
from sonobench_platform.web.history_feed import atom_feed
from sonobench_platform.web.history_words import change_words, first_words, is_up, move_words

BEGAN = datetime(2026, 10, 1, 12, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>&\u202e]]>\"'\x00"
ATOM = "{http://www.w3.org/2005/Atom}"


def parsed(document: str | bytes) -> ElementTree.Element:
    """The root of a document that we made ourselves; fails where it is not well-formed."""
    return ElementTree.fromstring(document)  # noqa: S314 - nobody else's


def line(number: int) -> SnapshotLine:
    return SnapshotLine(number, number, f"sha256:{number:064x}", BEGAN + timedelta(days=number))


def standing(*ranks: tuple[str, int | None]) -> Standing:
    return Standing(False, True, tuple(Placed(team, rank, None if rank is None else 1 / rank) for team, rank in ranks))


def told(number: int, **changes: object) -> HistoryLine:
    whole = {"teams": 2, "first": ("A",), "moves": (), "is_first": False, "is_exact": False, "becomes_exact": False, **changes}
    return HistoryLine(snapshot=line(number), **whole)  # type: ignore[arg-type]


def ranks(**teams: list[int | None]) -> dict[str, tuple[RankPoint, ...]]:
    """Ranks by snapshot, the first of which has number 1."""
    return {
        team: tuple(RankPoint(number, rank) for number, rank in enumerate(of, 1) if rank is not None)
        for team, of in teams.items()
    }


class TestMoves:
    def test_new_teams_and_changed_ranks_are_told_in_the_order_of_the_board(self) -> None:
        moves = list(moves_between(standing(("SMART", 1), ("B", 2)), standing(("B", 1), ("SMART", 2), ("U-Vision", 3))))
        words = [f"{move.team} {move_words(move)}" for move in moves]
        assert words == ["B 2 → 1", "SMART 1 → 2", "U-Vision new at 3"]

    def test_a_team_that_left_is_told_last_with_the_rank_it_had(self) -> None:
        moves = list(moves_between(standing(("A", 1), ("B", 2)), standing(("B", 1))))
        assert [f"{move.team} {move_words(move)}" for move in moves] == ["B 2 → 1", "A left the board, was 1"]

    def test_what_has_no_rank_is_said_so(self) -> None:
        assert move_words(Moved("A", None, None, was_there=False)) == "new, not ranked"
        assert move_words(Moved("A", 3, None)) == "no longer ranked, was 3"
        assert move_words(Moved("A", None, 3)) == "ranked now, at 3"

    def test_equal_boards_have_no_moves(self) -> None:
        assert list(moves_between(standing(("A", 1)), standing(("A", 1)))) == []

    def test_only_a_rank_against_a_rank_is_up_or_down(self) -> None:
        assert is_up(Moved("A", 2, 1)) is True
        assert is_up(Moved("A", 1, 2)) is False
        assert is_up(Moved("A", None, 2, was_there=False)) is None

    def test_a_snapshot_is_told_in_a_sentence_and_not_without_end(self) -> None:
        moves = tuple(Moved(f"T{number}", number + 1, number) for number in range(1, 12))
        said = change_words(told(2, moves=moves))
        assert said.startswith("T1 2 → 1; T2 3 → 2;")
        assert said.endswith("T8 9 → 8 and 3 more.")
        assert change_words(told(1, is_first=True)) == "The first ranking."
        assert change_words(told(2)) == "No rank changed, but figures did."
        assert change_words(told(2, becomes_exact=True, is_exact=True)).startswith("Made with exact times and memory")

    def test_who_is_first_is_told_for_one_for_several_and_for_nobody(self) -> None:
        assert first_words(told(1, teams=15, first=("SMART",))) == "SMART first of 15 teams"
        assert first_words(told(1, teams=15, first=("A", "B"))) == "A and B share the first rank, of 15 teams"
        assert first_words(told(1, teams=1, first=())) == "no team is ranked, of 1 team"


class TestChart:
    def test_who_leads_since_when_is_computed(self) -> None:
        lines = [line(number) for number in (1, 2, 3)]
        assert takeaway(lines, ranks(A=[1, 1, 1], B=[2, 2, 2])) == "A has been first in all 3 snapshots"
        changed = takeaway(lines, ranks(A=[1, 2, 2], B=[2, 1, 1]))
        assert changed == "B has been first since 3 October 2026; the lead changed once before"
        shared = takeaway(lines, ranks(A=[1, 1, 1], B=[2, 1, 1]))
        assert shared == "A and B have shared the first rank since 3 October 2026; the lead changed once before"

    def test_there_is_none_of_a_single_snapshot_or_without_ranks(self) -> None:
        assert history_chart([line(1)], ranks(A=[1]), csv_href="/x.csv") is None
        assert history_chart([line(1), line(2)], {}, csv_href="/x.csv") is None
        assert history_chart([], {}, csv_href="/x.csv") is None

    def test_a_better_rank_is_drawn_higher_and_later_further_right(self) -> None:
        chart = history_chart([line(1), line(2)], ranks(A=[2, 1], B=[1, 2]), csv_href="/x.csv")
        assert chart is not None
        first, second = chart.curves
        assert first.team == "A"
        assert first.dots[0][1] > first.dots[1][1]
        assert first.dots[0][0] < first.dots[1][0]
        assert second.dots[0] == (first.dots[0][0], first.dots[1][1])

    def test_the_ten_that_lead_now_are_drawn_and_a_team_that_left_is_not(self) -> None:
        many = {f"T{number:02d}": [number, number] for number in range(1, 16)}
        of = ranks(**many, gone=[16, None])  # type: ignore[arg-type]
        assert leading([line(1), line(2)], of) == [f"T{number:02d}" for number in range(1, MOST_TEAMS + 1)]
        chart = history_chart([line(1), line(2)], of, csv_href="/x.csv")
        assert chart is not None
        assert "gone" not in chart.columns
        assert "Drawn are the 10 teams that lead now, of 16." in chart.note

    def test_a_gap_in_a_teams_ranks_is_a_gap_in_its_curve(self) -> None:
        chart = history_chart([line(1), line(2), line(3)], ranks(A=[1, None, 1]), csv_href="/x.csv")
        assert chart is not None
        assert chart.curves[0].path.count("M") == 2
        assert [row.cells for row in chart.rows] == [("1",), ("",), ("1",)]

    def test_a_rank_far_down_is_drawn_at_the_edge_and_that_is_said(self) -> None:
        chart = history_chart([line(1), line(2)], ranks(A=[300, 1]), csv_href="/x.csv")
        assert chart is not None
        assert max(height for curve in chart.curves for _x, height in curve.dots) <= chart.bottom
        assert f"Ranks below {DEEPEST} are drawn at the lower edge." in chart.note
        assert chart.y_ticks[-1].text == f"{DEEPEST}+"

    def test_names_at_the_end_never_lie_on_each_other(self) -> None:
        chart = history_chart([line(1), line(2)], ranks(A=[1, 1], B=[2, 1], C=[3, 3]), csv_href="/x.csv")
        assert chart is not None
        heights = sorted(label.y for label in chart.labels)
        assert all(lower - upper >= 15 for upper, lower in pairwise(heights))
        assert {label.text for label in chart.labels} == {"A, B", "C"}

    def test_snapshots_of_one_moment_do_not_divide_by_nothing(self) -> None:
        same = [line(1), SnapshotLine(2, 2, "sha256:" + "b" * 64, line(1).created_at)]
        assert history_chart(same, ranks(A=[1, 2], B=[2, 1]), csv_href="/x.csv") is not None


def feed(*lines: HistoryLine, title: str = "Tiny", phase_id: str = "phas-1", server: str = "https://bench.example.org") -> bytes:
    return atom_feed(
        title=title,
        phase_id=phase_id,
        server=server,
        board_path="/challenges/tiny/leaderboard?phase=a&b",
        feed_path="/challenges/tiny/leaderboard.atom",
        lines=lines,
    )


class TestFeed:
    def test_it_has_what_rfc_4287_asks_for(self) -> None:
        root = parsed(feed(told(2), told(1, is_first=True)))
        assert root.tag == f"{ATOM}feed"
        for parent in (root, *root.findall(f"{ATOM}entry")):
            assert all(parent.find(f"{ATOM}{tag}") is not None for tag in ("id", "title", "updated"))
        assert root.findtext(f"{ATOM}author/{ATOM}name")
        assert root.findtext(f"{ATOM}updated") == "2026-10-03T12:00:00Z"
        links = [link.attrib["href"] for link in root.iter(f"{ATOM}link")]
        assert all(link.startswith("https://bench.example.org/challenges/tiny/") for link in links)
        assert links[-1] == f"https://bench.example.org/challenges/tiny/snapshots/{1:064x}"

    def test_ids_stay_where_the_server_and_the_title_change_and_differ_between_phases(self) -> None:
        def ids(document: bytes) -> list[str | None]:
            return [each.text for each in parsed(document).iter(f"{ATOM}id")]

        before = ids(feed(told(2), told(1)))
        assert ids(feed(told(2), told(1), title="Other", server="https://elsewhere.example.org")) == before
        assert len(set(before)) == 3
        assert not set(ids(feed(told(2), told(1), phase_id="phas-2"))) & set(before)

    def test_hostile_names_are_text(self) -> None:
        document = feed(told(1, first=(HOSTILE,), moves=(Moved(HOSTILE, 2, 1),)), title=HOSTILE)
        root = parsed(document)
        assert "<script>alert(1)</script>&" in (root.findtext(f"{ATOM}title") or "")
        assert b"<script" not in document
        assert "\u202e" not in document.decode()

    def test_without_snapshots_it_is_still_a_feed(self) -> None:
        assert parsed(feed()).findtext(f"{ATOM}updated") == "2000-01-01T00:00:00Z"
