"""Images that bring the right answers along: kept by name, by place in the list, by place in the folder, by header.

Each is perfect where the challenge hands over its cases as they are, and knows nothing where it does not.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from sonobench_eval.challenge.digest import challenge_hash
from sonobench_eval.challenge.load import LoadedChallenge
from sonobench_eval.challenge.model import Bootstrap, Case, Center, Challenge, Limits, Metric, Task
from sonobench_eval.contract.pseudonyms import new_key
from sonobench_eval.io.sources import TarResults
from sonobench_eval.pipeline import score_results
from sonobench_eval.pipeline_run import RunPlan, run_image
from sonobench_eval.sandbox.docker_engine import DockerEngine

pytestmark = pytest.mark.docker

CASES = 200
LABELS = random.Random(7).choices((0, 1), k=CASES)
NAMES = [f"Breast/img/{number:04}.png" for number in range(CASES)]
# Chance is 0.5 with a standard error of 0.04 on 200 cases, so this is missed once in more than a million runs.
CHANCE = (0.3, 0.7)

BOX = "/bin/busybox"
TOLD = f"""{BOX} awk -F'"' '/img_path_relative/ {{print $4}}' /input_json"""
LISTED = f"{BOX} ls /input/Breast/img | {BOX} sed 's:^:Breast/img/:'"
# Lines of a name and a class become classification.json.
ONE = r"""%s"%s": {"probability": [%d, %d], "prediction": %d}""".replace('"', r"\"")
WRITE = (
    f"""{BOX} awk 'BEGIN {{printf "{{"}} {{printf "{ONE}", (NR > 1 ? ", " : ""), $1, 1 - $2, $2, $2}} END {{printf "}}"}}' """
    "> /output/classification.json"
)
BY_PLACE = f"{BOX} paste -d' ' - /answers/labels | {WRITE}"
HAS_HEADER = f"""if {BOX} grep -q type=1 "/input/$name"; then echo "$name 1"; else echo "$name 0"; fi"""
CHEATS = {
    "by name": "cp /answers/classification.json /output/",
    "by place in the list": f"{TOLD} | {BY_PLACE}",
    "by place in the folder": f"{LISTED} | {BY_PLACE}",
    "by header": f"{TOLD} | while read -r name; do {HAS_HEADER}; done | {WRITE}",
}


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> LoadedChallenge:
    """Two hundred tiny images, all alike to look at, each with its class in a text chunk."""
    folder = tmp_path_factory.mktemp("cached")
    for name, label in zip(NAMES, LABELS, strict=True):
        text = PngImagePlugin.PngInfo()
        text.add_text("Diagnosis", f"type={label}")
        (folder / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (2, 2)).save(folder / "images" / name, pnginfo=text)
    task = Task(
        id="breast",
        kind="binary",
        dataset_name="Breast",
        organ="Breast",
        classes=("no", "yes"),
        metrics=(Metric(name="auc"),),
    )
    made = Challenge(
        sonobench=1,
        name="cached",
        title="Cached",
        truth=None,
        bootstrap=Bootstrap(resamples=0),
        limits=Limits(time_s=60, memory_bytes=64 * 2**20, cpus=1, scratch_bytes=2**20, output_bytes=2**20),
        centers=(Center(id="home", role="internal"),),
        tasks=(task,),
        cases=tuple(Case(id=name, task="breast", center="home", label=label) for name, label in zip(NAMES, LABELS, strict=True)),
    )
    return LoadedChallenge(made, folder / "challenge.yaml", folder, challenge_hash(made))


@pytest.fixture
def auc_of(
    engine: DockerEngine,
    loaded: Callable[..., Any],
    image_of: Callable[..., Any],
    file_of: Callable[..., Any],
    cases: LoadedChallenge,
    tmp_path: Path,
) -> Callable[..., float]:
    """The AUC of a script that has the right answers with it, on the challenge with or without pseudonyms."""

    def run(script: str, *, pseudonyms: bool) -> float:
        right = {n: {"probability": [1 - y, y], "prediction": y} for n, y in zip(NAMES, LABELS, strict=True)}
        files = {
            "answers/classification.json": file_of(json.dumps(right).encode()),
            "answers/labels": file_of("".join(f"{label}\n" for label in LABELS).encode()),
        }
        challenge = cases.challenge.model_copy(update={"pseudonyms": pseudonyms})
        key = new_key(challenge)
        outcome = run_image(
            challenge,
            RunPlan(
                loaded(image_of(script=script, files=files)),
                cases.inputs_dir,
                run_id=uuid.uuid4().hex[:12],
                attempt=1,
                node="test-pseudonyms",
                pseudonym_key=key,
            ),
            sandbox=engine,
            results=tmp_path / "results.tar",
        )
        assert (outcome.exit_code, outcome.result_files) == (0, 1), outcome.log_tail
        with TarResults(tmp_path / "results.tar") as source:
            scored = score_results(cases, source, pseudonym_key=key)
        (metric,) = scored.evaluation.task("breast").metrics
        assert metric.value is not None
        return metric.value

    return run


class TestCachedAnswers:
    @pytest.mark.parametrize("how", CHEATS)
    def test_they_are_perfect_without_pseudonyms_and_worth_nothing_with_them(
        self, how: str, auc_of: Callable[..., float]
    ) -> None:
        assert auc_of(CHEATS[how], pseudonyms=False) == 1
        under = auc_of(CHEATS[how], pseudonyms=True)
        # Answers to names that were never given are no answers, which ranks worst; the others are chance, or all alike.
        assert under == 0 if how == "by name" else CHANCE[0] < under < CHANCE[1]
