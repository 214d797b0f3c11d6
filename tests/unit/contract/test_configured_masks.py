"""Masks by an organiser's rules: where they are, and what their values mean. Images have 40 rows and 60 columns."""

from __future__ import annotations

import io
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from layout_bench import HEIGHT, WIDTH, a_challenge, png, read, rules_of, write
from PIL import Image

from sonobench_eval.challenge.model import Case
from sonobench_eval.contract.configured import ConfiguredContract
from sonobench_eval.contract.uusic25 import Uusic25
from sonobench_eval.io.findings import Finding, FindingCode
from sonobench_eval.io.images import InProcessDecoder
from sonobench_eval.io.sources import FolderResults
from sonobench_eval.io.volumes import Geometry


class TestMaskPath:
    @pytest.mark.parametrize(
        ("rule", "case_id", "path"),
        [
            ({"path": "{path}"}, "a/b/1.png", "a/b/1.png"),
            ({"path": "{folder}/{stem}_seg{suffix}"}, "a/b/1.x.png", "a/b/1.x_seg.png"),
            ({"path": "{folder}/{stem}/mask.png"}, "1.png", "1/mask.png"),
            ({"path": "{task}/{name}"}, "a/1.png", "heart/1.png"),
            ({"path": "{stem}.nii.gz"}, "a/1.NII.GZ", "1.nii.gz"),
            ({"path": "out/{folder}/{name}", "replace": [("img", "mask"), ("a", "b")]}, "img/a_img.png", "out/mbsk/b_mbsk.png"),
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


class TestOtherFormats:
    """A volume of 2 slices, 3 rows and 4 columns; its file has the axes the other way round."""

    AFFINE = np.diag([0.5, 0.6, 2.0, 1.0])
    PLACE = Geometry((2, 3, 4), AFFINE)

    def nifti(self, value: int, *, affine: np.ndarray = AFFINE, planes: int = 2) -> bytes:
        array = np.zeros((4, 3, planes), np.uint8)
        array[1, 2, planes - 1] = value
        return bytes(nib.Nifti1Image(array, affine).to_bytes())

    def test_a_volume_is_read_in_its_place(self, tmp_path: Path) -> None:
        rules = rules_of(masks=[{"path": "{stem}/seg.nii", "map": {7: 2}}])
        challenge = a_challenge(dict.fromkeys(["1.nii.gz", "2.nii.gz", "3.nii.gz", "4.nii.gz"], "valves"), rules)
        shifted = np.array(self.AFFINE)
        shifted[0, 3] = 5
        files = {"1/seg.nii": self.nifti(7), "2/seg.nii": self.nifti(7, affine=shifted), "3/seg.nii": self.nifti(7, planes=3)}
        found = read(rules, challenge, write(tmp_path, files), volume=self.PLACE)
        assert list(found.problems.values()) == [
            None,
            FindingCode.WRONG_GEOMETRY,
            FindingCode.WRONG_SIZE,
            FindingCode.MISSING_RESULT,
        ]
        array = found.answers["1.nii.gz"].array
        assert (array.shape, array[1, 2, 1], array.sum()) == ((2, 3, 4), 2, 2)

    def test_a_tiff_is_read_where_the_path_says_so(self, tmp_path: Path) -> None:
        rules = rules_of(masks=[{"path": "{stem}.tif"}])
        out = io.BytesIO()
        Image.fromarray(np.full((HEIGHT, WIDTH), 255, np.uint8)).save(out, "TIFF")
        write(tmp_path, {"1.tif": out.getvalue(), "2.tif": png(255)})
        found = read(rules, a_challenge({"1.png": "heart", "2.png": "heart"}, rules), tmp_path)
        assert found.problems == {"1.png": None, "2.png": FindingCode.UNREADABLE_IMAGE}

    def test_the_kit_has_no_volumes(self) -> None:
        (misfit,) = Uusic25().misfits(a_challenge({"1.nii.gz": "heart"}))
        assert misfit.loc == ("cases", 0, "id")


class TestMasks:
    @pytest.mark.parametrize("contract", [ConfiguredContract(rules_of(masks=[{"replace": [("img", "mask")]}])), Uusic25()])
    def test_many_are_read_ahead_with_the_same_answers_and_findings(
        self, tmp_path: Path, contract: ConfiguredContract | Uusic25
    ) -> None:
        challenge = a_challenge(dict.fromkeys([f"img/{number}.png" for number in range(6)], "heart"))
        files = {f"mask/{number}.png": png(255) for number in range(5)}
        write(tmp_path, {**files, "mask/1.png": png(7), "mask/2.png": png(255, height=9), "mask/3.png": b""})
        with FolderResults(tmp_path) as source:
            one, many = (
                contract.read_answers(challenge, source, lambda case: (HEIGHT, WIDTH), decoder=InProcessDecoder()) for _ in "12"
            )
            single, ahead = [one.mask(case) for case in challenge.cases], list(many.masks(iter(challenge.cases)))
        assert [each.problem for each in ahead] == [each.problem for each in single]
        assert [str(each.array) for each in ahead] == [str(each.array) for each in single]
        assert many.findings == one.findings

    def test_flat_images_and_volumes_may_come_in_turn(self, tmp_path: Path) -> None:
        contract = ConfiguredContract(rules_of(masks=[{}]))
        ids = ["1.nii", "2.png", "3.png", "4.nii"]
        volume = nib.Nifti1Image(np.ones((4, 3, 2), np.uint8), np.eye(4)).to_bytes()
        write(tmp_path, {case_id: volume if case_id.endswith("nii") else png(255) for case_id in ids})
        challenge = a_challenge(dict.fromkeys(ids, "heart"))
        with FolderResults(tmp_path) as source:
            answers = contract.read_answers(
                challenge,
                source,
                lambda case: Geometry((2, 3, 4), None) if case.id.endswith("nii") else (HEIGHT, WIDTH),
                decoder=InProcessDecoder(),
            )
            shapes = [answer.array.shape for answer in answers.masks(challenge.cases) if answer.array is not None]
        assert shapes == [(2, 3, 4), (HEIGHT, WIDTH), (HEIGHT, WIDTH), (2, 3, 4)]
