from __future__ import annotations

import json

import pytest

from sonobench_eval.challenge.model import Case, Challenge, Task, UndefinedPolicy
from sonobench_eval.contract.class_entries import ClassFile, read_class_file
from sonobench_eval.contract.port import ClassAnswer
from sonobench_eval.io.findings import Finding, FindingCode

CASES = ["breast/img/1.png", "breast/img/2.png"]
GOOD = '{"probability": [0.25, 0.75], "prediction": 1}'


@pytest.fixture
def cases(challenge: Challenge) -> list[tuple[Case, Task]]:
    return [(case, challenge.task(case.task)) for case in challenge.cases if case.id in CASES]


def judged(text: str, cases: list[tuple[Case, Task]], **policy: str) -> ClassFile:
    undefined = UndefinedPolicy.model_validate(policy)
    return read_class_file(text.encode(), cases, file="classification.json", problem=None, policy=undefined)


def with_entry(entry: str) -> str:
    """The first case has `entry`, the second a good one."""
    return f'{{"{CASES[0]}": {entry}, "{CASES[1]}": {GOOD}}}'


class TestReadClassFile:
    def test_good_answers_come_back_as_written(self, cases: list[tuple[Case, Task]]) -> None:
        found = judged(with_entry(GOOD), cases)
        assert found.answers == {case: ClassAnswer((0.25, 0.75), 1) for case in CASES}
        assert found.findings == ()

    @pytest.mark.parametrize(
        ("entry", "code"),
        [
            ('{"probability": [NaN, 1], "prediction": 1}', FindingCode.NON_FINITE_NUMBER),
            ('{"probability": [1e999, 0], "prediction": 1}', FindingCode.NON_FINITE_NUMBER),
            ('{"probability": [0, 1], "prediction": NaN}', FindingCode.NON_FINITE_NUMBER),
            ('{"probability": [0, 1], "prediction": ' + "9" * 5000 + "}", FindingCode.NON_FINITE_NUMBER),
            ('{"probability": [0.5], "prediction": 0}', FindingCode.WRONG_LENGTH),
            ('{"probability": [], "prediction": 0}', FindingCode.WRONG_LENGTH),
            ('{"probability": [0.2, 0.3, 0.5], "prediction": 0}', FindingCode.WRONG_LENGTH),
            ('{"probability": [-0.1, 1.1], "prediction": 1}', FindingCode.NOT_A_PROBABILITY),
            ('{"probability": [3.7, -2.1], "prediction": 0}', FindingCode.NOT_A_PROBABILITY),
            ('{"probability": [0, 1], "prediction": 2}', FindingCode.CLASS_OUT_OF_RANGE),
            ('{"probability": [0, 1], "prediction": -1}', FindingCode.CLASS_OUT_OF_RANGE),
            ('{"probability": [0, 1], "prediction": 0.5}', FindingCode.MALFORMED_ENTRY),
            ('{"probability": [0, 1], "prediction": true}', FindingCode.MALFORMED_ENTRY),
            ('{"probability": [false, true], "prediction": 1}', FindingCode.MALFORMED_ENTRY),
            ('{"probability": ["0", "1"], "prediction": 1}', FindingCode.MALFORMED_ENTRY),
            ('{"probability": [[0], [1]], "prediction": 1}', FindingCode.MALFORMED_ENTRY),
            ('{"probability": 0.7, "prediction": 1}', FindingCode.MALFORMED_ENTRY),
            ('{"probability": [0, 1], "prediction": "1"}', FindingCode.MALFORMED_ENTRY),
            ('{"probability": [0, 1], "prediction": null}', FindingCode.MALFORMED_ENTRY),
            ('{"probability": [0, 1]}', FindingCode.MALFORMED_ENTRY),
            ('{"prediction": 1}', FindingCode.MALFORMED_ENTRY),
            ("[0, 1]", FindingCode.MALFORMED_ENTRY),
            ("null", FindingCode.MALFORMED_ENTRY),
            ('{"probability": [0, 1], "prediction": 1, "prediction": 0}', FindingCode.DUPLICATE_KEY),
        ],
    )
    def test_a_broken_entry_costs_its_own_case_alone(self, cases: list[tuple[Case, Task]], entry: str, code: FindingCode) -> None:
        found = judged(with_entry(entry), cases)
        assert found.answers[CASES[0]] == ClassAnswer(None, None, code)
        assert found.answers[CASES[1]] == ClassAnswer((0.25, 0.75), 1)
        assert [(finding.code, finding.where) for finding in found.findings] == [(code, CASES[0])]

    def test_a_case_that_stands_twice_is_invalid_and_the_others_count(self, cases: list[tuple[Case, Task]]) -> None:
        found = judged(f'{{"{CASES[0]}": {GOOD}, "{CASES[0]}": {GOOD}, "{CASES[1]}": {GOOD}}}', cases)
        assert found.answers[CASES[0]].problem is FindingCode.DUPLICATE_KEY
        assert found.answers[CASES[1]].problem is None

    def test_a_case_left_out_has_no_result(self, cases: list[tuple[Case, Task]]) -> None:
        found = judged(f'{{"{CASES[1]}": {GOOD}}}', cases)
        assert found.answers[CASES[0]].problem is FindingCode.MISSING_RESULT

    def test_a_prediction_that_is_not_the_argmax_is_allowed_and_noted(self, cases: list[tuple[Case, Task]]) -> None:
        found = judged(with_entry('{"probability": [0.9, 0.1], "prediction": 1}'), cases)
        assert found.answers[CASES[0]] == ClassAnswer((0.9, 0.1), 1)
        assert found.findings == (Finding(FindingCode.PREDICTION_NOT_ARGMAX, CASES[0]),)

    def test_either_class_of_a_tie_is_an_argmax(self, cases: list[tuple[Case, Task]]) -> None:
        assert judged(with_entry('{"probability": [0.5, 0.5], "prediction": 1}'), cases).findings == ()

    def test_a_whole_prediction_written_as_a_float_counts(self, cases: list[tuple[Case, Task]]) -> None:
        assert judged(with_entry('{"probability": [0, 1], "prediction": 1.0}'), cases).answers[CASES[0]] == ClassAnswer(
            (0.0, 1.0), 1
        )

    def test_a_rounding_error_beyond_one_is_clipped(self, cases: list[tuple[Case, Task]]) -> None:
        found = judged(with_entry('{"probability": [-1e-9, 1.0000001], "prediction": 1}'), cases)
        assert found.answers[CASES[0]].probabilities == (0.0, 1.0)
        assert found.findings == ()

    def test_a_sum_within_a_thousandth_of_one_is_one(self, cases: list[tuple[Case, Task]]) -> None:
        assert judged(with_entry('{"probability": [0.3335, 0.6655], "prediction": 1}'), cases).findings == ()

    def test_probabilities_that_do_not_sum_to_one_count_as_written_by_default(self, cases: list[tuple[Case, Task]]) -> None:
        found = judged(with_entry('{"probability": [0.2, 0.6], "prediction": 1}'), cases)
        assert found.answers[CASES[0]] == ClassAnswer((0.2, 0.6), 1)
        assert found.findings == (Finding(FindingCode.NOT_NORMALISED, CASES[0], "sum 0.8"),)

    def test_a_challenge_may_refuse_them(self, cases: list[tuple[Case, Task]]) -> None:
        found = judged(with_entry('{"probability": [0.2, 0.6], "prediction": 1}'), cases, probabilities_not_normalised="invalid")
        assert found.answers[CASES[0]] == ClassAnswer(None, None, FindingCode.SUM_NOT_ONE)

    def test_answers_for_no_case_are_noted_with_a_safe_name(self, cases: list[tuple[Case, Task]]) -> None:
        content = {case: json.loads(GOOD) for case in CASES} | {"\x1b[31m" + "x" * 5000: 1}
        found = judged(json.dumps(content), cases)
        (finding,) = found.findings
        assert finding.code is FindingCode.UNKNOWN_CASE
        assert finding.where.isprintable()
        assert len(finding.where) < 300

    def test_more_fields_than_needed_do_no_harm(self, cases: list[tuple[Case, Task]]) -> None:
        assert judged(with_entry('{"probability": [0.25, 0.75], "prediction": 1, "note": [1]}'), cases).findings == ()
