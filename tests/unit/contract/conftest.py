from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sonobench_eval.challenge.load import parse_challenge
from sonobench_eval.challenge.model import Challenge

CHALLENGE = """\
sonobench: 1
name: demo
title: Demo
centers: [{id: a, role: internal}]
tasks:
- {id: heart, kind: segmentation, dataset_name: Heart, organ: Heart, labels: {lumen: nonzero}, metrics: [{name: dsc}]}
- {id: valves, kind: segmentation, dataset_name: Valves, organ: Heart, labels: {left: 1, right: 2}, metrics: [{name: dsc}]}
- {id: breast, kind: binary, dataset_name: Breast, organ: Breast, classes: [benign, malignant], metrics: [{name: auc}]}
- {id: type, kind: multiclass, dataset_name: Breast_luminal, organ: Breast, classes: [A, B, HER2, TN], metrics: [{name: auc}]}
cases:
- {id: heart/img/1.png, task: heart, center: a, subject: s1, mask: heart/mask/1.png}
- {id: heart/img/2.png, task: heart, center: a, mask: heart/mask/2.png}
- {id: valves/img/1.png, task: valves, center: a, mask: valves/mask/1.png}
- {id: breast/img/1.png, task: breast, center: a, label: 1}
- {id: breast/img/2.png, task: breast, center: a, label: 0}
- {id: type/img/1.png, task: type, center: a, label: 3}
"""


@pytest.fixture
def challenge() -> Challenge:
    """Two segmentation tasks (one with named values), a binary and a 4-class one; images are 6 rows by 4 columns."""
    return parse_challenge(CHALLENGE, name="challenge.yaml")


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """What a container without fault leaves behind."""
    for case in ("heart/mask/1.png", "heart/mask/2.png", "valves/mask/1.png"):
        path = tmp_path / "out" / case
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png([[0, 255, 255, 0]] * 6 if "heart" in case else [[0, 1, 2, 0]] * 6))
    two, four = {"probability": [0.25, 0.75], "prediction": 1}, {"probability": [0.1, 0.2, 0.3, 0.4], "prediction": 3}
    answers = {"breast/img/1.png": two, "breast/img/2.png": two, "type/img/1.png": four}
    (tmp_path / "out" / "classification.json").write_text(json.dumps(answers))
    return tmp_path / "out"


@pytest.fixture
def png_bytes() -> Callable[[list[list[int]]], bytes]:
    """Rows of grey values as a PNG file."""
    return png


def png(rows: list[list[int]]) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.array(rows, np.uint8)).save(out, "PNG")
    return out.getvalue()
