"""Answers every case of a challenge: a mask as PNG for segmentation, class probabilities for classification.

The container is given
    /input        the images, read-only
    /input_json   a file: the list of cases, each {"img_path_relative", "task", "dataset_name", "organ"}
and writes to /output
    one mask for each segmentation case, at its image's path with every "img" replaced by "mask",
        as wide and as high as the image, 0 for background and 255 for foreground
    classification.json: {"<img_path_relative>": {"probability": [p0, p1, ...], "prediction": <class>}, ...}

Replace `Model` by your own. The names of the images and their order are new in every run and say nothing.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

INPUT, CASES, OUTPUT = Path("/input"), Path("/input_json"), Path("/output")
CLASSES = {"Breast_luminal": 4}
"""How many classes a data set has; two where it is not named here. The challenge's page tells."""


class Model:
    """Stands in for a trained one: what is bright is foreground, and the brightness makes a probability."""

    def __init__(self) -> None:
        """Load weights here, from files beside this one: once for all cases, and without network."""
        self.thresholds = {"Breast": 0.3}

    def segment(self, image: np.ndarray, organ: str) -> np.ndarray:
        """A mask for `image`, grey values 0 to 255 of shape (height, width): True where the structure is."""
        darkest, brightest = int(image.min()), int(image.max())
        return image > darkest + self.thresholds.get(organ, 0.5) * (brightest - darkest)

    def classify(self, image: np.ndarray, classes: int) -> np.ndarray:
        """Probabilities of shape (classes,) that sum to 1."""
        bright = float(image.mean()) / 255
        return np.array([1 - bright, *[bright / (classes - 1)] * (classes - 1)])


def main() -> None:
    model, answers = Model(), {}
    for case in json.loads(CASES.read_text()):
        name = case["img_path_relative"]
        with Image.open(INPUT / name) as picture:
            image = np.asarray(picture.convert("L"))
        if case["task"] == "segmentation":
            write_mask(OUTPUT / name.replace("img", "mask"), model.segment(image, case["organ"]))
        else:
            probability = model.classify(image, CLASSES.get(case["dataset_name"], 2))
            answers[name] = {"probability": probability.tolist(), "prediction": int(probability.argmax())}
    (OUTPUT / "classification.json").write_text(json.dumps(answers))


def write_mask(path: Path, mask: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mask.astype(np.uint8) * 255).save(path, format="PNG")


if __name__ == "__main__":
    main()
