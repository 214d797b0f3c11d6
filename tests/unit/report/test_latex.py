from __future__ import annotations

import re

import pytest

from sonobench_eval.report.latex import latex_table, latex_text
from sonobench_eval.report.paper import Column, Estimate, PaperTable

TEAM = Column("team", "Team", "team")


def table(*rows: tuple[object, ...], metrics: int = 1) -> PaperTable:
    columns = (TEAM, *(Column(f"m{at}", f"Metric {at}", "estimate", 3, "higher") for at in range(metrics)))
    return PaperTable("t", "T", "100 % of A_B.", columns, rows, notes=("A & B.",))  # type: ignore[arg-type]


class TestLatexText:
    @pytest.mark.parametrize(
        ("text", "written"),
        [
            ("50% & $1 #2 a_b {c}", r"50\% \& \$1 \#2 a\_b \{c\}"),
            (r"\input{/etc/passwd}", r"\textbackslash{}input\{/etc/passwd\}"),
            ("~^", r"\textasciitilde{}\textasciicircum{}"),
            ("<script>", r"\textless{}script\textgreater{}"),
            ("a--b,,c''", "a-{}-b,{},c'{}'"),
            ("[1ex]*", "{[}1ex{]}{*}"),
            ("Zürich, Škoda, Łódź, naïve", r"Z\"{u}rich, \v{S}koda, \L{}\'{o}d\'{z}, na\"{\i}ve"),
            ("a \u2264 b \u2013 c", r"a $\leq$ b -- c"),
        ],
    )
    def test_nothing_keeps_a_meaning_to_tex(self, text: str, written: str) -> None:
        assert latex_text(text) == written

    def test_a_direction_override_and_line_ends_are_gone(self) -> None:
        assert latex_text("abc\u202edcb\n\\\\x") == r"abc?dcb?\textbackslash{}\textbackslash{}x"

    def test_letters_of_other_scripts_stay(self) -> None:
        assert latex_text("\u5170\u5dde") == "\u5170\u5dde"


class TestLatexTable:
    def test_has_rules_caption_label_and_intervals_beside_the_values(self) -> None:
        text = latex_table(table(("A_1", Estimate(0.5, -0.25, 0.75)), ("B", Estimate(0.25))))
        assert r"\caption{100 \% of A\_B.}" in text
        assert r"\label{tab:t}" in text
        assert r"    A\_1 & \textbf{0.500} {[}$-$0.250, 0.750{]} \\" in text
        assert r"    B & 0.250 \\" in text
        assert [text.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule", r"\resizebox")] == [1, 1, 1, 0]
        assert r"A \& B." in text

    def test_what_has_no_value_is_a_dash(self) -> None:
        assert r"    A & -- \\" in latex_table(table(("A", Estimate(None))))

    def test_intervals_stand_below_where_beside_they_would_be_too_wide(self) -> None:
        estimate = Estimate(0.5, 0.25, 0.75)
        text = latex_table(table(("A", *[estimate] * 4), metrics=4))
        assert r"A & 0.500 & 0.500 & 0.500 & 0.500 \\" in text
        assert text.count(r"\begin{tabular}") == 1

    def test_a_wide_table_goes_on_in_blocks_that_repeat_the_team(self) -> None:
        text = latex_table(table(("Alpha", *[Estimate(0.5, 0.25, 0.75)] * 12), metrics=12))
        assert text.count(r"\begin{tabular}") == text.count("Alpha") > 1
        assert len(re.findall(r"0\.500", text)) == 12

    def test_a_long_name_goes_on_in_the_next_line(self) -> None:
        text = latex_table(table(("A team whose name is longer than that of the others", Estimate(0.5))))
        assert r"\begin{tabular}{@{}p{122pt}c@{}}" in text  # 26 letters of 4.7 pt
        assert r"\raggedright A team whose name" in text

    def test_every_line_of_a_block_has_as_many_cells_as_columns(self) -> None:
        text = latex_table(table(("a & b \\\\ c", Estimate(0.5, 0.25, 0.75)), ("[x]", Estimate(0.5))))
        lines = [line for line in text.splitlines() if line.endswith(r"\\")]
        assert {len(re.findall(r"(?<!\\)&", line)) for line in lines} == {1}

    def test_says_which_engines_have_letters_of_other_scripts(self) -> None:
        assert "XeLaTeX" in latex_table(table(("\u5170\u5dde", Estimate(0.5))))
        assert "XeLaTeX" not in latex_table(table(("Zürich", Estimate(0.5))))
