"""What a container is given: where its images are, and a list of them in the form that the rules say."""

from __future__ import annotations

import csv
import io
import json

from layout_bench import a_challenge, rules_of

from sonobench_eval.challenge.model import Challenge
from sonobench_eval.contract.configured import ConfiguredContract
from sonobench_eval.contract.port import CaseListFile, Feed
from sonobench_eval.contract.presets import UUSIC25
from sonobench_eval.contract.uusic25 import Uusic25

MASKS = [{"path": "{path}"}]


def listed(challenge: Challenge, **case_list: object) -> bytes:
    return ConfiguredContract(rules_of(case_list=case_list, masks=MASKS)).case_list(challenge)


class TestCaseList:
    def test_fields_are_made_of_the_parts_of_a_case(self) -> None:
        challenge = a_challenge({"a/1.png": "heart"})
        fields = {"file": "{input}", "where": "{folder}", "what": "{task}/{kind}/{organ}/{dataset_name}", "n": 1, "f": 0.5}
        assert json.loads(listed(challenge, fields=fields)) == [
            {"file": "a/1.png", "where": "a", "what": "heart/segmentation/Organ/Heart", "n": 1, "f": 0.5}
        ]

    def test_keys_with_dots_lie_in_others_and_the_list_under_its_key(self) -> None:
        fields = {"image.path": "{path}", "image.stem": "{stem}", "id": "{name}"}
        assert json.loads(listed(a_challenge({"1.png": "heart"}), fields=fields, under="data.cases")) == {
            "data": {"cases": [{"image": {"path": "1.png", "stem": "1"}, "id": "1.png"}]}
        }

    def test_whole_values_are_what_the_task_and_the_case_declare(self) -> None:
        challenge = a_challenge({"1.png": "breast", "2.png": "landmarks", "3.png": "quality", "4.png": "valves"})
        spaced = tuple(case.model_copy(update={"pixel_size_mm": (0.2, 0.3)}) for case in challenge.cases[:1])
        challenge = challenge.model_copy(update={"cases": (*spaced, *challenge.cases[1:])})
        parts = ("pixel_size_mm", "classes", "points", "range", "labels")
        found = json.loads(listed(challenge, fields={part: f"{{{part}}}" for part in parts}))
        assert [[each[part] for part in parts] for each in found] == [
            [[0.2, 0.3], ["benign", "malignant"], None, None, None],
            [None, None, ["apex", "base"], None, None],
            [None, None, None, [0, 10], None],
            [None, None, None, None, {"left": 1, "right": 2}],
        ]

    def test_kinds_can_be_called_as_the_kit_calls_them(self) -> None:
        challenge = a_challenge({"1.png": "breast", "2.png": "nodules"})
        found = json.loads(listed(challenge, fields={"task": "{kind}"}, kinds={"binary": "classification"}))
        assert [each["task"] for each in found] == ["classification", "detection"]

    def test_a_table_quotes_what_needs_it(self) -> None:
        challenge = a_challenge({"1.png": "heart"})
        data = listed(challenge, form="csv", fields={"image": "{path}", "text": 'a "b", {organ}', "n": 3})
        assert list(csv.reader(io.StringIO(data.decode()))) == [["image", "text", "n"], ["1.png", 'a "b", Organ', "3"]]

    def test_it_holds_nothing_of_the_references(self) -> None:
        challenge = a_challenge({"1.png": "breast"})
        known = tuple(
            case.model_copy(update={"label": 1, "subject": "s", "groups": {"device": "GE"}}) for case in challenge.cases
        )
        fields = {part: f"{{{part}}}" for part in ("path", "folder", "name", "stem", "suffix", "task", "input", "kind", "organ")}
        assert listed(challenge.model_copy(update={"cases": known}), fields=fields) == listed(challenge, fields=fields)

    def test_the_kits_list_is_the_same_to_the_byte(self) -> None:
        challenge = a_challenge({"a/img/1.png": "heart", "b/img/1.png": "breast", "c/img/1.png": "type", "d.png": "valves"})
        assert ConfiguredContract(UUSIC25).case_list(challenge) == Uusic25().case_list(challenge)


class TestFeed:
    def test_images_lie_where_the_rule_puts_them(self) -> None:
        rules = rules_of(inputs={"at": "/in", "path": "{folder}/{stem}/image{suffix}"}, output_at="/out", masks=MASKS)
        feed = ConfiguredContract(rules).feed(a_challenge({"a/1.nii.gz": "heart", "2.png": "heart"}))
        assert feed == Feed("/in", "/out", {"a/1.nii.gz": "a/1/image.nii.gz", "2.png": "2/image.png"}, {}, None)

    def test_a_list_of_its_own_is_mounted_where_it_is_declared(self) -> None:
        rules = rules_of(case_list={"at": "/cases.json", "fields": {"id": "{path}"}}, masks=MASKS)
        feed = ConfiguredContract(rules).feed(a_challenge({"1.png": "heart"}))
        assert feed.case_list == CaseListFile("/cases.json", b'[\n {\n  "id": "1.png"\n }\n]')
        assert feed.beside == {}

    def test_a_list_among_the_images_is_one_of_their_files(self) -> None:
        rules = rules_of(case_list={"at": "/input/meta/cases.csv", "form": "csv", "fields": {"id": "{stem}"}}, masks=MASKS)
        feed = ConfiguredContract(rules).feed(a_challenge({"1.png": "heart"}))
        assert (feed.case_list, feed.beside) == (None, {"meta/cases.csv": b"id\n1\n"})

    def test_the_kit_is_fed_as_ever(self) -> None:
        challenge = a_challenge({"a/img/1.png": "heart", "b/img/1.png": "breast"})
        feed = Uusic25().feed(challenge)
        assert (feed.inputs_at, feed.output_at) == ("/input", "/output")
        assert feed.case_list == CaseListFile("/input_json", Uusic25().case_list(challenge))
        assert ConfiguredContract(UUSIC25).feed(challenge) == feed
