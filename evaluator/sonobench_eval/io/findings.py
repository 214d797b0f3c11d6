"""What was found wrong, or merely odd, in a container's results. Findings are data, never exceptions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

EXAMPLES_KEPT = 5


class FindingCode(StrEnum):
    """One kind of problem. The first group makes a result unusable; the second only notes something."""

    MISSING_RESULT = "missing_result"
    UNREADABLE_IMAGE = "unreadable_image"
    WRONG_SIZE = "wrong_size"
    WRONG_GEOMETRY = "wrong_geometry"
    NOT_WHOLE_NUMBERS = "not_whole_numbers"
    NOT_A_REGULAR_FILE = "not_a_regular_file"
    FILE_TOO_LARGE = "file_too_large"
    INVALID_JSON = "invalid_json"
    DUPLICATE_KEY = "duplicate_key"
    NON_FINITE_NUMBER = "non_finite_number"
    WRONG_LENGTH = "wrong_length"
    NOT_A_PROBABILITY = "not_a_probability"
    CLASS_OUT_OF_RANGE = "class_out_of_range"
    MALFORMED_ENTRY = "malformed_entry"
    SUM_NOT_ONE = "sum_not_one"
    INVALID_CSV = "invalid_csv"
    DUPLICATE_CASE = "duplicate_case"
    UNKNOWN_CLASS = "unknown_class"
    VALUE_OUT_OF_RANGE = "value_out_of_range"
    MALFORMED_BOX = "malformed_box"
    OUTSIDE_IMAGE = "outside_image"

    NOT_NORMALISED = "not_normalised"
    PREDICTION_NOT_ARGMAX = "prediction_not_argmax"
    UNEXPECTED_VALUES = "unexpected_values"
    COLOUR_IMAGE = "colour_image"
    UNEXPECTED_FILE = "unexpected_file"
    UNKNOWN_CASE = "unknown_case"
    TOO_MANY_BOXES = "too_many_boxes"
    VALUE_CLIPPED = "value_clipped"


NOTES: frozenset[FindingCode] = frozenset(
    {
        FindingCode.NOT_NORMALISED,
        FindingCode.PREDICTION_NOT_ARGMAX,
        FindingCode.UNEXPECTED_VALUES,
        FindingCode.COLOUR_IMAGE,
        FindingCode.UNEXPECTED_FILE,
        FindingCode.UNKNOWN_CASE,
        FindingCode.TOO_MANY_BOXES,
        FindingCode.VALUE_CLIPPED,
    }
)
"""Codes after which the result still counts as written."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing seen in one place. `where` is a case id or a path; `detail` is safe to show to the team."""

    code: FindingCode
    where: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class FindingSummary:
    """All findings of one code: how many, a few examples, and one sentence that says what to do."""

    code: FindingCode
    count: int
    examples: tuple[str, ...]
    sentence: str


def summarise(findings: Iterable[Finding]) -> tuple[FindingSummary, ...]:
    """Group findings by code, most frequent first (ties by name)."""
    by_code: dict[FindingCode, list[Finding]] = {}
    for finding in findings:
        by_code.setdefault(finding.code, []).append(finding)
    summaries = [
        FindingSummary(code, len(group), tuple(f.where for f in group[:EXAMPLES_KEPT]), _sentence(code, group))
        for code, group in by_code.items()
    ]
    return tuple(sorted(summaries, key=lambda s: (-s.count, s.code)))


class _Words(NamedTuple):
    """What is said of one, of many (after their number), and what to do about it."""

    one: str
    many: str
    cure: str


