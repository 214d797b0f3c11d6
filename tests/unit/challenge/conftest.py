from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from sonobench_eval.challenge.load import parse_challenge
from sonobench_eval.challenge.model import Challenge

CHALLENGE = """\
sonobench: 1
name: demo
title: Demo
limits: {time_s: 30min, memory_bytes: 8G}
centers:
- {id: a, role: internal}
- {id: b, role: external}
tasks:
- id: heart
  kind: segmentation
  dataset_name: Heart
  organ: Heart
  labels: {left: 1, right: 2}
  metrics:
  - {name: dsc}
  - {name: nsd, convention: pixel, tolerance: 2, unit: px}
- id: breast
  kind: binary
  dataset_name: Breast
  organ: Breast
  classes: [benign, malignant]
  metrics: [{name: auc}, {name: acc}]
cases:
- {id: heart/img/1.png, task: heart, center: a, subject: s1, pixel_size_mm: 0.1, mask: heart/mask/1.png}
- {id: heart/img/2.png, task: heart, center: b, subject: "007", pixel_size_mm: [0.1, 0.2], mask: heart/mask/2.png}
- {id: breast/img/1.png, task: breast, center: a, label: 1}
"""


@pytest.fixture
def text() -> str:
    """A challenge of two tasks and three cases, as YAML."""
    return CHALLENGE


@pytest.fixture
def challenge() -> Challenge:
    """The same, parsed."""
    return parse_challenge(CHALLENGE, name="challenge.yaml")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """`images/` and `truth/` of that challenge; images are 6 rows by 4 columns."""
    for case in ("heart/img/1.png", "heart/img/2.png", "breast/img/1.png"):
        save(tmp_path / "images" / case, 40)
    for mask in ("heart/mask/1.png", "heart/mask/2.png"):
        save(tmp_path / "truth" / mask, 2)
    return tmp_path


def save(path: Path, value: int, size: tuple[int, int] = (4, 6)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size, value).save(path)


@pytest.fixture
def uusic(tmp_path: Path) -> Path:
    """A folder in the UUSIC25 layout: a segmentation set, a binary set, the four-class set, two centers."""
    cases: list[dict[str, object]] = [
        {"img_path_relative": "seg/Heart/img/1.png", "task": "segmentation", "dataset_name": "Heart", "organ": "Heart"}
        | {"mask_path_relative": "seg/Heart/mask/1.png", "center": "Zhejiang Hospital", "subject": 17, "pixel_size_mm": 0.2},
        {"img_path_relative": "cls/Breast/img/1.png", "task": "classification", "dataset_name": "Breast", "organ": "Breast"}
        | {"label": 1, "center": "NKI", "source": "x"},
        {"img_path_relative": "cls/Breast_luminal/img/1.png", "task": "classification", "dataset_name": "Breast_luminal"}
        | {"organ": "Breast", "label": 3, "center": "NKI"},
    ]
    for case in cases:
        save(tmp_path / "images" / str(case["img_path_relative"]), 9)
    save(tmp_path / "truth/seg/Heart/mask/1.png", 255)
    (tmp_path / "ground_truth.json").write_text(json.dumps(cases))
    return tmp_path


@pytest.fixture
def edit_entry(uusic: Path) -> Callable[..., Path]:
    """Changes one entry of the ground truth (None removes a field) and gives the folder back."""

    def edit(number: int, **fields: object) -> Path:
        path = uusic / "ground_truth.json"
        cases = json.loads(path.read_text())
        cases[number] = {key: value for key, value in (cases[number] | fields).items() if value is not None}
        path.write_text(json.dumps(cases))
        return uusic

    return edit
