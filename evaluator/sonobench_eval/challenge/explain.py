"""Pydantic's account of what is wrong with a challenge, in an organiser's words and with the nearest known key."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from sonobench_eval.challenge.contract_rules import RECORDS_OF_A_CONTRACT
from sonobench_eval.challenge.errors import CrossCheckError, Loc, Problem
from sonobench_eval.challenge.model import (
    Bootstrap,
    Box,
    Case,
    Center,
    Challenge,
    Limits,
    Measuring,
    Metric,
    MetricUndefined,
    Ranking,
    Record,
    Subgroups,
    Task,
    UndefinedPolicy,
)
from sonobench_eval.challenge.phase import EntryRules, Phase, Quota
from sonobench_eval.challenge.ranking_rules import SCALES, Gate, Group, Leaf, LogScale, MemoryScale, Span, TimeScale
from sonobench_eval.challenge.scoring_image import ImageMetric, ScoringImage

RECORDS: dict[Loc, type[Record]] = {
    (): Challenge,
    ("limits",): Limits,
    ("undefined",): UndefinedPolicy,
    ("bootstrap",): Bootstrap,
    ("subgroups",): Subgroups,
    ("ranking",): Ranking,
    ("ranking", "metric_scales", "*"): Span,
    ("ranking", "time_scale"): TimeScale,
    ("ranking", "memory_scale"): MemoryScale,
    ("ranking", "tree"): Group,
    ("ranking", "tree", "children", "*", "only_if"): Gate,
    ("measuring",): Measuring,
    ("entry",): EntryRules,
    ("phases", "*"): Phase,
    ("phases", "*", "quota"): Quota,
    ("scoring_image",): ScoringImage,
    ("centers", "*"): Center,
    ("tasks", "*"): Task,
    ("tasks", "*", "undefined"): UndefinedPolicy,
    ("tasks", "*", "metrics", "*"): Metric,
    ("tasks", "*", "metrics", "*", "undefined"): MetricUndefined,
    ("tasks", "*", "metrics", "*", "from_image"): ImageMetric,
    ("cases", "*"): Case,
    ("cases", "*", "boxes", "*"): Box,
    ("warm_up", "*"): Case,
    **dict[Loc, type[Record]](RECORDS_OF_A_CONTRACT.items()),
}
"""Which record stands where (`*` for any number)."""

_SENTENCES = {
    "string_type": "must be text",
    "dict_type": "must be a mapping of keys to values",
    "model_type": "must be a mapping of keys to values",
    "model_attributes_type": "must be a mapping of keys to values",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "too_short": "must not be empty",
    "too_long": "has too many values",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
}

_TAGS = {("contract", "rules"), ("contract", "name"), *(("scale", by) for by in SCALES), *(("then", by) for by in SCALES)}
_TREE_TAGS = {"leaf", "group"}
_MAPPING_TYPES = {"dict_type", "model_type", "model_attributes_type"}


_MOST = 200
"""Problems that are looked into and told: nobody reads more, and a file may hold hundreds of thousands."""


def problems_of(error: ValidationError, data: object) -> list[Problem]:
    """One problem for each place in `data`, without lines. Where several forms were possible, what each of them wanted."""
    said: dict[Loc, list[str]] = {}
    found = error.errors(include_url=False)
    for detail in found[:_MOST]:
        for problem in _problems(detail, data):
            sentences = said.setdefault(problem.loc, [])
            if problem.sentence not in sentences:
                sentences.append(problem.sentence)
    problems = [Problem(loc, ", or ".join(sentences)) for loc, sentences in said.items()]
    more = len(found) - _MOST
    return [*problems, Problem((), f"there are {more:,} more problems; mend these first")] if more > 0 else problems


def _problems(detail: ErrorDetails, data: object) -> Iterable[Problem]:
    cause = detail.get("ctx", {}).get("error")
    if isinstance(cause, CrossCheckError):
        return [Problem((*detail["loc"], *problem.loc), problem.sentence) for problem in cause.problems]
    if detail["type"] == "too_short" and detail["input"]:
        return []  # Pydantic counts the valid members; what is wrong with the others is told in its own place.
    if detail["type"] == "missing":
        *above, missing = detail["loc"]
        loc = _without_tags(tuple(above))
        exists = _part_that_exists(loc, data)
        return [Problem((*loc, missing), "is missing") if exists == loc else Problem(exists, "has too few values")]
    loc = _part_that_exists(_without_tags(detail["loc"]), data)
    if detail["type"] == "extra_forbidden":
        return [Problem(loc, _unknown_key(loc))]
    return [Problem(loc, _sentence(detail))]


def _sentence(detail: ErrorDetails) -> str:
    if detail["type"] == "string_type" and isinstance(detail["input"], int | float):
        return f"must be text; put it in quotes: '{detail['input']}'"
    if detail["type"] in _MAPPING_TYPES and detail["loc"][-2:-1] == ("metrics",):
        return "must be a mapping, for example {name: dsc}"
    if detail["type"] in _SENTENCES:
        return _SENTENCES[detail["type"]]
    message = detail["msg"].removeprefix("Value error, ").replace("Input should", "must", 1).replace("String should", "must", 1)
    message = message.replace("must match pattern", "is a name of letters, digits, - and _, and must match")
    given = detail["input"]
    shown = isinstance(given, str | int | float) and detail["type"] != "value_error" and len(str(given)) <= 80
    return f"{message}, not {given!r}" if shown else message


def _unknown_key(loc: Loc) -> str:
    record = RECORDS.get(tuple("*" if isinstance(part, int) else part for part in loc[:-1]))
    known = sorted(record.model_fields) if record is not None else []
    if record is None and "tree" in loc:
        known = _known_in_a_tree(loc)
    if not known:
        return "unknown key"
    near = get_close_matches(str(loc[-1]), known, n=1, cutoff=0.65)
    return f"unknown key; did you mean {near[0]}?" if near else f"unknown key; known are {', '.join(known)}"


def _known_in_a_tree(loc: Loc) -> list[str]:
    keys = {*LogScale.model_fields, "best"} if loc[-2] in ("scale", "then") else {*Leaf.model_fields, *Group.model_fields}
    return sorted(keys)


def _without_tags(loc: Loc) -> Loc:
    """`loc` without the names that pydantic gives the forms a value may have, where they stand between keys of the file."""
    return tuple(
        part for number, part in enumerate(loc) if not ((number and (loc[number - 1], part) in _TAGS) or part in _TREE_TAGS)
    )


def _part_that_exists(loc: Loc, data: object) -> Loc:
    """`loc` without the parts that are not in `data`: pydantic adds the tried members of a union (`pixel_size_mm.float`)."""
    for depth, part in enumerate(loc):
        try:
            data = data[part]  # type: ignore[index]
        except (LookupError, TypeError):
            return loc[:depth]
    return loc