_SENTENCES: dict[FindingCode, _Words] = {
    FindingCode.MISSING_RESULT: _Words(
        "case has no result", "cases have no result", "Write one result for every case in the case list."
    ),
    FindingCode.UNREADABLE_IMAGE: _Words(
        "mask is not a readable image",
        "masks are not readable images",
        "Save masks in the format that the challenge asks for, 2D masks with 8 bits per pixel.",
    ),
    FindingCode.WRONG_SIZE: _Words(
        "mask differs in size from its image",
        "masks differ in size from their images",
        "Resize each mask to the width and height of its image before saving it.",
    ),
    FindingCode.WRONG_GEOMETRY: _Words(
        "mask lies elsewhere than its image",
        "masks lie elsewhere than their images",
        "Save each mask with the affine of its image: same voxel sizes, axes and origin.",
    ),
    FindingCode.NOT_WHOLE_NUMBERS: _Words(
        "mask has values that are no labels",
        "masks have values that are no labels",
        "Write whole numbers from 0 up: labels, not probabilities.",
    ),
    FindingCode.NOT_A_REGULAR_FILE: _Words(
        "result is a link, folder or device", "results are links, folders or devices", "Write plain files only."
    ),
    FindingCode.FILE_TOO_LARGE: _Words(
        "result is larger than a result can be",
        "results are larger than a result can be",
        "Save masks compressed, in the size of their image.",
    ),
    FindingCode.INVALID_JSON: _Words(
        "result file is not valid JSON",
        "result files are not valid JSON",
        "Write it with a JSON library, in UTF-8.",
    ),
    FindingCode.DUPLICATE_KEY: _Words(
        "key stands twice in a JSON object", "keys stand twice in a JSON object", "Give each case one entry."
    ),
    FindingCode.NON_FINITE_NUMBER: _Words(
        "answer has NaN or infinity", "answers have NaN or infinity", "Check the model's output for NaN before writing."
    ),
    FindingCode.WRONG_LENGTH: _Words(
        "answer has the wrong number of probabilities",
        "answers have the wrong number of probabilities",
        "Give one probability for each class.",
    ),
    FindingCode.NOT_A_PROBABILITY: _Words(
        "answer has a value outside 0 to 1", "answers have a value outside 0 to 1", "Write probabilities, not logits."
    ),
    FindingCode.CLASS_OUT_OF_RANGE: _Words(
        "answer names a class that does not exist", "answers name a class that does not exist", "Classes count from 0."
    ),
    FindingCode.MALFORMED_ENTRY: _Words(
        "answer has not the fields it must have",
        "answers have not the fields they must have",
        "Write every field that the challenge names, in its own form, for each case.",
    ),
    FindingCode.SUM_NOT_ONE: _Words(
        "answer has probabilities that do not sum to 1",
        "answers have probabilities that do not sum to 1",
        "This challenge refuses them: normalise them before writing.",
    ),
    FindingCode.INVALID_CSV: _Words(
        "result file is not a readable CSV",
        "result files are not readable CSVs",
        "Write it with a CSV library, in UTF-8, with the declared delimiter and one line of column names.",
    ),
    FindingCode.DUPLICATE_CASE: _Words("case is answered twice", "cases are answered twice", "Give each case one answer."),
    FindingCode.UNKNOWN_CLASS: _Words(
        "answer does not name exactly one class",
        "answers do not name exactly one class",
        "Name one class, as the challenge spells it.",
    ),
    FindingCode.VALUE_OUT_OF_RANGE: _Words(
        "answer is outside the range of its task", "answers are outside the range of their task", "Write values within the range."
    ),
    FindingCode.MALFORMED_BOX: _Words(
        "answer has a box without an inside",
        "answers have boxes without an inside",
        "Check the order and the format of a box's four numbers; one such box costs the whole image.",
    ),
    FindingCode.OUTSIDE_IMAGE: _Words(
        "answer has a box or a point outside its image",
        "answers have boxes or points outside their images",
        "Check the unit and the size of the image; one that is more than a pixel outside costs the whole image.",
    ),
    FindingCode.NOT_NORMALISED: _Words(
        "answer has probabilities that do not sum to 1",
        "answers have probabilities that do not sum to 1",
        "They count as written.",
    ),
    FindingCode.PREDICTION_NOT_ARGMAX: _Words(
        "prediction is not the most probable class",
        "predictions are not the most probable class",
        "The prediction counts as written.",
    ),
    FindingCode.UNEXPECTED_VALUES: _Words(
        "mask has values that name no structure",
        "masks have values that name no structure",
        "Write 0 for background, and 255 or the task's label for the structure. "
        "What else there is counts as background, or as foreground in a task that takes any value but 0.",
    ),
    FindingCode.COLOUR_IMAGE: _Words(
        "mask is in colour or has transparency",
        "masks are in colour or have transparency",
        "Colours are read as grey; save masks as 8-bit grey.",
    ),
    FindingCode.UNEXPECTED_FILE: _Words("file belongs to no case", "files belong to no case", "Such files are ignored."),
    FindingCode.VALUE_CLIPPED: _Words(
        "answer is outside the range of its task",
        "answers are outside the range of their task",
        "The nearer end of the range counts.",
    ),
    FindingCode.TOO_MANY_BOXES: _Words(
        "answer has more boxes than are counted", "answers have more boxes than are counted", "The most confident ones count."
    ),
    FindingCode.UNKNOWN_CASE: _Words(
        "answer is for a case that does not exist", "answers are for cases that do not exist", "Such answers are ignored."
    ),
}


def _sentence(code: FindingCode, group: list[Finding]) -> str:
    words = _SENTENCES[code]
    what = words.one if len(group) == 1 else words.many
    return f"{len(group):,} {what}{_seen(group)}. {words.cure}"


def _seen(group: list[Finding]) -> str:
    """What was found, in brackets: once for all where it is the same everywhere, else by an example."""
    found = [finding for finding in group if finding.detail]
    if not found:
        return ""
    if len(found) == len(group) > 1 and len({finding.detail for finding in found}) == 1:
        return f" ({found[0].detail})"
    example = f"{found[0].where}: {found[0].detail}"
    return f" ({example})" if len(group) == 1 else f" (for example {example})"
