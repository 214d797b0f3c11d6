"""Presets: `uusic25` as data reads what the class for the kit reads; the others can be used as they are."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from layout_bench import HEIGHT, WIDTH, Read, a_challenge, ask, png, read, write

from sonobench_eval.challenge.contract_rules import ContractName
from sonobench_eval.challenge.model import Challenge, UndefinedPolicy
from sonobench_eval.contract.port import BoxesAnswer, ClassAnswer, FoundBox, LabelsAnswer, PointsAnswer, ValueAnswer
from sonobench_eval.contract.presets import FOLDER_PER_CASE, JSON_LIST, PRESETS, UUSIC25, rules_of
from sonobench_eval.contract.pseudonyms import KEY_BYTES, case_names
from sonobench_eval.contract.registry import contract_named, contract_of
from sonobench_eval.contract.under_names import read_answers_under
from sonobench_eval.contract.uusic25 import Uusic25
from sonobench_eval.io.images import InProcessDecoder
from sonobench_eval.io.sources import FolderResults

KIT = {
    "h/img/1.png": "heart",
    "h/img/2.png": "heart",
    "v/img/1.png": "valves",
    "b/img/1.png": "breast",
    "b/img/2.png": "breast",
    "t/img/1.png": "type",
}
GOOD = {
    "b/img/1.png": {"probability": [0.25, 0.75], "prediction": 1},
    "b/img/2.png": {"probability": [0.5, 0.5], "prediction": 0},
    "t/img/1.png": {"probability": [0.1, 0.2, 0.3, 0.4], "prediction": 3},
}
Change = Callable[[Path], object]


def answered(folder: Path, text: str) -> object:
    return (folder / "classification.json").write_text(text)


def entry(text: str) -> Change:
    """One case of breast has this entry, the others good ones."""
    others = json.dumps({case: each for case, each in GOOD.items() if case != "b/img/1.png"})[1:]
    return lambda folder: answered(folder, f'{{"b/img/1.png": {text}, {others}')


HOSTILE: dict[str, Change] = {
    "nothing wrong": lambda folder: None,
    "a mask is missing": lambda folder: (folder / "h/mask/1.png").unlink(),
    "a mask is of another size": lambda folder: (folder / "h/mask/1.png").write_bytes(png(255, height=7)),
    "a mask is no image": lambda folder: (folder / "h/mask/1.png").write_bytes(b"GIF89a"),
    "a mask has no end": lambda folder: os.truncate(folder / "h/mask/1.png", 2**34),
    "a mask has strange values": lambda folder: (folder / "h/mask/1.png").write_bytes(png(1)),
    "a mask has a structure that is none": lambda folder: (folder / "v/mask/1.png").write_bytes(png(3)),
    "a mask is a link": lambda folder: (folder / "h/mask/3.png").symlink_to("1.png"),
    "a folder of masks is a link": lambda folder: (
        (folder / "h/mask").rename(folder / "x") and (folder / "h/mask").symlink_to("../x")
    ),
    "a mask is a folder": lambda folder: (folder / "h/mask/1.png").unlink() or (folder / "h/mask/1.png/x").mkdir(parents=True),
    "files of no case": lambda folder: write(folder, {"log.txt": "x", "h/img/1.png": png(255)}),
    "there are no classes": lambda folder: (folder / "classification.json").unlink(),
    "classes have no end": lambda folder: os.truncate(folder / "classification.json", 2**40),
    "classes are a folder": lambda folder: (folder / "classification.json").unlink() or (folder / "classification.json").mkdir(),
    "no text": lambda folder: answered(folder, ""),
    "no object": lambda folder: answered(folder, "[]"),
    "half an object": lambda folder: answered(folder, '{"b/img/1.png": {'),
    "no UTF-8": lambda folder: (folder / "classification.json").write_bytes(b'{"\xff": 1}'),
    "strangers": lambda folder: answered(folder, json.dumps({**GOOD, "x": 1, "\x1b[31m" + "y" * 5000: 2, "": 3})),
    "a case stands twice": lambda folder: answered(folder, '{"b/img/1.png": 1, ' + json.dumps(GOOD)[1:]),
    **{
        f"an entry is {text}": entry(text)
        for text in (
            "null",
            "7",
            "[]",
            "{}",
            '{"probability": [0, 1]}',
            '{"prediction": 1}',
            '{"prediction": 1, "prediction": 0}',
            '{"probability": [0, 1], "probability": [0, 1], "prediction": 1}',
            '{"probability": 0.5, "prediction": 1}',
            '{"probability": [1], "prediction": 1}',
            '{"probability": [0.2, 0.3, 0.5], "prediction": 1}',
            '{"probability": [NaN, 1], "prediction": 7}',
            '{"probability": [1e999, 0], "prediction": 1}',
            '{"probability": [-0.1, 1.1], "prediction": 1}',
            '{"probability": ["0", "1"], "prediction": 1}',
            '{"probability": [false, true], "prediction": 1}',
            '{"probability": [0.9, 0.1], "prediction": 1}',
            '{"probability": [0.2, 0.6], "prediction": 1}',
            '{"probability": [-1e-9, 1.0000001], "prediction": 1.0}',
            '{"probability": [0, 1], "prediction": 2}',
            '{"probability": [0, 1], "prediction": -1}',
            '{"probability": [0, 1], "prediction": 0.5}',
            '{"probability": [0, 1], "prediction": "1"}',
            '{"probability": [0, 1], "prediction": true}',
            '{"probability": [0, 1], "prediction": ' + "9" * 500 + "}",
        )
    },
}


class TestUusic25:
    """Two readings of the same results, by the class and by the rules."""

    @pytest.fixture
    def results(self, tmp_path: Path) -> Path:
        masks = {"h/mask/1.png": png(255), "h/mask/2.png": png(255), "v/mask/1.png": png(2)}
        return write(tmp_path / "out", {**masks, "classification.json": json.dumps(GOOD)})

    def by_the_class(self, challenge: Challenge, folder: Path) -> Read:
        with FolderResults(folder) as source:
            answers = Uusic25().read_answers(challenge, source, lambda case: (HEIGHT, WIDTH), decoder=InProcessDecoder())
            return Read({case.id: ask(answers, challenge, case) for case in challenge.cases}, answers.findings)

    @pytest.mark.parametrize("policy", ["accept", "invalid"])
    @pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE.keys())
    def test_both_read_the_same_answers_and_find_the_same(self, results: Path, change: Change, policy: str) -> None:
        change(results)
        challenge = a_challenge(KIT, undefined=UndefinedPolicy.model_validate({"probabilities_not_normalised": policy}))
        by_class, by_rules = self.by_the_class(challenge, results), read(UUSIC25, challenge, results)
        assert by_rules.problems == by_class.problems
        for case_id, answer in by_class.answers.items():
            ours = by_rules.answers[case_id]
            assert ours == answer if isinstance(answer, ClassAnswer) else str(ours.array) == str(answer.array)
        # The order is that of asking; reports sort.
        assert sorted(by_rules.findings, key=str) == sorted(by_class.findings, key=str)

    def test_the_mask_of_every_image_lies_in_the_same_place(self) -> None:
        challenge = a_challenge(dict.fromkeys(["img/img_1_img.png", "Heart/1.png", "IMG/imgs/1.png"], "heart"))
        for case in challenge.cases:
            assert contract_of(challenge.model_copy(update={"contract": UUSIC25})).mask_path(case) == Uusic25().mask_path(case)

    def test_kinds_that_the_kit_has_not_are_misfits(self) -> None:
        challenge = a_challenge({"1.png": "heart", "2.png": "nodules", "3.png": "breast"})
        assert [misfit.loc for misfit in Uusic25().misfits(challenge)] == [("tasks", 1, "kind")]


EVERYTHING = {
    "p1/mask.png": "heart",
    "p2/class.png": "type",
    "p2/labels.png": "planes",
    "p3/value.png": "quality",
    "p4/boxes.png": "nodules",
    "p5/points.png": "landmarks",
}
WRITTEN = {
    "type": {"probabilities": {"Luminal A": 0, "Luminal B": 0.25, "HER2+": 0, "TN": 0.75}},
    "planes": {"probabilities": {"liver": 1, "spleen": 0, "kidney": 0.5}},
    "quality": {"value": 7},
    "nodules": {"boxes": [{"box": [1, 2, 3, 4], "class": "cyst", "confidence": 0.5}]},
    "landmarks": {"points": {"apex": [1, 2], "base": None}},
}
WANTED = [
    ClassAnswer((0, 0.25, 0, 0.75), 3),
    LabelsAnswer((1, 0, 0.5), (True, False, True)),
    ValueAnswer(7),
    BoxesAnswer((FoundBox(1, 0.5, 1, 2, 3, 4),)),
    PointsAnswer(((1, 2), None)),
]


class TestOtherPresets:
    """A container that answers everything, told of its cases by opaque names; it writes what these presets ask for."""

    def per_case(self, told: Challenge, out: Path) -> None:
        assert contract_of(told).case_list(told) == b""
        for case in told.cases:
            place = contract_of(told).feed(told).images[case.id].removesuffix("/image.png")
            answer = WRITTEN.get(case.task)
            write(out, {f"{place}/mask.png": png(255)} if answer is None else {f"{place}/result.json": json.dumps(answer)})

    def listed(self, told: Challenge, out: Path) -> None:
        files: dict[str, list[object]] = {}
        for case in json.loads(contract_of(told).case_list(told))["cases"]:
            if case["kind"] == "segmentation":
                write(out, {f"masks/{case['id']}": png(255)})
            else:
                files.setdefault(case["task"], []).append({"id": case["id"], **WRITTEN[case["task"]]})
        write(out, {f"{task}.json": json.dumps(entries) for task, entries in files.items()})

    @pytest.mark.parametrize("name", ["folder-per-case", "json-list"])
    def test_every_kind_of_answer_is_read_under_the_names_of_a_run(self, name: ContractName, tmp_path: Path) -> None:
        challenge = a_challenge(EVERYTHING, name)
        contract = contract_of(challenge)
        assert contract.misfits(challenge) == []
        names = case_names(challenge, b"k" * KEY_BYTES)
        (self.per_case if name == "folder-per-case" else self.listed)(names.as_told(challenge), tmp_path)
        with FolderResults(tmp_path) as source:
            answers = read_answers_under(
                names, contract, challenge, source, image_size=lambda case: (HEIGHT, WIDTH), decoder=InProcessDecoder()
            )
            found = [ask(answers, challenge, case) for case in challenge.cases]
        assert found[0].array.max() == 255
        assert found[1:] == WANTED
        assert answers.findings == []

    def test_folders_are_hidden_where_each_case_has_one(self) -> None:
        challenge = a_challenge(EVERYTHING, "folder-per-case")
        names = case_names(challenge, b"k" * KEY_BYTES)
        feed = contract_of(challenge).feed(names.as_told(challenge))
        assert not [path for path in feed.images.values() if "p" in path.removesuffix("image.png")]

    def test_findings_say_the_own_ids_of_cases_whose_folders_are_hidden(self, tmp_path: Path) -> None:
        challenge = a_challenge(EVERYTHING, "folder-per-case")
        names, contract = case_names(challenge, b"k" * KEY_BYTES), contract_of(challenge)
        told = names.given["p2/class.png"].removesuffix(".png")
        write(tmp_path, {f"{told}/result.json": "{", f"{told}/notes.txt": "x"})
        with FolderResults(tmp_path) as source:
            answers = read_answers_under(names, contract, challenge, source, image_size=lambda case: (HEIGHT, WIDTH))
            answers.classification(challenge.cases[1])
            assert [finding.where for finding in answers.findings] == ["p2/class/notes.txt", "p2/class.png"]

    def test_presets_are_known_by_name(self) -> None:
        for name, rules in PRESETS.items():
            challenge = a_challenge({"1.png": "heart"}, name)
            assert contract_of(challenge) is contract_named(name)
            assert rules_of(challenge) is rules
        assert {FOLDER_PER_CASE.case_list, JSON_LIST.inputs.folders} == {None, "kept"}

    def test_an_unknown_name_lists_the_known(self) -> None:
        with pytest.raises(LookupError, match="choose from folder-per-case, json-list, uusic25"):
            rules_of(a_challenge({"1.png": "heart"}, "other"))
