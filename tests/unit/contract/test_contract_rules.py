"""Rules that make no sense are refused in a sentence."""

from __future__ import annotations

import pytest
from layout_bench import rules_of
from pydantic import ValidationError

from sonobench_eval.challenge.contract_rules import ContractRules

MASKS = {"masks": [{}]}
OF_CLASSES = {"file": "a", "decision": {"index": "d"}}


def why(**rules: object) -> str:
    with pytest.raises(ValidationError) as refused:
        rules_of(**rules)
    return str(refused.value)


class TestContractRules:
    @pytest.mark.parametrize(
        ("rules", "sentence"),
        [
            ({}, "say what is read"),
            ({**MASKS, "output_at": "/input"}, "inputs and results lie in one another"),
            ({**MASKS, "output_at": "/input/out"}, "inputs and results lie in one another"),
            ({**MASKS, "output_at": "out"}, "is not an absolute path"),
            ({**MASKS, "output_at": "/a/../etc"}, "is not an absolute path"),
            ({**MASKS, "output_at": "/etc/out"}, "lies in a folder of the system"),
            ({**MASKS, "inputs": {"at": "/"}}, "is not an absolute path"),
            ({**MASKS, "case_list": {"at": "/output/cases.json", "fields": {"id": "{path}"}}}, "lies where the results"),
            (
                {**MASKS, "inputs": {"at": "/a/b"}, "case_list": {"at": "/a", "fields": {"id": "{path}"}}},
                "lies where the results",
            ),
            ({**MASKS, "inputs": {"path": "../{path}"}}, "not a plain relative path"),
            ({**MASKS, "inputs": {"path": "/{path}"}}, "not a plain relative path"),
            ({**MASKS, "inputs": {"path": "{pth}"}}, "there is no part {pth}"),
            ({**MASKS, "inputs": {"path": "{path"}}, "a brace stands alone"),
            ({"masks": [{"path": "{organ}/{name}"}]}, "there is no part {organ}"),
            ({"masks": [{"map": {255: 1}, "values": "binary_255"}]}, "leave values out"),
            ({"masks": [{"folder": "x"}]}, "Extra inputs"),
        ],
    )
    def test_places_and_paths_make_sense(self, rules: dict[str, object], sentence: str) -> None:
        assert sentence in why(**rules)

    @pytest.mark.parametrize(
        ("case_list", "sentence"),
        [
            ({"fields": {}}, "at least 1"),
            ({"fields": {"id": "{label}"}}, "there is no part {label}"),
            ({"fields": {"id": "{mask}"}}, "there is no part {mask}"),
            ({"fields": {"id": "x {classes}"}}, "{classes} is a whole value"),
            ({"fields": {"a": "x", "a.b": "y"}}, "a.b lies in a field that has a value"),
            ({"form": "csv", "fields": {"a": "{range}"}}, "a cell of a CSV holds text"),
            ({"form": "csv", "under": "x", "fields": {"a": "x"}}, "under is for JSON"),
        ],
    )
    def test_a_case_list_tells_what_it_may_in_its_form(self, case_list: dict[str, object], sentence: str) -> None:
        assert sentence in why(**MASKS, case_list=case_list)

    @pytest.mark.parametrize(
        ("rules", "sentence"),
        [
            ({"classes": [{"file": "{stem}.json", "decision": {"index": "d"}}]}, "use form file"),
            ({"classes": [{**OF_CLASSES, "form": "file"}]}, "name it by a part of the case"),
            ({"classes": [{**OF_CLASSES, "form": "csv", "under": "x"}]}, "under is for JSON"),
            ({"classes": [{"file": "a"}]}, "say where the probabilities are, or the decision, or both"),
            ({"classes": [{"file": "a", "decision": {"threshold": 0.5}}]}, "say where the probabilities are"),
            ({"classes": [{"file": "a", "decision": {}}]}, "say exactly one of index, name, text, threshold"),
            ({"classes": [{"file": "a", "decision": {"index": "a", "name": "b"}}]}, "not both index and name"),
            ({"classes": [{"file": "a", "form": "csv", "probabilities": {"in_order": "p"}}]}, "name a column for each value"),
            ({"labels": [{"file": "a"}]}, "say where the probabilities are, or the decisions, or both"),
            ({"labels": [{"file": "a", "probabilities": {"positive": "p"}}]}, "positive is for binary tasks"),
            ({"labels": [{"file": "a", "form": "csv", "decisions": {"present": "p"}}]}, "name a column for each value"),
            ({"boxes": [{"file": "a", "boxes": "b"}]}, "say exactly one of box, sides"),
            ({"boxes": [{"file": "a", "box": "b"}]}, "say where in it the list of boxes is"),
            ({"boxes": [{"file": "a", "form": "csv", "box": "b"}]}, "name a column for each value"),
            ({"boxes": [{"file": "a", "boxes": "b", "box": "c", "absent": "no_boxes"}]}, "leave absent out"),
            ({"points": [{"file": "a"}]}, "say exactly one of by_name, in_order, fields"),
            ({"points": [{"file": "a", "form": "csv", "fields": {"apex": ["a"]}}]}, "apex needs two columns"),
        ],
    )
    def test_a_rule_can_find_what_it_reads(self, rules: dict[str, object], sentence: str) -> None:
        assert sentence in why(**rules)

    def test_rules_are_the_same_after_they_are_written_and_read(self) -> None:
        rules = rules_of(
            case_list={"fields": {"id": "{path}", "n": 1, "f": 1.5}, "kinds": {"binary": "x"}},
            masks=[{"map": {128: 1}, "replace": [("b", "c"), ("a", "b")]}],
            classes=[{**OF_CLASSES, "abstain": {"field": "r"}, "bytes_per_case": "4K"}],
            values=[{"file": "a", "field": "v", "map": {"4A": 4}}],
            boxes=[{"file": "a", "form": "list", "sides": ["a", "b", "c", "d"]}],
        )
        written = rules.model_dump(mode="json", exclude_none=True)
        assert ContractRules.model_validate(written) == rules
        assert written["masks"][0]["replace"] == [["b", "c"], ["a", "b"]]
