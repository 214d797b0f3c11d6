"""What a challenge cannot be by an organiser's rules is told with its place, before anybody is scored by them."""

from __future__ import annotations

from typing import Any

import pytest
from layout_bench import a_challenge, a_task, rules_of

from sonobench_eval.challenge.model import Challenge
from sonobench_eval.contract.configured import ConfiguredContract
from sonobench_eval.contract.pseudonyms import KEY_BYTES, case_names

Loc = tuple[str | int, ...]
BY_INDEX = {"decision": {"index": "d"}}


def misfits(challenge: Challenge, **rules: object) -> list[tuple[Loc, str]]:
    own = rules_of(**rules)
    return [tuple(each) for each in ConfiguredContract(own).misfits(challenge.model_copy(update={"contract": own}))]


def the_misfit(challenge: Challenge, **rules: object) -> tuple[Loc, str]:
    (found,) = misfits(challenge, **rules)
    return found


class TestTasks:
    def test_every_kind_needs_a_rule(self) -> None:
        challenge = a_challenge({"1.png": "breast", "2.png": "nodules"})
        assert the_misfit(challenge, classes=[{"file": "a", **BY_INDEX}]) == (
            ("tasks", 1, "kind"),
            "the contract reads no answers of detection tasks; add a rule under boxes",
        )

    def test_two_rules_for_one_task_are_one_too_many(self) -> None:
        twice = [{"file": "a", **BY_INDEX}, {"file": "b", **BY_INDEX}]
        loc, sentence = the_misfit(a_challenge({"1.png": "breast"}), classes=twice)
        assert (loc, "breast is read by another rule" in sentence) == (("contract", "classes", 1), True)

    @pytest.mark.parametrize(("name", "why"), [("brest", "is no task"), ("heart", "has no classes")])
    def test_a_rule_speaks_of_tasks_that_it_can_be_for(self, name: str, why: str) -> None:
        challenge = a_challenge({"1.png": "breast", "2.png": "heart"})
        rules = {"masks": [{}], "classes": [{"file": "a", **BY_INDEX}, {"file": "b", "tasks": [name], **BY_INDEX}]}
        loc, sentence = the_misfit(challenge, **rules)
        assert (loc, why in sentence) == (("contract", "classes", 1, "tasks", 0), True)


class TestAnswers:
    @pytest.mark.parametrize(
        ("kind", "task", "rule", "sentence"),
        [
            ("classes", "type", {"probabilities": {"positive": "p"}}, "one of two classes, and type has 4"),
            ("classes", "type", {"probabilities": {"in_order": "p"}, "decision": {"threshold": 0.5}}, "between two classes"),
            ("classes", "breast", {"probabilities": {"fields": {"benign": "b"}}}, "lacks malignant of breast"),
            (
                "classes",
                "breast",
                {"probabilities": {"fields": dict.fromkeys(["benign", "malignant", "x"], "p")}},
                "'x', which breast has not",
            ),
            (
                "classes",
                "breast",
                {"decision": {"name": "d", "synonyms": {"cancer": ["malignant"]}}},
                "'cancer', which breast has not",
            ),
            (
                "classes",
                "breast",
                {"decision": {"name": "d", "synonyms": {"benign": ["MALIGNANT"]}}},
                "one name in different spellings",
            ),
            ("classes", "type", {"decision": {"text": "d", "synonyms": {"TN": ["HER2-"]}}}, "cannot be told apart"),
            (
                "labels",
                "planes",
                {"probabilities": {"in_order": "p"}, "decisions": {"thresholds": {"liver": 0.5}}},
                "lacks spleen",
            ),
            ("boxes", "nodules", {"form": "list", "box": "b"}, "has 2 classes; say where a box's class is"),
            ("points", "landmarks", {"fields": {"apex": ["a"]}}, "fields lacks base of landmarks"),
        ],
    )
    def test_rules_speak_of_what_the_task_has(self, kind: str, task: str, rule: dict[str, object], sentence: str) -> None:
        loc, said = the_misfit(a_challenge({"1.png": task}), **{kind: [{"file": "a.json", **rule}]})
        assert loc == ("contract", kind, 0)
        assert sentence in said

    @pytest.mark.parametrize(
        ("task", "rule", "sentence"),
        [
            ("valves", {"values": "binary_255"}, "binary_255 is for one structure, and valves has 2"),
            ("valves", {"map": {255: 3}}, "map makes 3, which is no structure of valves"),
        ],
    )
    def test_values_are_those_of_the_tasks_structures(self, task: str, rule: dict[str, object], sentence: str) -> None:
        loc, said = the_misfit(a_challenge({"1.png": task}), masks=[rule])
        assert (loc, sentence in said) == (("contract", "masks", 0), True)

    def test_classes_may_be_spelled_alike_where_nobody_reads_their_names(self) -> None:
        task = a_task("breast", classes=["Benign", "benign"])
        challenge = a_challenge({"1.png": "breast"}, tasks=[task])
        assert misfits(challenge, classes=[{"file": "a", "probabilities": {"in_order": "p"}}]) == []
        assert misfits(challenge, classes=[{"file": "a", "probabilities": {"by_name": "p"}}]) != []


