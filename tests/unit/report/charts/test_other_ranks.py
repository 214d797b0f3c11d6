"""Ranks by other rules, on rankings worked by hand."""

from __future__ import annotations

from sonobench_eval.ranking.stability_report import LeftOut, SchemeRanking, StabilityReport
from sonobench_eval.report.charts.other_ranks import ranks_without, scheme_ranks


def report(*schemes: SchemeRanking, left_out: tuple[LeftOut, ...] = ()) -> StabilityReport:
    return StabilityReport(
        challenge="demo",
        scheme="uusic25",
        teams=("A", "B", "C"),
        ranks=(1, 2, 3),
        scores=(0.9, 0.8, 0.7),
        confidence=0.95,
        resamples=200,
        seed=1,
        schemes=schemes,
        left_out=left_out,
    )


def scheme(name: str, *ranks: int, tau: float | None = 0.5) -> SchemeRanking:
    return SchemeRanking(name=name, summary=name, ranks=ranks, tau=tau)


class TestSchemeRanks:
    def test_places_are_counted_from_the_declared_rank(self) -> None:
        chart = scheme_ranks(report(scheme("mean-then-rank", 3, 2, 1)))

        assert chart is not None
        other = chart.table[chart.table["ranking"] == "mean-then-rank"]
        assert other[["team", "rank", "places"]].to_numpy().tolist() == [["A", 3, -2], ["B", 2, 0], ["C", 1, 2]]

    def test_the_declared_scheme_is_no_other_scheme(self) -> None:
        assert scheme_ranks(report(scheme("uusic25", 1, 2, 3, tau=1.0))) is None

    def test_tells_under_how_many_the_first_stays_first_and_who_moves_most(self) -> None:
        chart = scheme_ranks(report(scheme("one", 1, 3, 2), scheme("two", 3, 1, 2)))

        assert chart is not None
        assert chart.takeaway == (
            "The first place stays under 1 of 2 other schemes; the largest move is that of A (2 places down, two)."
        )

    def test_says_so_where_nobody_moves(self) -> None:
        chart = scheme_ranks(report(scheme("one", 1, 2, 3)))

        assert chart is not None
        assert chart.takeaway == "The first place stays under 1 of 1 other scheme; no team moves."

    def test_a_direction_is_a_sign_too_not_a_color_alone(self) -> None:
        chart = scheme_ranks(report(scheme("one", 2, 1, 3)))

        assert chart is not None
        shown = {(row["team"], row["ranking"]): row["shown"] for row in chart.spec["data"]["values"]}
        assert [shown[team, "one"] for team in "ABC"] == ["2 ▼1", "1 ▲1", "3"]


class TestRanksWithout:
    def test_every_task_and_center_that_was_left_out_is_a_column(self) -> None:
        left_out = (
            LeftOut(kind="task", id="Head", ranks=(1, 2, 3), tau=1.0, moved=0),
            LeftOut(kind="center", id="Far", ranks=(2, 1, 3), tau=0.33, moved=1),
        )
        chart = ranks_without(report(left_out=left_out))

        assert chart is not None
        assert list(dict.fromkeys(chart.table["ranking"])) == ["declared", "without task Head", "without center Far"]
        assert chart.takeaway.startswith("The first place stays under 1 of 2 omissions; ")

    def test_where_nothing_can_be_left_out_there_is_none(self) -> None:
        assert ranks_without(report()) is None
