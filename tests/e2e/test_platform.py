"""From an upload to a place on the board, and through everything that may die on the way."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import pytest
from infra.house import PACE
from infra.small_challenge import png, small_image, write_small_challenge
from sqlalchemy import create_engine, make_url, text

from sonobench_platform.config import Settings

pytestmark = pytest.mark.docker

ON_BOTH = pytest.mark.parametrize("parts", ["embedded", "postgresql and redis"], indirect=True)
ON_POSTGRESQL = pytest.mark.parametrize("parts", ["postgresql and redis"], indirect=True)

OpenHouse = Callable[..., Any]
MakeImage = Callable[..., Path]


class TestTheWholePath:
    def test_images_are_run_scored_and_ranked(self, open_house: OpenHouse, make_image: MakeImage, tmp_path: Path) -> None:
        house = open_house(settings={"SONOBENCH_REFERENCE_EVERY_S": "3600"})
        sure = house.submit("Sure", make_image("sure", seconds=0.5))
        wrong = house.submit("Wrong", make_image("wrong", certainty=0.1))
        crashing = house.submit("Crashing", _image(tmp_path, do="exit 3"))
        assert house.wait_for_end(sure)["state"] == "scored"
        assert house.wait_for_end(wrong)["state"] == "scored"
        ended = house.wait_for_end(crashing)
        assert (ended["state"], ended["failure"]["category"], ended["failure"]["blame"]) == ("failed", "crashed", "participant")
        board = house.leaderboard()
        assert [row["team"] for row in board["rows"]] == ["Sure", "Wrong"]
        assert house.steps(sure) == ["uploading", "checking", "queued", "running", "scoring", "scored"]
        result = house.submission(sure)["result"]
        assert result["time_s"] > 0.4  # of 0.5: an engine stamps a start some milliseconds late, on a busy machine more
        assert {(mean["name"], mean["value"]) for mean in result["means"]} == {("dsc", 1), ("nsd", 1), ("auc", 1), ("acc", 1)}
        assert "the reference container took" in house.log("run")

    def test_what_an_image_had_written_before_it_crashed_is_scored(self, open_house: OpenHouse, make_image: MakeImage) -> None:
        house = open_house()
        ended = house.wait_for_end(house.submit("Team", make_image("late", status=3)))
        assert (ended["state"], ended["failure"]["category"], ended["failure"]["blame"]) == ("scored", "crashed", "participant")
        assert "4 of 4 cases have a result that can be used" in ended["failure"]["sentence"]
        assert [row["team"] for row in house.leaderboard()["rows"]] == ["Team"]

    def test_without_redis_the_workers_poll(self, open_house: OpenHouse, make_image: MakeImage) -> None:
        house = open_house(redis=False)
        submission = house.submit("Team", make_image())
        assert house.wait_for_end(submission)["state"] == "scored"
        assert "no broker: polling" in house.log("run")


@ON_BOTH
class TestDeaths:
    def test_a_run_worker_that_is_killed_in_mid_run_loses_nothing(self, open_house: OpenHouse, make_image: MakeImage) -> None:
        house = open_house()
        submission = house.submit("Team", make_image(waits=True))
        attempt = house.wait_for_phase(submission, "run")
        house.kill("run")
        assert house.containers() != []
        house.start("run")
        assert house.let_end(submission)["state"] == "scored"
        assert house.submission(submission)["attempt"] == attempt + 1
        assert house.steps(submission).count("scored") == 1
        assert len(house.leaderboard()["rows"]) == 1
        assert house.containers() == []
        assert house.volumes() == []

    def test_the_sweeper_takes_a_run_back_from_a_worker_that_never_returns(
        self, open_house: OpenHouse, make_image: MakeImage
    ) -> None:
        house = open_house(settings=PACE)
        submission = house.submit("Team", make_image(waits=True))
        house.wait_for_phase(submission, "run")
        house.kill("run")
        house.wait_for(lambda: house.submission(submission)["state"] == "queued", "the lease to run out", submission)
        house.call("POST", f"/api/v1/submissions/{submission}/cancel")
        house.start("run")
        house.wait_for(lambda: house.containers() == [] and house.groups() == [], "the restarted worker to clean up")

    def test_a_broker_that_is_killed_costs_nothing(self, open_house: OpenHouse, make_image: MakeImage, parts: Any) -> None:
        house = open_house()
        first = house.submit("First", make_image("first", waits=True))
        attempt = house.wait_for_phase(first, "run")
        parts.kill_broker(house)
        second = house.submit("Second", make_image("second"))
        assert house.let_end(first)["state"] == "scored"
        assert house.wait_for_end(second)["state"] == "scored"
        assert house.submission(first)["attempt"] == attempt

    def test_an_api_that_is_restarted_in_mid_run_costs_nothing(self, open_house: OpenHouse, make_image: MakeImage) -> None:
        house = open_house()
        submission = house.submit("Team", make_image(waits=True))
        attempt = house.wait_for_phase(submission, "run")
        house.kill("serve")
        house.start("serve")
        assert house.let_end(submission)["state"] == "scored"
        assert house.submission(submission)["attempt"] == attempt

    def test_an_api_that_is_away_for_longer_than_a_lease_costs_nothing(
        self, open_house: OpenHouse, make_image: MakeImage
    ) -> None:
        house = open_house(settings=PACE)
        submission = house.submit("Team", make_image(waits=True))
        attempt = house.wait_for_phase(submission, "run")
        house.kill("serve")
        time.sleep(float(PACE["SONOBENCH_LEASE_S"]) + 2)  # the score worker sweeps every second meanwhile
        house.start("serve")
        assert house.let_end(submission)["state"] == "scored"
        assert house.submission(submission)["attempt"] == attempt

    def test_a_score_worker_that_is_killed_loses_nothing(self, open_house: OpenHouse, make_image: MakeImage) -> None:
        house = open_house("serve", "run", settings=PACE)
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
        submission = house.submit("Team", make_image(waits=True))
        attempt = house.wait_for_phase(submission, "run")
        parts.postgres.break_connections(parts.database)
        assert house.let_end(submission)["state"] == "scored"
        assert house.submission(submission)["attempt"] == attempt

    def test_one_that_crashes_in_mid_run_and_comes_back_costs_nothing(
        self, open_house: OpenHouse, make_image: MakeImage, parts: Any
    ) -> None:
        house = open_house()
        submission = house.submit("Team", make_image(waits=True))
        house.wait_for_phase(submission, "run")
        parts.postgres.end(signal.SIGQUIT)
        parts.postgres.restart()
        assert house.let_end(submission)["state"] == "scored"
        assert house.steps(submission).count("scored") == 1


class TestCanary:
    @pytest.fixture
    def house(self, open_house: OpenHouse, tmp_path: Path) -> Any:
        """With a challenge that has one public image to prove oneself on."""
        public = {"id": "heads/public.png", "task": "head", "center": "inside"}
        path = write_small_challenge(tmp_path / "watched", name="watched", warm_up=[public])
        (path.parent / "images" / public["id"]).write_bytes(png((32, 24)))
        house = open_house()
        assert house.run_command("admin", "challenge", "add", str(path)).returncode == 0
        return house

    def test_what_crashes_there_never_brings_a_hidden_image_to_the_node(self, house: Any, tmp_path: Path) -> None:
        token = house.add_team("Team")
        crashing = _image(tmp_path, do="echo no such layer; exit 3")
        ended = house.wait_for_end(house.submit("Team", crashing, token=token, challenge="watched"))
        assert (ended["state"], ended["failure"]["category"]) == ("failed", "crashed")
        assert ended["failure"]["sentence"].startswith("On the public sample images, before any hidden image was touched:")
        log = house.call("GET", f"/api/v1/submissions/{ended['id']}/log", token=token)
        assert log["text"] == "no such layer"
        kept = [path.name for folder in (house.home / "node" / "inputs").iterdir() for path in folder.rglob("*.png")]
        assert kept == ["public.png"]

    def test_what_runs_there_goes_on_and_is_scored_and_its_image_does_not_do_it_twice(
        self, house: Any, make_image: MakeImage
    ) -> None:
        image, token = make_image("good"), house.add_team("Team")
        for _ in range(2):
            ended = house.wait_for_end(house.submit("Team", image, token=token, challenge="watched"))
            assert ended["state"] == "scored"
        assert len(_canaries(house)) == 1


class TestAtItsOwnPace:
    """With leases and heartbeats as they are by default."""

    PACE: ClassVar = {"SONOBENCH_LEASE_S": "40", "SONOBENCH_HEARTBEAT_S": "4", "SONOBENCH_SWEEP_S": "10"}

    def test_a_cancelled_runs_container_is_gone_within_ten_seconds(self, open_house: OpenHouse, make_image: MakeImage) -> None:
        house = open_house(settings=self.PACE)
        submission = house.submit("Team", make_image(waits=True))
        house.wait_for_phase(submission, "run")
        house.call("POST", f"/api/v1/submissions/{submission}/cancel")
        assert _seconds_until(house, lambda: house.containers() == [], "the container to be gone") < 10

    def test_a_killed_workers_run_is_queued_again_within_a_minute(self, open_house: OpenHouse, make_image: MakeImage) -> None:
        house = open_house(settings=self.PACE)
        submission = house.submit("Team", make_image(waits=True))
        house.wait_for_phase(submission, "run")
        house.kill("run")
        queued = _seconds_until(house, lambda: house.submission(submission)["state"] == "queued", "the run to be queued again")
        assert queued < 60
        house.call("POST", f"/api/v1/submissions/{submission}/cancel")
        house.start("run")
        house.wait_for(lambda: house.containers() == [] and house.groups() == [], "the restarted worker to clean up")

    def test_the_pace_is_the_default(self) -> None:
        settings = Settings()
        pace = (settings.lease_s, settings.heartbeat_s, settings.sweep_s)
        assert pace == tuple(float(value) for value in self.PACE.values())


class TestAgain:
    def test_an_organiser_runs_and_scores_again_from_the_command_line(self, open_house: OpenHouse, make_image: MakeImage) -> None:
        house = open_house()
        submission = house.submit("Team", make_image())
        house.wait_for_end(submission)
        again = house.run_command("admin", "rerun", submission, "--reason", "the node was hot")
        assert again.returncode == 0, again.stderr
        assert len(house.leaderboard()["rows"]) == 1
        house.wait_for(lambda: house.steps(submission).count("scored") == 2, "the second score", submission)
        asked = house.run_command("admin", "rescore", "start", "small", "--reason", "a metric was mended", "--json")
        assert asked.returncode == 0, asked.stderr
        rescoring = json.loads(asked.stdout)["id"]
        house.wait_for(lambda: house.call("GET", f"/api/v1/rescorings/{rescoring}")["state"] == "ready", "the rescoring")
        shown = house.run_command("admin", "rescore", "show", rescoring)
        assert "0 of 1 teams would change their rank." in shown.stdout
        published = house.run_command("admin", "rescore", "publish", rescoring)
        assert published.returncode == 0, published.stderr
        assert [row["team"] for row in house.leaderboard()["rows"]] == ["Team"]


class TestLeaving:
    def test_a_worker_told_to_leave_gives_its_run_back_at_no_cost(self, open_house: OpenHouse, make_image: MakeImage) -> None:
        house = open_house()
        submission = house.submit("Team", make_image(waits=True))
        house.wait_for_phase(submission, "run")
        assert house.stop("run") == 0
        assert house.containers() == []
        assert house.submission(submission)["state"] == "queued"
        house.start("run")
        assert house.let_end(submission)["state"] == "scored"

    def test_cancelling_kills_the_container(self, open_house: OpenHouse, make_image: MakeImage) -> None:
        house = open_house()
        submission = house.submit("Team", make_image(waits=True))
        house.wait_for_phase(submission, "run")
        house.call("POST", f"/api/v1/submissions/{submission}/cancel")
        house.wait_for(lambda: house.containers() == [], "the container to be gone")
        house.wait_for(lambda: ": stopped" in house.log("run"), "its worker to say that it stopped the container")
        assert house.submission(submission)["state"] == "cancelled"
        another = house.submit("Another", make_image("another"))
        assert house.wait_for_end(another)["state"] == "scored"


def _image(folder: Path, *, do: str) -> Path:
    """An image that does this first."""
    path = folder / "own.tar"
    path.write_bytes(small_image(do=do, label="own").tar)
    return path


def _seconds_until(house: Any, condition: Callable[[], bool], what: str) -> float:
    """How long it takes, less the pauses in which this machine stood still: between two looks it takes no second otherwise."""
    looks: list[float] = []

    def looked() -> bool:
        looks.append(time.monotonic())
        return condition()

    house.wait_for(looked, what)
    looks.append(time.monotonic())
    return sum(min(later - earlier, 1.0) for earlier, later in pairwise(looks))


def _canaries(house: Any) -> list[Any]:
    engine = create_engine(make_url(house.database_url))
    try:
        with engine.connect() as connection:
            return list(connection.execute(text("SELECT image_digest FROM canaries")))
    finally:
        engine.dispose()
