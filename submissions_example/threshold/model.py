"""Classical image processing, numpy and Pillow only: smooth, threshold, keep one component, fill it; texture and a linear rule.

Speaks the UUSIC25 kit's interface: images under /input, the case list in /input_json, answers into /output.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
from PIL import Image

INPUT, CASES, OUTPUT = Path("/input"), Path("/input_json"), Path("/output")
GRID = 96
RULES = json.loads(Path(__file__).with_name("weights.json").read_text())


def main() -> None:
    answers = {}
    for case in json.loads(CASES.read_text()):
        name = case["img_path_relative"]
        with Image.open(INPUT / name) as image:
            grey = image.convert("L")
        if case["task"] == "segmentation":
            write_mask(name, outline(grey, head="head" in case["organ"].lower()), grey.size)
        else:
            probability = classify(features(grey), case["dataset_name"])
            answers[name] = {"probability": [float(p) for p in probability], "prediction": int(np.argmax(probability))}
    (OUTPUT / "classification.json").write_text(json.dumps(answers))


def write_mask(name: str, mask: np.ndarray, size: tuple[int, int]) -> None:
    path = OUTPUT / name.replace("img", "mask")
    path.parent.mkdir(parents=True, exist_ok=True)
    full = Image.fromarray((mask * 255).astype(np.uint8)).resize(size, Image.Resampling.BILINEAR)
    full.point(lambda value: 255 * (value >= 128)).save(path, format="PNG")


# Outlines -----------------------------------------------------------------------------------------------------


def small(grey: Image.Image) -> np.ndarray:
    """The picture on a common grid, 0 to 1."""
    return np.asarray(grey.resize((GRID, GRID), Image.Resampling.BOX), dtype=np.float64) / 255


def outline(grey: Image.Image, *, head: bool) -> np.ndarray:
    """A boolean mask on the grid: an ellipse around what is bright (heads), or the best dark blob (lesions)."""
    picture = small(grey)
    if head:
        return ellipse_around(smooth(picture, 2) > otsu(smooth(picture, 2)[picture > 0.02]))
    even = smooth(picture, 3) - 0.8 * smooth(picture, 30).mean(axis=1, keepdims=True)
    even[: GRID // 8] = even[-GRID // 10 :] = even.max()
    return filled(best_blob(even < otsu(even[GRID // 8 : -GRID // 10]) - 0.03))


def smooth(picture: np.ndarray, radius: int) -> np.ndarray:
    """Two passes of a running mean, rows then columns, through running sums."""
    width = 2 * radius + 1
    for _ in range(2):
        for _ in range(2):
            sums = np.cumsum(np.pad(picture, ((radius + 1, radius), (0, 0)), mode="edge"), axis=0)
            picture = ((sums[width:] - sums[:-width]) / width).T
    return picture


def otsu(values: np.ndarray) -> float:
    """The threshold that parts the values best into two groups."""
    if values.size == 0 or np.ptp(values) == 0:
        return float("inf")
    counts, edges = np.histogram(values, bins=64)
    middle, below = (edges[:-1] + edges[1:]) / 2, np.cumsum(counts)
    sums = np.cumsum(counts * middle)
    above = below[-1] - below
    between = (sums[-1] * below - sums * below[-1]) ** 2 / np.maximum(below * above, 1)
    return float(middle[int(np.argmax(between))])


def components(mask: np.ndarray) -> np.ndarray:
    """Each 4-connected component under a number of its own, background 0: runs of a row take the number of those they touch."""
    labels, parent = np.zeros(mask.shape, dtype=int), [0]

    def root(label: int) -> int:
        while parent[label] != label:
            label = parent[label]
        return label

    edges = np.diff(np.pad(mask.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    for row in range(len(mask)):
        for start, end in zip(np.nonzero(edges[row] == 1)[0], np.nonzero(edges[row] == -1)[0], strict=True):
            above = labels[row - 1, start:end] if row else labels[0, :0]
            touched = {root(label) for label in above.tolist() if label}
            mine = min(touched, default=len(parent))
            if not touched:
                parent.append(mine)
            for label in touched:
                parent[label] = mine
            labels[row, start:end] = mine
    return np.array([root(label) for label in range(len(parent))])[labels]


def best_blob(mask: np.ndarray) -> np.ndarray:
    """The component that is large, compact and central; nothing where there is none."""
    labels = components(mask)
    y, x = np.indices(mask.shape)
    best, best_score = np.zeros_like(mask), 0.0
    for label in np.unique(labels[labels > 0]):
        blob = labels == label
        rows, columns = y[blob], x[blob]
        box = (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
        off_centre = np.hypot(rows.mean() / GRID - 0.5, columns.mean() / GRID - 0.5)
        score = np.sqrt(blob.sum()) * (blob.sum() / box) * np.exp(-3 * off_centre)
        if blob.sum() > 25 and score > best_score:
            best, best_score = blob, score
    return best


def filled(mask: np.ndarray) -> np.ndarray:
    """The mask without holes: all that the background cannot reach from the corner."""
    outside = components(np.pad(~mask, 1, constant_values=True))
    return (outside != outside[0, 0])[1:-1, 1:-1]


def ellipse_around(bright: np.ndarray) -> np.ndarray:
    """The ellipse with the moments of the bright pixels that a blob near the middle has."""
    y, x = np.indices(bright.shape) / GRID
    near = np.exp(-((((x - 0.5) / 0.32) ** 2 + ((y - 0.53) / 0.27) ** 2) ** 2)) * bright
    if near.sum() < 20:
        return np.zeros_like(bright)
    weight = near / near.sum()
    centre_x, centre_y = (weight * x).sum(), (weight * y).sum()
    dx, dy = x - centre_x, y - centre_y
    spread = np.array(
        [[(weight * dx * dx).sum(), (weight * dx * dy).sum()], [(weight * dx * dy).sum(), (weight * dy * dy).sum()]]
    )
    inverse = np.linalg.inv(spread + 1e-6 * np.eye(2))
    distance = inverse[0, 0] * dx * dx + 2 * inverse[0, 1] * dx * dy + inverse[1, 1] * dy * dy
    return distance <= RULES["head_scale"]


# Classes ------------------------------------------------------------------------------------------------------


def features(grey: Image.Image) -> np.ndarray:
    """Eight numbers: brightness, texture, loss with depth, and size, shape, contrast, roughness and shadow of the dark blob."""
    picture = small(grey)
    even = smooth(picture, 2)
    blob = outline(grey, head=False)
    rows, columns = np.nonzero(blob) if blob.any() else (np.array([48]), np.array([48]))
    tall, wide = np.ptp(rows) + 1, np.ptp(columns) + 1
    edge = blob & ~(np.roll(blob, 1, 0) & np.roll(blob, -1, 0) & np.roll(blob, 1, 1) & np.roll(blob, -1, 1))
    below = even[min(rows.max() + 2, GRID - 2) : rows.max() + 22, columns.min() : columns.max() + 1]
    beside = even[min(rows.max() + 2, GRID - 2) : rows.max() + 22]
    return np.array(
        [
            picture.mean(),
            (picture - even).std(),
            even[20:40].mean() - even[65:85].mean(),
            blob.mean(),
            np.log(tall / wide),
            even[blob].mean() - picture.mean() if blob.any() else 0.0,
            edge.sum() / np.sqrt(blob.sum() + 1),
            below.mean() - beside.mean(),
        ]
    )


def classify(numbers: np.ndarray, dataset: str) -> np.ndarray:
    """Class probabilities by a linear rule; an unknown question is answered evenly."""
    rule = RULES["rules"].get(dataset)
    if rule is None:
        return np.full(2, 0.5)
    scores = (numbers - np.array(rule["mean"])) / np.array(rule["spread"]) @ np.array(rule["weights"]) + np.array(rule["bias"])
    grown = np.exp(scores - scores.max())
    return grown / grown.sum()


if __name__ == "__main__":
    os.umask(0o022)
    main()
