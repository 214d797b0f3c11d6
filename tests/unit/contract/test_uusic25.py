from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sonobench_eval.challenge.load import ChallengeError, parse_challenge
from sonobench_eval.challenge.model import Case, Challenge
from sonobench_eval.contract.port import Answers
from sonobench_eval.contract.registry import contract_named
from sonobench_eval.contract.uusic25 import Uusic25
from sonobench_eval.io.findings import Finding, FindingCode
from sonobench_eval.io.images import InProcessDecoder
from sonobench_eval.io.sources import FolderResults

Read = Callable[[Path], tuple[dict[str, FindingCode | None], list[Finding]]]
CONTRACT = Uusic25()


@pytest.fixture
def read(challenge: Challenge) -> Read:
    """The problem of each case (None where its answer counts), and the findings."""

    def each(case: Case, answers: Answers) -> FindingCode | None:
        if challenge.task(case.task).is_segmentation:
            return answers.mask(case).problem
        return answers.classification(case).problem

    def run(folder: Path) -> tuple[dict[str, FindingCode | None], list[Finding]]:
        with FolderResults(folder) as source:
            answers = CONTRACT.read_answers(challenge, source, lambda case: (6, 4), decoder=InProcessDecoder())
            return {case.id: each(case, answers) for case in challenge.cases}, answers.findings

    return run


class TestContractNamed:
    def test_the_preset_is_known_by_name(self) -> None:
        contract = contract_named("uusic25")
        assert (contract.inputs_at, contract.case_list_at, contract.output_at) == ("/input", "/input_json", "/output")

    def test_an_unknown_name_lists_the_known(self) -> None:
        with pytest.raises(LookupError, match="choose from folder-per-case, json-list, uusic25"):
            contract_named("other")


class TestCaseList:
    def test_it_is_the_kits_list_and_holds_no_reference(self, challenge: Challenge) -> None:
        cases = json.loads(CONTRACT.case_list(challenge))
        assert cases[0] == {
            "img_path_relative": "heart/img/1.png",
            "task": "segmentation",
            "dataset_name": "Heart",
            "organ": "Heart",
        }
        assert cases[-1] == {
            "img_path_relative": "type/img/1.png",
            "task": "classification",
            "dataset_name": "Breast_luminal",
            "organ": "Breast",
        }
        assert len(cases) == 6

    def test_it_is_the_same_without_references(self, challenge: Challenge) -> None:
        assert CONTRACT.case_list(challenge.without_references()) == CONTRACT.case_list(challenge)


class TestMaskPath:
    @pytest.mark.parametrize(
        ("image", "mask"),
        [
            ("segmentation/Heart/img/0001.png", "segmentation/Heart/mask/0001.png"),
            ("img/img_1_img.png", "mask/mask_1_mask.png"),
            ("Heart/1.png", "Heart/1.png"),
            ("IMG/imgs/1.png", "IMG/masks/1.png"),
        ],
    )
    def test_every_img_in_the_path_becomes_mask(self, image: str, mask: str) -> None:
        assert CONTRACT.mask_path(Case(id=image, task="t", center="c")) == mask


class TestMisfits:
    @pytest.mark.parametrize(
        ("first", "second", "message"),
        [
            ("h/img/1.png", "h/mask/1.png", "which is that of h/img/1.png"),
            ("h/1.png", "classification.json", "the file of the classification answers"),
            ("h/img", "h/mask/1.png", "below h/mask, which is a result file"),
            ("h/img/1.png", "h/img", "below h/mask, which is a result file"),
        ],
    )
    def test_a_challenge_whose_results_would_collide_is_refused(self, first: str, second: str, message: str) -> None:
        text = (
            "sonobench: 1\nname: demo\ntitle: Demo\ncenters: [{id: a, role: internal}]\n"
            "tasks: [{id: t, kind: segmentation, dataset_name: T, organ: O, labels: {l: nonzero}, metrics: [{name: dsc}]}]\n"
            f"cases:\n- {{id: {first}, task: t, center: a}}\n- {{id: {second}, task: t, center: a}}\n"
        )
        with pytest.raises(ChallengeError, match=message):
            parse_challenge(text, name="challenge.yaml")


