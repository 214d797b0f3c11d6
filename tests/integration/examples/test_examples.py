"""Every example image, run through the real sandbox and scored, is what its expected.json says."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from sonobench_eval.challenge.load import LoadedChallenge, load_challenge
from sonobench_eval.contract.pseudonyms import new_key
from sonobench_eval.evaluation import Evaluation
from sonobench_eval.io.findings import NOTES
from sonobench_eval.io.sources import TarResults
from sonobench_eval.pipeline import score_results
from sonobench_eval.pipeline_run import RunPlan, run_image
from sonobench_eval.sandbox.docker_engine import DockerEngine
from sonobench_eval.sandbox.failure import Failure, classify

pytestmark = [pytest.mark.docker, pytest.mark.timeout(900)]  # the first one may have to build the base image

EXAMPLES = Path(__file__).resolve().parents[3] / "submissions_example"
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/expected.json"))


@dataclass(frozen=True)
class Told:
    """What the platform says of an image."""

    failure: Failure | None
    evaluation: Evaluation | None


@pytest.fixture(scope="session")
def loaded(phantom: Path) -> LoadedChallenge:
    whole = load_challenge(phantom)
    few = whole.challenge.bootstrap.model_copy(update={"resamples": 20})
    return replace(whole, challenge=whole.challenge.model_copy(update={"bootstrap": few}))


@pytest.fixture(scope="session")
def run(
    loaded: LoadedChallenge, example_tag: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Told]:
    def run_one(name: str, limits: Mapping[str, Any]) -> Told:
        tag, engine, key = example_tag(name), DockerEngine.connect(), new_key(loaded.challenge)
        limited = loaded.challenge.limits.model_copy(update=dict(limits))
        challenge = loaded.challenge.model_copy(update={"limits": limited})
        outcome = run_image(
            challenge,
            RunPlan(
                engine.resolve(tag),
                loaded.inputs_dir,
                run_id=f"example-{uuid.uuid4().hex[:8]}",
                attempt=1,
                node="test-examples",
                pseudonym_key=key,
            ),
            sandbox=engine,
            results=tmp_path_factory.mktemp(name) / "results.tar",
        )
        failure = classify(
            outcome,
            time_limit_s=limited.time_s,
            memory_limit_bytes=limited.memory_bytes,
            output_limit_bytes=limited.output_bytes,
        )
        if failure is not None or outcome.results is None:
            return Told(failure, None)
        with TarResults(outcome.results) as source:
            return Told(None, score_results(loaded, source, pseudonym_key=key).evaluation)

    return run_one


class TestExamples:
    @pytest.mark.parametrize("name", NAMES)
    def test_an_example_gets_what_its_expected_json_says(self, name: str, run: Callable[..., Told]) -> None:
        expected = json.loads((EXAMPLES / name / "expected.json").read_text())
        told = run(name, expected["limits"])
        if expected["state"] == "failed":
            assert told.failure is not None
            assert {"category": told.failure.category, "blame": told.failure.blame} == expected["failure"]
            return
        assert told.failure is None
        assert told.evaluation is not None
        assert {f.code: f.count for f in told.evaluation.findings if f.code not in NOTES} == expected["findings"]
        assert outside(scores_of(told.evaluation), expected["scores"]) == {}
        assert outside(gaps_of(told.evaluation), expected["gaps"]) == {}

    def test_every_folder_with_a_dockerfile_says_what_to_expect(self) -> None:
        assert sorted(path.parent.name for path in EXAMPLES.glob("*/Dockerfile")) == NAMES


def scores_of(evaluation: Evaluation) -> dict[str, float | None]:
    return {f"{task.id}.{metric.name}": metric.value for task in evaluation.tasks for metric in task.metrics}


def gaps_of(evaluation: Evaluation) -> dict[str, float | None]:
    return {f"{task.id}.{gap.metric}": gap.value for task in evaluation.tasks for gap in task.gaps}


def outside(found: Mapping[str, float | None], ranges: Mapping[str, list[float]]) -> dict[str, float | None]:
    """What is undefined, or outside its range."""
    wrong = {}
    for name, (low, high) in ranges.items():
        value = found.get(name)
        if value is None or not low <= value <= high:
            wrong[name] = value
    return wrong
