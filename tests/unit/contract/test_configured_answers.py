"""Labels, values, boxes and points by an organiser's rules."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from layout_bench import Read, a_challenge, a_task, read, rules_of, write

from sonobench_eval.contract.port import BoxesAnswer, FoundBox, LabelsAnswer, PointsAnswer, ValueAnswer
from sonobench_eval.io.findings import Finding, FindingCode

TASK_OF = {"labels": "planes", "values": "quality", "boxes": "nodules", "points": "landmarks"}


def of_one(folder: Path, kind: str, entry: object, rule: dict[str, object], *, task: str | None = None) -> Read:
    """What is read of the one case x.png, whose entry in a JSON object is this."""
    rules = rules_of(**{kind: [{"file": "answers.json", **rule}]})
    challenge = a_challenge({"x.png": task or TASK_OF[kind]}, rules)
    return read(rules, challenge, write(folder, {"answers.json": json.dumps({"x.png": entry})}))


def of_table(folder: Path, kind: str, text: str, rule: dict[str, object], *cases: str) -> Read:
    rules = rules_of(**{kind: [{"file": "answers.csv", "form": "csv", **rule}]})
    challenge = a_challenge(dict.fromkeys(cases or ("x.png",), TASK_OF[kind]), rules)
    return read(rules, challenge, write(folder, {"answers.csv": text}))


class TestLabels:
    @pytest.mark.parametrize(
        ("rule", "entry", "wanted"),
        [
            ({"probabilities": {"in_order": "p"}}, {"p": [0.2, 0.5, 1]}, LabelsAnswer((0.2, 0.5, 1), (False, True, True))),
            (
                {"probabilities": {"by_name": "p"}, "decisions": {"threshold": 0.2}},
                {"p": {"Kidney": 0.1, "liver": 0.2, "SPLEEN": 0}},
                LabelsAnswer((0.2, 0, 0.1), (True, False, False)),
            ),
            (
                {
                    "probabilities": {"fields": {"liver": "l.p", "spleen": "s.p", "kidney": "k.p"}},
                    "decisions": {"thresholds": {"liver": 0.1, "spleen": 0.9, "kidney": 0}},
                },
                {"l": {"p": 0.1}, "s": {"p": 0.8}, "k": {"p": 0}},
                LabelsAnswer((0.1, 0.8, 0), (True, False, True)),
            ),
            (
                {"probabilities": {"in_order": "p"}, "decisions": {"in_order": "d"}},
                {"p": [0.2, 0.5, 1], "d": [1, False, 0.0]},
                LabelsAnswer((0.2, 0.5, 1), (True, False, False)),
            ),
            ({"decisions": {"present": "."}}, ["kidney", "Liver", "kidney"], LabelsAnswer((1, 0, 1), (True, False, True))),
            ({"decisions": {"present": "."}}, [], LabelsAnswer((0, 0, 0), (False, False, False))),
        ],
    )
    def test_they_are_read_as_the_rule_says(
        self, tmp_path: Path, rule: dict[str, object], entry: object, wanted: LabelsAnswer
    ) -> None:
        found = of_one(tmp_path, "labels", entry, rule)
        assert (found.answers, found.findings) == ({"x.png": wanted}, [])

    @pytest.mark.parametrize(
        ("rule", "entry", "code"),
        [
            ({"probabilities": {"in_order": "."}}, [0.5, 0.5], FindingCode.WRONG_LENGTH),
            ({"probabilities": {"in_order": "."}}, [0.5, 0.5, 2], FindingCode.NOT_A_PROBABILITY),
            ({"probabilities": {"in_order": "."}}, [0.5, 0.5, None], FindingCode.MALFORMED_ENTRY),
            ({"decisions": {"in_order": "."}}, [0, 1, 2], FindingCode.MALFORMED_ENTRY),
            ({"decisions": {"in_order": "."}}, [0, 1, "1"], FindingCode.MALFORMED_ENTRY),
            ({"decisions": {"present": "."}}, ["lung"], FindingCode.UNKNOWN_CLASS),
            ({"decisions": {"present": "."}}, "liver", FindingCode.MALFORMED_ENTRY),
        ],
    )
    def test_what_is_none_costs_the_case(self, tmp_path: Path, rule: dict[str, object], entry: object, code: FindingCode) -> None:
        found = of_one(tmp_path, "labels", entry, rule)
        assert found.answers == {"x.png": LabelsAnswer(None, None, code)}
        assert found.codes == [code]

    def test_a_table_has_a_column_for_each(self, tmp_path: Path) -> None:
        fields = {"liver": "L", "spleen": "S", "kidney": "K"}
        found = of_table(tmp_path, "labels", "id,L,S,K\nx.png,1,TRUE,0\n", {"decisions": {"fields": fields}})
        assert found.answers == {"x.png": LabelsAnswer((1, 1, 0), (True, True, False))}

    def test_it_may_abstain(self, tmp_path: Path) -> None:
        rule = {"probabilities": {"in_order": "p"}, "abstain": {"field": "refer"}}
        assert of_one(tmp_path, "labels", {"refer": True}, rule).answers == {"x.png": LabelsAnswer(None, None, abstains=True)}
        told = of_one(tmp_path, "labels", {"refer": True, "p": [0, 0, 1]}, rule)
        assert told.answers == {"x.png": LabelsAnswer((0, 0, 1), None, abstains=True)}


class TestValues:
    @pytest.mark.parametrize(
        ("rule", "entry", "value"),
        [
            ({"field": "."}, 7, 7),
            ({"field": "score.total"}, {"score": {"total": 0.5}}, 0.5),
            ({"field": "grade", "map": {"4A": 4, "4b": 4.5, "2": 2}}, {"grade": " 4B"}, 4.5),
            ({"field": "grade", "map": {"4A": 4, "4b": 4.5, "2": 2}}, {"grade": 2}, 2),
            ({"field": "."}, 10, 10),
        ],
    )
    def test_a_number_is_read_as_the_rule_says(
        self, tmp_path: Path, rule: dict[str, object], entry: object, value: float
    ) -> None:
        found = of_one(tmp_path, "values", entry, rule)
        assert (found.answers, found.findings) == ({"x.png": ValueAnswer(value)}, [])

    @pytest.mark.parametrize(
        ("rule", "entry", "code"),
        [
            ({"field": "."}, "7", FindingCode.MALFORMED_ENTRY),
            ({"field": "."}, True, FindingCode.MALFORMED_ENTRY),
            ({"field": "."}, None, FindingCode.MALFORMED_ENTRY),
            ({"field": "."}, float("inf"), FindingCode.NON_FINITE_NUMBER),
            ({"field": "."}, 10.001, FindingCode.VALUE_OUT_OF_RANGE),
            ({"field": "."}, -1, FindingCode.VALUE_OUT_OF_RANGE),
            ({"field": ".", "map": {"low": 1}}, "high", FindingCode.MALFORMED_ENTRY),
            ({"field": ".", "map": {"low": 1}}, [1], FindingCode.MALFORMED_ENTRY),
            ({"field": ".", "map": {"low": 11}}, "low", FindingCode.VALUE_OUT_OF_RANGE),
        ],
    )
    def test_what_is_none_costs_the_case(self, tmp_path: Path, rule: dict[str, object], entry: object, code: FindingCode) -> None:
        assert of_one(tmp_path, "values", entry, rule).answers == {"x.png": ValueAnswer(None, code)}

    def test_the_nearer_end_may_count_instead_and_is_noted(self, tmp_path: Path) -> None:
        found = of_one(tmp_path, "values", 101, {"field": ".", "outside": "clip"}, task="length")
        assert found.answers == {"x.png": ValueAnswer(100.5)}
        assert found.findings == [Finding(FindingCode.VALUE_CLIPPED, "x.png", "101 is not within 0 to 100.5")]

    def test_a_table_has_words_and_numbers(self, tmp_path: Path) -> None:
        assert of_table(tmp_path, "values", "id,v\nx.png, 3 \n", {"field": "v"}).answers == {"x.png": ValueAnswer(3)}
        mapped = of_table(tmp_path, "values", "id,v\nx.png,4A\n", {"field": "v", "map": {"4a": 4}})
        assert mapped.answers == {"x.png": ValueAnswer(4)}

    def test_it_may_abstain(self, tmp_path: Path) -> None:
        found = of_one(tmp_path, "values", {"v": "refer"}, {"field": "v", "abstain": {"field": "v", "says": ["refer"]}})
        assert (found.answers, found.findings) == ({"x.png": ValueAnswer(None, abstains=True)}, [])


BOXES: dict[str, object] = {"boxes": "boxes", "box": "box", "class_name": "class", "confidence": "score"}


def a_box(*four: float, kind: object = "nodule", score: object = 0.5) -> dict[str, object]:
    return {"box": list(four), "class": kind, "score": score}


class TestBoxes:
    """The image has 60 columns and 40 rows."""

    def test_boxes_come_back_in_their_order(self, tmp_path: Path) -> None:
        found = of_one(tmp_path, "boxes", {"boxes": [a_box(0, 1, 60, 40), a_box(1, 2, 3.5, 4, kind="CYST", score=1)]}, BOXES)
        assert found.answers == {"x.png": BoxesAnswer((FoundBox(0, 0.5, 0, 1, 60, 40), FoundBox(1, 1, 1, 2, 3.5, 4)))}
        assert found.findings == []

    @pytest.mark.parametrize(
        ("form", "unit", "four"),
        [
            ("xyxy", "px", [6, 10, 30, 20]),
            ("xywh", "px", [6, 10, 24, 10]),
            ("cxcywh", "px", [18, 15, 24, 10]),
            # A share of 60 columns and 40 rows: 6/60, 10/40, 30/60, 20/40.
            ("xyxy", "share", [0.1, 0.25, 0.5, 0.5]),
            ("xywh", "share", [0.1, 0.25, 0.4, 0.25]),
            ("cxcywh", "share", [0.3, 0.375, 0.4, 0.25]),
        ],
    )
    def test_all_formats_mean_the_same_box(self, tmp_path: Path, form: str, unit: str, four: list[float]) -> None:
        found = of_one(tmp_path, "boxes", {"boxes": [a_box(*four)]}, {**BOXES, "format": form, "unit": unit})
        ((box,),) = (answer.boxes for answer in found.answers.values())
        assert box[2:] == pytest.approx((6, 10, 30, 20), abs=1e-12)

    def test_four_fields_may_hold_a_box(self, tmp_path: Path) -> None:
        rule = {"boxes": ".", "sides": ["x", "y", "w", "h"], "format": "xywh", "class_index": "k", "first_index": 1}
        found = of_one(tmp_path, "boxes", [{"x": 1, "y": 2, "w": 3, "h": 4, "k": 2}], rule)
        assert found.answers == {"x.png": BoxesAnswer((FoundBox(1, 1.0, 1, 2, 4, 6),))}

    def test_an_empty_list_says_that_there_is_none(self, tmp_path: Path) -> None:
        assert of_one(tmp_path, "boxes", {"boxes": []}, BOXES).answers == {"x.png": BoxesAnswer(())}

    @pytest.mark.parametrize(
        ("box", "code"),
        [
            (a_box(5, 5, 5, 9), FindingCode.MALFORMED_BOX),
            (a_box(9, 5, 5, 9), FindingCode.MALFORMED_BOX),
            (a_box(-1.01, 5, 5, 9), FindingCode.OUTSIDE_IMAGE),
            (a_box(0, 0, 61.01, 9), FindingCode.OUTSIDE_IMAGE),
            (a_box(0, 0, 5, 41.01), FindingCode.OUTSIDE_IMAGE),
            (a_box(0, 0, 1e308, 1e308), FindingCode.OUTSIDE_IMAGE),
            (a_box(0, 0, float("nan"), 9), FindingCode.NON_FINITE_NUMBER),
            (a_box(0, 0, 5), FindingCode.WRONG_LENGTH),
            (a_box(0, 0, 5, 9, kind="lung"), FindingCode.UNKNOWN_CLASS),
            (a_box(0, 0, 5, 9, score=1.2), FindingCode.NOT_A_PROBABILITY),
            (a_box(0, 0, 5, 9, score=None), FindingCode.MALFORMED_ENTRY),
            ([0, 0, 5, 9], FindingCode.MALFORMED_ENTRY),
            (None, FindingCode.MALFORMED_ENTRY),
        ],
    )
    def test_one_box_that_is_none_costs_the_whole_case(self, tmp_path: Path, box: object, code: FindingCode) -> None:
        found = of_one(tmp_path, "boxes", {"boxes": [a_box(1, 1, 9, 9), box]}, BOXES)
        assert found.answers == {"x.png": BoxesAnswer(None, code)}
        assert found.codes == [code]

    def test_an_edge_may_be_a_pixel_outside_and_stays_where_it_is(self, tmp_path: Path) -> None:
        found = of_one(tmp_path, "boxes", {"boxes": [a_box(-1, -1, 61, 41)]}, BOXES)
        assert found.answers == {"x.png": BoxesAnswer((FoundBox(0, 0.5, -1, -1, 61, 41),))}

    def test_of_too_many_the_most_confident_count(self, tmp_path: Path) -> None:
        scores = [0.1, 0.9, 0.5, 0.9, 0.5]
        many = {"boxes": [a_box(0, 0, 9, 9, score=score) for score in scores]}
        found = of_one(tmp_path, "boxes", many, {**BOXES, "most": 3})
        assert [box.confidence for box in found.answers["x.png"].boxes] == [0.9, 0.5, 0.9]
        assert found.findings == [Finding(FindingCode.TOO_MANY_BOXES, "x.png", "5 boxes; 3 count")]

    def test_one_class_need_not_be_said(self, tmp_path: Path) -> None:
        rules = rules_of(boxes=[{"file": "a.json", "boxes": ".", "box": "."}])
        challenge = a_challenge({"x.png": "nodules"}, rules, tasks=[a_task("nodules", classes=["nodule"])])
        found = read(rules, challenge, write(tmp_path, {"a.json": '{"x.png": [[1, 2, 3, 4]]}'}))
        assert found.answers == {"x.png": BoxesAnswer((FoundBox(0, 1.0, 1, 2, 3, 4),))}

    def test_it_may_abstain(self, tmp_path: Path) -> None:
        found = of_one(tmp_path, "boxes", {"refer": True}, {**BOXES, "abstain": {"field": "refer"}})
        assert found.answers == {"x.png": BoxesAnswer(None, abstains=True)}


class TestBoxesThatAreEntries:
    """One box in each entry or row, as in COCO's results."""

    COLUMNS = "id,x,y,w,h,kind,score\n"

    def of_coco(self, folder: Path, text: str, **rule: object) -> Read:
        coco = {"form": "list", "key": "{stem}", "id": "image_id", "box": "bbox", "format": "xywh"}
        classes = {"class_index": "category_id", "first_index": 1, "confidence": "score"}
        rules = rules_of(boxes=[{"file": "a.json", **coco, **classes, **rule}])
        challenge = a_challenge({"7.png": "nodules", "8.png": "nodules"}, rules)
        return read(rules, challenge, write(folder, {"a.json": text}))

    def test_entries_of_one_image_are_its_boxes(self, tmp_path: Path) -> None:
        seven = [{"image_id": 7, "category_id": 1 + k, "bbox": [k, 0, 5, 5], "score": 0.5} for k in range(2)]
        eight = {"image_id": 8, "category_id": 1, "bbox": [0, 0, 5, 5], "score": 0.25}
        found = self.of_coco(tmp_path, json.dumps([seven[0], eight, seven[1]]))
        assert found.answers["7.png"] == BoxesAnswer((FoundBox(0, 0.5, 0, 0, 5, 5), FoundBox(1, 0.5, 1, 0, 6, 5)))
        assert found.answers["8.png"] == BoxesAnswer((FoundBox(0, 0.25, 0, 0, 5, 5),))

    def test_an_image_without_entries_has_no_answer_unless_that_is_declared_to_mean_no_boxes(self, tmp_path: Path) -> None:
        assert set(self.of_coco(tmp_path, "[]").problems.values()) == {FindingCode.MISSING_RESULT}
        found = self.of_coco(tmp_path, "[]", absent="no_boxes")
        assert found.answers == dict.fromkeys(["7.png", "8.png"], BoxesAnswer(()))

    def test_even_then_a_file_that_is_missing_is_missing(self, tmp_path: Path) -> None:
        rules = rules_of(boxes=[{"file": "a.json", "form": "list", "box": "b", "class_name": "c", "absent": "no_boxes"}])
        found = read(rules, a_challenge({"7.png": "nodules"}, rules), write(tmp_path, {}))
        assert found.problems == {"7.png": FindingCode.MISSING_RESULT}

    def test_a_row_without_a_box_says_that_there_is_none(self, tmp_path: Path) -> None:
        rule = {"sides": ["x", "y", "w", "h"], "format": "xywh", "class_name": "kind", "confidence": "score"}
        text = self.COLUMNS + "a.png,1,2,3,4,nodule,.5\nb.png,,,,,,\na.png,1,2,3,4,cyst,1\n"
        found = of_table(tmp_path, "boxes", text, rule, "a.png", "b.png", "c.png")
        assert found.answers["a.png"] == BoxesAnswer((FoundBox(0, 0.5, 1, 2, 4, 6), FoundBox(1, 1, 1, 2, 4, 6)))
        assert found.answers["b.png"] == BoxesAnswer(())
        assert found.answers["c.png"] == BoxesAnswer(None, FindingCode.MISSING_RESULT)

    def test_a_row_without_a_box_among_others_costs_the_case(self, tmp_path: Path) -> None:
        rule = {"sides": ["x", "y", "w", "h"], "class_name": "kind", "confidence": "score"}
        text = self.COLUMNS + "a.png,1,2,3,4,nodule,.5\na.png,,,,,,\n"
        assert of_table(tmp_path, "boxes", text, rule, "a.png").problems == {"a.png": FindingCode.MALFORMED_ENTRY}

    def test_a_broken_row_costs_the_case(self, tmp_path: Path) -> None:
        rule = {"sides": ["x", "y", "w", "h"], "class_name": "kind"}
        text = self.COLUMNS + "a.png,1,2,3,4,nodule,.5\na.png,1,2\n"
        assert of_table(tmp_path, "boxes", text, rule, "a.png").problems == {"a.png": FindingCode.MALFORMED_ENTRY}


