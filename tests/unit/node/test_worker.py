from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from sonobench_eval.doctor.report import Check
from sonobench_eval.sandbox.port import EngineMissing
from sonobench_platform.node.cache import InputsCache
from sonobench_platform.node.client import NodeClient
from sonobench_platform.node.runner import Place
from sonobench_platform.node.safety import Safety
from sonobench_platform.node.speed import Speed
from sonobench_platform.node.worker import Pace, RunWorker

WaitUntil = Callable[[Callable[[], object]], None]
InThread = Callable[[Callable[[], object]], threading.Thread]
Assign = Callable[..., dict[str, Any]]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return tmp_path / "slot-0"


@pytest.fixture
def worker(
    client: NodeClient, sandbox: Any, work: Path, tmp_path: Path, given: SimpleNamespace, safety: Safety, speed: Speed
) -> RunWorker:
    place = Place(node=given.NODE, work=work)
    pace = Pace(poll_s=0.05, drain_grace_s=0.2)
    return RunWorker(client, lambda: sandbox, InputsCache(tmp_path / "inputs"), place, safety=safety, speed=speed, pace=pace)


class TestRecover:
    def test_what_a_killed_worker_left_is_removed_and_its_run_goes_back(
        self, worker: RunWorker, sandbox: Any, api: Any, work: Path
    ) -> None:
        (work / "run-1-1-x").mkdir(parents=True)
        sandbox.left, api.live = ["sonobench-run-1-1"], [["run-1", 1]]
        worker.recover()
        assert sandbox.left == []
        assert not work.exists()
        assert [(run, attempt) for run, attempt, _ in api.released] == [("run-1", 1)]

    def test_with_an_api_that_is_away_the_run_goes_back_before_the_first_claim(
        self, worker: RunWorker, sandbox: Any, api: Any
    ) -> None:
        api.live = [["run-1", 1]]
        api.respond = lambda request: httpx.Response(502)
        worker.recover()
        assert sandbox.swept
        api.respond = lambda request: None
        worker.wake()
        worker.wake()
        assert [(run, attempt) for run, attempt, _ in api.released] == [("run-1", 1)]

    def test_a_run_that_the_sweeper_took_back_first_is_no_trouble(
        self, worker: RunWorker, api: Any, given: SimpleNamespace
    ) -> None:
        api.live = [["run-1", 1]]
        api.respond = lambda request: given.problem(409, "lease-lost") if "release" in request.url.path else None
        worker.recover()
        assert api.released == []


