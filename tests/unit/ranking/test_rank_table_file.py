from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sonobench_eval.challenge.errors import ChallengeError
from sonobench_eval.challenge.ranking_rules import Group, Leaf, Ranking, Span
from sonobench_eval.ranking.rank import rescore
from sonobench_eval.ranking.records import Figures, TeamFigures
from sonobench_eval.ranking.rules_file import read_rules
from sonobench_eval.ranking.table import RankTableError, read_figures, read_rank_table
from sonobench_eval.ranking.table_schemes import scheme_of_table

Write = Callable[[str | bytes], Path]
HEADER = "team,seg_rank,cls_rank,time_s,gpu_memory_gb\n"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(content: str | bytes) -> Path:
        path = tmp_path / "table.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return written


class TestReadRankTable:
    def test_reads_every_column(self, write: Write) -> None:
        rows = read_rank_table(write(HEADER + "SMART,1,2,36.03,0.59\nU-Vision,2,1,45.81,0.00\n"))
        assert rows == (TeamFigures("SMART", 1, 2, 36.03, 0.59e9), TeamFigures("U-Vision", 2, 1, 45.81, 0.0))

    def test_an_empty_cell_is_not_measured_and_never_zero(self, write: Write) -> None:
        (row,) = read_rank_table(write(HEADER + "A,1,1,12, \n"))
        assert (row.time_s, row.gpu_memory_bytes) == (12.0, None)

    def test_leaves_other_columns_alone_and_takes_any_order(self, write: Write) -> None:
        rows = read_rank_table(write("rank,cls_rank,mean_dsc,team\n1,1,huh,A\n"))
        assert rows == (TeamFigures("A", None, 1.0, None, None),)

    def test_reads_what_spreadsheets_write(self, write: Write) -> None:
        rows = read_rank_table(write(b"\xef\xbb\xbf" + b'team,seg_rank\r\n"Team, with comma",1\r\n\r\n'))
        assert rows == (TeamFigures("Team, with comma", 1.0),)

    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            ("", "line 1: there is no column team"),
            ("team,time_s\nA,1\n", "line 1: there is no column seg_rank or cls_rank"),
            ("team,seg_rank,team\n", "line 1: column 'team' stands twice"),
            (HEADER, "has no teams"),
            (HEADER + "A,1,1,1\n", "line 2: it has 4 cells, but there are 5 columns"),
            (HEADER + "A,1,1,fast,1\n", "line 2, column time_s: 'fast' is not a number"),
            (HEADER + "A,1,1,nan,1\n", "line 2, column time_s: 'nan' is not a finite number"),
            (HEADER + "A,1,1,-1,1\n", "line 2, column time_s: -1 is out of range"),
            (HEADER + "A,1,1,1,1e999\n", "line 2, column gpu_memory_gb: '1e999' is not a finite number"),
            (HEADER + "A,2,1,1,1\n", "line 2, column seg_rank: 2 is out of range: ranks lie between 1 and 1"),
            (HEADER + "A,1,0,1,1\n", "line 2, column cls_rank: 0 is out of range"),
            (HEADER + "A,1,1,1,1\n,1,1,1,1\n", "line 3, column team: the name is missing"),
            (HEADER + "A,1,1,1,1\nA,1,1,1,1\n", "line 3, column team: 'A' stands on line 2 already"),
            (HEADER + "A,1,1,1,1\nB,1,,1,1\n", "line 3, column cls_rank: the rank is missing"),
            (HEADER.encode() + b"\xff,1,1,1,1\n", "is not a CSV table in UTF-8"),
            (HEADER + '"A,1,1,1,1\n', "is not a CSV table in UTF-8"),
        ],
    )
    def test_says_what_is_wrong_and_where(self, write: Write, content: str | bytes, sentence: str) -> None:
        with pytest.raises(RankTableError) as refused:
            read_rank_table(write(content))
        assert sentence in str(refused.value)
        assert "table.csv" in str(refused.value)

    def test_says_so_where_there_is_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(RankTableError, match=r"none\.csv cannot be read: No such file"):
            read_rank_table(tmp_path / "none.csv")


