"""A challenge of a few tiny images on disk, with references, and a folder to put results into."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sonobench_eval.challenge.digest import challenge_hash
from sonobench_eval.challenge.load import LoadedChallenge
from sonobench_eval.challenge.model import Bootstrap, Case, Center, Challenge, Metric, Task, UndefinedPolicy
from sonobench_eval.io.sources import FolderResults
from sonobench_eval.metrics.named import EngineName
from sonobench_eval.pipeline import Scored, score_results

HEAD = Task(
    id="Head",
    kind="segmentation",
    dataset_name="Head",
    organ="Head",
    labels={"foreground": "nonzero"},
    metrics=(Metric(name="dsc"), Metric(name="nsd", convention="pixel", tolerance=1, unit="px")),
)
BREAST = Task(
    id="Breast",
    kind="binary",
    dataset_name="Breast",
    organ="Breast",
    classes=("benign", "malignant"),
    metrics=(Metric(name="auc"), Metric(name="acc"), Metric(name="f1"), Metric(name="auprc")),
)
LABELS = (0, 1, 0, 1)


@dataclass
class Bench:
    """Four heads (a 4 x 4 square each) and four breasts, two centers; `results` starts with perfect answers."""

    folder: Path
    results: Path

    def mask(self, number: int, pixels: np.ndarray | bytes | None) -> None:
        """Answer a head with these pixels, these raw bytes, or nothing."""
        path = self.results / f"seg/mask/{number}.png"
        path.unlink()
        if isinstance(pixels, bytes):
            path.write_bytes(pixels)
        elif pixels is not None:
            Image.fromarray(pixels).save(path)

    def classes(self, answers: dict[int, object]) -> None:
        content = {f"cls/img/{number}.png": answer for number, answer in answers.items()}
        (self.results / "classification.json").write_text(json.dumps(content))

    def challenge(self, *, policy: UndefinedPolicy | None = None) -> LoadedChallenge:
        heads = [
            Case(id=f"seg/img/{n}.png", task="Head", center=("Near", "Far")[n % 2], subject=f"s{n}", mask=f"{n}.png")
            for n in range(4)
        ]
        breasts = [Case(id=f"cls/img/{n}.png", task="Breast", center=("Near", "Far")[n // 2], label=LABELS[n]) for n in range(4)]
        made = Challenge(
            sonobench=1,
            name="tiny",
            title="Tiny",
            bootstrap=Bootstrap(resamples=50, seed=3),
            undefined=policy or UndefinedPolicy(),
            centers=(Center(id="Near", role="internal"), Center(id="Far", role="external")),
            tasks=(HEAD, BREAST),
            # Interleaved, so that the order of cases in the evaluation is the challenge's and not the tasks'.
            cases=tuple(case for pair in zip(heads, breasts, strict=True) for case in pair),
        )
        return LoadedChallenge(made, self.folder / "challenge.yaml", self.folder, challenge_hash(made))

    def score(self, *, policy: UndefinedPolicy | None = None, engine: EngineName = "fast", **given: object) -> Scored:
        with FolderResults(self.results) as source:
            return score_results(self.challenge(policy=policy), source, engine=engine, **given)  # type: ignore[arg-type]


def square(value: int = 255) -> np.ndarray:
    pixels = np.zeros((10, 12), dtype=np.uint8)
    pixels[2:6, 3:7] = value
    return pixels


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    for folder in ("images/seg/img", "images/cls/img", "truth", "out/seg/mask"):
        (tmp_path / folder).mkdir(parents=True)
    for number in range(4):
        Image.new("L", (12, 10)).save(tmp_path / f"images/seg/img/{number}.png")
        Image.new("L", (12, 10)).save(tmp_path / f"images/cls/img/{number}.png")
        Image.fromarray(square()).save(tmp_path / f"truth/{number}.png")
        Image.fromarray(square()).save(tmp_path / f"out/seg/mask/{number}.png")
    bench = Bench(tmp_path, tmp_path / "out")
    bench.classes({n: {"probability": [1 - LABELS[n], LABELS[n]], "prediction": LABELS[n]} for n in range(4)})
    return bench


@pytest.fixture
def pixels() -> Callable[[int], np.ndarray]:
    return square
