"""Two teams side by side: differences on the same resamples, who is better, and how often each ranks first."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from what_if_world import Published, published

from sonobench_eval.ranking.case_table import case_table
from sonobench_eval.ranking.gathered import gathered, resampled_figures
from sonobench_eval.ranking.stability import bootstrap_ranks
from sonobench_eval.statistics.replicates import Replicates
from sonobench_platform.leaderboards.comparing import PairedLine, ahead_of, compared, side_by_side
from sonobench_platform.leaderboards.comparing_evidence import RunBehind


class Kept:
    """A published board with every team's replicates on disk."""

    def __init__(self, world: Published, folder: Path) -> None:
        self.world = world
        table = case_table(world.challenge, [each.team for each in world.entries], [each.evaluation for each in world.entries])
        self.drawn = table.resampled(resamples=200, seed=world.challenge.bootstrap.seed)
        self.teams = list(table.teams)
        runs = []
        for row in world.board.rows:
            number = self.teams.index(row.team)
            path = folder / f"{number}.npz"
            Replicates({tuple(name.rsplit(".", 1)): each[:, number].copy() for name, each in self.drawn.items()}).save(path)  # type: ignore[misc]
            runs.append(RunBehind(row.team, f"run-{number}", 1, path, None, ()))
        self.runs = tuple(runs)

    def of(self, figure: str, team: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return self.drawn[figure][:, self.teams.index(team)]


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(published(), tmp_path)


def line(low: float | None, high: float | None, *, higher_is_better: bool = True) -> PairedLine:
    row = published().board.rows[0]
    score = row.tasks[0].metrics[0].model_copy(update={"higher_is_better": higher_is_better})
    return PairedLine("Head", "Head", score, score, 0.0, low, high)


class TestDifferences:
    def test_the_interval_is_of_the_difference_in_each_resample(self, kept: Kept) -> None:
        rows = kept.world.board.rows
        found = compared(kept.world.board, kept.runs, (0, 3), ahead=None)
        assert found.is_paired
        for each in found.lines:
            if each.first.name == "f1":
                assert each.low is None
                continue
            name = f"{each.task}.{each.first.name}"
            differences = kept.of(name, rows[0].team) - kept.of(name, rows[3].team)
            assert (each.low, each.high) == pytest.approx(tuple(np.quantile(differences, [0.025, 0.975])))

    def test_without_replicates_values_stand_alone(self, kept: Kept) -> None:
        kept.runs[0].replicates.unlink()
        found = compared(kept.world.board, kept.runs, (0, 1), ahead=None)
        assert not found.is_paired
        assert [each.low for each in found.lines] == [None] * len(found.lines)
        assert [each.difference for each in found.lines] == [
            each.difference for each in side_by_side(found.first, found.second).lines
        ]

    def test_a_single_subject_says_nothing_of_chance(self, kept: Kept) -> None:
        rows = list(kept.world.board.rows)
        alone = tuple(
            task.model_copy(update={"metrics": tuple(each.model_copy(update={"units": 1}) for each in task.metrics)})
            for task in rows[0].tasks
        )
        rows[0] = rows[0].model_copy(update={"tasks": alone})
        board = kept.world.board.model_copy(update={"rows": tuple(rows)})
        assert not compared(board, kept.runs, (0, 1), ahead=None).is_paired

    @pytest.mark.parametrize(
        ("low", "high", "higher", "better"),
        [
            (0.1, 0.2, True, "first"),
            (-0.2, -0.1, True, "second"),
            (0.1, 0.2, False, "second"),
            (-0.2, -0.1, False, "first"),
            (-0.1, 0.1, True, None),
            (0.0, 0.1, True, None),
            (None, None, True, None),
        ],
    )
    def test_who_is_better_depends_on_the_metric_and_on_zero(
        self, low: float | None, high: float | None, higher: bool, better: str | None
    ) -> None:
        assert line(low, high, higher_is_better=higher).better == better


class TestAhead:
    def test_shares_are_of_the_ranks_that_the_board_resamples(self, kept: Kept) -> None:
        world, rows = kept.world, kept.world.board.rows
        found = ahead_of(world.board.to_json(), world.challenge.model_dump_json(by_alias=True), kept.runs, (0, 1))
        assert found is not None
        entries = [
            each.__class__(
                **{name: getattr(each, name) for name in each.__dataclass_fields__ if name != "replicates"},
                replicates=Replicates.load(next(run.replicates for run in kept.runs if run.team == each.team)),
            )
            for each in world.entries
        ]
        together = gathered(world.challenge, entries)
        assert together.field is not None
        ranks = bootstrap_ranks(together.field.tree, resampled_figures(together, seed=world.challenge.bootstrap.seed)).ranks
        one, other = (ranks[:, together.figures.teams.index(row.team)] for row in rows[:2])
        assert found.first == np.mean(one < other)
        assert found.first + found.second + found.level == pytest.approx(1)

    def test_of_two_the_same_every_resample_is_level(self, tmp_path: Path) -> None:
        kept = Kept(published({"Ada": 1.0, "Bo": 0.4}, twins=("Twin",)), tmp_path)
        at = {row.team: number for number, row in enumerate(kept.world.board.rows)}
        document, definition = kept.world.board.to_json(), kept.world.challenge.model_dump_json(by_alias=True)
        found = ahead_of(document, definition, kept.runs, (at["Ada"], at["Twin"]))
        assert found == (0.0, 0.0, 1.0, 200)

    def test_where_one_team_has_no_replicates_there_is_none(self, kept: Kept) -> None:
        kept.runs[-1].replicates.unlink()
        document, definition = kept.world.board.to_json(), kept.world.challenge.model_dump_json(by_alias=True)
        assert ahead_of(document, definition, kept.runs, (0, 1)) is None
