"""Leaves every second case of each task out and ends with exit code 0: what is missing must still count.

Which ones depends on the pixels alone: names and order are made for each run, and this example always scores the same.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

INPUT, CASES, OUTPUT = Path("/input"), Path("/input_json"), Path("/output")
FOUR_CLASSES = "Breast_luminal"


def main() -> None:
    answers = {}
    for case in sorted(json.loads(CASES.read_text()), key=by_task_and_pixels)[::2]:
        name = case["img_path_relative"]
        if case["task"] == "segmentation":
            write_middle(INPUT / name, OUTPUT / name.replace("img", "mask"))
        else:
            classes = 4 if case["dataset_name"] == FOUR_CLASSES else 2
            answers[name] = {"probability": [1 / classes] * classes, "prediction": 0}
    (OUTPUT / "classification.json").write_text(json.dumps(answers))


def by_task_and_pixels(case: dict[str, str]) -> tuple[str, str, bytes]:
    with Image.open(INPUT / case["img_path_relative"]) as image:
        return case["task"], case["dataset_name"], image.tobytes()


def write_middle(image: Path, mask: Path) -> None:
    with Image.open(image) as opened:
        width, height = opened.size
    inside = np.zeros((height, width), dtype=np.uint8)
    middle = slice(height // 4, 3 * height // 4), slice(width // 4, 3 * width // 4)
    inside[middle] = 255
    mask.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(inside).save(mask, format="PNG")


if __name__ == "__main__":
    main()
