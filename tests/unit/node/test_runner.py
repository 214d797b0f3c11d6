from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from sonobench_eval.sandbox.port import ImageRefusedByEngine, SandboxTrouble
from sonobench_platform.node.cache import InputsCache
from sonobench_platform.node.client import NodeClient
from sonobench_platform.node.records import Assignment
from sonobench_platform.node.runner import Ending, Place, Runner


@pytest.fixture
def assignment(an_assignment: Callable[..., dict[str, Any]]) -> Assignment:
    return Assignment.model_validate(an_assignment())


@pytest.fixture
def place(given: SimpleNamespace, tmp_path: Path) -> Place:
    return Place(node=given.NODE, work=tmp_path / "slot-0", gpu_uuid="GPU-1")


@pytest.fixture
def drained() -> list[bool]:
    return [False]


@pytest.fixture
def runner(client: NodeClient, sandbox: Any, place: Place, drained: list[bool], tmp_path: Path) -> Runner:
    return Runner(client, sandbox, InputsCache(tmp_path / "inputs"), place, drained=lambda: drained[0])


@pytest.fixture(autouse=True)
def nothing_is_left(place: Place, sandbox: Any) -> Any:
    """Whatever a test here does to a run: no file and no image of it stays on the node."""
    yield
    assert sandbox.held == []
    assert not place.work.exists() or list(place.work.iterdir()) == []