class TestWake:
    def test_it_works_until_nothing_is_queued(
        self, worker: RunWorker, sandbox: Any, api: Any, an_assignment: Assign, given: SimpleNamespace
    ) -> None:
        sandbox.behave = given.ends_well
        api.assignments = [an_assignment("run-1"), an_assignment("run-2")]
        worker.wake()
        assert sorted(api.results) == [("run-1", "1"), ("run-2", "1")]

    def test_doubled_wake_ups_run_nothing_twice_and_never_two_at_once(
        self, worker: RunWorker, sandbox: Any, api: Any, an_assignment: Assign, given: SimpleNamespace, in_thread: InThread
    ) -> None:
        running, most = [], []

        def behave(results: Path) -> object:
            running.append(1)
            most.append(len(running))
            time.sleep(0.05)
            running.pop()
            return given.ends_well(results)

        sandbox.behave = behave
        api.assignments = [an_assignment(f"run-{n}") for n in range(4)]
        threads = [in_thread(worker.wake) for _ in range(5)]
        for thread in threads:
            thread.join()
        assert len(api.reports) == 4
        assert max(most) == 1

    def test_a_wake_up_in_the_middle_of_a_run_is_not_forgotten(
        self, worker: RunWorker, sandbox: Any, api: Any, an_assignment: Assign, given: SimpleNamespace, in_thread: InThread
    ) -> None:
        """The claim after the run finds nothing, then something is queued before the worker has gone idle."""

        def respond(request: httpx.Request) -> httpx.Response | None:
            if request.url.path.endswith("claims") and len(api.reports) == 1 and not queued:
                queued.append(True)
                api.assignments.append(an_assignment("run-2"))
                worker.wake()  # comes while this thread works: it must make the worker look again
                return httpx.Response(204)
            return None

        queued: list[bool] = []
        sandbox.behave, api.respond = given.ends_well, respond
        api.assignments = [an_assignment("run-1")]
        worker.wake()
        assert len(api.reports) == 2

    def test_a_claim_whose_answer_got_lost_goes_back_before_the_next_one(
        self, worker: RunWorker, sandbox: Any, api: Any, an_assignment: Assign, given: SimpleNamespace
    ) -> None:
        def lose_the_answer(request: httpx.Request) -> httpx.Response | None:
            if request.url.path.endswith("claims") and not api.live:
                api.live = [["run-1", 1]]
                raise httpx.ReadTimeout("slow")
            return None

        worker.recover()
        sandbox.behave, api.respond = given.ends_well, lose_the_answer
        worker.wake()
        api.assignments = [an_assignment("run-1", attempt=2)]
        worker.wake()
        assert [(run, attempt) for run, attempt, _ in api.released] == [("run-1", 1)]
        assert ("run-1", "2") in api.results

    def test_a_node_in_trouble_rests_before_it_takes_the_next_run(
        self, worker: RunWorker, sandbox: Any, api: Any, an_assignment: Assign
    ) -> None:
        def fail(results: Path) -> None:
            raise OSError(28, "No space left on device")

        sandbox.behave = fail
        api.assignments = [an_assignment("run-1"), an_assignment("run-2")]
        worker.wake()
        worker.wake()
        assert len(api.released) == 1
        assert len(api.assignments) == 1
        assert sandbox.swept

    def test_without_an_engine_nothing_is_claimed(
        self, client: NodeClient, api: Any, work: Path, an_assignment: Assign, safety: Safety, speed: Speed
    ) -> None:
        def missing() -> Any:
            raise EngineMissing("no Docker Engine answers")

        api.assignments = [an_assignment()]
        RunWorker(client, missing, InputsCache(work), Place(node="n", work=work), safety=safety, speed=speed).wake()
        assert len(api.assignments) == 1

    def test_a_node_that_is_not_safe_claims_nothing_until_it_was_mended(
        self, worker: RunWorker, sandbox: Any, api: Any, an_assignment: Assign, given: SimpleNamespace, doctor: Any
    ) -> None:
        sandbox.behave = given.ends_well
        api.assignments = [an_assignment()]
        found, doctor.checks = doctor.checks, (Check("Memory and swap", "bad", "does not bite", "Mend it.", "limit"),)
        worker.wake()
        assert len(api.assignments) == 1
        doctor.checks, doctor.mark = found, "its engine was started anew"
        worker.wake()
        assert len(api.reports) == 1

    def test_a_platform_that_does_not_know_the_node_is_told_of_it_again(
        self, worker: RunWorker, api: Any, given: SimpleNamespace
    ) -> None:
        worker.wake()
        api.nodes.clear()
        api.respond = lambda request: given.problem(403, "node-unknown") if request.url.path.endswith("claims") else None
        worker.wake()
        worker.wake()
        assert list(api.nodes) == [given.NODE]


class TestLeave:
    def test_polling_finds_work_without_a_wake_up_and_ends_when_told(
        self,
        worker: RunWorker,
        sandbox: Any,
        api: Any,
        an_assignment: Assign,
        given: SimpleNamespace,
        in_thread: InThread,
        wait_until: WaitUntil,
    ) -> None:
        sandbox.behave = given.ends_well
        in_thread(worker.poll_until_leaving)
        api.assignments.append(an_assignment())
        wait_until(lambda: api.reports)
        worker.leave()

    def test_a_run_that_outlasts_the_grace_is_given_back_and_nothing_more_is_claimed(
        self, worker: RunWorker, api: Any, an_assignment: Assign, in_thread: InThread, wait_until: WaitUntil
    ) -> None:
        api.assignments = [an_assignment("run-1"), an_assignment("run-2")]
        thread = in_thread(worker.poll_until_leaving)
        wait_until(lambda: "run" in api.phases)
        worker.leave()
        thread.join()
        assert api.released == [("run-1", 1, "drain")]
        assert len(api.assignments) == 1

    def test_a_run_that_ends_within_the_grace_counts(
        self,
        worker: RunWorker,
        sandbox: Any,
        api: Any,
        an_assignment: Assign,
        given: SimpleNamespace,
        in_thread: InThread,
        wait_until: WaitUntil,
    ) -> None:
        def behave(results: Path) -> object:
            worker.leave()
            time.sleep(0.05)
            return given.ends_well(results)

        worker._pace = Pace(poll_s=0.05, drain_grace_s=60.0)
        sandbox.behave = behave
        api.assignments = [an_assignment("run-1"), an_assignment("run-2")]
        in_thread(worker.poll_until_leaving).join()
        assert len(api.reports) == 1
        assert len(api.assignments) == 1


class TestRoom:
    def test_the_room_reaches_neither_the_database_nor_the_nouns(self) -> None:
        code = (
            "import sys, sonobench_platform.node.worker, sonobench_platform.node.slot\n"
            "rooms = ('db', 'storage', 'wiring', 'runs', 'submissions',"
            "'challenges', 'teams', 'accounts', 'leaderboards', 'audit')\n"
            "print([m for m in sys.modules if m.split('.')[0] in ('sqlalchemy', 'alembic', 'psycopg')\n"
            "       or m.startswith('sonobench_platform.') and m.split('.')[1] in rooms])"
        )
        printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        assert printed.strip() == "[]"
