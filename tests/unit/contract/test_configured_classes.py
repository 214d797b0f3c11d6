from __future__ import annotations

import json
from pathlib import Path

import pytest
from layout_bench import Read, a_challenge, read, rules_of, write

from sonobench_eval.challenge.model import UndefinedPolicy
from sonobench_eval.contract.port import ClassAnswer
from sonobench_eval.io.findings import Finding, FindingCode

BREAST = {"a/1.png": "breast", "a/2.png": "breast"}
TYPE = {"t/1.png": "type"}


def of_breast(folder: Path, text: str, **rule: object) -> Read:
    """What is read of two cases of breast from one file `answers`."""
    rules = rules_of(classes=[{"file": "answers", **rule}])
    return read(rules, a_challenge(BREAST, rules), write(folder, {"answers": text}))


def of_type(folder: Path, entry: object, **rule: object) -> Read:
    rules = rules_of(classes=[{"file": "answers", **rule}])
    return read(rules, a_challenge(TYPE, rules), write(folder, {"answers": json.dumps({"t/1.png": entry})}))


WANTED = {"a/1.png": ClassAnswer((0.75, 0.25), 0), "a/2.png": ClassAnswer((0.25, 0.75), 1)}


class TestForms:
    """Where entries are: the same two answers in each form."""

    def test_an_object_has_a_key_for_each_case(self, tmp_path: Path) -> None:
        text = '{"a/1.png": {"p": [0.75, 0.25]}, "a/2.png": {"p": [0.25, 0.75]}}'
        found = of_breast(tmp_path, text, probabilities={"in_order": "p"})
        assert (found.answers, found.findings) == (WANTED, [])

    def test_an_object_may_lie_under_keys(self, tmp_path: Path) -> None:
        text = '{"version": 1, "results": {"cases": {"a/1.png": {"p": [0.75, 0.25]}, "a/2.png": {"p": [0.25, 0.75]}}}}'
        found = of_breast(tmp_path, text, under="results.cases", probabilities={"in_order": "p"})
        assert (found.answers, found.findings) == (WANTED, [])

    def test_an_entry_may_be_the_answer_itself(self, tmp_path: Path) -> None:
        text = '{"a/1.png": [0.75, 0.25], "a/2.png": [0.25, 0.75]}'
        assert of_breast(tmp_path, text, probabilities={"in_order": "."}).answers == WANTED

    def test_a_list_has_an_entry_for_each_case(self, tmp_path: Path) -> None:
        text = '[{"case": {"name": "2"}, "p": [0.25, 0.75]}, {"case": {"name": "1"}, "p": [0.75, 0.25]}]'
        found = of_breast(tmp_path, text, form="list", key="{stem}", id="case.name", probabilities={"in_order": "p"})
        assert (found.answers, found.findings) == (WANTED, [])

    def test_a_list_may_name_cases_by_whole_numbers(self, tmp_path: Path) -> None:
        text = '[{"id": 2, "p": 0.75}, {"id": 1, "p": 0.25}]'
        found = of_breast(tmp_path, text, form="list", key="{stem}", probabilities={"positive": "p"})
        assert (found.answers, found.findings) == (WANTED, [])

    def test_a_csv_has_a_row_for_each_case(self, tmp_path: Path) -> None:
        text = '\ufeffid;benign;malignant;note\r\n a/2.png ;0.25;7.5e-1;"x;y"\r\n\r\na/1.png;.75;0.25;\r\n'
        fields = {"benign": "benign", "malignant": "malignant"}
        found = of_breast(tmp_path, text, form="csv", delimiter="semicolon", probabilities={"fields": fields})
        assert (found.answers, found.findings) == (WANTED, [])

    def test_each_case_may_have_a_file_of_its_own(self, tmp_path: Path) -> None:
        rules = rules_of(
            classes=[{"file": "{folder}/{stem}.json", "form": "file", "under": "out", "probabilities": {"positive": "p"}}]
        )
        write(tmp_path, {"a/1.json": '{"out": {"p": 0.25}}', "a/2.json": '{"out": {"p": 0.75}}'})
        found = read(rules, a_challenge(BREAST, rules), tmp_path)
        assert (found.answers, found.findings) == (WANTED, [])

    def test_each_task_may_have_a_file_of_its_own(self, tmp_path: Path) -> None:
        rules = rules_of(classes=[{"file": "{task}/classes.json", "probabilities": {"in_order": "."}}])
        challenge = a_challenge({"x.png": "breast", "y.png": "type"}, rules)
        write(tmp_path, {"breast/classes.json": '{"x.png": [0, 1]}', "type/classes.json": '{"y.png": [0, 0, 1, 0]}'})
        found = read(rules, challenge, tmp_path)
        assert [answer.prediction for answer in found.answers.values()] == [1, 2]
        assert found.findings == []

    def test_tasks_may_have_rules_of_their_own(self, tmp_path: Path) -> None:
        rules = rules_of(
            classes=[
                {"file": "a.json", "probabilities": {"in_order": "."}},
                {"tasks": ["type"], "file": "b.json", "decision": {"index": "."}},
            ]
        )
        write(tmp_path, {"a.json": '{"x.png": [0, 1]}', "b.json": '{"y.png": 3}'})
        found = read(rules, a_challenge({"x.png": "breast", "y.png": "type"}, rules), tmp_path)
        assert found.answers == {"x.png": ClassAnswer((0, 1), 1), "y.png": ClassAnswer((0, 0, 0, 1), 3)}


