"""docs/challenge.md is held to the code: its example loads, and its tables name every key with its true default."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from pydantic import TypeAdapter

from sonobench_eval.challenge.contract_rules import RECORDS_OF_A_CONTRACT
from sonobench_eval.challenge.errors import Loc
from sonobench_eval.challenge.explain import RECORDS
from sonobench_eval.challenge.load import parse_challenge
from sonobench_eval.challenge.model import Record
from sonobench_eval.challenge.ranking_rules import Gate, Group
from sonobench_eval.challenge.yaml_text import read_yaml

PAGE = (Path(__file__).parents[3] / "docs" / "challenge.md").read_text(encoding="utf-8")


def heading_of(place: Loc) -> str:
    """The section that tells of a record: `metrics`, `undefined of a metric`."""
    named = [str(part) for part in place if part != "*"]
    return "undefined of a metric" if named[-2:] == ["metrics", "undefined"] else named[-1] if named else "Top level"


ELSEWHERE = {*RECORDS_OF_A_CONTRACT.values(), Group, Gate}
"""Told in docs/contract.md, which a test of its own holds to the code, and in docs/ranking.md."""
RECORD_OF_HEADING = {heading_of(place): record for place, record in RECORDS.items() if record not in ELSEWHERE}


class Line(NamedTuple):
    """One line of a table: a key of a record, and its default as written."""

    record: type[Record]
    key: str
    default: str


def documented() -> Iterator[Line]:
    record: type[Record] | None = None
    for text in PAGE.splitlines():
        if heading := re.fullmatch(r"#{2,3} (.+)", text):
            record = RECORD_OF_HEADING.get(heading[1])
        elif (cells := re.fullmatch(r"\| `(\w+)` \|.*\| (.+?) \|", text)) and record is not None:
            yield Line(record, cells[1], cells[2])


class TestTheExample:
    def test_is_a_challenge(self) -> None:
        (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
        challenge = parse_challenge(text, name="docs/challenge.md")
        assert [task.id for task in challenge.tasks] == ["heart", "malignancy"]
        # Distances down, then across: (row, column).
        assert challenge.cases[0].pixel_size_mm == (0.2, 0.3)


class TestTheTables:
    @pytest.mark.parametrize("record", list(dict.fromkeys(RECORD_OF_HEADING.values())), ids=lambda record: record.__name__)
    def test_name_every_key_in_the_order_of_the_code(self, record: type[Record]) -> None:
        assert [line.key for line in documented() if line.record is record] == list(record.model_fields)

    @pytest.mark.parametrize("line", list(documented()), ids=lambda line: f"{line.record.__name__}.{line.key}")
    def test_give_its_default(self, line: Line) -> None:
        field = line.record.model_fields[line.key]
        if field.is_required():
            assert line.default == "required"
        elif field.default is None:
            assert line.default == "none"
        elif isinstance(field.default, Record):
            assert line.default == "see below"
        else:
            written = read_yaml(line.default.strip("`")).data
            read = TypeAdapter(line.record.model_fields[line.key].rebuild_annotation())
            assert read.validate_python(written) == field.get_default(call_default_factory=True)
