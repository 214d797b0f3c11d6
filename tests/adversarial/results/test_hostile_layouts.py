"""Result files made to hurt whoever reads them, or to win by form, in layouts that a challenge declares for itself."""

from __future__ import annotations

import json
import os
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from layout_bench import Read, a_challenge, read, rules_of, write

from sonobench_eval.contract.entry_files import MOST_STRANGERS
from sonobench_eval.io.findings import FindingCode

CASES = {"1.png": "breast", "2.png": "breast"}
SECRET = '{"1.png": [0, 1], "2.png": [0, 1]}'


def of_classes(folder: Path, content: str | bytes | None, **rule: object) -> Read:
    rules = rules_of(classes=[{"file": "a", "probabilities": {"in_order": "."}, **rule}])
    if content is not None:
        write(folder, {"a": content})
    return read(rules, a_challenge(CASES, rules), folder)


@pytest.fixture
def quick() -> Iterator[None]:
    """The test takes little time: nothing in it grows with the square of what a stranger wrote."""
    start = time.monotonic()
    yield
    assert time.monotonic() - start < 20


class TestPlaces:
    @pytest.mark.parametrize("form", ["object", "list", "csv"])
    def test_a_link_is_not_followed(self, tmp_path: Path, form: str) -> None:
        write(tmp_path, {"secret": SECRET})
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "a").symlink_to("../secret")
        rule = {"probabilities": {"positive": "p"}} if form == "csv" else {}
        found = of_classes(tmp_path / "out", None, form=form, **rule)
        assert set(found.problems.values()) == {FindingCode.NOT_A_REGULAR_FILE}

    def test_a_pipe_or_a_folder_in_a_files_place_is_none(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "a")
        assert set(of_classes(tmp_path, None).problems.values()) == {FindingCode.NOT_A_REGULAR_FILE}
        (tmp_path / "a").unlink()
        write(tmp_path, {"a/b": "x"})
        assert set(of_classes(tmp_path, None).problems.values()) == {FindingCode.NOT_A_REGULAR_FILE}

    def test_a_file_for_one_case_that_is_a_link_to_anothers_costs_that_case_alone(self, tmp_path: Path) -> None:
        write(tmp_path, {"1.json": "[0, 1]"})
        (tmp_path / "2.json").symlink_to("1.json")
        found = of_classes(tmp_path, None, file="{stem}.json", form="file")
        assert found.problems == {"1.png": None, "2.png": FindingCode.NOT_A_REGULAR_FILE}

    def test_names_of_cases_are_never_paths(self, tmp_path: Path) -> None:
        write(tmp_path, {"truth": SECRET})
        found = of_classes(tmp_path / "out", json.dumps({"../truth": [0, 1], "/etc/passwd": [0, 1], "1.png/../2.png": [0, 1]}))
        assert set(found.problems.values()) == {FindingCode.MISSING_RESULT}
        assert found.codes.count(FindingCode.UNKNOWN_CASE) == 3