class TestProbabilities:
    @pytest.mark.parametrize(
        ("rule", "entry"),
        [
            ({"in_order": "r.p"}, {"r": {"p": [0.1, 0.2, 0.3, 0.4]}}),
            ({"by_name": "p"}, {"p": {"TN": 0.4, "luminal-a": 0.1, "LUMINAL_B ": 0.2, "her2+": 0.3}}),
            (
                {"fields": {"Luminal A": "a", "Luminal B": "b.0", "HER2+": "b.1", "TN": "c.d"}},
                {"a": 0.1, "b": [0.2, 0.3], "c": {"d": 0.4}},
            ),
        ],
        ids=["in order", "by name", "fields"],
    )
    def test_they_come_back_in_the_order_of_the_classes(self, tmp_path: Path, rule: dict[str, object], entry: object) -> None:
        found = of_type(tmp_path, entry, probabilities=rule)
        assert (found.answers, found.findings) == ({"t/1.png": ClassAnswer((0.1, 0.2, 0.3, 0.4), 3)}, [])

    @pytest.mark.parametrize(
        ("rule", "entry", "code"),
        [
            ({"by_name": "p"}, {"p": {"TN": 1}}, FindingCode.WRONG_LENGTH),
            ({"by_name": "p"}, {"p": {"TN": 1, "none": 0}}, FindingCode.UNKNOWN_CLASS),
            (
                {"by_name": "p"},
                {"p": {"TN": 0.5, "tn": 0.5, "HER2+": 0, "Luminal A": 0, "Luminal B": 0}},
                FindingCode.DUPLICATE_KEY,
            ),
            ({"by_name": "p"}, {"p": [0, 0, 0, 1]}, FindingCode.MALFORMED_ENTRY),
            ({"by_name": "p.q"}, {"p": None}, FindingCode.MALFORMED_ENTRY),
            ({"in_order": "p.7"}, {"p": [[0, 0, 0, 1]]}, FindingCode.MALFORMED_ENTRY),
            ({"in_order": "p"}, {"p": [0, 0, 0, 0, 1]}, FindingCode.WRONG_LENGTH),
            ({"in_order": "p"}, {"p": [0, 0, 0, "1"]}, FindingCode.MALFORMED_ENTRY),
            ({"in_order": "p"}, {"p": [0, 0, 0, 1.1]}, FindingCode.NOT_A_PROBABILITY),
            ({"in_order": "p"}, {"p": [0, 0, 0, float("nan")]}, FindingCode.NON_FINITE_NUMBER),
        ],
    )
    def test_what_is_none_costs_the_case(self, tmp_path: Path, rule: dict[str, object], entry: object, code: FindingCode) -> None:
        found = of_type(tmp_path, entry, probabilities=rule)
        assert found.answers == {"t/1.png": ClassAnswer(None, None, code)}
        assert [(finding.code, finding.where) for finding in found.findings] == [(code, "t/1.png")]

    def test_a_challenge_may_refuse_what_does_not_sum_to_one(self, tmp_path: Path) -> None:
        rules = rules_of(classes=[{"file": "answers", "probabilities": {"in_order": "."}}])
        refusing = UndefinedPolicy(probabilities_not_normalised="invalid")
        strict = a_challenge(TYPE, rules, undefined=refusing)
        found = read(rules, strict, write(tmp_path, {"answers": '{"t/1.png": [0, 0, 0, 0.5]}'}))
        assert found.problems == {"t/1.png": FindingCode.SUM_NOT_ONE}


