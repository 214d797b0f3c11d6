"""How fast a node is: when its reference container runs, who is told, and what trouble does to a run's figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from sonobench_eval.sandbox.port import Measurement, RunOutcome, SandboxTrouble
from sonobench_platform.node.cache import InputsCache
from sonobench_platform.node.client import NodeClient
from sonobench_platform.node.runner import Place
from sonobench_platform.node.speed import TRIES_AGAIN_AFTER_S, Speed
from sonobench_platform.node.worker import RunWorker


@dataclass
class Hands:
    """A clock whose hands tests turn."""

    now_s: float = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return tmp_path / "work"


@pytest.fixture
def takes(sandbox: Any, given: SimpleNamespace) -> Callable[..., None]:
    """Have the reference container take these times, one after the other; the last for ever."""

    def script(*times_s: float | None, exit_code: int = 0) -> None:
        left = list(times_s)

        def behave(results: Path) -> RunOutcome:
            time_s = left.pop(0) if len(left) > 1 else left[0]
            return replace(given.an_outcome(None, exit_code=exit_code), measurement=Measurement(wall_time_s=time_s))

        sandbox.behave = behave

    return script


@pytest.fixture
def timed(client: NodeClient, work: Path, hands: Hands) -> Speed:
    return Speed(client, work=work, runtime="runsc", cpuset="1", every_s=3600.0, clock=hands)


class TestLook:
    def test_the_median_of_three_runs_is_told(
        self, timed: Speed, sandbox: Any, takes: Any, api: Any, work: Path, given: SimpleNamespace
    ) -> None:
        takes(1.5, 1.0, 1.1)
        timed.look(sandbox)
        assert timed.reference_s == 1.1
        assert api.references == [(given.NODE, 1.1)]
        assert sandbox.held == []
        assert list(work.iterdir()) == []

    def test_a_worker_that_leaves_does_not_wait_for_it(self, timed: Speed, sandbox: Any, api: Any) -> None:
        sandbox.behave = lambda _results: None  # it runs until it is stopped
        timed.look(sandbox, should_stop=lambda: True)
        assert (timed.reference_s, api.references) == (None, [])
        assert len(sandbox.specs) == 1

    def test_it_runs_under_the_flags_of_strangers(self, timed: Speed, sandbox: Any, takes: Any, given: SimpleNamespace) -> None:
        takes(1.0)
        timed.look(sandbox)
        assert {(spec.runtime, spec.cpuset, spec.node) for spec in sandbox.specs} == {("runsc", "1", given.NODE)}
        assert len({spec.name for spec in sandbox.specs}) == 3

    def test_it_is_made_again_when_it_is_due_and_not_before(
        self, timed: Speed, sandbox: Any, takes: Any, api: Any, hands: Hands
    ) -> None:
        takes(1.0)
        timed.look(sandbox)
        hands.now_s = 3599.0
        timed.look(sandbox)
        assert len(sandbox.specs) == 3
        hands.now_s = 3600.0
        takes(2.0)
        timed.look(sandbox)
        assert timed.reference_s == 2.0
        assert [seconds for _, seconds in api.references] == [1.0, 2.0]

    def test_one_that_is_not_wanted_never_runs(self, client: NodeClient, sandbox: Any, work: Path) -> None:
        never = Speed(client, work=work, every_s=0.0)
        never.look(sandbox)
        assert (never.reference_s, sandbox.specs) == (None, [])

    @pytest.mark.parametrize("trouble", ["exit code 1", "no time", "engine"])
    def test_trouble_harms_no_run_forgets_the_old_figure_and_is_tried_again(
        self, timed: Speed, sandbox: Any, takes: Any, api: Any, hands: Hands, work: Path, trouble: str
    ) -> None:
        takes(1.0)
        timed.look(sandbox)
        hands.now_s = 3600.0
        if trouble == "engine":

            def away(results: Path) -> RunOutcome:
                raise SandboxTrouble("the engine is away")

            sandbox.behave = away
        else:
            takes(1.0 if trouble == "exit code 1" else None, exit_code=1 if trouble == "exit code 1" else 0)
        timed.look(sandbox)
        assert timed.reference_s is None
        takes(3.0)
        timed.look(sandbox)
        assert timed.reference_s is None
        hands.now_s += TRIES_AGAIN_AFTER_S
        timed.look(sandbox)
        assert timed.reference_s == 3.0
        assert [seconds for _, seconds in api.references] == [1.0, 3.0]
        assert list(work.iterdir()) == []

    def test_a_platform_that_is_away_is_told_later(self, timed: Speed, sandbox: Any, takes: Any, api: Any) -> None:
        takes(1.0)
        answer = api.respond
        api.respond = lambda request: httpx.Response(503)
        timed.look(sandbox)
        assert (timed.reference_s, api.references) == (1.0, [])
        api.respond = answer
        timed.look(sandbox)
        assert len(api.references) == 1
        assert len(sandbox.specs) == 3


class TestInTheWorker:
    def test_a_runs_figures_have_it(
        self, client: NodeClient, sandbox: Any, api: Any, timed: Speed, safety: Any, an_assignment: Any, given: Any, work: Path
    ) -> None:
        def behave(results: Path) -> RunOutcome:
            return replace(given.ends_well(results), measurement=Measurement(wall_time_s=1.25))

        sandbox.behave = behave
        api.assignments = [an_assignment()]
        place = Place(node=given.NODE, work=work, cpuset="0")
        RunWorker(client, lambda: sandbox, InputsCache(work / "inputs"), place, safety=safety, speed=timed).wake()
        (report,) = api.reports
        assert report["measurement"]["reference_s"] == 1.25
        assert report["measurement"]["phases"]["load_s"] >= 0
        assert sandbox.specs[-1].cpuset == "0"

    def test_one_that_is_told_to_leave_meanwhile_claims_nothing(
        self, client: NodeClient, sandbox: Any, api: Any, timed: Speed, safety: Any, an_assignment: Any, given: Any, work: Path
    ) -> None:
        place = Place(node=given.NODE, work=work)
        worker = RunWorker(client, lambda: sandbox, InputsCache(work / "inputs"), place, safety=safety, speed=timed)

        def behave(results: Path) -> RunOutcome:
            worker.leave()
            return replace(given.an_outcome(None), measurement=Measurement(wall_time_s=1.0))

        sandbox.behave = behave
        api.assignments = [an_assignment()]
        worker.wake()
        assert len(api.assignments) == 1