class TestSizes:
    @pytest.mark.parametrize("form", ["object", "list", "csv", "file"])
    def test_a_file_without_end_is_not_read(self, tmp_path: Path, form: str) -> None:
        write(tmp_path, {"a": "", "1": "", "2": ""})
        for name in ("a", "1", "2"):
            os.truncate(tmp_path / name, 2**40)
        rule = {"probabilities": {"positive": "p"}} if form == "csv" else {}
        found = of_classes(tmp_path, None, form=form, file="{stem}" if form == "file" else "a", **rule)
        assert set(found.problems.values()) == {FindingCode.FILE_TOO_LARGE}

    def test_what_one_case_may_write_is_bounded_before_it_is_parsed(self, tmp_path: Path) -> None:
        good = json.dumps({"1.png": [0, 1], "2.png": [0, 1]})
        room = 2**16 + 2 * (512 + 2 * 5 + 2 * 64)  # two cases, names of 5 characters, two numbers each
        assert set(of_classes(tmp_path, good.ljust(room)).problems.values()) == {None}
        assert set(of_classes(tmp_path, good.ljust(room + 1)).problems.values()) == {FindingCode.FILE_TOO_LARGE}
        assert set(of_classes(tmp_path, good.ljust(room + 1), bytes_per_case="1K").problems.values()) == {None}
        found = of_classes(tmp_path, good.ljust(room), bytes_per_case="1M", most_bytes=1000)
        assert set(found.problems.values()) == {FindingCode.FILE_TOO_LARGE}

    def test_so_many_entries_of_no_case_are_found_and_no_more(self, tmp_path: Path, quick: None) -> None:
        many = "[" + ",".join(["7"] * (MOST_STRANGERS * 2)) + "]"
        found = of_classes(tmp_path, many, form="list", probabilities={"positive": "p"}, bytes_per_case="1M")
        assert found.codes.count(FindingCode.UNKNOWN_CASE) == MOST_STRANGERS

    def test_a_case_that_stands_there_very_often_is_told_once(self, tmp_path: Path, quick: None) -> None:
        entry = '{"id":"1.png","p":1}'
        many = f"[{','.join([entry] * 50_000)}]"
        found = of_classes(tmp_path, many, form="list", probabilities={"positive": "p"}, bytes_per_case="1M")
        assert found.problems["1.png"] is FindingCode.DUPLICATE_CASE
        assert len(found.findings) == 2

    def test_boxes_without_number_are_read_in_time_and_the_most_confident_count(self, tmp_path: Path, quick: None) -> None:
        rules = rules_of(boxes=[{"file": "a", "boxes": ".", "box": "b", "class_index": "k", "confidence": "s", "most": 1000}])
        boxes = [{"b": [0, 0, 1, 1], "k": 0, "s": number / 5000} for number in range(5000)]
        found = read(rules, a_challenge({"1.png": "nodules"}, rules), write(tmp_path, {"a": json.dumps({"1.png": boxes})}))
        assert [box.confidence for box in found.answers["1.png"].boxes] == [number / 5000 for number in range(4000, 5000)]
        assert found.codes == [FindingCode.TOO_MANY_BOXES]

    def test_a_text_of_many_words_is_searched_in_time(self, tmp_path: Path, quick: None) -> None:
        text = "benign-" * 2000 + "malignan"
        found = of_classes(tmp_path, json.dumps({"1.png": text, "2.png": text + "t"}), probabilities=None, decision={"text": "."})
        assert found.problems == {"1.png": None, "2.png": FindingCode.UNKNOWN_CLASS}

    def test_letters_that_grow_when_they_are_normalised_do_no_harm(self, tmp_path: Path, quick: None) -> None:
        text = "\ufdfa" * 5000  # one letter that becomes eighteen
        tracemalloc.start()
        found = of_classes(tmp_path, json.dumps({"1.png": text}, ensure_ascii=False), probabilities=None, decision={"text": "."})
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert found.problems["1.png"] is FindingCode.UNKNOWN_CLASS
        assert peak < 50 * 2**20


