"""Ours against other people's software, metric for metric, through the whole pipeline.

Scores the same results of the same phantom challenge with the fast engine and with the reference engine (MedPy and
scikit-learn). Prints ratios; asserts nothing, for time on a shared machine proves nothing.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from sonobench_eval.challenge.load import LoadedChallenge, load_challenge
from sonobench_eval.challenge.model import Challenge
from sonobench_eval.challenge.phantom import make_phantom
from sonobench_eval.io.sources import FolderResults
from sonobench_eval.metrics.named import EngineName
from sonobench_eval.pipeline import score_results

PEERS: dict[EngineName, str] = {"reference": "MedPy and scikit-learn", "fast": "the fast engine"}
REPEATS = 2
WORKLOADS = {"masks only": 0, "masks and 100 resamples": 100}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        loaded = load_challenge(make_phantom(Path(folder) / "phantom", size=256))
        results = Path(folder) / "results"
        write_results(loaded, results)
        print(f"{len(loaded.challenge.cases)} cases of 256 x 256, best of {REPEATS}")
        for name, resamples in WORKLOADS.items():
            seconds = {engine: best(scoring(with_resamples(loaded, resamples), results, engine)) for engine in PEERS}
            ratio = seconds["reference"] / seconds["fast"]
            told = ", ".join(f"{PEERS[engine]} {seconds[engine]:.2f} s" for engine in PEERS)
            print(f"{name}: {told}, ratio {ratio:.1f}")


def write_results(loaded: LoadedChallenge, folder: Path) -> None:
    """Every reference mask moved by three pixels, and probabilities that lean the right way."""
    rng = np.random.default_rng(1)
    answers = {}
    for case in loaded.challenge.cases:
        if case.mask is not None and loaded.truth_dir is not None:
            with Image.open(loaded.truth_dir / case.mask) as mask:
                moved = np.roll(np.asarray(mask), 3, axis=1)
            path = folder / case.id.replace("img", "mask")
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(moved).save(path)
        elif case.label is not None:
            scores = rng.uniform(0, 1, len(loaded.challenge.task(case.task).classes or ()))
            scores[case.label] += 0.3
            probability = (scores / scores.sum()).tolist()
            answers[case.id] = {"probability": probability, "prediction": int(np.argmax(probability))}
    (folder / "classification.json").write_text(json.dumps(answers), encoding="utf-8")


def with_resamples(loaded: LoadedChallenge, resamples: int) -> LoadedChallenge:
    few = loaded.challenge.bootstrap.model_copy(update={"resamples": resamples})
    challenge: Challenge = loaded.challenge.model_copy(update={"bootstrap": few})
    return replace(loaded, challenge=challenge)


def scoring(loaded: LoadedChallenge, results: Path, engine: EngineName) -> Callable[[], object]:
    def score() -> object:
        with FolderResults(results) as source:
            return score_results(loaded, source, engine=engine)

    return score


def best(work: Callable[[], object]) -> float:
    """Seconds of the quickest of a few runs."""
    took = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        work()
        took.append(time.perf_counter() - started)
    return min(took)


if __name__ == "__main__":
    main()