class TestRun:
    def test_results_and_report_are_handed_back(
        self, runner: Runner, sandbox: Any, api: Any, assignment: Assignment, given: SimpleNamespace
    ) -> None:
        sandbox.behave = given.ends_well
        assert runner.run(assignment) is Ending.RECORDED
        assert api.results == {("run-1", "1"): b"the results"}
        (report,) = api.reports
        assert report["exit_code"] == 0
        assert report["started_at"] == "2026-01-02T03:04:05+00:00"
        assert report["measurement"]["wall_time_s"] == 1.5
        assert "results" not in report
        assert api.released == []

    def test_the_container_gets_this_attempt_this_node_and_a_gpu_only_where_declared(
        self, runner: Runner, sandbox: Any, assignment: Assignment, given: SimpleNamespace
    ) -> None:
        sandbox.behave = given.ends_well
        runner.run(assignment)
        (spec,) = sandbox.specs
        assert (spec.run_id, spec.attempt, spec.node) == ("run-1", 1, given.NODE)
        assert spec.gpu_uuid is None
        assert sandbox.loaded == [b"an image"]

    def test_a_log_is_told_while_it_runs_only_where_the_platform_asks_for_it(
        self, runner: Runner, sandbox: Any, assignment: Assignment, given: SimpleNamespace
    ) -> None:
        sandbox.behave = given.ends_well
        runner.run(assignment)
        runner.run(assignment.model_copy(update={"tells_log": True, "attempt": 2}))
        assert [spec.tell_log is not None for spec in sandbox.specs] == [False, True]

    def test_a_container_that_failed_is_a_report_and_nobodys_trouble(
        self, runner: Runner, sandbox: Any, api: Any, assignment: Assignment, given: SimpleNamespace
    ) -> None:
        sandbox.behave = lambda results: given.an_outcome(None, exit_code=3)
        assert runner.run(assignment) is Ending.RECORDED
        assert api.results == {}
        assert api.reports[0]["exit_code"] == 3

    def test_an_image_that_the_engine_cannot_unpack_is_a_report_and_nobodys_trouble(
        self, runner: Runner, sandbox: Any, api: Any, assignment: Assignment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(image_tar: Path, identity: object) -> None:
            raise ImageRefusedByEngine("Another image can be loaded here, this one cannot: odd")

        monkeypatch.setattr(sandbox, "load", refuse)
        assert runner.run(assignment) is Ending.RECORDED
        assert api.results == {}
        assert api.reports[0]["engine_error"].endswith("this one cannot: odd")
        assert api.released == []

    def test_a_lost_lease_stops_the_container_and_drops_everything(
        self, runner: Runner, api: Any, assignment: Assignment
    ) -> None:
        api.respond = lambda request: setattr(api, "lease_lost", bool(api.phases)) if "heartbeat" in request.url.path else None
        assert runner.run(assignment) is Ending.LOST
        assert (api.results, api.reports, api.released) == ({}, [], [])

    def test_a_lease_lost_while_handing_back_drops_everything(
        self, runner: Runner, sandbox: Any, api: Any, assignment: Assignment, given: SimpleNamespace
    ) -> None:
        sandbox.behave = given.ends_well
        api.respond = lambda request: given.problem(409, "lease-lost") if "results" in request.url.path else None
        assert runner.run(assignment) is Ending.LOST
        assert (api.reports, api.released) == ([], [])

    def test_a_stop_kills_the_container_and_reports_nothing(self, runner: Runner, api: Any, assignment: Assignment) -> None:
        api.respond = lambda request: setattr(api, "stop", bool(api.phases)) if "heartbeat" in request.url.path else None
        assert runner.run(assignment) is Ending.STOPPED
        assert (api.results, api.reports) == ({}, [])

    def test_a_leaving_worker_gives_its_run_back(
        self, runner: Runner, api: Any, assignment: Assignment, drained: list[bool]
    ) -> None:
        drained[0] = True
        assert runner.run(assignment) is Ending.DRAINED
        assert api.released == [("run-1", 1, "drain")]
        assert api.reports == []

    def test_trouble_of_the_engine_gives_the_run_back_with_the_reason_and_no_measurement(
        self, runner: Runner, sandbox: Any, api: Any, assignment: Assignment
    ) -> None:
        def fail(results: Path) -> None:
            raise SandboxTrouble("the Docker Engine went away")

        sandbox.behave = fail
        assert runner.run(assignment) is Ending.TROUBLE
        assert api.released == [("run-1", 1, "the Docker Engine went away")]
        assert api.reports == []

    def test_a_full_disk_gives_the_run_back(self, runner: Runner, sandbox: Any, api: Any, assignment: Assignment) -> None:
        def fail(results: Path) -> None:
            raise OSError(28, "No space left on device")

        sandbox.behave = fail
        assert runner.run(assignment) is Ending.TROUBLE
        assert api.released[0][2] == "the node could not write or read: No space left on device"

    def test_a_surprise_gives_the_run_back_without_its_words(
        self, runner: Runner, sandbox: Any, api: Any, assignment: Assignment
    ) -> None:
        def fail(results: Path) -> None:
            raise ZeroDivisionError("something made from hidden data")

        sandbox.behave = fail
        assert runner.run(assignment) is Ending.TROUBLE
        assert api.released[0][2] == "the run worker failed (ZeroDivisionError); its log says where"

    def test_an_image_of_another_size_is_not_loaded(self, runner: Runner, sandbox: Any, api: Any, assignment: Assignment) -> None:
        api.files[assignment.image_url] = b"another image"
        assert runner.run(assignment) is Ending.TROUBLE
        assert sandbox.loaded == []

    def test_broken_inputs_never_reach_a_container(self, runner: Runner, sandbox: Any, api: Any, assignment: Assignment) -> None:
        api.files[assignment.inputs.url] = b"noise" * 300
        assert runner.run(assignment) is Ending.TROUBLE
        assert sandbox.specs == []

    def test_an_api_that_comes_back_while_handing_over_gets_everything(
        self, runner: Runner, sandbox: Any, api: Any, assignment: Assignment, given: SimpleNamespace
    ) -> None:
        failures = iter([httpx.Response(503), httpx.Response(503)])
        sandbox.behave = given.ends_well
        api.respond = lambda request: next(failures, None) if request.url.path.endswith(("results", "finish")) else None
        assert runner.run(assignment) is Ending.RECORDED
        assert len(api.reports) == 1


class TestCanary:
    @pytest.fixture
    def assigned(self, with_canary: dict[str, Any]) -> Assignment:
        return Assignment.model_validate(with_canary)

    def test_the_image_runs_on_public_samples_and_is_reported_before_any_hidden_input_is_fetched(
        self, runner: Runner, sandbox: Any, api: Any, assigned: Assignment, given: SimpleNamespace
    ) -> None:
        sandbox.behave = given.ends_well
        assert runner.run(assigned) is Ending.RECORDED
        asked = [each.rsplit("/", 2)[-2:] for each in api.requests if "heartbeat" not in each]
        verbs = ["/".join(each) for each in asked]
        assert assigned.canary is not None
        assert verbs == [
            f"inputs/{assigned.canary.inputs.hash}",
            f"images/{assigned.image.config_digest}",
            "run-1/canary",
            f"inputs/{assigned.inputs.hash}",
            "run-1/results",
            "run-1/finish",
        ]
        assert len(sandbox.specs) == 2
        assert sandbox.loaded == [b"an image"]
        assert (len(api.canaries), len(api.reports)) == (1, 1)

    def test_where_it_fails_there_the_hidden_inputs_never_reach_this_node(
        self, runner: Runner, sandbox: Any, api: Any, assigned: Assignment, given: SimpleNamespace, tmp_path: Path
    ) -> None:
        api.proceed = False
        sandbox.behave = lambda results: given.an_outcome(None, exit_code=1)
        assert runner.run(assigned) is Ending.RECORDED
        assert api.canaries[0]["exit_code"] == 1
        assert f"GET /internal/v1/inputs/{assigned.inputs.hash}" not in api.requests
        assert (len(sandbox.specs), api.results, api.reports, api.released) == (1, {}, [], [])
        assert [path.name for path in (tmp_path / "inputs").iterdir()] == [assigned_hash(assigned)]

    def test_an_image_that_the_engine_cannot_load_is_told_as_the_samples_failure(
        self, runner: Runner, sandbox: Any, api: Any, assigned: Assignment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(image_tar: Path, identity: object) -> None:
            raise ImageRefusedByEngine("Another image can be loaded here, this one cannot: odd")

        api.proceed = False
        monkeypatch.setattr(sandbox, "load", refuse)
        assert runner.run(assigned) is Ending.RECORDED
        assert api.canaries[0]["engine_error"].endswith("this one cannot: odd")
        assert api.reports == []

    def test_a_stop_while_it_runs_on_the_samples_ends_it_there(
        self, runner: Runner, sandbox: Any, api: Any, assigned: Assignment
    ) -> None:
        api.respond = lambda request: setattr(api, "stop", bool(api.phases)) if "heartbeat" in request.url.path else None
        assert runner.run(assigned) is Ending.STOPPED
        assert (api.canaries, api.reports, api.released) == ([], [], [])

    def test_a_lease_lost_meanwhile_drops_everything(
        self, runner: Runner, sandbox: Any, api: Any, assigned: Assignment, given: SimpleNamespace
    ) -> None:
        sandbox.behave = given.ends_well
        api.respond = lambda request: given.problem(409, "lease-lost") if "canary" in request.url.path else None
        assert runner.run(assigned) is Ending.LOST
        assert len(sandbox.specs) == 1

    def test_an_api_that_comes_back_hears_of_it(
        self, runner: Runner, sandbox: Any, api: Any, assigned: Assignment, given: SimpleNamespace
    ) -> None:
        failures = iter([httpx.Response(503), httpx.Response(503)])
        sandbox.behave = given.ends_well
        api.respond = lambda request: next(failures, None) if request.url.path.endswith("canary") else None
        assert runner.run(assigned) is Ending.RECORDED
        assert len(api.canaries) == 1


def assigned_hash(assignment: Assignment) -> str:
    assert assignment.canary is not None
    return assignment.canary.inputs.hash.replace(":", "-")