class TestReadFigures:
    def test_columns_of_numbers_are_read_under_the_names_that_schemes_know(self, write: Write) -> None:
        found = read_figures(write("team,seg_rank,gpu_memory_gb,mean_dsc,comment\nA,1,2,0.8,good\nB,2,,0.7,\n"))
        assert found.teams == ("A", "B")
        assert sorted(found.values) == ["gpu_memory_bytes", "mean_dsc", "segmentation_rank"]
        assert found.values["gpu_memory_bytes"].tolist() == [2e9, pytest.approx(float("nan"), nan_ok=True)]

    def test_a_column_with_a_word_in_it_is_text(self, write: Write) -> None:
        assert "mean_dsc" not in read_figures(write("team,seg_rank,mean_dsc\nA,1,0.8\nB,2,none\n")).values

    def test_needs_no_ranks(self, write: Write) -> None:
        assert list(read_figures(write("team,mean_dsc\nA,0.8\n")).values) == ["mean_dsc"]

    def test_says_what_is_wrong_as_for_ranks(self, write: Write) -> None:
        with pytest.raises(RankTableError, match="line 3, column team: 'A' stands on line 2 already"):
            read_figures(write("team,mean_dsc\nA,0.8\nA,0.7\n"))


class TestSchemeOfTable:
    FIGURES = Figures.of(
        ["A", "B"],
        {"mean_dsc": [0.8, 0.6], "mean_dsc_low": [0.7, 0.5], "auc_binary": [0.9, 0.5], "time_s": [10, 20], "year": [1, 2]},
    )

    def test_metrics_are_known_by_their_names_and_intervals_left_alone(self) -> None:
        scheme = scheme_of_table(self.FIGURES, Ranking(scheme="sonobench-70-30"))
        assert [leaf.of for leaf in scheme.tree.leaves()] == ["mean_dsc", "auc_binary", "time_s", "gpu_memory_bytes"]
        # A: segmentation 0.8, classification (0.9 - 0.5) / 0.5 = 0.8.
        assert rescore(self.FIGURES, scheme).rows[0].performance == pytest.approx(0.8)

    def test_a_declared_scale_counts_for_the_column_or_the_metric(self) -> None:
        rules = Ranking(scheme="sonobench-70-30", metric_scales={"mean_dsc": Span(worst=0.6, best=0.8)})
        parts = [row.parts["segmentation"] for row in rescore(self.FIGURES, scheme_of_table(self.FIGURES, rules)).rows]
        assert parts == pytest.approx([1, 0])

    def test_a_custom_tree_names_columns(self) -> None:
        rules = Ranking(scheme="custom", tree=Group(children=(Leaf(of="year", better="lower"),)))
        assert rescore(self.FIGURES, scheme_of_table(self.FIGURES, rules)).rows[0].team == "A"

    @pytest.mark.parametrize(
        ("rules", "columns", "sentence"),
        [
            (Ranking(), {"mean_dsc": [1.0]}, "there is no column seg_rank or cls_rank"),
            (Ranking(scheme="sonobench-70-30"), {"segmentation_rank": [1.0]}, "there is no column of a metric"),
            (Ranking(scheme="custom", tree=Group(children=(Leaf(of="x"),))), {"y": [1.0]}, "no column of numbers 'x'"),
        ],
    )
    def test_says_what_the_table_lacks(self, rules: Ranking, columns: dict[str, list[float]], sentence: str) -> None:
        with pytest.raises(RankTableError, match=sentence):
            scheme_of_table(Figures.of(["A"], columns), rules)


class TestReadRules:
    @pytest.mark.parametrize("above", ["", "ranking:\n  "])
    def test_with_or_without_the_key_above(self, tmp_path: Path, above: str) -> None:
        path = tmp_path / "rules.yaml"
        path.write_text(f"{above}scheme: sonobench-70-30\n{'  ' if above else ''}gate: 0.4\n")
        assert (read_rules(path).scheme, read_rules(path).gate) == ("sonobench-70-30", 0.4)

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("scheme: uusic25\ngates: 1\n", r"rules\.yaml:2: gates: unknown key"),
            ("- a\n", "rules of ranking are a mapping"),
            ("ranking:\n  gate: 7\n", r"rules\.yaml:2: ranking\.gate"),
            ("gate: 0.1\ngate: 0.2\n", "gate"),
        ],
    )
    def test_says_what_is_wrong_and_where(self, tmp_path: Path, text: str, sentence: str) -> None:
        path = tmp_path / "rules.yaml"
        path.write_text(text)
        with pytest.raises(ChallengeError, match=sentence):
            read_rules(path)

    def test_says_so_where_there_is_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(ChallengeError, match="cannot be read"):
            read_rules(tmp_path / "none.yaml")
