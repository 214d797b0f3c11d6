from __future__ import annotations

import json
from pathlib import Path

import pytest

from sonobench_eval.challenge.model import Challenge
from sonobench_eval.contract.port import Answers
from sonobench_eval.contract.pseudonyms import KEY_BYTES, CaseNames, case_names
from sonobench_eval.contract.under_names import read_answers_under
from sonobench_eval.contract.uusic25 import Uusic25
from sonobench_eval.io.findings import Finding, FindingCode
from sonobench_eval.io.images import InProcessDecoder
from sonobench_eval.io.results import ResultSource
from sonobench_eval.io.sources import FolderResults


@pytest.fixture
def names(challenge: Challenge) -> CaseNames:
    return case_names(challenge, b"k" * KEY_BYTES)


@pytest.fixture
def given(results: Path, names: CaseNames) -> Path:
    """The results, as a container writes them that knows the cases by these names."""
    for own, name in names.given.items():
        mask = results / own.replace("img", "mask")
        if mask.is_file():
            mask.rename(results / name.replace("img", "mask"))
    file = results / "classification.json"
    file.write_text(json.dumps({names.given[own]: answer for own, answer in json.loads(file.read_text()).items()}))
    return results


def opened(names: CaseNames, challenge: Challenge, source: ResultSource) -> Answers:
    def size(case: object) -> tuple[int, int]:
        assert case in challenge.cases, "sizes are asked for by the cases themselves"
        return (6, 4)

    return read_answers_under(names, Uusic25(), challenge, source, image_size=size, decoder=InProcessDecoder())


class TestReadAnswersUnder:
    def test_answers_under_the_given_names_are_the_cases(self, names: CaseNames, challenge: Challenge, given: Path) -> None:
        with FolderResults(given) as source:
            answers = opened(names, challenge, source)
            masks = [answers.mask(case).array for case in challenge.cases[:3]]
            assert [mask.tolist()[0] for mask in masks if mask is not None] == [[0, 255, 255, 0]] * 2 + [[0, 1, 2, 0]]
            assert [answers.classification(case).prediction for case in challenge.cases[3:]] == [1, 1, 3]
            assert answers.findings == []

    def test_answers_under_the_cases_own_names_are_answers_to_no_case(
        self, names: CaseNames, challenge: Challenge, results: Path
    ) -> None:
        with FolderResults(results) as source:
            answers = opened(names, challenge, source)
            assert answers.mask(challenge.cases[0]).problem is FindingCode.MISSING_RESULT
            assert answers.classification(challenge.cases[3]).problem is FindingCode.MISSING_RESULT
            codes = [finding.code for finding in answers.findings]
        assert codes.count(FindingCode.UNKNOWN_CASE) == 3
        assert codes.count(FindingCode.UNEXPECTED_FILE) == 3

    def test_answers_under_another_runs_names_are_answers_to_no_case(self, challenge: Challenge, given: Path) -> None:
        with FolderResults(given) as source:
            answers = opened(case_names(challenge, b"o" * KEY_BYTES), challenge, source)
            assert answers.mask(challenge.cases[0]).problem is FindingCode.MISSING_RESULT

    def test_findings_name_the_cases_by_their_ids(self, names: CaseNames, challenge: Challenge, given: Path) -> None:
        (given / names.given["heart/img/1.png"].replace("img", "mask")).unlink()
        (given / names.given["breast/img/1.png"]).parent.mkdir(parents=True)
        (given / names.given["breast/img/1.png"]).write_bytes(b"a mask for a case that has none")
        with FolderResults(given) as source:
            answers = opened(names, challenge, source)
            answers.mask(challenge.cases[0])
            assert answers.findings == [
                Finding(FindingCode.UNEXPECTED_FILE, "breast/img/1.png"),
                Finding(FindingCode.MISSING_RESULT, "heart/img/1.png"),
            ]

    def test_own_names_are_read_as_they_are(self, challenge: Challenge, results: Path) -> None:
        with FolderResults(results) as source:
            answers = opened(case_names(challenge, None), challenge, source)
            assert answers.mask(challenge.cases[0]).problem is None