class TestMasks:
    def test_results_without_fault_have_no_findings(self, read: Read, results: Path) -> None:
        problems, findings = read(results)
        assert set(problems.values()) == {None}
        assert findings == []

    def test_the_array_is_what_was_written(self, challenge: Challenge, results: Path) -> None:
        with FolderResults(results) as source:
            answers = CONTRACT.read_answers(challenge, source, lambda case: (6, 4))
            array = answers.mask(challenge.cases[2]).array
        assert array is not None
        assert array.tolist() == [[0, 1, 2, 0]] * 6

    def test_a_missing_mask_is_missing(self, read: Read, results: Path) -> None:
        (results / "heart/mask/1.png").unlink()
        problems, findings = read(results)
        assert problems["heart/img/1.png"] is FindingCode.MISSING_RESULT
        assert findings == [Finding(FindingCode.MISSING_RESULT, "heart/img/1.png")]

    def test_a_mask_of_another_size_says_both_sizes(self, read: Read, results: Path, png_bytes: Callable[..., bytes]) -> None:
        (results / "heart/mask/1.png").write_bytes(png_bytes([[0, 0]]))
        problems, findings = read(results)
        assert problems["heart/img/1.png"] is FindingCode.WRONG_SIZE
        assert findings[0].detail == "2 x 1 pixels instead of 4 x 6"

    def test_a_file_that_is_no_image_is_unreadable(self, read: Read, results: Path) -> None:
        (results / "heart/mask/1.png").write_bytes(b"GIF89a")
        assert read(results)[0]["heart/img/1.png"] is FindingCode.UNREADABLE_IMAGE

    def test_a_file_larger_than_a_mask_can_be_is_not_read(self, read: Read, results: Path) -> None:
        os.truncate(results / "heart/mask/1.png", 2**34)
        assert read(results)[0]["heart/img/1.png"] is FindingCode.FILE_TOO_LARGE

    def test_values_that_name_no_structure_are_noted_and_count(
        self, read: Read, results: Path, png_bytes: Callable[..., bytes]
    ) -> None:
        (results / "heart/mask/1.png").write_bytes(png_bytes([[0, 1, 255, 0]] * 6))
        (results / "valves/mask/1.png").write_bytes(png_bytes([[0, 1, 3, 0]] * 6))
        problems, findings = read(results)
        assert set(problems.values()) == {None}
        assert findings == [
            Finding(FindingCode.UNEXPECTED_VALUES, "heart/img/1.png"),
            Finding(FindingCode.UNEXPECTED_VALUES, "valves/img/1.png"),
        ]

    def test_files_of_no_case_are_noted(self, read: Read, results: Path) -> None:
        (results / "model.log").write_bytes(b"hello")
        (results / "breast/mask").mkdir(parents=True)
        (results / "breast/mask/1.png").write_bytes(b"")
        _, findings = read(results)
        assert findings == [
            Finding(FindingCode.UNEXPECTED_FILE, "breast/mask/1.png"),
            Finding(FindingCode.UNEXPECTED_FILE, "model.log"),
        ]

    def test_asking_twice_finds_once(self, challenge: Challenge, results: Path) -> None:
        (results / "heart/mask/1.png").unlink()
        with FolderResults(results) as source:
            answers = CONTRACT.read_answers(challenge, source, lambda case: (6, 4))
            answers.mask(challenge.cases[0])
            answers.mask(challenge.cases[0])
            assert len(answers.findings) == 1


class TestClassificationFile:
    def test_a_missing_file_leaves_every_case_without_result(self, read: Read, results: Path) -> None:
        (results / "classification.json").unlink()
        problems, findings = read(results)
        assert [problems[case] for case in ("breast/img/1.png", "breast/img/2.png", "type/img/1.png")] == [
            FindingCode.MISSING_RESULT
        ] * 3
        assert len(findings) == 3

    @pytest.mark.parametrize("text", ["", "[]", "{", "nonsense", '"x"'])
    def test_a_file_that_is_no_object_is_found_once_and_costs_every_case(self, read: Read, results: Path, text: str) -> None:
        (results / "classification.json").write_text(text)
        problems, findings = read(results)
        assert list(problems.values()).count(FindingCode.INVALID_JSON) == 3
        assert [finding.code for finding in findings] == [FindingCode.INVALID_JSON]
        assert "3 cases have no answer" in findings[0].detail

    def test_a_file_of_endless_length_is_not_read(self, read: Read, results: Path) -> None:
        os.truncate(results / "classification.json", 2**40)
        problems, findings = read(results)
        assert problems["type/img/1.png"] is FindingCode.FILE_TOO_LARGE
        assert [finding.where for finding in findings] == ["classification.json"]

    def test_a_challenge_without_classes_takes_the_file_as_part_of_the_layout(self, challenge: Challenge, results: Path) -> None:
        cases = tuple(case for case in challenge.cases if case.mask)
        only = challenge.model_copy(update={"tasks": challenge.tasks[:2], "cases": cases})
        with FolderResults(results) as source:
            findings = CONTRACT.read_answers(only, source, lambda case: (6, 4)).findings
        assert findings == []
