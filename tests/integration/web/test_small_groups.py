"""Groups of fewer cases than a challenge shows are held back in every form in which anybody can read a board.

The tiny challenge has one case of each task inside and one outside the centers seen in training; a group must have ten
unless the challenge says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import platform_world
import pytest
import study_world
from page_visitor import HTML

from sonobench_eval.evaluation import MetricScore
from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_platform.db.models import PhaseRow, SnapshotRow
from sonobench_platform.leaderboards.publish import content_hash, publish

PAGE = "/challenges/tiny/leaderboard"
FEW = "too few: 1 case, fewer than 10"


@pytest.fixture
def world(make_world: Callable[..., Any]) -> Any:
    return make_world(evaluator=study_world.AnyImage())


def documents(world: Any, who: Any) -> Iterator[Leaderboard]:
    """The board as each way gives it as a document, and that each says what its address or its tag promises."""
    for url in (
        "/api/v1/challenges/tiny/leaderboard",
        f"{PAGE}.json",
        f"/challenges/tiny/snapshots/{study_world.digest(world)}.json",
    ):
        answer = who.get(url)
        assert answer.status_code == 200, answer.text
        board = Leaderboard.from_json(answer.text)
        assert content_hash(board) == f"sha256:{study_world.digest(world)}"
        yield board


def roles(board: Leaderboard) -> list[MetricScore]:
    return [score for row in board.rows for task in row.tasks for role in task.roles for score in role.metrics]


def gaps(board: Leaderboard) -> list[str]:
    return [gap.metric for row in board.rows for task in row.tasks for gap in task.gaps]


def with_raw_board(world: Any) -> None:
    """Put the board on show that would have been published before groups were held back in it."""
    with world.platform.core.database.write() as work:
        row = work.session.query(SnapshotRow).order_by(SnapshotRow.id.desc()).first()
        board = Leaderboard.from_json(row.document)
        rows = tuple(each.model_copy(update={"tasks": tuple(_as_measured(task) for task in each.tasks)}) for each in board.rows)
        raw = board.model_copy(update={"rows": rows})
        row.document, row.content_hash = raw.to_json(), content_hash(raw)


def _as_measured(task: Any) -> Any:
    measured = {"value": 0.4321, "undefined": None}
    parts = (
        role.model_copy(update={"metrics": tuple(score.model_copy(update=measured) for score in role.metrics)})
        for role in task.roles
    )
    return task.model_copy(update={"roles": tuple(parts)})


class TestANewBoard:
    def test_no_document_of_it_has_figures_of_small_groups_whoever_asks(self, world: Any) -> None:
        study_world.scored(world, "A")
        for who in (world.anyone, world.team("A"), world.organiser):
            for board in documents(world, who):
                assert {(score.value, score.ci_low, score.ci_high, score.undefined) for score in roles(board)} == {
                    (None, None, None, FEW)
                }
                assert gaps(board) == []

    def test_figures_over_all_cases_stay(self, world: Any) -> None:
        study_world.scored(world, "A")
        board = next(documents(world, world.anyone))
        assert all(score.value is not None for row in board.rows for task in row.tasks for score in task.metrics)

    def test_groups_that_are_large_enough_are_shown(self, world: Any) -> None:
        cases = [{**case, "center": "south"} for case in platform_world.CHALLENGE["cases"]]
        platform_world.write_challenge(world.folder, subgroups={"fewest_cases": 2}, cases=cases)
        world.platform.register_challenge(world.yaml)
        study_world.scored(world, "A")
        found = roles(next(documents(world, world.anyone)))
        assert {(score.n, score.value is None) for score in found} == {(2, False)}

    def test_its_team_still_sees_all_of_its_own_scores(self, world: Any) -> None:
        (submission_id,) = study_world.scored(world, "A")
        own = world.team("A").get(f"/api/v1/submissions/{submission_id}").json()["result"]
        found = [score for task in own["tasks"] for role in task["roles"] for score in role["metrics"]]
        assert {score["name"] for score in found if score["value"] is not None} == {"dsc", "nsd", "acc"}


class TestABoardThatWasPublishedWithThem:
    def test_only_its_document_which_its_hash_is_of_still_says_them(self, world: Any) -> None:
        (submission_id,) = study_world.scored(world, "A")
        with_raw_board(world)
        snapshot = f"/challenges/tiny/snapshots/{study_world.digest(world)}"
        assert "0.4321" in world.anyone.get(f"{snapshot}.json").text
        for url in (PAGE, f"{PAGE}.csv", snapshot, f"{snapshot}.csv", f"{snapshot}.tex", f"/submissions/{submission_id}"):
            answer = world.anyone.get(url, headers=HTML)
            assert answer.status_code == 200, url
            assert "0.432" not in answer.text, url

    def test_the_next_one_is_without(self, world: Any) -> None:
        study_world.scored(world, "A")
        with_raw_board(world)
        before = study_world.digest(world)
        with world.platform.core.database.write() as work:
            publish(world.platform.core, work, phase_id=work.session.query(PhaseRow).one().id)
        assert study_world.digest(world) != before
        assert {score.value for board in documents(world, world.anyone) for score in roles(board)} == {None}
