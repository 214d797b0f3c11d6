from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest

from sonobench_eval.evaluation import CaseScore, CenterScore, Evaluation, GeneralisationGap, MetricScore, Provenance, TaskScore
from sonobench_eval.ranking.leaderboard import Leaderboard, Row, TaskColumn
from sonobench_eval.report.tables import evaluation_csv, leaderboard_csv

DSC = MetricScore(name="dsc", definition="dsc", value=0.1 + 0.2, ci_low=0.25, ci_high=0.35, n=4, units=3, ci_method="by hand")
NO_AUC = MetricScore(name="auc", definition="auc", value=None, n=4, units=3, undefined="one class only")


def row(team: str, **fields: object) -> Row:
    shown = {"rank": 1, "score": 1.0, "performance": 1.0, "efficiency": None, "team": team, **fields}
    return Row.model_validate(shown)


def board(*rows: Row) -> Leaderboard:
    return Leaderboard(
        challenge="demo",
        title="Demo",
        challenge_hash="sha256:c",
        dataset_hash="sha256:d",
        generated_at=datetime(2026, 1, 2, tzinfo=UTC),
        scheme="uusic25",
        performance_weight=0.7,
        efficiency_weight=0.3,
        resamples=10,
        confidence=0.95,
        cases=4,
        centers=2,
        external_centers=1,
        rows=rows,
    )


def evaluation() -> Evaluation:
    made_from = Provenance(
        challenge="demo",
        challenge_hash="c",
        dataset_hash="d",
        evaluator_version="0",
        engine="fast",
        resamples=10,
        confidence=0.95,
        seed=1,
    )
    task = TaskScore(
        id="Head",
        title="Head",
        kind="segmentation",
        n=4,
        metrics=(DSC, NO_AUC),
        centers=(CenterScore(id="Near", role="internal", metrics=(DSC,)),),
        roles=(CenterScore(id="internal", role="internal", metrics=(DSC,)),),
        gaps=(GeneralisationGap(metric="dsc", value=-0.25),),
    )
    cases = (
        CaseScore(id="a.png", task="Head", center="Near", scores={"dsc": 0.5}),
        CaseScore(id="b.png", task="Breast", center="Near", scores={"acc": 0.0}, problem="missing_result"),
    )
    return Evaluation(made_from=made_from, tasks=(task,), means=(DSC,), cases=cases)


def parsed(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


class TestLeaderboardCsv:
    def test_has_every_digit_and_leaves_what_is_unknown_empty(self) -> None:
        shown = row("A", means=(DSC,), tasks=(TaskColumn(id="Head", title="Head", kind="segmentation", metrics=(DSC, NO_AUC)),))
        (line,) = parsed(leaderboard_csv(board(shown)))
        assert float(line["mean_dsc"]) == 0.1 + 0.2
        assert (line["Head.dsc_low"], line["Head.dsc_high"]) == ("0.25", "0.35")
        assert (line["Head.auc"], line["time_s"], line["efficiency"]) == ("", "", "")
        assert (line["rank"], line["problems"]) == ("1", "0")

    def test_whole_numbers_stay_whole_beside_empty_cells(self) -> None:
        lines = parsed(leaderboard_csv(board(row("A", gpu_memory_bytes=2**40), row("B", rank=None))))
        assert [(line["rank"], line["gpu_memory_bytes"]) for line in lines] == [("1", str(2**40)), ("", "")]

    def test_tells_two_means_of_one_metric_apart(self) -> None:
        means = [DSC.model_copy(update={"name": "nsd", "definition": f"nsd pixel {px} px"}) for px in (1, 2)]
        (line,) = parsed(leaderboard_csv(board(row("A", means=tuple(means)))))
        assert {"mean_nsd_pixel_1_px", "mean_nsd_pixel_2_px"} <= line.keys()

    def test_an_empty_board_still_names_its_columns(self) -> None:
        assert leaderboard_csv(board()).startswith("rank,rank_low,rank_high,team,score,")

    @pytest.mark.parametrize(
        "name", ["=1+1", "+cmd|'/C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x","y")']
    )
    def test_a_team_name_that_a_spreadsheet_would_run_gets_an_apostrophe(self, name: str) -> None:
        (line,) = parsed(leaderboard_csv(board(row(name))))
        assert line["team"] == f"'{name}"

    @pytest.mark.parametrize("name", ["x\r=1+1", "x\n=1+1", "Team A", "-5", "+1.5", "a=b", 'quote " and, comma', "línea"])
    def test_other_names_stay_as_they_are(self, name: str) -> None:
        (line,) = parsed(leaderboard_csv(board(row(name))))
        assert line["team"] == name


class TestEvaluationCsv:
    def test_has_one_line_for_every_number(self) -> None:
        lines = parsed(evaluation_csv(evaluation()))
        assert [(line["scope"], line["task"], line["group"], line["metric"], line["value"]) for line in lines] == [
            ("task", "Head", "", "dsc", "0.30000000000000004"),
            ("task", "Head", "", "auc", ""),
            ("center", "Head", "Near", "dsc", "0.30000000000000004"),
            ("role", "Head", "internal", "dsc", "0.30000000000000004"),
            ("gap", "Head", "external minus internal", "dsc", "-0.25"),
            ("mean", "", "", "dsc", "0.30000000000000004"),
        ]
        assert lines[1]["undefined"] == "one class only"
