"""docs/contract.md is held to the code: its examples load and fit, and its tables name every key with its true default."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, get_args

import pytest
from layout_bench import a_challenge
from pydantic import TypeAdapter

from sonobench_eval.challenge.contract_parts import PATH_PARTS, TEXT_PARTS, VALUE_PARTS
from sonobench_eval.challenge.contract_rules import RECORDS_OF_A_CONTRACT, ContractName, ContractRules
from sonobench_eval.challenge.record import Record
from sonobench_eval.challenge.yaml_text import read_yaml
from sonobench_eval.contract.case_lists import input_path
from sonobench_eval.contract.configured import ConfiguredContract
from sonobench_eval.contract.presets import rules_of

PAGE = (Path(__file__).parents[3] / "docs" / "contract.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
RECORD_OF_HEADING = {
    next(part for part in reversed(place) if part != "*"): record for place, record in RECORDS_OF_A_CONTRACT.items()
}
FITTING = [
    {"p1/17.nii.gz": "heart"},
    {"1.png": "nodules", "2.png": "nodules"},
    {"1.png": "nodules", "2.png": "nodules"},
    {"1.png": "planes"},
    {"a/1.png": "breast", "a/2.png": "quality"},
    {"a/1.png": "breast"},
]


class Line(NamedTuple):
    """One line of a table: a key of a record, and its default as written."""

    record: type[Record]
    key: str
    default: str


def documented() -> Iterator[Line]:
    record: type[Record] | None = None
    for text in PAGE.splitlines():
        if heading := re.fullmatch(r"#{2,4} (.+)", text):
            record = RECORD_OF_HEADING.get(heading[1])
        elif (cells := re.fullmatch(r"\| `(\w+)` \|.*\| (.+?) \|", text)) and record is not None:
            yield Line(record, cells[1], cells[2])


class TestTheExamples:
    @pytest.mark.parametrize(("text", "cases"), list(zip(EXAMPLES, FITTING, strict=True)))
    def test_are_contracts_that_fit_a_challenge(self, text: str, cases: dict[str, str]) -> None:
        found = read_yaml(text)
        assert found.problems == []
        rules = ContractRules.model_validate(found.data["contract"])  # type: ignore[index]
        assert ConfiguredContract(rules).misfits(a_challenge(cases, rules)) == []


class TestTheTables:
    @pytest.mark.parametrize("record", list(dict.fromkeys(RECORDS_OF_A_CONTRACT.values())), ids=lambda record: record.__name__)
    def test_name_every_key_in_the_order_of_the_code(self, record: type[Record]) -> None:
        assert [line.key for line in documented() if line.record is record] == list(record.model_fields)

    @pytest.mark.parametrize("line", list(documented()), ids=lambda line: f"{line.record.__name__}.{line.key}")
    def test_give_its_default(self, line: Line) -> None:
        field = line.record.model_fields[line.key]
        default = field.get_default(call_default_factory=True)
        if field.is_required():
            assert line.default == "required"
        elif default is None:
            assert line.default == "none"
        elif isinstance(default, Record):
            assert line.default == "see below"
        elif isinstance(default, str):
            assert line.default == f"`{default}`"
        else:
            read = TypeAdapter(field.rebuild_annotation())
            assert read.validate_python(read_yaml(line.default.strip("`")).data) == default

    def test_name_every_part_of_a_path(self) -> None:
        assert re.findall(r"^\| `\{(\w+)\}` \|", PAGE, re.MULTILINE) == list(PATH_PARTS)
        assert not [part for part in (*TEXT_PARTS, *VALUE_PARTS) if f"`{{{part}}}`" not in PAGE]

    def test_name_every_preset(self) -> None:
        assert re.findall(r"^\| `([a-z0-9-]+)` \| `/input", PAGE, re.MULTILINE) == list(get_args(ContractName))

    def test_say_where_a_preset_has_its_images(self) -> None:
        challenge = a_challenge({"a/1.png": "heart"}, "folder-per-case")
        assert input_path(challenge.cases[0], rules_of(challenge)) == "a/1/image.png"
