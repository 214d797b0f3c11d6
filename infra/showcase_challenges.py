"""The challenges of the showcase, written to a folder: a closed one like UUSIC25, and an open one in two phases.

Images are speckle and references ellipses: nobody sees them, but registration reads every one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

CENTERS = [
    {"id": "zch", "role": "internal", "title": "Hangzhou, cancer hospital"},
    {"id": "hfph", "role": "internal", "title": "Hangzhou, general hospital"},
    {"id": "nki", "role": "external", "title": "Amsterdam, cancer institute"},
]
_DEVICES = ("Mindray Resona 7", "GE Logiq E9", "Philips EPIQ 7")
_SIZE = (64, 48)
TERMS = """The images show patients. You use them for this challenge alone, show them to nobody outside your team, and delete them
within thirty days after the last phase closes.

You name this challenge and its centers in what you publish. The organizers publish your team's name, score and ranks."""


@dataclass(frozen=True)
class Extent:
    """How much of it there is: cases of each task, and bootstrap resamples."""

    cases: int = 48
    resamples: int = 1000


SMALL = Extent(cases=24, resamples=100)


def write_closed(folder: Path, extent: Extent, *, opens: datetime, closes: datetime) -> Path:
    """UUSIC25's tasks: seven organs, five segmentations and five classifications; the path of its YAML."""
    tasks = [*_segmentations(), *_classifications()]
    definition = {
        **_head("uusic25", "Universal UltraSound Image Challenge 2025", extent),
        "description": "One model for seven organs, segmentation and classification. Team names and their levels follow the "
        "published table; every single score here is made up for show.",
        "phases": [{"id": "test", "title": "Final test", "opens": _said(opens), "closes": _said(closes), "quota": {"total": 3}}],
        "tasks": tasks,
        "cases": list(_cases(tasks, extent.cases, ["test"])),
    }
    return _write(folder, definition)


def write_open(folder: Path, extent: Extent, *, opens: datetime) -> Path:
    """Two tasks in two phases of which the first is open; teams sign terms and are approved. The path of its YAML."""
    tasks = [_segmentations()[4], _classifications()[3]]
    turn, end = opens + timedelta(days=45), opens + timedelta(days=75)
    phases = [
        {
            "id": "validation",
            "kind": "validation",
            "title": "Validation",
            "opens": _said(opens),
            "closes": _said(turn),
            "counts": "best",
            "logs": "team",
            "quota": {"daily": 5, "total": 20, "concurrent": 4, "time_zone": "Europe/Berlin"},
        },
        {
            "id": "final",
            "title": "Final test",
            "opens": _said(turn),
            "closes": _said(end),
            "requires": ["validation"],
            "scores": "sealed",
            "sealed_until": _said(end + timedelta(days=7)),
            "quota": {"total": 2},
        },
    ]
    definition = {
        **_head("thyroid-2026", "Thyroid Nodule Challenge 2026", extent),
        "description": "Outline thyroid nodules and tell benign from malignant ones, on scanners that your algorithm never saw.",
        "entry": {"approval": True, "terms": TERMS},
        "phases": phases,
        "tasks": tasks,
        "cases": list(_cases(tasks, extent.cases, ["validation", "final"])),
    }
    return _write(folder, definition)


def write_crowded(folder: Path) -> Path:
    """One small task for hundreds of teams; the path of its YAML."""
    extent = Extent(cases=12, resamples=50)
    tasks = [_segmentations()[0], _classifications()[0]]
    definition = {
        **_head("crowded", "A challenge with very many teams", extent),
        "description": "Every page that lists teams shows them in parts.",
        "tasks": tasks,
        "cases": list(_cases(tasks, extent.cases, [None])),
    }
    return _write(folder, definition)


