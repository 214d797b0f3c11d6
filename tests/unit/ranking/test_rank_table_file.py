from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sonobench_eval.ranking.table import RankTableError, read_rank_table
from sonobench_eval.ranking.uusic25 import TeamFigures

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