class TestDecisions:
    @pytest.mark.parametrize(
        ("rule", "entry", "prediction"),
        [
            ({"index": "d"}, {"d": 2}, 2),
            ({"index": "d", "first_index": 1}, {"d": 2.0}, 1),
            ({"name": "d"}, {"d": " luminal_b"}, 1),
            ({"name": "d", "synonyms": {"TN": ["triple negative"]}}, {"d": "Triple-Negative"}, 3),
            ({"text": "d"}, {"d": "Most likely Luminal  B; luminal b is typical here."}, 1),
            ({"text": "d", "synonyms": {"Luminal A": ["luminal"]}}, {"d": "I see a luminal b tumour"}, 1),
        ],
    )
    def test_a_decision_is_found_where_the_rule_says(
        self, tmp_path: Path, rule: dict[str, object], entry: object, prediction: int
    ) -> None:
        found = of_type(tmp_path, entry, decision=rule)
        one_hot = tuple(float(at == prediction) for at in range(4))
        assert (found.answers, found.findings) == ({"t/1.png": ClassAnswer(one_hot, prediction)}, [])

    @pytest.mark.parametrize(
        ("rule", "entry", "code"),
        [
            ({"index": "d"}, {"d": 4}, FindingCode.CLASS_OUT_OF_RANGE),
            ({"index": "d", "first_index": 1}, {"d": 0}, FindingCode.CLASS_OUT_OF_RANGE),
            ({"index": "d"}, {"d": True}, FindingCode.MALFORMED_ENTRY),
            ({"name": "d"}, {"d": "Luminal"}, FindingCode.UNKNOWN_CLASS),
            ({"name": "d"}, {"d": 3}, FindingCode.MALFORMED_ENTRY),
            ({"text": "d"}, {"d": "Luminal A or Luminal B"}, FindingCode.UNKNOWN_CLASS),
            ({"text": "d"}, {"d": "no idea"}, FindingCode.UNKNOWN_CLASS),
            ({"text": "d"}, {"d": "TNT"}, FindingCode.UNKNOWN_CLASS),
            ({"text": "d"}, {"d": ["TN"]}, FindingCode.MALFORMED_ENTRY),
        ],
    )
    def test_what_is_none_costs_the_case(self, tmp_path: Path, rule: dict[str, object], entry: object, code: FindingCode) -> None:
        assert of_type(tmp_path, entry, decision=rule).problems == {"t/1.png": code}

    def test_without_a_rule_the_first_of_the_most_probable_is_it(self, tmp_path: Path) -> None:
        assert of_type(tmp_path, [0.1, 0.4, 0.4, 0.1], probabilities={"in_order": "."}).answers["t/1.png"].prediction == 1

    def test_a_threshold_decides_and_belongs_to_the_positive(self, tmp_path: Path) -> None:
        text = '{"a/1.png": 0.3, "a/2.png": 0.29}'
        found = of_breast(tmp_path, text, probabilities={"positive": "."}, decision={"threshold": 0.3})
        assert [answer.prediction for answer in found.answers.values()] == [1, 0]

    def test_a_decision_against_the_probabilities_counts_and_is_noted(self, tmp_path: Path) -> None:
        found = of_type(tmp_path, {"p": [0, 0, 0, 1], "d": 0}, probabilities={"in_order": "p"}, decision={"index": "d"})
        assert found.answers == {"t/1.png": ClassAnswer((0, 0, 0, 1), 0)}
        assert found.findings == [Finding(FindingCode.PREDICTION_NOT_ARGMAX, "t/1.png")]


