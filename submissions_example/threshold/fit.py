"""Find the numbers in weights.json on a phantom set made with another seed than the test set.

python submissions_example/threshold/fit.py FOLDER     FOLDER as `sonobench_eval.challenge.phantom.make_phantom` writes it
Only internal centres are used: the external one is never seen in training.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from model import features
from PIL import Image

EXTERNAL = "Cedar"
HEAD_SCALE = 3.0
STEPS, STEP, DECAY = 3000, 0.3, 0.02


def main(folder: Path) -> None:
    cases = [
        case for case in json.loads((folder / "ground_truth.json").read_text()) if "label" in case and case["center"] != EXTERNAL
    ]
    rules = {}
    for dataset in sorted({case["dataset_name"] for case in cases}):
        mine = [case for case in cases if case["dataset_name"] == dataset]
        numbers = np.array([features(Image.open(folder / "images" / case["img_path_relative"]).convert("L")) for case in mine])
        rules[dataset] = fit(numbers, np.array([case["label"] for case in mine]))
    Path(__file__).with_name("weights.json").write_text(json.dumps({"head_scale": HEAD_SCALE, "rules": rules}, indent=1) + "\n")


def fit(numbers: np.ndarray, labels: np.ndarray) -> dict[str, list]:
    """Multinomial logistic regression by gradient descent on standardised features."""
    mean, spread = numbers.mean(0), numbers.std(0) + 1e-9
    scaled, wanted = (numbers - mean) / spread, np.eye(labels.max() + 1)[labels]
    weights, bias = np.zeros((numbers.shape[1], wanted.shape[1])), np.zeros(wanted.shape[1])
    for _ in range(STEPS):
        scores = np.exp(scaled @ weights + bias)
        error = scores / scores.sum(1, keepdims=True) - wanted
        weights -= STEP * (scaled.T @ error / len(labels) + DECAY * weights)
        bias -= STEP * error.mean(0)
    rounded = {"mean": mean, "spread": spread, "weights": weights, "bias": bias}
    return {name: np.round(values, 4).tolist() for name, values in rounded.items()}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
