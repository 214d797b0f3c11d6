"""Challenges with a contract of their own, and what becomes of results that a container leaves by it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from sonobench_eval.challenge.contract_rules import ContractRules
from sonobench_eval.challenge.kinds import CLASS_KINDS, MASK_KINDS
from sonobench_eval.challenge.model import Case, Center, Challenge, Task
from sonobench_eval.contract.configured import ConfiguredContract
from sonobench_eval.contract.mask_files import is_volume
from sonobench_eval.contract.port import Answers
from sonobench_eval.io.findings import Finding, FindingCode
from sonobench_eval.io.images import InProcessDecoder
from sonobench_eval.io.sources import FolderResults
from sonobench_eval.io.volumes import Geometry

HEIGHT, WIDTH = 40, 60

TASKS: dict[str, dict[str, Any]] = {
    "heart": {"kind": "segmentation", "labels": {"lumen": "nonzero"}, "metrics": [{"name": "dsc"}]},
    "valves": {"kind": "segmentation", "labels": {"left": 1, "right": 2}, "metrics": [{"name": "dsc"}]},
    "septum": {"kind": "segmentation", "labels": {"wall": 3}, "metrics": [{"name": "dsc"}]},
    "breast": {"kind": "binary", "classes": ["benign", "malignant"], "metrics": [{"name": "auc"}]},
    "type": {"kind": "multiclass", "classes": ["Luminal A", "Luminal B", "HER2+", "TN"], "metrics": [{"name": "auc"}]},
    "planes": {"kind": "multilabel", "classes": ["liver", "spleen", "kidney"], "metrics": []},
    "quality": {"kind": "ordinal", "range": [0, 10], "metrics": []},
    "length": {"kind": "regression", "range": [0, 100.5], "value_unit": "mm", "metrics": []},
    "nodules": {"kind": "detection", "classes": ["nodule", "cyst"], "metrics": []},
    "landmarks": {"kind": "keypoints", "points": ["apex", "base"], "metrics": []},
}
FAMILY = {"multilabel": "labels", "ordinal": "grades", "regression": "values", "detection": "boxes", "keypoints": "points"}


def a_task(task_id: str, **changes: object) -> Task:
    """One of `TASKS`, with some metric of its kind."""
    from sonobench_eval.metrics.named import specs_of

    declared = {**TASKS[task_id], **changes}
    if not declared["metrics"]:
        family: Any = FAMILY[declared["kind"]]
        spec = next(iter(specs_of(family).values()))
        needed = [each for each in spec.parameters if each.required]
        declared["metrics"] = [{"name": spec.name, **{each.name: next(iter(each.choices), 1) for each in needed}}]
    return Task.model_validate({"id": task_id, "dataset_name": task_id.title(), "organ": "Organ", **declared})


def a_challenge(
    cases: Mapping[str, str], contract: ContractRules | str = "uusic25", *, tasks: Iterable[Task] = (), **settings: object
) -> Challenge:
    """A challenge of these case ids with their tasks. It has no references: none is needed to read answers."""
    special = {task.id: task for task in tasks}
    challenge = Challenge(
        sonobench=1,
        name="demo",
        title="Demo",
        centers=(Center(id="a", role="internal"),),
        tasks=tuple(special.get(each) or a_task(each) for each in dict.fromkeys(cases.values())),
        cases=tuple(Case(id=case_id, task=task, center="a") for case_id, task in cases.items()),
    )
    return challenge.model_copy(update={"contract": contract, **settings})


def rules_of(**rules: object) -> ContractRules:
    """A contract's rules, as a challenge file has them."""
    return ContractRules.model_validate(rules)


@dataclass(frozen=True)
class Read:
    """What was read of each case, and what was found."""

    answers: dict[str, Any]
    findings: list[Finding]

    @property
    def problems(self) -> dict[str, FindingCode | None]:
        return {case_id: answer.problem for case_id, answer in self.answers.items()}

    @property
    def codes(self) -> list[FindingCode]:
        return [finding.code for finding in self.findings]


def ask(answers: Answers, challenge: Challenge, case: Case) -> Any:
    """A case's answer, of its task's kind."""
    kind = challenge.task(case.task).kind
    if kind in MASK_KINDS:
        return answers.mask(case)
    if kind in CLASS_KINDS:
        return answers.classification(case)
    by_kind: dict[str, Callable[[Case], Any]] = {
        "multilabel": answers.labels,
        "ordinal": answers.value,
        "regression": answers.value,
        "detection": answers.boxes,
        "keypoints": answers.points,
    }
    return by_kind[kind](case)


def read(rules: ContractRules, challenge: Challenge, folder: Path, *, volume: Geometry | None = None) -> Read:
    """All answers in a folder; images have 40 rows and 60 columns, or are volumes like the one given."""
    with FolderResults(folder) as source:
        contract = ConfiguredContract(rules)
        answers = contract.read_answers(
            challenge, source, lambda case: volume if volume and is_volume(case) else (HEIGHT, WIDTH), decoder=InProcessDecoder()
        )
        return Read({case.id: ask(answers, challenge, case) for case in challenge.cases}, answers.findings)


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """The files in the folder, which is made where it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def png(value: int, *, height: int = HEIGHT, width: int = WIDTH) -> bytes:
    """A grey image whose left half has a value, and the rest 0."""
    pixels = np.zeros((height, width), np.uint8)
    pixels[:, : width // 2] = value
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()