REFERRING: dict[str, object] = {
    "abstain": {"field": "refer", "says": ["refer to a human", "1"]},
    "probabilities": {"in_order": "p"},
    "decision": {"index": "d"},
}
LIST: dict[str, object] = {"form": "list", "probabilities": {"positive": "p"}}
TABLE: dict[str, object] = {"form": "csv", "probabilities": {"positive": "p"}}


class TestAbstention:
    @pytest.mark.parametrize("said", [True, "Refer to a  human", 1, 1.0])
    def test_an_answer_may_leave_the_case_to_a_human(self, tmp_path: Path, said: object) -> None:
        found = of_type(tmp_path, {"refer": said}, **REFERRING)
        assert (found.answers, found.findings) == ({"t/1.png": ClassAnswer(None, None, abstains=True)}, [])

    def test_probabilities_beside_it_are_kept_and_the_decision_is_not(self, tmp_path: Path) -> None:
        found = of_type(tmp_path, {"refer": True, "p": [0, 0, 0, 1], "d": 3}, **REFERRING)
        assert found.answers == {"t/1.png": ClassAnswer((0, 0, 0, 1), None, abstains=True)}

    @pytest.mark.parametrize("said", [False, None, "no", 0])
    def test_other_words_mean_that_it_answers(self, tmp_path: Path, said: object) -> None:
        found = of_type(tmp_path, {"refer": said, "p": [0, 0, 0, 1], "d": 3}, **REFERRING)
        assert found.answers == {"t/1.png": ClassAnswer((0, 0, 0, 1), 3)}

    def test_it_cannot_hide_probabilities_that_are_none(self, tmp_path: Path) -> None:
        assert of_type(tmp_path, {"refer": True, "p": [0, 0, 0, 7]}, **REFERRING).problems == {
            "t/1.png": FindingCode.NOT_A_PROBABILITY
        }

    def test_a_word_that_is_none_costs_the_case(self, tmp_path: Path) -> None:
        assert of_type(tmp_path, {"refer": [1]}, **REFERRING).problems == {"t/1.png": FindingCode.MALFORMED_ENTRY}


class TestEntries:
    def test_a_case_that_stands_twice_has_no_answer_and_the_other_counts(self, tmp_path: Path) -> None:
        text = '[{"id": "a/1.png", "p": 1}, {"id": "a/2.png", "p": 1}, {"id": "a/1.png", "p": 1}]'
        found = of_breast(tmp_path, text, **LIST)
        assert found.problems == {"a/1.png": FindingCode.DUPLICATE_CASE, "a/2.png": None}

    def test_entries_of_no_case_are_noted(self, tmp_path: Path) -> None:
        text = '[{"id": "a/1.png", "p": 1}, {"id": "other", "p": 1}, {"p": 1}, 7, {"id": "a/2.png", "p": 0}, {"id": true}]'
        found = of_breast(tmp_path, text, **LIST)
        assert [(finding.code, finding.where) for finding in found.findings] == [
            (FindingCode.UNKNOWN_CASE, where) for where in ("other", "entry 3", "entry 4", "entry 6")
        ]
        assert set(found.problems.values()) == {None}

    def test_an_entry_with_two_names_is_nobodys(self, tmp_path: Path) -> None:
        text = '[{"id": "a/1.png", "id": "a/2.png", "p": 1}, {"id": "a/1.png", "p": 1}]'
        assert of_breast(tmp_path, text, **LIST).problems == {"a/1.png": None, "a/2.png": FindingCode.MISSING_RESULT}

    def test_a_field_that_stands_twice_costs_its_case(self, tmp_path: Path) -> None:
        text = '[{"id": "a/1.png", "p": 1, "p": 0}, {"id": "a/2.png", "p": 1}]'
        assert of_breast(tmp_path, text, **LIST).problems == {"a/1.png": FindingCode.DUPLICATE_KEY, "a/2.png": None}

    @pytest.mark.parametrize("text", ["", "{}", "7", "[", '{"id": "a/1.png", "p": 1}'])
    def test_a_file_that_is_no_list_is_found_once_and_costs_every_case(self, tmp_path: Path, text: str) -> None:
        found = of_breast(tmp_path, text, **LIST)
        assert set(found.problems.values()) == {FindingCode.INVALID_JSON}
        (finding,) = found.findings
        assert (finding.code, finding.where) == (FindingCode.INVALID_JSON, "answers")
        assert "2 cases have no answer" in finding.detail

    def test_a_missing_file_is_missing_for_each_case(self, tmp_path: Path) -> None:
        rules = rules_of(classes=[{"file": "answers", **LIST}])
        found = read(rules, a_challenge(BREAST, rules), tmp_path)
        assert found.findings == [Finding(FindingCode.MISSING_RESULT, case_id) for case_id in BREAST]

    def test_a_file_for_one_case_that_is_broken_costs_that_case(self, tmp_path: Path) -> None:
        rules = rules_of(classes=[{"file": "{path}.json", "form": "file", "probabilities": {"positive": "p"}}])
        write(tmp_path, {"a/1.png.json": "{", "a/2.png.json": '{"p": 1}'})
        found = read(rules, a_challenge(BREAST, rules), tmp_path)
        assert found.problems == {"a/1.png": FindingCode.INVALID_JSON, "a/2.png": None}
        assert [finding.where for finding in found.findings] == ["a/1.png"]

    def test_a_place_that_is_not_there_costs_every_case(self, tmp_path: Path) -> None:
        found = of_breast(tmp_path, '{"a": {}}', under="a.b", probabilities={"positive": "p"})
        assert set(found.problems.values()) == {FindingCode.INVALID_JSON}
        assert "a.b is missing" in found.findings[0].detail

    def test_asking_twice_finds_once(self, tmp_path: Path) -> None:
        rules = rules_of(classes=[{"file": "answers", **LIST}])
        challenge = a_challenge(BREAST, rules)
        twice = challenge.model_copy(update={"cases": challenge.cases * 2})
        assert read(rules, twice, tmp_path).codes == [FindingCode.MISSING_RESULT] * 2


