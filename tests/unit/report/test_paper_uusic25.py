"""Boards with the published numbers (arXiv 2512.17279) give the published tables back, digit by digit."""

from __future__ import annotations

from boards import board, column, score

from sonobench_eval.evaluation import CenterScore, GeneralisationGap
from sonobench_eval.ranking.leaderboard import Leaderboard, Row
from sonobench_eval.report.paper import PaperTable, paper_csv
from sonobench_eval.report.paper_uusic25 import uusic25_tables

TABLE_1 = """\
rank,team,seg_rank,cls_rank,time_s,gpu_memory_gb,mean_dsc,mean_dsc_low,mean_dsc_high,mean_auc_binary,mean_auc_binary_low,\
mean_auc_binary_high,mean_auc_subtype,mean_auc_subtype_low,mean_auc_subtype_high
1,SMART,1,5,36.03,0.59,0.854,0.848,0.861,0.766,0.718,0.815,0.540,0.502,0.577
4,FDBMELAB,3,8,33.00,2.27,0.843,0.835,0.850,0.707,0.653,0.760,0.547,0.509,0.582
7,flamingo,13,1,7.14,12.41,0.738,0.731,0.745,0.798,0.750,0.845,0.538,0.504,0.575
15,U-Vision,15,15,45.81,0.00,0.208,0.200,0.216,0.487,0.428,0.549,0.484,0.457,0.512
"""
TABLE_2 = """\
rank,team,auc_internal,auc_internal_low,auc_internal_high,auc_external,auc_external_low,auc_external_high,gap
1,SMART,0.571,0.505,0.643,0.508,0.469,0.544,-0.063
3,Lanzhou,0.612,0.545,0.674,0.474,0.439,0.506,-0.138
5,SDFMU,0.584,0.521,0.651,0.567,0.533,0.602,-0.017
"""
MACRO = "auc one-vs-rest macro"


def row_of_table_1(line: str) -> Row:
    rank, team, seg, cls, time_s, memory_gb, *numbers = line.split(",")
    dsc, binary, subtype = (tuple(map(float, numbers[at : at + 3])) for at in (0, 3, 6))
    means = (score("dsc", "dsc", *dsc), score("auc", "auc", *binary), score("auc", MACRO, *subtype))
    return Row(
        rank=int(rank),
        team=team,
        score=None,
        performance=None,
        efficiency=None,
        segmentation_rank=int(seg),
        classification_rank=int(cls),
        means=means,
        tasks=(
            column("Head", "segmentation", means[0]),
            column("Breast", "binary", means[1]),
            column("Subtype", "multiclass", means[2]),
        ),
        time_s=float(time_s),
        gpu_memory_bytes=round(float(memory_gb) * 10**9),
    )


def row_of_table_2(line: str) -> Row:
    rank, team, *numbers = line.split(",")
    *roles, gap = map(float, numbers)
    internal, external = score("auc", MACRO, *roles[:3]), score("auc", MACRO, *roles[3:])
    subtype = column(
        "Subtype",
        "multiclass",
        internal,
        roles=(
            CenterScore(id="internal", role="internal", metrics=(internal,)),
            CenterScore(id="external", role="external", metrics=(external,)),
        ),
        gaps=(GeneralisationGap(metric="auc", value=gap),),
    )
    return Row(rank=int(rank), team=team, score=None, performance=None, efficiency=None, tasks=(subtype,))


def table(of: Leaderboard, name: str) -> PaperTable:
    return next(each for each in uusic25_tables(of) if each.name == name)


class TestTable1:
    def test_gives_published_rows_back_column_for_column(self) -> None:
        rows = [row_of_table_1(line) for line in TABLE_1.splitlines()[1:]]
        assert paper_csv(table(board(*rows), "table1")).replace("\r\n", "\n") == TABLE_1

    def test_a_team_that_was_not_measured_has_empty_cells_and_no_zeros(self) -> None:
        known = row_of_table_1(TABLE_1.splitlines()[1])
        unknown = known.model_copy(update={"team": "B", "rank": None, "time_s": None, "gpu_memory_bytes": None, "means": ()})
        line = paper_csv(table(board(known, unknown), "table1")).splitlines()[2]
        assert line == ",B,1,5,,,,,,,,,,,"

    def test_a_multiclass_mean_is_never_taken_for_a_binary_one(self) -> None:
        row = row_of_table_1(TABLE_1.splitlines()[1])
        only_subtype = row.model_copy(update={"means": row.means[2:], "tasks": row.tasks[2:]})
        line = paper_csv(table(board(only_subtype), "table1")).splitlines()[1]
        assert line == "1,SMART,1,5,36.03,0.59,,,,,,,0.540,0.502,0.577"

    def test_is_not_made_where_none_of_its_means_is_there(self) -> None:
        row = row_of_table_1(TABLE_1.splitlines()[1]).model_copy(update={"means": (), "tasks": ()})
        assert list(uusic25_tables(board(row))) == []


class TestTable2:
    def test_gives_published_rows_back_column_for_column(self) -> None:
        rows = [row_of_table_2(line) for line in TABLE_2.splitlines()[1:]]
        assert paper_csv(table(board(*rows), "table2")).replace("\r\n", "\n") == TABLE_2

    def test_is_not_made_without_external_centers(self) -> None:
        rows = [row_of_table_1(line) for line in TABLE_1.splitlines()[1:]]
        assert [each.name for each in uusic25_tables(board(*rows))] == ["table1"]