class TestForms:
    @pytest.mark.parametrize("content", [b"[" * 100_000, b'{"a":' * 10_000, b"\xff\xfe[\x00", b"\xef\xbb\xbf{}", b"\x00" * 100])
    def test_bombs_and_other_encodings_are_no_json(self, tmp_path: Path, content: bytes) -> None:
        found = of_classes(tmp_path, content, bytes_per_case="1M")
        assert set(found.problems.values()) == {FindingCode.INVALID_JSON}

    @pytest.mark.parametrize(
        "content", ["id,p\n" + '"' * 70_001, "id," + "p" * 200_000 + "\n", "id" + ",p" * 30_000 + "\n", "\xff"]
    )
    def test_bombs_are_no_table(self, tmp_path: Path, content: str, quick: None) -> None:
        data = content.encode("latin-1")
        found = of_classes(tmp_path, data, form="csv", probabilities={"positive": "p"}, bytes_per_case="1M")
        assert set(found.problems.values()) == {FindingCode.INVALID_CSV}

    def test_a_formula_in_a_cell_is_text_and_no_number(self, tmp_path: Path) -> None:
        found = of_classes(tmp_path, "id,p\n1.png,=1\n2.png,1\n", form="csv", probabilities={"positive": "p"})
        assert found.problems == {"1.png": FindingCode.MALFORMED_ENTRY, "2.png": None}

    def test_what_findings_say_can_stand_on_a_terminal(self, tmp_path: Path) -> None:
        evil = "\x1b[31m\u202e" + "x" * 300
        found = of_classes(tmp_path, json.dumps({"1.png": {"d": evil}, evil: 1}), probabilities=None, decision={"name": "d"})
        assert found.codes == [FindingCode.UNKNOWN_CASE, FindingCode.UNKNOWN_CLASS, FindingCode.MISSING_RESULT]
        for finding in found.findings:
            assert (finding.where + finding.detail).isprintable()
            assert len(finding.detail) < 200


class TestCheating:
    """What must not pay."""

    def of_boxes(self, folder: Path, boxes: object, **rule: object) -> Read:
        whole = {"boxes": "b", "box": "x", "class_name": "k", "confidence": "s", **rule}
        rules = rules_of(boxes=[{"file": "a", **whole}])
        return read(rules, a_challenge({"1.png": "nodules"}, rules), write(folder, {"a": json.dumps({"1.png": {"b": boxes}})}))

    @pytest.mark.parametrize(
        "box",
        [
            [-1e6, -1e6, 1e6, 1e6],
            [10, 10, 10, 20],
            [0, 0, 1e308, 1e308],
            [float("nan")] * 4,
        ],
    )
    def test_a_box_that_matches_everything_or_nothing_costs_the_image(self, tmp_path: Path, box: list[float]) -> None:
        good = {"x": [1, 1, 5, 5], "k": "cyst", "s": 0.5}
        found = self.of_boxes(tmp_path, [good, {**good, "x": box}])
        assert found.answers["1.png"].boxes is None
        assert found.problems["1.png"] is not None

    def test_confidence_beyond_certainty_costs_the_image(self, tmp_path: Path) -> None:
        assert (
            self.of_boxes(tmp_path, [{"x": [1, 1, 5, 5], "k": "cyst", "s": 1e6}]).problems["1.png"]
            is FindingCode.NOT_A_PROBABILITY
        )

    def test_one_class_in_two_spellings_does_not_count_twice(self, tmp_path: Path) -> None:
        found = of_classes(tmp_path, '{"1.png": {"benign": 0, "Benign": 1, "malignant": 1}}', probabilities={"by_name": "."})
        assert found.problems["1.png"] is FindingCode.DUPLICATE_KEY

    def test_naming_every_class_is_no_answer(self, tmp_path: Path) -> None:
        text = '{"1.png": "benign or malignant", "2.png": "not benign: malignant"}'
        found = of_classes(tmp_path, text, probabilities=None, decision={"text": "."})
        assert set(found.problems.values()) == {FindingCode.UNKNOWN_CLASS}

    def test_an_answer_cannot_be_given_twice_to_choose_the_better(self, tmp_path: Path) -> None:
        rows = "id,p\n1.png,0\n1.png ,1\n2.png,1\n"
        found = of_classes(tmp_path, rows, form="csv", probabilities={"positive": "p"})
        assert found.problems == {"1.png": FindingCode.DUPLICATE_CASE, "2.png": None}

    def test_a_point_far_away_is_no_answer(self, tmp_path: Path) -> None:
        rules = rules_of(points=[{"file": "a", "in_order": "."}])
        text = json.dumps({"1.png": [[1, 1], [1e9, 1]]})
        found = read(rules, a_challenge({"1.png": "landmarks"}, rules), write(tmp_path, {"a": text}))
        assert found.problems == {"1.png": FindingCode.OUTSIDE_IMAGE}
