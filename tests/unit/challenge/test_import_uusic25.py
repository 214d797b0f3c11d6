from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from sonobench_eval.challenge.check import check_data
from sonobench_eval.challenge.errors import ChallengeError
from sonobench_eval.challenge.import_uusic25 import import_uusic25
from sonobench_eval.challenge.load import dump_challenge, parse_challenge
from sonobench_eval.contract.registry import contract_named

Edit = Callable[..., Path]


class TestImportUusic25:
    def test_each_set_becomes_a_task(self, uusic: Path) -> None:
        challenge = import_uusic25(uusic, name="demo")
        assert [(task.id, task.kind, task.dataset_name) for task in challenge.tasks] == [
            ("Breast_classification", "binary", "Breast"),
            ("Breast_luminal_classification", "multiclass", "Breast_luminal"),
            ("Heart_segmentation", "segmentation", "Heart"),
        ]
        assert challenge.task("Breast_luminal_classification").classes == ("Luminal A", "Luminal B", "HER2", "triple negative")

    def test_metrics_are_declared_with_surfaces_and_two_pixels_of_tolerance(self, uusic: Path) -> None:
        challenge = import_uusic25(uusic, name="demo")
        dsc, nsd = challenge.task("Heart_segmentation").metrics
        assert (dsc.name, nsd.name, nsd.convention, nsd.tolerance, nsd.unit) == ("dsc", "nsd", "surface", 2, "px")
        assert [metric.name for metric in challenge.task("Breast_classification").metrics] == ["auc", "acc", "f1", "auprc"]

    def test_the_published_convention_can_be_chosen(self, uusic: Path) -> None:
        challenge = import_uusic25(uusic, name="demo", nsd_convention="uusic25", nsd_tolerance=1)
        nsd = challenge.task("Heart_segmentation").metrics[1]
        assert (nsd.convention, nsd.tolerance) == ("uusic25", 1)

    def test_cases_keep_subject_and_pixel_size(self, uusic: Path) -> None:
        case = import_uusic25(uusic, name="demo").cases[0]
        assert (case.id, case.mask) == ("seg/Heart/img/1.png", "seg/Heart/mask/1.png")
        assert (case.subject, case.pixel_size_mm, case.center) == ("17", 0.2, "Zhejiang_Hospital")

    def test_centers_are_internal_unless_named(self, uusic: Path) -> None:
        roles = {center.id: center.role for center in import_uusic25(uusic, name="demo").centers}
        assert roles == {"NKI": "internal", "Zhejiang_Hospital": "internal"}
        named = import_uusic25(uusic, name="demo", external=("NKI",))
        assert (named.center("NKI").role, named.center("Zhejiang_Hospital").title) == ("external", "Zhejiang Hospital")

    @pytest.mark.parametrize("key", ["center_role", "role"])
    def test_entries_may_name_the_role_themselves(self, edit_entry: Edit, key: str) -> None:
        assert import_uusic25(edit_entry(1, **{key: "external"}), name="demo").center("NKI").role == "external"

    def test_it_writes_a_file_that_loads_and_data_that_checks(self, uusic: Path) -> None:
        challenge = import_uusic25(uusic, name="demo")
        assert parse_challenge(dump_challenge(challenge), name="x") == challenge
        assert check_data(challenge, uusic / "images", uusic / "truth") == []

    @pytest.mark.parametrize(
        ("number", "fields", "said"),
        [
            (0, {"center": None}, r"entry 0 \(seg/Heart/img/1.png\): center is missing"),
            (0, {"img_path_relative": None}, r"entry 0 \(without img_path_relative\): img_path_relative is missing"),
            (0, {"dataset_name": 3}, "dataset_name must be text"),
            (0, {"task": "detection"}, "task must be segmentation or classification, not 'detection'"),
            (0, {"mask_path_relative": None}, "mask_path_relative is missing"),
            (0, {"mask_path_relative": "seg/no.png"}, "there is no file .*truth/seg/no.png"),
            (0, {"img_path_relative": "seg/no.png"}, "there is no file .*images/seg/no.png"),
            (0, {"img_path_relative": "../1.png"}, "is not a plain relative path"),
            (0, {"pixel_size_mm": -1}, r"cases\.0\.pixel_size_mm: must be greater than 0"),
            (1, {"label": None}, "label is missing"),
            (1, {"label": 2}, "label must be a whole number from 0 to 1, not 2"),
            (1, {"label": -1}, "label must be a whole number from 0 to 1, not -1"),
            (1, {"label": True}, "label must be a whole number from 0 to 1, not True"),
            (2, {"label": 4}, "label must be a whole number from 0 to 3, not 4"),
            (1, {"role": "outside"}, "center_role must be internal or external, not 'outside'"),
            (2, {"organ": "Lung", "dataset_name": "Breast"}, "Breast has more than one organ: Breast, Lung"),
            (2, {"center": "Zhejiang_Hospital"}, "too alike to be told apart"),
        ],
    )
    def test_a_broken_entry_is_named_with_its_fault(
        self, edit_entry: Edit, number: int, fields: dict[str, object], said: str
    ) -> None:
        with pytest.raises(ChallengeError, match=said):
            import_uusic25(edit_entry(number, **({"label": 0} if number == 2 else {}) | fields), name="demo")

    def test_every_broken_entry_is_told_at_once(self, edit_entry: Edit) -> None:
        edit_entry(0, center=None)
        with pytest.raises(ChallengeError) as caught:
            import_uusic25(edit_entry(1, label="x"), name="demo")
        assert len(str(caught.value).splitlines()) == 2

    def test_an_unknown_external_center_lists_those_there_are(self, uusic: Path) -> None:
        with pytest.raises(ChallengeError, match="no case is from the external center 'Mars'; found are NKI, Zhejiang Hospital"):
            import_uusic25(uusic, name="demo", external=("Mars",))

    def test_a_center_cannot_be_both(self, edit_entry: Edit) -> None:
        edit_entry(1, role="external")
        with pytest.raises(ChallengeError, match="internal in some entries and external in others"):
            import_uusic25(edit_entry(2, role="internal"), name="demo")

    def test_millimetres_need_pixel_sizes(self, edit_entry: Edit) -> None:
        with pytest.raises(ChallengeError, match="measures in mm"):
            import_uusic25(edit_entry(0, pixel_size_mm=None), name="demo", nsd_unit="mm")

    @pytest.mark.parametrize(
        ("text", "said"),
        [("{", "is not usable JSON"), ("[]", "not empty"), ("{}", "must be a list"), ("[1]", "entry 0 is not an object")],
    )
    def test_a_file_that_is_no_list_of_cases_is_told(self, uusic: Path, text: str, said: str) -> None:
        (uusic / "ground_truth.json").write_text(text)
        with pytest.raises(ChallengeError, match=said):
            import_uusic25(uusic, name="demo")

    def test_a_missing_folder_and_a_missing_file_are_told_apart(self, tmp_path: Path) -> None:
        with pytest.raises(ChallengeError, match="there is no such folder"):
            import_uusic25(tmp_path / "no", name="demo")
        with pytest.raises(ChallengeError, match=r"there is no ground_truth\.json in it"):
            import_uusic25(tmp_path, name="demo")

    def test_images_whose_masks_would_collide_are_refused(self, uusic: Path) -> None:
        cases = json.loads((uusic / "ground_truth.json").read_text())
        twin = cases[0] | {"img_path_relative": "seg/Heart/mask/1.png"}
        (uusic / "images/seg/Heart/mask").mkdir()
        (uusic / "images/seg/Heart/mask/1.png").write_bytes(b"")
        (uusic / "ground_truth.json").write_text(json.dumps([*cases, twin]))
        with pytest.raises(ChallengeError, match="its mask would be written to"):
            import_uusic25(uusic, name="demo")


@pytest.mark.real_data
class TestRealData:
    def test_the_mini_set_imports_checks_and_lists_its_cases_as_published(self, real_data: Path) -> None:
        challenge = import_uusic25(real_data, name="mini", external=("Radboud",))
        assert [len(challenge.cases_of(task.id)) for task in challenge.tasks] == [120, 101]
        assert check_data(challenge, real_data / "images", real_data / "truth") == []
        listed = json.loads(contract_named("uusic25").case_list(challenge))
        assert listed == json.loads((real_data / "participants.json").read_text())
