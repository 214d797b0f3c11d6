"""Makes a challenge from a folder in the layout of UUSIC25: `ground_truth.json`, `images/`, `truth/`.

One task for each pair of `task` and `dataset_name`. The four-class task is the one the kit recognises by the
name `Breast_luminal`; every other classification set has two classes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from sonobench_eval.challenge.errors import ChallengeError, Problem
from sonobench_eval.challenge.explain import problems_of
from sonobench_eval.challenge.model import Challenge, is_plain_relative_path
from sonobench_eval.contract.registry import contract_of
from sonobench_eval.io.strict_json import StrictJsonError, loads

GROUND_TRUTH = "ground_truth.json"
INPUTS, TRUTH = "images", "truth"
MAX_BYTES = 256 * 2**20
MULTICLASS = {"Breast_luminal": ("Luminal A", "Luminal B", "HER2", "triple negative")}
_KNOWN_CLASSES = {"Breast": ("benign", "malignant")}
_TWO_CLASSES = ("class 0", "class 1")
_KINDS = ("segmentation", "classification")
_REQUIRED = ("img_path_relative", "task", "dataset_name", "organ", "center")

Entry = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Nsd:
    """How the normalised surface distance is measured. The published convention is `uusic25`, tolerance 1 px."""

    convention: str = "surface"
    tolerance: float = 2.0
    unit: str = "px"


def import_uusic25(
    folder: Path,
    *,
    name: str,
    title: str | None = None,
    external: tuple[str, ...] = (),
    nsd_convention: str = "surface",
    nsd_tolerance: float = 2.0,
    nsd_unit: str = "px",
) -> Challenge:
    """Make a challenge from `folder`; nothing is written.

    Args:
        folder: holds `ground_truth.json`, `images/` and, where there are masks, `truth/`.
        name: the challenge's name (letters, digits, `-`, `_`).
        title: what people read; by default the name.
        external: centers never seen in training, as named in the file. Entries may also say so themselves
            (`center_role` or `role`: internal or external).
        nsd_convention, nsd_tolerance, nsd_unit: how NSD is measured (`uusic25`, 1, `px` is as published).

    Raises:
        ChallengeError: a file is missing, or entries are not as they should be; one line for each problem.
    """
    entries = _entries(folder)
    _refuse_broken(entries, folder)
    nsd = Nsd(nsd_convention, nsd_tolerance, nsd_unit)
    document = {
        "sonobench": 1,
        "name": name,
        "title": title or name,
        "inputs": INPUTS,
        "truth": TRUTH,
        "centers": _centers(entries, external),
        "tasks": _tasks(entries, nsd),
        "cases": [_case(entry) for entry in entries],
    }
    return _validated(document)


def _entries(folder: Path) -> list[Entry]:
    path = folder / GROUND_TRUTH
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        what = "there is no such folder" if not folder.exists() else f"there is no {GROUND_TRUTH} in it"
        raise ChallengeError(f"{folder}: {what}; give a folder in the UUSIC25 layout") from error
    except OSError as error:
        raise ChallengeError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        content = loads(data, max_bytes=MAX_BYTES)
    except StrictJsonError as error:
        raise ChallengeError(f"{path}: is not usable JSON: {error}") from error
    if not isinstance(content, list) or not content:
        raise ChallengeError(f"{path}: must be a list of cases, and not empty")
    if (odd := next((n for n, entry in enumerate(content) if not isinstance(entry, dict)), None)) is not None:
        raise ChallengeError(f"{path}: entry {odd} is not an object")
    return content


def _refuse_broken(entries: Sequence[Entry], folder: Path) -> None:
    problems = [
        Problem((f"entry {number} ({entry.get('img_path_relative', 'without img_path_relative')})",), sentence)
        for number, entry in enumerate(entries)
        if (sentence := _entry_problem(entry, folder))
    ]
    if problems:
        raise ChallengeError.of(GROUND_TRUTH, problems)


def _entry_problem(entry: Entry, folder: Path) -> str | None:
    for key in _REQUIRED:
        value = entry.get(key)
        if not isinstance(value, str) or not value.strip():
            return f"{key} is missing" if key not in entry else f"{key} must be text"
    if entry["task"] not in _KINDS:
        return f"task must be segmentation or classification, not {entry['task']!r}"
    return (
        _file_problem(entry, "img_path_relative", folder / INPUTS)
        or (_file_problem(entry, "mask_path_relative", folder / TRUTH) if _is_segmentation(entry) else _label_problem(entry))
        or _role_problem(entry)
    )


def _file_problem(entry: Entry, key: str, folder: Path) -> str | None:
    path = entry.get(key)
    if not isinstance(path, str):
        return f"{key} is missing" if path is None else f"{key} must be text"
    if not is_plain_relative_path(path):
        return f"{key} {path!r} is not a plain relative path (letters, digits, space and . _ - / only)"
    return None if (folder / path).is_file() else f"there is no file {folder / path}"


def _label_problem(entry: Entry) -> str | None:
    label, classes = entry.get("label"), _classes(str(entry["dataset_name"]))
    if label is None:
        return "label is missing"
    if isinstance(label, bool) or not isinstance(label, int) or not 0 <= label < len(classes):
        return f"label must be a whole number from 0 to {len(classes) - 1}, not {label!r}"
    return None


def _role_problem(entry: Entry) -> str | None:
    role = _role(entry)
    return None if role in (None, "internal", "external") else f"center_role must be internal or external, not {role!r}"


def _centers(entries: Sequence[Entry], external: tuple[str, ...]) -> list[dict[str, object]]:
    roles: dict[str, set[object]] = {}
    for entry in entries:
        roles.setdefault(str(entry["center"]), set()).add(_role(entry))
    if unknown := [center for center in external if center not in roles]:
        raise ChallengeError(
            f"{GROUND_TRUTH}: no case is from the external center {unknown[0]!r}; found are {', '.join(sorted(roles))}"
        )
    if torn := [center for center, said in roles.items() if {"internal", "external"} <= said]:
        raise ChallengeError(f"{GROUND_TRUTH}: center {torn[0]!r} is called internal in some entries and external in others")
    _refuse_same_slug("center", roles)
    return [_center(center, external=center in external or "external" in said) for center, said in sorted(roles.items())]


def _center(name: str, *, external: bool) -> dict[str, object]:
    center: dict[str, object] = {"id": slug(name), "role": "external" if external else "internal"}
    return center if slug(name) == name else center | {"title": name}


def _tasks(entries: Sequence[Entry], nsd: Nsd) -> list[dict[str, object]]:
    found: dict[tuple[str, str], set[str]] = {}
    for entry in entries:
        found.setdefault((str(entry["task"]), str(entry["dataset_name"])), set()).add(str(entry["organ"]))
    if torn := [(key, organs) for key, organs in found.items() if len(organs) > 1]:
        (_, dataset), organs = torn[0]
        raise ChallengeError(f"{GROUND_TRUTH}: {dataset} has more than one organ: {', '.join(sorted(organs))}")
    _refuse_same_slug("task", [f"{dataset}_{kind}" for kind, dataset in found])
    return [_task(kind, dataset, organ=min(organs), nsd=nsd) for (kind, dataset), organs in sorted(found.items())]


def _task(kind: str, dataset: str, *, organ: str, nsd: Nsd) -> dict[str, object]:
    task: dict[str, object] = {"id": slug(f"{dataset}_{kind}"), "dataset_name": dataset, "organ": organ}
    task["title"] = f"{dataset.replace('_', ' ')} {kind}"
    if kind == "segmentation":
        parameters = {"convention": nsd.convention, "tolerance": nsd.tolerance, "unit": nsd.unit}
        metrics: list[dict[str, object]] = [{"name": "dsc"}, {"name": "nsd"} | parameters]
        return task | {"kind": kind, "labels": {"foreground": "nonzero"}, "metrics": metrics}
    metrics = [{"name": metric} for metric in ("auc", "acc", "f1", "auprc")]
    shape = "multiclass" if dataset in MULTICLASS else "binary"
    return task | {"kind": shape, "classes": list(_classes(dataset)), "metrics": metrics}


def _case(entry: Entry) -> dict[str, object]:
    case: dict[str, object] = {
        "id": entry["img_path_relative"],
        "task": slug(f"{entry['dataset_name']}_{entry['task']}"),
        "center": slug(str(entry["center"])),
        "subject": _text(entry.get("subject")),
        "subgroup": _text(entry.get("subgroup")),
        "pixel_size_mm": entry.get("pixel_size_mm"),
    }
    key, value = ("mask", "mask_path_relative") if _is_segmentation(entry) else ("label", "label")
    return case | {key: entry[value]}


def _validated(document: dict[str, object]) -> Challenge:
    try:
        challenge = Challenge.model_validate(document)
    except ValidationError as error:
        raise ChallengeError.of(GROUND_TRUTH, problems_of(error, document)) from error
    if misfits := contract_of(challenge).misfits(challenge):
        raise ChallengeError.of(GROUND_TRUTH, [Problem(loc, sentence) for loc, sentence in misfits])
    return challenge


def slug(text: str) -> str:
    """A name as an id: `Fetal Head_segmentation` -> `Fetal_Head_segmentation`."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", text).strip("_-")[:64] or "x"


def _refuse_same_slug(what: str, names: Sequence[str] | Mapping[str, object]) -> None:
    owner: dict[str, str] = {}
    for name in names:
        if owner.setdefault(slug(name), name) != name:
            raise ChallengeError(
                f"{GROUND_TRUTH}: {what}s {owner[slug(name)]!r} and {name!r} are too alike to be told apart; rename one"
            )


def _is_segmentation(entry: Entry) -> bool:
    return entry["task"] == "segmentation"


def _role(entry: Entry) -> object:
    return entry.get("center_role", entry.get("role"))


def _classes(dataset: str) -> tuple[str, ...]:
    return MULTICLASS.get(dataset) or _KNOWN_CLASSES.get(dataset, _TWO_CLASSES)


def _text(value: object) -> object:
    """Subjects and subgroups are often numbers (a patient's number, a trimester); as names they are text."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value
