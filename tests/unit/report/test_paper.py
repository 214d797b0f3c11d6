from __future__ import annotations

from sonobench_eval.report.paper import Column, Estimate, PaperTable, Span, paper_csv, percent, printed, printed_value

TEAM = Column("team", "Team", "team")
DSC = Column("dsc", "DSC", "estimate", 2, "higher")


def table(*rows: tuple[object, ...], columns: tuple[Column, ...] = (TEAM, DSC), digits: str = "all") -> PaperTable:
    return PaperTable("t", "T", "A table.", columns, rows, digits=digits)  # type: ignore[arg-type]


class TestPaperCsv:
    def test_has_all_digits_and_the_interval_in_two_columns_more(self) -> None:
        text = paper_csv(table(("A", Estimate(0.1 + 0.2, 0.25, None))))
        assert text == "team,dsc,dsc_low,dsc_high\r\nA,0.30000000000000004,0.25,\r\n"

    def test_has_the_printed_digits_where_the_table_says_so(self) -> None:
        text = paper_csv(table(("A", Estimate(0.5, -0.0001, 0.6)), digits="printed"))
        assert text.splitlines()[1] == "A,0.50,0.00,0.60"

    def test_guards_names_that_begin_like_a_formula_but_no_number(self) -> None:
        text = paper_csv(table(("=cmd()", Estimate(-0.5)), ("@x", Estimate(None)), digits="printed"))
        assert text.splitlines()[1:] == ["'=cmd(),-0.50,,", "'@x,,,"]

    def test_a_range_has_a_column_for_each_end(self) -> None:
        text = paper_csv(table(("A", Span(2, 7)), columns=(TEAM, Column("rank_range", "Range", "span"))))
        assert text.splitlines() == ["team,rank_range_low,rank_range_high", "A,2,7"]

    def test_has_its_headings_without_any_row(self) -> None:
        assert paper_csv(table()) == "team,dsc,dsc_low,dsc_high\r\n"


class TestPrinted:
    def test_marks_every_team_that_has_the_best_value_as_printed(self) -> None:
        rows = printed(table(("A", Estimate(0.901, 0.8, 0.95)), ("B", Estimate(0.899)), ("C", Estimate(0.7))))
        assert [(cells[1].text, cells[1].interval, cells[1].is_best) for cells in rows] == [
            ("0.90", "[0.80, 0.95]", True),
            ("0.90", "", True),
            ("0.70", "", False),
        ]

    def test_nobody_is_best_where_all_are_the_same(self) -> None:
        rows = printed(table(("A", Estimate(0.9)), ("B", Estimate(0.9)), ("C", Estimate(None))))
        assert [cells[1].is_best for cells in rows] == [False, False, False]

    def test_the_best_time_is_the_shortest(self) -> None:
        columns = (TEAM, Column("time_s", "Time (s)", "number", 1, "lower"))
        rows = printed(table(("A", 9.0), ("B", 10.0), columns=columns))
        assert [cells[1].is_best for cells in rows] == [True, False]


class TestPrintedValue:
    def test_zero_has_no_minus(self) -> None:
        assert printed_value(DSC, -0.001) == "0.00"

    def test_a_range_of_one_rank_is_one_number(self) -> None:
        assert (printed_value(DSC, Span(2, 2)), printed_value(DSC, Span(2, 3)), printed_value(DSC, Span(None, None))) == (
            "2",
            "2\u20133",
            "",
        )


class TestPercent:
    def test_keeps_decimals_that_are_there(self) -> None:
        assert (percent(0.95), percent(0.975)) == ("95\u00a0%", "97.5\u00a0%")