class TestPlaces:
    @pytest.mark.parametrize("writable", ["/input", "/input/cache", "/out", "/list", "/out/put/x"])
    def test_what_is_mounted_cannot_be_writable(self, writable: str) -> None:
        challenge = a_challenge({"1.png": "heart"}, writable=("/app", writable))
        rules: dict[str, Any] = {"output_at": "/out/put", "case_list": {"at": "/list", "fields": {"id": "{path}"}}, "masks": [{}]}
        loc, sentence = the_misfit(challenge, **rules)
        assert (loc, "lie in one another" in sentence) == (("writable", 1), True)

    @pytest.mark.parametrize(
        ("ids", "rules", "number", "sentence"),
        [
            (
                ["a/1.png", "b/1.png"],
                {"inputs": {"path": "{name}"}},
                1,
                "its image would be written to 1.png, which is that of a/1.png",
            ),
            (["a/1.png", "a/1.png/2.png"], {}, 1, "below a/1.png, which is an image"),
            (
                ["cases.png"],
                {"case_list": {"at": "/input/cases.png", "fields": {"id": "{path}"}}},
                0,
                "to cases.png, which is the list of cases",
            ),
        ],
    )
    def test_every_image_needs_a_place_of_its_own(
        self, ids: list[str], rules: dict[str, object], number: int, sentence: str
    ) -> None:
        loc, said = misfits(a_challenge(dict.fromkeys(ids, "heart")), masks=[{}], **rules)[0]
        assert (loc, sentence in said) == (("cases", number, "id"), True)

    @pytest.mark.parametrize(
        ("cases", "rules", "number", "sentence"),
        [
            ({"a/1.png": "heart", "b/1.png": "heart"}, {"masks": [{"path": "{stem}.png"}]}, 1, "is that of a/1.png"),
            (
                {"a/img.png": "heart", "a/mask.png": "heart"},
                {"masks": [{"replace": [("img", "mask")]}]},
                1,
                "is that of a/img.png",
            ),
            (
                {"a.png": "heart", "b.png": "breast"},
                {"masks": [{"path": "x/{name}"}], "classes": [{"file": "x/a.png", **BY_INDEX}]},
                0,
                "to x/a.png, which is a file of answers",
            ),
            (
                {"a.png": "heart", "b.png": "breast"},
                {"masks": [{"path": "x/{name}"}], "classes": [{"file": "x/a.png/b", **BY_INDEX}]},
                0,
                "to x/a.png, which is a file of answers",
            ),
            (
                {"a.png": "breast", "b.png": "breast"},
                {"classes": [{"file": "{suffix}", "form": "file", **BY_INDEX}]},
                1,
                "that of a.png",
            ),
            ({"a.png": "heart"}, {"masks": [{"replace": [("a", "../a")]}]}, 0, "'../a.png', which is no plain relative path"),
            ({"a.png": "heart"}, {"masks": [{"replace": [("a", "/")]}]}, 0, "no plain relative path"),
            ({"a.jpg": "heart"}, {"masks": [{}]}, 0, "written to a.jpg; masks of images end in .png"),
        ],
    )
    def test_every_result_needs_a_place_of_its_own(
        self, cases: dict[str, str], rules: dict[str, object], number: int, sentence: str
    ) -> None:
        loc, said = misfits(a_challenge(cases), **rules)[0]
        assert (loc, sentence in said) == (("cases", number, "id"), True)

    def test_images_of_the_warm_up_need_places_too(self) -> None:
        challenge = a_challenge({"a/1.png": "heart"})
        warm = tuple(challenge.cases[0].model_copy(update={"id": case_id}) for case_id in ("w/1.png", "x/1.png"))
        loc, sentence = the_misfit(challenge.model_copy(update={"warm_up": warm}), inputs={"path": "{name}"}, masks=[{}])
        assert (loc, "which is that of w/1.png" in sentence) == (("warm_up", 1, "id"), True)

    @pytest.mark.parametrize(("ending", "fits"), [(".nii.gz", True), (".tif", True), (".png", False)])
    def test_masks_of_volumes_have_a_format_for_volumes(self, ending: str, fits: bool) -> None:
        found = misfits(a_challenge({"1.nii.gz": "heart"}), masks=[{"path": f"{{stem}}{ending}"}])
        assert [loc for loc, _ in found] == ([] if fits else [("cases", 0, "id")])

    @pytest.mark.parametrize(("ending", "fits"), [(".nii.gz", False), (".tiff", True), (".PNG", True)])
    def test_masks_of_images_have_a_format_for_images(self, ending: str, fits: bool) -> None:
        found = misfits(a_challenge({"1.jpg": "heart"}), masks=[{"path": f"{{stem}}{ending}"}])
        assert [loc for loc, _ in found] == ([] if fits else [("cases", 0, "id")])

    def test_boxes_of_volumes_cannot_be_read(self) -> None:
        rule = {"file": "a", "boxes": ".", "box": ".", "class_index": "k"}
        loc, sentence = the_misfit(a_challenge({"1.nii": "nodules"}), boxes=[rule])
        assert (loc, "flat images only" in sentence) == (("cases", 0, "id"), True)

    def test_every_case_needs_a_name_of_its_own_in_its_file(self) -> None:
        challenge = a_challenge({"a/1.png": "breast", "b/1.png": "breast"})
        loc, sentence = the_misfit(challenge, classes=[{"file": "a", "key": "{stem}", **BY_INDEX}])
        assert (loc, "called '1', as that of a/1.png" in sentence) == (("cases", 1, "id"), True)

    def test_names_may_be_the_same_in_different_files(self) -> None:
        challenge = a_challenge({"a/1.png": "breast", "b/1.png": "type"})
        assert misfits(challenge, classes=[{"file": "{task}.json", "key": "{stem}", **BY_INDEX}]) == []


