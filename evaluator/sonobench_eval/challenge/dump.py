"""Writes a challenge as YAML that loads to an equal one: settings as blocks, one line for each case."""

from __future__ import annotations

from collections.abc import Mapping

import yaml

from sonobench_eval.challenge.model import Challenge, Limits
from sonobench_eval.challenge.sizes import format_bytes, format_seconds

_Dumper: type = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_ENDLESS = 2**30
_ONE_LINE_EACH = ("centers", "cases")


def dump_challenge(challenge: Challenge) -> str:
    """YAML text of a challenge. Defaults are written out, so that the file says all it means."""
    document = challenge.model_dump(mode="json", exclude_none=True, by_alias=True)
    document["truth"] = challenge.truth
    document["limits"] = _readable_limits(challenge.limits)
    parts = []
    for key in (name for name in Challenge.model_fields if name in document):
        if key in _ONE_LINE_EACH:
            parts.append(f"\n{key}:\n" + "".join(f"- {_flow(record)}" for record in document[key]))
        else:
            parts.append(_spaced(key) + _block({key: document[key]}))
    return "".join(parts)


def _spaced(key: str) -> str:
    return "\n" if key in {"limits", "undefined", "bootstrap", "ranking", "tasks"} else ""


def _block(value: Mapping[str, object]) -> str:
    # None lets PyYAML choose: what holds only scalars is written in one line.
    style = None if "tasks" in value or "writable" in value or "ranking" in value else False
    return _dumped(value, style)


def _flow(record: object) -> str:
    return _dumped(record, True)


def _dumped(value: object, style: bool | None) -> str:
    text = yaml.dump(value, Dumper=_Dumper, default_flow_style=style, sort_keys=False, allow_unicode=True, width=_ENDLESS)
    return str(text)


def _readable_limits(limits: Limits) -> dict[str, object]:
    written: dict[str, object] = limits.model_dump()
    for name, value in written.items():
        if name.endswith("_bytes") and isinstance(value, int):
            written[name] = format_bytes(value)
        elif name.endswith("_s") and isinstance(value, float):
            written[name] = format_seconds(value)
    return written
