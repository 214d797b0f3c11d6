"""A challenge with metrics of the organisers' own: three heads and three breasts, right answers to them, and a scoring image."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image

from sonobench_eval.challenge.load import LoadedChallenge, load_challenge

SOME_IMAGE = f"sha256:{'5' * 64}"
LABELS = (0, 1, 0)


@dataclass
class ScoringBench:
    """A folder with `challenge.yaml`, images, truth, and right answers in `out`."""

    folder: Path

    @property
    def yaml(self) -> Path:
        return self.folder / "challenge.yaml"

    @property
    def results(self) -> Path:
        return self.folder / "out"

    def write(self, **scoring: Any) -> LoadedChallenge:
        """The challenge with a scoring image declared so."""
        document = {
            "sonobench": 1,
            "name": "own",
            "title": "Own metrics",
            "pseudonyms": False,
            "bootstrap": {"resamples": 40},
            "ranking": {"segmentation_metrics": ["dsc", "clinic_score"], "classification_metrics": ["acc"]},
            "scoring_image": {"image": SOME_IMAGE, "time_s": 30, "memory_bytes": "64M", "cpus": 1, **scoring},
            "centers": [{"id": "near", "role": "internal"}, {"id": "far", "role": "external"}],
            "tasks": [
                {
                    **{"id": "head", "kind": "segmentation", "dataset_name": "Head", "organ": "Head"},
                    "labels": {"skull": "nonzero"},
                    "metrics": [{"name": "dsc"}, {"name": "clinic_score", "from_image": {"better": "higher", "range": [0, 10]}}],
                },
                {
                    **{"id": "breast", "kind": "binary", "dataset_name": "Breast", "organ": "Breast"},
                    "classes": ["benign", "malignant"],
                    "metrics": [
                        {"name": "acc"},
                        {"name": "regret", "from_image": {"better": "lower", "range": [0, 4]}},
                        {"name": "fairness", "from_image": {"better": "higher", "range": [0, 1], "per": "task"}},
                    ],
                },
            ],
            "cases": [
                *(
                    {"id": f"seg/img/{n}.png", "task": "head", "center": ("near", "far")[n % 2], "mask": f"{n}.png"}
                    for n in range(3)
                ),
                *(
                    {"id": f"cls/img/{n}.png", "task": "breast", "center": ("near", "far")[n % 2], "label": LABELS[n]}
                    for n in range(3)
                ),
            ],
        }
        self.yaml.write_text(yaml.safe_dump(document))
        return load_challenge(self.yaml)


def make_scoring_bench(folder: Path) -> ScoringBench:
    """The images, the truth and right answers to them below `folder`."""
    pixels = np.zeros((10, 12), np.uint8)
    pixels[2:6, 3:7] = 255
    for number in range(3):
        for place in (f"images/seg/img/{number}.png", f"images/cls/img/{number}.png"):
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(255 - pixels).save(folder / place)
        for place in (f"truth/{number}.png", f"out/seg/mask/{number}.png"):
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(folder / place)
    answers = {f"cls/img/{n}.png": {"probability": [1 - each, each], "prediction": each} for n, each in enumerate(LABELS)}
    (folder / "out/classification.json").write_text(json.dumps(answers))
    return ScoringBench(folder)


def right_scores(**changes: Any) -> dict[str, Any]:
    """What a scoring image may write; `changes` to top-level parts."""
    cases: dict[str, Any] = {f"seg/img/{n}.png": {"clinic_score": 6 + n} for n in range(3)}
    cases |= {f"cls/img/{n}.png": {"regret": 0.5} for n in range(3)}
    return {"cases": cases, "tasks": {"breast": {"fairness": 0.75}}, **changes}