class TestPoints:
    """The image has 60 columns and 40 rows."""

    @pytest.mark.parametrize(
        ("rule", "entry"),
        [
            ({"by_name": "points"}, {"points": {"BASE": [30, 10.5], "apex": [0, 40]}}),
            ({"in_order": "."}, [[0, 40], [30, 10.5]]),
            ({"fields": {"apex": ["a"], "base": ["b.x", "b.y"]}}, {"a": [0, 40], "b": {"x": 30, "y": 10.5}}),
            # 30 / 60 columns; 10.5 / 40 rows.
            ({"in_order": ".", "unit": "share"}, [[0, 1], [0.5, 0.2625]]),
        ],
    )
    def test_they_come_back_in_the_tasks_order(self, tmp_path: Path, rule: dict[str, object], entry: object) -> None:
        found = of_one(tmp_path, "points", entry, rule)
        assert (found.answers, found.findings) == ({"x.png": PointsAnswer(((0, 40), (30, 10.5)))}, [])

    def test_null_says_that_a_point_is_not_there(self, tmp_path: Path) -> None:
        found = of_one(tmp_path, "points", {"apex": None, "base": [1, 2]}, {"by_name": "."})
        assert found.answers == {"x.png": PointsAnswer((None, (1, 2)))}

    def test_a_table_has_two_columns_for_each(self, tmp_path: Path) -> None:
        rule = {"fields": {"apex": ["ax", "ay"], "base": ["bx", "by"]}}
        found = of_table(tmp_path, "points", "id,ax,ay,bx,by\nx.png,1,2,,\n", rule)
        assert found.answers == {"x.png": PointsAnswer(((1, 2), None))}
        half = of_table(tmp_path, "points", "id,ax,ay,bx,by\nx.png,1,2,3,\n", rule)
        assert half.problems == {"x.png": FindingCode.MALFORMED_ENTRY}

    @pytest.mark.parametrize(
        ("rule", "entry", "code"),
        [
            ({"by_name": "."}, {"apex": [1, 2]}, FindingCode.WRONG_LENGTH),
            ({"by_name": "."}, {"apex": [1, 2], "base": [1, 2], "tip": [1, 2]}, FindingCode.UNKNOWN_CLASS),
            ({"by_name": "."}, {"apex": [1, 2], "base": [1, 2], "Apex": [1, 2]}, FindingCode.DUPLICATE_KEY),
            ({"by_name": "."}, [[1, 2], [1, 2]], FindingCode.MALFORMED_ENTRY),
            ({"in_order": "."}, [[1, 2]], FindingCode.WRONG_LENGTH),
            ({"in_order": "."}, [[1, 2], [1, 2, 3]], FindingCode.WRONG_LENGTH),
            ({"in_order": "."}, [[1, 2], [1, "2"]], FindingCode.MALFORMED_ENTRY),
            ({"in_order": "."}, [[1, 2], [1, float("inf")]], FindingCode.NON_FINITE_NUMBER),
            ({"in_order": "."}, [[1, 2], [61.5, 2]], FindingCode.OUTSIDE_IMAGE),
            ({"in_order": "."}, [[1, 2], [2, -1.5]], FindingCode.OUTSIDE_IMAGE),
            ({"fields": {"apex": ["a"], "base": ["b"]}}, {"a": [1, 2]}, FindingCode.MALFORMED_ENTRY),
        ],
    )
    def test_what_is_none_costs_the_case(self, tmp_path: Path, rule: dict[str, object], entry: object, code: FindingCode) -> None:
        assert of_one(tmp_path, "points", entry, rule).answers == {"x.png": PointsAnswer(None, code)}