class TestPseudonyms:
    @pytest.mark.parametrize(
        ("rule", "text"),
        [
            ({"replace": [("a", "b")]}, "a"),
            ({"replace": [("00", "")]}, "00"),
            ({"replace": [("/a", "/b")]}, "/a"),
            ({"replace": [("0.png", "1.png")]}, "0.png"),
            ({"path": "{folder}/image{stem}.png", "replace": [("image", "x"), ("x1", "y")]}, "x1"),
            ({"path": "{stem}/{stem}.png", "replace": [("f/0", "x")]}, "f/0"),
        ],
    )
    def test_a_text_that_could_stand_in_an_opaque_name_cannot_be_replaced(self, rule: dict[str, object], text: str) -> None:
        # With `a` for `b`, two names that differ in these alone would become one.
        challenge = a_challenge({"h/1.png": "heart", "h/2.png": "heart"})
        loc, sentence = the_misfit(challenge, masks=[rule])
        assert (loc, f"replacing {text!r}" in sentence) == (("contract", "masks"), True)
        assert misfits(challenge.model_copy(update={"pseudonyms": False}), masks=[rule]) == []

    @pytest.mark.parametrize(
        "rule",
        [
            {"replace": [("img", "mask")]},
            {"replace": [("image", "label")]},
            {"replace": [(".png", "_mask.png")]},
            {"replace": [("h/", "x/")]},
            {"path": "{task}.png/{stem}.png", "replace": [("a", "b")], "tasks": ["x"]},
        ],
    )
    def test_any_other_text_can(self, rule: dict[str, object]) -> None:
        rules = [{"path": "{path}"}, rule] if "tasks" in rule else [rule]
        challenge = a_challenge({"h/1.png": "heart", "h/2.png": "heart"})
        assert [each for each in misfits(challenge, masks=rules) if each[0] == ("contract", "masks")] == []

    def test_hidden_folders_are_missing_from_paths(self) -> None:
        challenge = a_challenge({"p1/image.png": "heart", "p2/image.png": "heart"})
        hidden = {"path": "{folder}/image{suffix}", "folders": "hidden"}
        assert misfits(challenge, inputs={**hidden, "folders": "kept"}, masks=[{}]) == []
        loc, sentence = the_misfit(challenge, inputs=hidden, masks=[{}])
        assert (loc, "its image would be written to image.png" in sentence) == (("cases", 1, "id"), True)
        assert misfits(challenge.model_copy(update={"pseudonyms": False}), inputs=hidden, masks=[{}]) == []

    def test_what_fits_fits_under_any_names(self) -> None:
        rules = rules_of(
            inputs={"path": "{folder}/{stem}/image{suffix}", "folders": "hidden"}, masks=[{"path": "{folder}/{stem}/mask.png"}]
        )
        challenge = a_challenge(dict.fromkeys(["p1/a.png", "p1/b.png", "p2/a.png"], "heart"), rules)
        contract = ConfiguredContract(rules)
        assert contract.misfits(challenge) == []
        for key in (b"a" * KEY_BYTES, b"b" * KEY_BYTES):
            assert contract.misfits(case_names(challenge, key).as_told(challenge)) == []
