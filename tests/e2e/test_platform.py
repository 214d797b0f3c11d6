"""From an upload to a place on the board, and through everything that may die on the way."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.docker

ON_BOTH = pytest.mark.parametrize("parts", ["embedded", "postgresql and redis"], indirect=True)
ON_POSTGRESQL = pytest.mark.parametrize("parts", ["postgresql and redis"], indirect=True)

OpenHouse = Callable[..., Any]
MakeImage = Callable[..., Path]


class TestTheWholePath:
    def test_images_are_run_scored_and_ranked(self, open_house: OpenHouse, make_image: MakeImage) -> None:
        house = open_house()
        sure = house.submit("Sure", make_image("sure", seconds=0.5))
        wrong = house.submit("Wrong", make_image("wrong", certainty=0.1))
        crashing = house.submit("Crashing", make_image("crashing", status=3))
        assert house.wait_for_end(sure)["state"] == "scored"
        assert house.wait_for_end(wrong)["state"] == "scored"
        ended = house.wait_for_end(crashing)
        assert (ended["state"], ended["failure"]["blame"]) == ("failed", "participant")
        board = house.leaderboard()
        assert [row["team"] for row in board["rows"]] == ["Sure", "Wrong"]
        assert house.steps(sure) == ["uploading", "checking", "queued", "running", "scoring", "scored"]
        result = house.submission(sure)["result"]
        assert result["time_s"] >= 0.5
        assert {(mean["name"], mean["value"]) for mean in result["means"]} == {("dsc", 1), ("nsd", 1), ("auc", 1), ("acc", 1)}

    def test_without_redis_the_workers_poll(self, open_house: OpenHouse, make_image: MakeImage) -> None:
        house = open_house(redis=False)
        submission = house.submit("Team", make_image())
        assert house.wait_for_end(submission)["state"] == "scored"
        assert "no broker: polling" in house.log("run")


@ON_BOTH
class TestDeaths:
    def test_a_run_worker_that_is_killed_in_mid_run_loses_nothing(self, open_house: OpenHouse, make_image: MakeImage) -> None:
        house = open_house()
        submission = house.submit("Team", make_image(seconds=5))
        house.wait_for_phase(submission, "run")
        house.kill("run")
        assert house.containers() != []
        house.start("run")
        assert house.wait_for_end(submission)["state"] == "scored"
        assert house.submission(submission)["attempt"] == 2
        assert house.steps(submission).count("scored") == 1
        assert len(house.leaderboard()["rows"]) == 1
        assert house.containers() == []
        assert house.volumes() == []

    def test_the_sweeper_takes_a_run_back_from_a_worker_that_never_returns(
        self, open_house: OpenHouse, make_image: MakeImage
    ) -> None:
        house = open_house()
        submission = house.submit("Team", make_image(seconds=30))
        house.wait_for_phase(submission, "run")
        house.kill("run")
        house.wait_for(lambda: house.submission(submission)["state"] == "queued", "the lease to run out", submission)
        house.call("POST", f"/api/v1/submissions/{submission}/cancel")
        house.start("run")
        house.wait_for(lambda: house.containers() == [] and house.groups() == [], "the restarted worker to clean up")

    def test_a_broker_that_is_killed_costs_nothing(self, open_house: OpenHouse, make_image: MakeImage, parts: Any) -> None:
        house = open_house()
        first = house.submit("First", make_image("first", seconds=2))
        house.wait_for_phase(first, "run")
        parts.kill_broker(house)
        second = house.submit("Second", make_image("second"))
        assert house.wait_for_end(first)["state"] == "scored"
        assert house.wait_for_end(second)["state"] == "scored"
        assert house.submission(first)["attempt"] == 1

    def test_an_api_that_is_restarted_in_mid_run_costs_nothing(self, open_house: OpenHouse, make_image: MakeImage) -> None:
        house = open_house()
        submission = house.submit("Team", make_image(seconds=3))
        house.wait_for_phase(submission, "run")
        house.kill("serve")
        house.start("serve")
        assert house.wait_for_end(submission)["state"] == "scored"
        assert house.submission(submission)["attempt"] == 1

    def test_a_score_worker_that_is_killed_loses_nothing(self, open_house: OpenHouse, make_image: MakeImage) -> None:
        house = open_house("serve", "run")
        submission = house.submit("Team", make_image())
        house.start("score")
        house.wait_for(lambda: house.submission(submission)["state"] != "checking", "the check", submission)
        house.kill("score")
        house.start("score")
        assert house.wait_for_end(submission)["state"] == "scored"
        assert house.steps(submission).count("scored") == 1


@ON_POSTGRESQL
class TestADatabaseThatGoesAway:
    def test_connections_that_it_ends_in_mid_run_cost_nothing(
        self, open_house: OpenHouse, make_image: MakeImage, parts: Any
    ) -> None:
        house = open_house()
        submission = house.submit("Team", make_image(seconds=3))
        house.wait_for_phase(submission, "run")
        parts.postgres.break_connections(parts.database)
        assert house.wait_for_end(submission)["state"] == "scored"
        assert house.submission(submission)["attempt"] == 1

    def test_one_that_crashes_in_mid_run_and_comes_back_costs_nothing(
        self, open_house: OpenHouse, make_image: MakeImage, parts: Any
    ) -> None:
        house = open_house()
        submission = house.submit("Team", make_image(seconds=3))
        house.wait_for_phase(submission, "run")
        parts.postgres.end(signal.SIGQUIT)
        parts.postgres.restart()
        assert house.wait_for_end(submission)["state"] == "scored"
        assert house.steps(submission).count("scored") == 1


class TestLeaving:
    def test_a_worker_told_to_leave_gives_its_run_back_at_no_cost(self, open_house: OpenHouse, make_image: MakeImage) -> None:
        house = open_house()
        submission = house.submit("Team", make_image(seconds=4))
        house.wait_for_phase(submission, "run")
        assert house.stop("run") == 0
        assert house.containers() == []
        assert house.submission(submission)["state"] == "queued"
        house.start("run")
        assert house.wait_for_end(submission)["state"] == "scored"

    def test_cancelling_kills_the_container(self, open_house: OpenHouse, make_image: MakeImage) -> None:
        house = open_house()
        submission = house.submit("Team", make_image(seconds=50))
        house.wait_for_phase(submission, "run")
        house.call("POST", f"/api/v1/submissions/{submission}/cancel")
        house.wait_for(lambda: house.containers() == [], "the container to be gone")
        assert house.submission(submission)["state"] == "cancelled"
        another = house.submit("Another", make_image("another"))
        assert house.wait_for_end(another)["state"] == "scored"