class TestTables:
    @pytest.mark.parametrize(
        ("row", "code"),
        [
            ("a/1.png", FindingCode.MALFORMED_ENTRY),
            ("a/1.png,1,2", FindingCode.MALFORMED_ENTRY),
            ("a/1.png,", FindingCode.MALFORMED_ENTRY),
            ("a/1.png,one", FindingCode.MALFORMED_ENTRY),
            ("a/1.png,0x1", FindingCode.MALFORMED_ENTRY),
            ("a/1.png,1_0", FindingCode.MALFORMED_ENTRY),
            ("a/1.png,\u0661", FindingCode.MALFORMED_ENTRY),
            ("a/1.png,nan", FindingCode.NON_FINITE_NUMBER),
            ("a/1.png,-Infinity", FindingCode.NON_FINITE_NUMBER),
            ("a/1.png,1e999", FindingCode.NON_FINITE_NUMBER),
            ("a/1.png,1.5", FindingCode.NOT_A_PROBABILITY),
            ("a/1.png,1\na/1.png,1", FindingCode.DUPLICATE_CASE),
        ],
    )
    def test_a_broken_row_costs_its_own_case_alone(self, tmp_path: Path, row: str, code: FindingCode) -> None:
        found = of_breast(tmp_path, f"id,p\n{row}\na/2.png,1\n", **TABLE)
        assert found.problems == {"a/1.png": code, "a/2.png": None}

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("", "there is no column id"),
            ("name,p\na/1.png,1\n", "there is no column id"),
            ("id,p,p\na/1.png,1,1\n", "the column 'p' stands twice"),
            ('id,p\n"a/1.png,1\n', "line 2: unexpected end of data"),
            ("id,p\na/1.png,\0\n", "NUL"),
        ],
    )
    def test_what_is_no_table_costs_every_case(self, tmp_path: Path, text: str, why: str) -> None:
        found = of_breast(tmp_path, text, **TABLE)
        assert set(found.problems.values()) == {FindingCode.INVALID_CSV}
        assert why in found.findings[0].detail

    def test_rows_of_no_case_are_noted(self, tmp_path: Path) -> None:
        found = of_breast(tmp_path, "id,p\nx,1\n,1\na/1.png,1\na/2.png,1\n", **TABLE)
        assert [finding.where for finding in found.findings] == ["x", "entry 2"]
