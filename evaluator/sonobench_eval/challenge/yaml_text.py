"""YAML text as plain data, with the line of every key and value. Built from parser events, not by PyYAML's loaders:

the loaders keep the last of two equal keys, expand aliases (so a few lines can become gigabytes), read `NO` as
false and `012` as ten, and crash on deep nesting. Here equal keys, aliases, tags and deep nesting are problems;
plain scalars are null, a decimal number, or else the text as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from sonobench_eval.challenge.errors import Loc, Problem

MAX_DEPTH = 24
_Loader: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULLS = {"", "~", "null", "Null", "NULL"}
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_HALF = re.compile("[\ud800-\udfff]")
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
"""What no database and no file keeps: the zero character, and half of a surrogate pair."""
_DECIMAL = re.compile(r"[-+]?[0-9]+\.[0-9]*([eE][-+][0-9]+)?")


@dataclass(frozen=True, slots=True)
class LocatedData:
    """Plain data; `lines` has the line of every value and `key_lines` that of every key, from 1."""

    data: object
    problems: list[Problem] = field(default_factory=list)
    lines: dict[Loc, int] = field(default_factory=dict)
    key_lines: dict[Loc, int] = field(default_factory=dict)

    def line_of(self, loc: Loc) -> int:
        """The line of the innermost part of `loc` that stands in the text."""
        while loc and loc not in self.key_lines and loc not in self.lines:
            loc = loc[:-1]
        return self.key_lines.get(loc) or self.lines.get(loc, 1)


def read_yaml(text: str) -> LocatedData:
    """Read one YAML document. Problems are collected, not raised; after a syntax error `data` is None."""
    found = LocatedData(None)
    if half := _HALF.search(text):
        line = text.count("\n", 0, half.start()) + 1
        return LocatedData(None, [Problem((), _not_text(half[0]), line)])
    try:
        data = _Reader(yaml.parse(text, Loader=_Loader), found).document()
    except _StopReading:
        data = None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        found.problems.append(Problem((), _syntax(error), 1 if mark is None else mark.line + 1))
        data = None
    except yaml.YAMLError as error:
        found.problems.append(Problem((), _unreadable(error), _reader_line(error, text)))
        data = None
    return LocatedData(data, found.problems, found.lines, found.key_lines)


class _StopReading(Exception):
    """The problem is noted, and reading on makes no sense."""


class _Reader:
    """Recursive descent over parser events, as deep as `MAX_DEPTH`."""

    def __init__(self, events: Iterator[yaml.Event], found: LocatedData) -> None:
        self._events, self._found = events, found

    def document(self) -> object:
        event = self._next()
        while isinstance(event, yaml.StreamStartEvent | yaml.DocumentStartEvent):
            event = self._next()
        if isinstance(event, yaml.StreamEndEvent):
            return None
        data = self._value(event, ())
        self._next()
        extra = self._next()
        if not isinstance(extra, yaml.StreamEndEvent):
            self._note((), extra, "the file has more than one document; keep one")
        return data

    def _next(self) -> yaml.Event:
        return next(self._events)

    def _value(self, event: yaml.Event, loc: Loc) -> object:
        self._found.lines[loc] = _line(event)
        if isinstance(event, yaml.AliasEvent):
            raise self._stop(loc, event, f"aliases (*{event.anchor}) are not used in a challenge; write the value out")
        if getattr(event, "tag", None) not in (None, "!"):
            self._note(loc, event, f"tags ({event.tag}) are not used in a challenge; remove it")  # type: ignore[attr-defined]
        if len(loc) > MAX_DEPTH:
            raise self._stop(loc[:4], event, "brackets or indentation are nested too deeply")
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(loc)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(loc)
        if isinstance(event, yaml.ScalarEvent):
            self._see_text(loc, event)
            return plain_value(event.value) if event.implicit[0] else event.value
        raise self._stop(loc, event, "a value is missing")

    def _sequence(self, loc: Loc) -> list[object]:
        values: list[object] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            values.append(self._value(event, (*loc, len(values))))
        return values

    def _mapping(self, loc: Loc) -> dict[str, object]:
        values: dict[str, object] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise self._stop(loc, event, "a key is a plain word, not a list, mapping or alias")
            self._see_text(loc, event)
            key, place = event.value, (*loc, event.value)
            if key in values:
                first = self._found.key_lines[place]
                self._note(place, event, f"stands twice; the first is in line {first}")
            self._found.key_lines.setdefault(place, _line(event))
            values[key] = self._value(self._next(), place)
        return values

    def _see_text(self, loc: Loc, event: yaml.ScalarEvent) -> None:
        if bad := _NO_TEXT.search(event.value):
            self._note(loc, event, _not_text(bad[0]))

    def _note(self, loc: Loc, event: yaml.Event, sentence: str) -> None:
        self._found.problems.append(Problem(loc, sentence, _line(event)))

    def _stop(self, loc: Loc, event: yaml.Event, sentence: str) -> _StopReading:
        self._note(loc, event, sentence)
        return _StopReading()


def plain_value(text: str) -> int | float | str | None:
    """What an unquoted scalar means: nothing, a decimal number, or itself (`NO`, `2025-01-31` and `007` stay text)."""
    if text in _NULLS:
        return None
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text


def _not_text(character: str) -> str:
    return f"holds U+{ord(character):04X}, which is no character of a text; remove it"


def _line(event: yaml.Event) -> int:
    return 1 if event.start_mark is None else event.start_mark.line + 1


def _syntax(error: yaml.MarkedYAMLError) -> str:
    said = ", ".join(part for part in (error.context, error.problem) if part)
    return f"this is not valid YAML: {said}"


def _unreadable(error: yaml.YAMLError) -> str:
    reason = getattr(error, "reason", None) or "it cannot be read"
    character = getattr(error, "character", None)
    return f"this is not valid YAML: {reason}" + (f" ({character:#04x})" if isinstance(character, int) else "")


def _reader_line(error: yaml.YAMLError, text: str) -> int:
    position = getattr(error, "position", None)
    return text.count("\n", 0, position) + 1 if isinstance(position, int) else 1
