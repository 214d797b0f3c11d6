"""What the words of a contract are made of: paths in the container, and texts with parts of a case in them."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, Field

from sonobench_eval.challenge.record import is_plain_relative_path

PATH_PARTS = ("path", "folder", "name", "stem", "suffix", "task")
"""What a path rule may name of a case: `a/b/1.nii.gz` is path; `a/b`, `1.nii.gz`, `1` and `.nii.gz` are the next four."""
TEXT_PARTS = (*PATH_PARTS, "input", "kind", "dataset_name", "organ")
"""What a text of the case list may name; `input` is where the image lies in the folder of inputs."""
VALUE_PARTS = ("pixel_size_mm", "classes", "labels", "points", "range")
"""What a whole field of a JSON case list may be: numbers, lists and mappings as the challenge has them."""

_PART = re.compile(r"\{([^{}]*)\}")
_SYSTEM = frozenset({"proc", "sys", "dev", "etc", "usr", "bin", "sbin", "lib", "lib32", "lib64", "boot", "run", "tmp", "var"})


def parts_of(rule: str) -> list[str]:
    """`{folder}/{stem}.png` -> `["folder", "stem"]`."""
    return _PART.findall(rule)


def _with_known_parts(rule: str, known: Collection[str]) -> str:
    if unknown := [part for part in parts_of(rule) if part not in known]:
        raise ValueError(f"there is no part {{{unknown[0]}}}; known are {', '.join(f'{{{part}}}' for part in known)}")
    if "{" in _PART.sub("", rule) or "}" in _PART.sub("", rule):
        raise ValueError("a brace stands alone; parts are written {path}")
    return rule


def _path_rule(rule: str) -> str:
    _with_known_parts(rule, PATH_PARTS)
    if not is_plain_relative_path(_PART.sub("x", rule)):
        raise ValueError(
            f"{rule!r} is not a plain relative path (letters, digits, space and . _ - / only, and parts like {{stem}})"
        )
    return rule


def _text_rule(rule: str) -> str:
    return _with_known_parts(rule, TEXT_PARTS)


def _field_of_a_case(rule: str) -> str:
    parts = parts_of(rule)
    if set(parts) & set(VALUE_PARTS) and rule != f"{{{parts[0]}}}":
        raise ValueError(
            f"{{{next(part for part in parts if part in VALUE_PARTS)}}} is a whole value; nothing can stand beside it"
        )
    return _with_known_parts(rule, (*TEXT_PARTS, *VALUE_PARTS))


def _place(path: str) -> str:
    if not re.fullmatch(r"(/[A-Za-z0-9._-]{1,200}){1,16}", path) or {".", ".."} & set(PurePosixPath(path).parts):
        raise ValueError(f"{path!r} is not an absolute path inside the container")
    if PurePosixPath(path).parts[1] in _SYSTEM:
        raise ValueError(f"{path!r} lies in a folder of the system; use one of your own, for example /input")
    return path


Place = Annotated[str, AfterValidator(_place)]
"""An absolute path in the container."""
PathRule = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_path_rule)]
"""A relative path made of a case's parts: `{folder}/{stem}/mask.png`."""
TextRule = Annotated[str, Field(max_length=500), AfterValidator(_text_rule)]
CaseField = Annotated[str, Field(max_length=500), AfterValidator(_field_of_a_case)]
"""What stands in a field of the case list: a text with parts, or one whole value."""
FieldPath = Annotated[str, Field(min_length=1, max_length=200)]
"""Where a value is: a key, keys joined by dots (`result.scores.malignant`), or `.` for the whole; in a CSV, a column."""
Word = Annotated[str, Field(min_length=1, max_length=200)]
FirstIndex = Annotated[int, Field(ge=0, le=1)]
Threshold = Annotated[float, Field(ge=0, le=1)]