def _head(name: str, title: str, extent: Extent) -> dict[str, Any]:
    return {
        "sonobench": 1,
        "name": name,
        "title": title,
        "limits": {"time_s": "30min", "memory_bytes": "16G", "gpus": 1},
        "bootstrap": {"resamples": extent.resamples},
        "subgroups": {"fewest_cases": 5},
        "centers": CENTERS,
    }


def _segmentations() -> list[dict[str, Any]]:
    organs = [
        ("breast-lesion", "Breast", "Breast lesion"),
        ("heart-ventricle", "Heart", "Left ventricle"),
        ("fetal-head", "Fetal Head", "Fetal head"),
        ("kidney", "Kidney", "Kidney"),
        ("thyroid-nodule", "Thyroid", "Thyroid nodule"),
    ]
    metrics = [
        {"name": "dsc"},
        {"name": "nsd", "convention": "pixel", "tolerance": 1, "unit": "px"},
        {"name": "nsd", "id": "nsd-2px", "convention": "pixel", "tolerance": 2, "unit": "px"},
        {"name": "nsd", "id": "nsd-4px", "convention": "pixel", "tolerance": 4, "unit": "px"},
    ]
    return [
        {"id": name, "kind": "segmentation", "dataset_name": organ, "organ": organ, "title": title, "labels": {name: "nonzero"}}
        | {"metrics": metrics}
        for name, organ, title in organs
    ]


def _classifications() -> list[dict[str, Any]]:
    asked = [
        ("breast-malignancy", "Breast", "Breast malignancy", ["benign", "malignant"]),
        ("fatty-liver", "Liver", "Fatty liver", ["healthy", "fatty"]),
        ("appendicitis", "Appendix", "Appendicitis", ["healthy", "inflamed"]),
        ("thyroid-malignancy", "Thyroid", "Thyroid malignancy", ["benign", "malignant"]),
        ("breast-subtype", "Breast", "Breast molecular subtype", ["Luminal A", "Luminal B", "HER2", "triple negative"]),
    ]
    return [
        {"id": name, "kind": "binary" if len(classes) == 2 else "multiclass", "dataset_name": f"{organ} {name}", "organ": organ}
        | {"title": title, "classes": classes, "metrics": [{"name": "auc"}, {"name": "acc"}]}
        for name, organ, title, classes in asked
    ]


def _cases(tasks: list[dict[str, Any]], count: int, phases: list[str] | list[None]) -> Iterator[dict[str, Any]]:
    for phase in phases:
        for task in tasks:
            for number in range(count):
                yield _case(task, number, phase)


def _case(task: dict[str, Any], number: int, phase: str | None) -> dict[str, Any]:
    folder = task["id"] if phase is None else f"{phase}/{task['id']}"
    case = {"id": f"{folder}/img/{number:03d}.png", "task": task["id"], "center": CENTERS[number // 2 % 3]["id"]}
    if phase is not None:
        case["phase"] = phase
    classes = task.get("classes")
    answer = {"mask": f"{folder}/{number:03d}.png"} if classes is None else {"label": number % len(classes)}
    return {**case, **answer, "groups": {"device": _DEVICES[number % 3]}}


def _write(folder: Path, definition: dict[str, Any]) -> Path:
    dice = np.random.default_rng(1)
    for case in definition["cases"]:
        _save(folder / "images" / case["id"], Image.fromarray(dice.integers(0, 255, _SIZE[::-1], dtype=np.uint8)))
        if "mask" in case:
            _save(folder / "truth" / case["mask"], _ellipse(dice))
    path = folder / "challenge.yaml"
    path.write_text(json.dumps(definition, indent=1, ensure_ascii=False))  # which is YAML too
    return path


def _ellipse(dice: np.random.Generator) -> Image.Image:
    image = Image.new("L", _SIZE, 0)
    left, top = dice.integers(4, 20, 2)
    ImageDraw.Draw(image).ellipse((int(left), int(top), int(left) + 36, int(top) + 24), fill=255)
    return image


def _save(path: Path, image: Image.Image) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, compress_level=1)


def _said(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
