"""Studies of boards: when they are made, what is in them for whom, and that half of one is never seen."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import study_world as studies

from sonobench_eval.report.charts import render
from sonobench_eval.report.charts.chart import Chart
from sonobench_eval.report.charts.render import ReportNotInstalledError
from sonobench_platform.db.models import AuditRow, PhaseRow, SnapshotRow
from sonobench_platform.leaderboards.study_drawing import Drawn
from sonobench_platform.leaderboards.study_due import due_studies
from sonobench_platform.leaderboards.study_making import Made, make_due_studies, make_studies_again


@pytest.fixture
def world(make_world: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(render, "browser_bundle", lambda: "draw()")
    return make_world(evaluator=studies.AnyImage())


def of_board(world: Any) -> set[str]:
    found = studies.study(world)
    assert found is not None
    return {chart.id for chart in found.charts if not chart.of_evaluations}


def of_evaluations(world: Any) -> set[str]:
    found = studies.study(world)
    assert found is not None
    return {chart.id for chart in found.charts if chart.of_evaluations}


def truth_reads_for_charts(world: Any) -> list[str]:
    with world.platform.core.database.read() as session:
        rows = session.query(AuditRow).filter_by(action="truth.read").all()
    return [row.subject for row in rows if "charts" in json.loads(row.detail)]


class TestWhenTheyAreMade:
    def test_a_board_is_drawn_once_it_has_stood_for_a_while(self, world: Any) -> None:
        studies.scored(world, "A", "B")
        assert due_studies(world.platform.core) == []
        assert studies.drawn(world) == Made(made=1)
        assert due_studies(world.platform.core) == []
        assert studies.drawn(world) == Made()

    def test_one_that_is_lost_or_of_another_board_is_made_again(self, world: Any) -> None:
        studies.scored(world, "A", "B")
        studies.drawn(world)
        index = next(Path(world.platform.settings.home / "studies").rglob("index.json"))
        index.write_text(index.read_text().replace("sha256:", "sha256:0", 1))
        assert studies.drawn(world) == Made(made=1)
        index.write_text("half of it")
        assert studies.drawn(world) == Made(made=1)
        index.unlink()
        assert studies.drawn(world) == Made(made=1)

    def test_only_one_process_draws_at_a_time(self, world: Any) -> None:
        studies.scored(world, "A")
        lock = world.platform.settings.home / "studies" / ".turn.lock"
        lock.parent.mkdir(exist_ok=True)
        handle = os.open(lock, os.O_RDWR | os.O_CREAT)
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert studies.drawn(world) == Made(is_elsewhere=True)
        os.close(handle)
        assert studies.drawn(world) == Made(made=1)

    def test_what_a_killed_worker_left_is_removed_and_what_a_living_one_writes_is_not(self, world: Any) -> None:
        studies.scored(world, "A")
        phase = world.platform.settings.home / "studies" / phase_id(world)
        dead, living = phase / ".making-1-1-1", phase / ".making-2-2-1"
        for folder in (dead, living):
            folder.mkdir(parents=True)
            os.utime(folder, (time.time() - 60, time.time() - 60))
        handle = os.open(living, os.O_RDONLY)
        fcntl.flock(handle, fcntl.LOCK_EX)
        studies.drawn(world)
        assert (dead.exists(), living.exists()) == (False, True)
        os.close(handle)

    def test_a_writer_that_breaks_off_leaves_nothing(self, world: Any) -> None:
        studies.scored(world, "A", "B")

        def broken(chart: Chart) -> Drawn:
            raise KeyboardInterrupt

        world.clock.advance(seconds=60)
        with pytest.raises(KeyboardInterrupt):
            make_due_studies(world.platform.core, drawing=broken)
        assert [path.name for path in (world.platform.settings.home / "studies").rglob("*") if path.is_file()] == [".turn.lock"]

    def test_all_are_made_again_where_an_administrator_asks(self, world: Any) -> None:
        studies.scored(world, "A", "B")
        studies.drawn(world)
        before = studies.study(world)
        world.clock.advance(seconds=10)
        assert make_studies_again(world.platform.core, drawing=studies.pen) == Made(made=1)
        after = studies.study(world)
        assert before is not None
        assert after is not None
        assert after.made_at > before.made_at


class TestWhatIsInThem:
    def test_while_the_phase_is_open_it_is_what_the_board_says(self, world: Any) -> None:
        studies.in_one_phase(world)
        studies.scored(world, "A", "B")
        studies.drawn(world)
        assert of_board(world) == {"efficiency", "task-scores"}
        assert of_evaluations(world) == set()
        found = studies.study(world)
        assert found is not None
        assert found.centers == ()
        assert truth_reads_for_charts(world) == []

    def test_once_it_is_closed_it_is_all_a_public_report_shows_and_the_read_is_in_the_log(self, world: Any) -> None:
        studies.in_one_phase(world)
        studies.scored(world, "A", "B")
        studies.close(world)
        studies.drawn(world)
        found = of_evaluations(world)
        assert {"quartiles-head-dsc", "difficulty-breast", "blob-score", "rank-heatmap-score"} <= found
        assert {"scheme-ranks", "significance-head-dsc"} <= found
        assert not {name for name in found if name.startswith(("cases-", "bland-altman-", "confusion-"))}
        assert truth_reads_for_charts(world) == [phase_id(world)]

    def test_a_center_of_too_few_cases_is_named_without_a_figure(self, world: Any) -> None:
        studies.in_one_phase(world)
        studies.scored(world, "A", "B")
        studies.close(world)
        studies.drawn(world)
        found = studies.study(world)
        assert found is not None
        # One case of each task at each center, and two are needed.
        assert {each.team for each in found.centers} == {"A", "B"}
        values = [score.value for each in found.centers for center in each.centers for score in center.metrics]
        assert values
        assert set(values) == {None}

    def test_single_cases_are_dots_only_where_the_organisers_declared_it(self, world: Any) -> None:
        studies.in_one_phase(world, case_dots=True)
        studies.scored(world, "A", "B")
        studies.close(world)
        studies.drawn(world)
        assert "cases-head-dsc" in of_evaluations(world)
        home = world.platform.settings.home / "studies"
        assert not [path for path in home.rglob("*") if path.is_file() and b"img/1.png" in path.read_bytes()]

    def test_a_definition_that_cannot_be_read_costs_only_what_needs_it(self, world: Any) -> None:
        studies.in_one_phase(world)
        studies.scored(world, "A", "B")
        studies.close(world)
        for path in (world.platform.settings.home / "challenges").iterdir():
            path.unlink()
        assert studies.drawn(world) == Made(made=1)
        found = studies.study(world)
        assert of_evaluations(world) == set()
        assert found is not None
        assert "definition could not be read" in found.notes[0]

    def test_without_the_renderer_there_are_numbers_and_it_is_said(self, world: Any) -> None:
        studies.scored(world, "A", "B")

        def missing(chart: Chart) -> Drawn:
            raise ReportNotInstalledError

        world.clock.advance(seconds=60)
        assert make_due_studies(world.platform.core, drawing=missing) == Made(made=1)
        found = studies.study(world)
        assert found is not None
        assert found.without_drawings.startswith("There are only numbers here. ")
        assert [(chart.files.svg, chart.files.csv.startswith(chart.id)) for chart in found.charts] == [(None, True)] * 2

    def test_one_chart_that_cannot_be_drawn_keeps_its_numbers(self, world: Any) -> None:
        studies.scored(world, "A", "B")

        def clumsy(chart: Chart) -> Drawn:
            if chart.name == "efficiency":
                raise ValueError("no")
            return studies.pen(chart)

        world.clock.advance(seconds=60)
        assert make_due_studies(world.platform.core, drawing=clumsy) == Made(made=1)
        found = studies.study(world)
        assert found is not None
        assert {chart.id: chart.files.svg is None for chart in found.charts} == {"efficiency": True, "task-scores": False}
        assert len(found.notes) == 1


class TestWhenTheyGo:
    def test_an_erased_submission_takes_the_charts_it_is_in_with_it(self, world: Any) -> None:
        studies.in_one_phase(world)
        erased, _kept = studies.scored(world, "A", "B")
        studies.close(world)
        studies.drawn(world)
        answer = world.organiser.post(f"/api/v1/submissions/{erased}/erase", json={"reason": "asked for"})
        assert answer.status_code in {200, 204}, answer.text
        assert not list((world.platform.settings.home / "studies").rglob("index.json"))
        studies.drawn(world)
        found = studies.study(world)
        assert found is not None
        assert "A" not in {row[0] for chart in found.charts for row in chart.rows}

    def test_one_that_is_erased_while_it_is_drawn_does_not_come_back(self, world: Any) -> None:
        studies.in_one_phase(world)
        erased, _kept = studies.scored(world, "A", "B")
        studies.close(world)
        done: list[int] = []

        def meanwhile(chart: Chart) -> Drawn:
            if not done:
                done.append(1)
                world.organiser.post(f"/api/v1/submissions/{erased}/erase", json={"reason": "asked for"})
            return studies.pen(chart)

        world.clock.advance(seconds=60)
        make_due_studies(world.platform.core, drawing=meanwhile)
        assert not list((world.platform.settings.home / "studies").rglob("index.json"))

    def test_those_of_a_phase_that_is_gone_go(self, world: Any) -> None:
        gone = world.platform.settings.home / "studies" / "phas-aaaaaaaaaaaaaaaa" / "1"
        gone.mkdir(parents=True)
        studies.scored(world, "A")
        studies.drawn(world)
        assert not gone.parent.exists()

    def test_of_rounded_boards_the_newest_are_kept(self, world: Any) -> None:
        studies.scored(world, "A")
        home = world.platform.settings.home / "studies" / phase_id(world)
        studies.drawn(world)
        number = int(next(home.iterdir()).name)
        for later in range(number + 1, number + 13):
            (home / str(later)).mkdir()
        make_due_studies(world.platform.core, drawing=studies.pen)
        assert sorted(int(each.name) for each in home.iterdir()) == [number, *range(number + 3, number + 13)]


def phase_id(world: Any) -> str:
    with world.platform.core.database.read() as session:
        newest = session.query(SnapshotRow).order_by(SnapshotRow.id.desc()).first()
        return str(newest.phase_id if newest is not None else session.query(PhaseRow).first().id)
