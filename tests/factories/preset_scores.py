"""Presets that are made and scored, and their files read with csv, json, yaml alone, so that no code of ours is trusted."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from sonobench_eval.challenge.load import LoadedChallenge, load_challenge
from sonobench_eval.evaluation import Evaluation
from sonobench_eval.io.sources import FolderResults
from sonobench_eval.pipeline import Results, score_many
from sonobench_eval.presets.analysis import Analysis, analyze
from sonobench_eval.presets.catalogue import preset_named
from sonobench_eval.presets.making import make_preset
from sonobench_eval.presets.readings import read_readings
from sonobench_eval.presets.synthetic import ALGORITHMS

RESAMPLES = 60


@dataclass(frozen=True)
class Scored:
    """A preset that was made and scored, and its files."""

    loaded: LoadedChallenge
    evaluations: Mapping[str, Evaluation]
    analysis: Analysis

    @property
    def folder(self) -> Path:
        return self.loaded.folder

    def cases(self, task: str) -> list[dict[str, Any]]:
        """Cases as they stand in the file."""
        return [case for case in document(self.folder)["cases"] if case["task"] == task]

    def value(self, algorithm: str, task: str, metric: str) -> float:
        (found,) = (each for each in self.evaluations[algorithm].task(task).metrics if each.name == metric)
        assert found.value is not None
        return found.value

    def json(self, algorithm: str, path: str) -> Any:
        return json.loads((self.folder / "predictions" / algorithm / path).read_text())

    def csv(self, algorithm: str, path: str) -> list[dict[str, str]]:
        with (self.folder / "predictions" / algorithm / path).open(newline="") as file:
            return list(csv.DictReader(file))


@cache
def document(folder: Path) -> Any:
    """The challenge file as it stands."""
    return yaml.safe_load((folder / "challenge.yaml").read_text())


def scored(folder: Path, name: str, cases: int | None = None) -> Scored:
    loaded = load_challenge(make_preset(preset_named(name), folder, cases=cases))
    fewer = loaded.challenge.bootstrap.model_copy(update={"resamples": RESAMPLES})
    loaded = replace(loaded, challenge=loaded.challenge.model_copy(update={"bootstrap": fewer}))
    study = folder / "readings.csv"
    readings = read_readings(study, loaded.challenge) if study.is_file() else None
    with ExitStack() as opened:
        sources = {each: opened.enter_context(FolderResults(folder / "predictions" / each)) for each in ALGORITHMS}
        evaluations = [each.evaluation for each in score_many(loaded, [Results(source) for source in sources.values()])]
        return Scored(loaded, dict(zip(sources, evaluations, strict=True)), analyze(loaded, sources, readings=readings))


def iou(one: Sequence[float], other: Sequence[float]) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(width, 0) * max(height, 0)
    return shared / (area(one) + area(other) - shared)


def area(box: Sequence[float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
