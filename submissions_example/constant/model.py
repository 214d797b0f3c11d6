"""The same disc and the same probabilities for every case: what an algorithm must at least beat."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

INPUT, CASES, OUTPUT = Path("/input"), Path("/input_json"), Path("/output")
DISC_RADIUS = 0.28
FOUR_CLASSES = "Breast_luminal"


def main() -> None:
    answers = {}
    for case in json.loads(CASES.read_text()):
        name = case["img_path_relative"]
        if case["task"] == "segmentation":
            with Image.open(INPUT / name) as image:
                write_disc(OUTPUT / name.replace("img", "mask"), image.size)
        else:
            classes = 4 if case["dataset_name"] == FOUR_CLASSES else 2
            answers[name] = {"probability": [1 / classes] * classes, "prediction": 0}
    (OUTPUT / "classification.json").write_text(json.dumps(answers))


def write_disc(path: Path, size: tuple[int, int]) -> None:
    width, height = size
    y, x = np.mgrid[0:height, 0:width]
    inside = np.hypot(x / width - 0.5, y / height - 0.5) < DISC_RADIUS
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(inside.astype(np.uint8) * np.uint8(255)).save(path, format="PNG")


if __name__ == "__main__":
    main()
