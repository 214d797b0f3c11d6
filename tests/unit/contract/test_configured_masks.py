"""Masks by an organiser's rules: where they are, and what their values mean. Images have 40 rows and 60 columns."""

from __future__ import annotations

from pathlib import Path

import pytest
from layout_bench import a_challenge, png, read, rules_of, write

from sonobench_eval.challenge.model import Case
from sonobench_eval.contract.configured import ConfiguredContract
from sonobench_eval.io.findings import Finding, FindingCode


class TestMaskPath:
    @pytest.mark.parametrize(
        ("rule", "case_id", "path"),
        [
            ({"path": "{path}"}, "a/b/1.png", "a/b/1.png"),
            ({"path": "{folder}/{stem}_seg{suffix}"}, "a/b/1.x.png", "a/b/1.x_seg.png"),
            ({"path": "{folder}/{stem}/mask.png"}, "1.png", "1/mask.png"),
            ({"path": "{task}/{name}"}, "a/1.png", "heart/1.png"),
            ({"path": "{stem}.nii.gz"}, "a/1.NII.GZ", "1.nii.gz"),
            ({"path": "out/{folder}/{name}", "replace": {"img": "mask", "a": "b"}}, "img/a_img.png", "out/mbsk/b_mbsk.png"),
            ({"path": "{stem}{suffix}"}, ".png", ".png"),
            ({"path": "{stem}.png"}, "noending", "noending.png"),
        ],
    )
    def test_it_is_made_of_the_parts_of_the_case(self, rule: dict[str, object], case_id: str, path: str) -> None:
        contract = ConfiguredContract(rules_of(masks=[rule]))
        assert contract.mask_path(Case(id=case_id, task="heart", center="a")) == path

    def test_a_rule_that_names_the_task_goes_before_one_that_names_none(self) -> None:
        contract = ConfiguredContract(rules_of(masks=[{"path": "a/{path}"}, {"tasks": ["heart"], "path": "b/{path}"}]))
        assert contract.mask_path(Case(id="1.png", task="heart", center="a")) == "b/1.png"
        assert contract.mask_path(Case(id="1.png", task="valves", center="a")) == "a/1.png"

    def test_a_task_without_masks_has_no_path(self) -> None:
        with pytest.raises(LookupError, match="reads no masks of heart"):
            ConfiguredContract(rules_of(masks=[{"tasks": ["valves"]}])).mask_path(Case(id="1.png", task="heart", center="a"))


class TestValues:
    @pytest.mark.parametrize(
        ("task", "rule", "written", "meant"),
        [
            ("heart", {}, 255, 255),
            ("heart", {"values": "binary_255"}, 255, 255),
            ("valves", {}, 2, 2),
            ("septum", {"values": "binary_255"}, 255, 3),
            ("valves", {"map": {128: 1, 255: 2}}, 255, 2),
            ("valves", {"map": {128: 1, 255: 2, 7: 0}}, 7, 0),
        ],
    )
    def test_a_written_value_becomes_the_tasks(
        self, tmp_path: Path, task: str, rule: dict[str, object], written: int, meant: int
    ) -> None:
        rules = rules_of(masks=[rule])
        found = read(rules, a_challenge({"1.png": task}, rules), write(tmp_path, {"1.png": png(written)}))
        array = found.answers["1.png"].array
        assert (array.shape, array.dtype, sorted({0, meant})) == ((40, 60), "uint8", sorted({*array.ravel().tolist()}))
        assert array[0, 0] == meant
        assert found.findings == []

    @pytest.mark.parametrize(
        ("task", "rule", "written", "left"),
        [
            ("heart", {}, 1, 1),
            ("heart", {"values": "binary_255"}, 254, 0),
            ("septum", {"values": "binary_255"}, 3, 0),
            ("valves", {"map": {128: 1, 255: 2}}, 1, 0),
        ],
    )
    def test_other_values_are_noted(self, tmp_path: Path, task: str, rule: dict[str, object], written: int, left: int) -> None:
        rules = rules_of(masks=[rule])
        found = read(rules, a_challenge({"1.png": task}, rules), write(tmp_path, {"1.png": png(written)}))
        assert found.answers["1.png"].array[0, 0] == left
        assert found.findings == [Finding(FindingCode.UNEXPECTED_VALUES, "1.png")]


class TestMask:
    def test_what_is_wrong_with_a_mask_is_its_problem_alone(self, tmp_path: Path) -> None:
        rules = rules_of(masks=[{"path": "{stem}.mask.png"}])
        challenge = a_challenge(dict.fromkeys(["1.png", "2.png", "3.png", "4.png", "5.png"], "heart"), rules)
        write(tmp_path, {"1.mask.png": png(255), "2.mask.png": png(255, height=41), "3.mask.png": b"GIF89a", "x": b""})
        (tmp_path / "5.mask.png").symlink_to("1.mask.png")
        found = read(rules, challenge, tmp_path)
        assert list(found.problems.values()) == [
            None,
            FindingCode.WRONG_SIZE,
            FindingCode.UNREADABLE_IMAGE,
            FindingCode.MISSING_RESULT,
            FindingCode.NOT_A_REGULAR_FILE,
        ]
        assert found.codes == [FindingCode.UNEXPECTED_FILE, *list(found.problems.values())[1:]]
