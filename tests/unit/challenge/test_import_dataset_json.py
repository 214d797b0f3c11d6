"""Data sets of nnU-Net and the Decathlon as challenges, and challenges as data sets for nnU-Net."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from PIL import Image

from sonobench_eval.challenge.check import check_data
from sonobench_eval.challenge.digest import challenge_hash
from sonobench_eval.challenge.errors import ChallengeError
from sonobench_eval.challenge.export_dataset_json import export_dataset_json
from sonobench_eval.challenge.import_dataset_json import Choices, import_dataset_json
from sonobench_eval.challenge.load import LoadedChallenge, dump_challenge, parse_challenge

V2 = {"channel_names": {"0": "US"}, "labels": {"background": 0, "lesion": 1, "cyst": 2}, "numTraining": 2, "file_ending": ".png"}
MSD = {
    "name": "Heart",
    "modality": {"0": "MRI"},
    "labels": {"0": "background", "1": "left atrium"},
    "numTraining": 2,
    "training": [{"image": f"./imagesTr/la_{n}.nii.gz", "label": f"./labelsTr/la_{n}.nii.gz"} for n in (1, 2)],
    "test": ["./imagesTs/la_9.nii.gz"],
}
Make = Callable[..., Path]


def png(path: Path, value: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.zeros((6, 4), np.uint8)
    pixels[1:3, 1:3] = value
    Image.fromarray(pixels).save(path)


def nifti(path: Path, value: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    voxels = np.zeros((4, 5, 6), np.uint8)
    voxels[1, 2, 3] = value
    nibabel.Nifti1Image(voxels, np.diag([1.0, 2.0, 3.0, 1.0])).to_filename(path)


@pytest.fixture
def v2(tmp_path: Path) -> Make:
    """A data set of two flat images; keys of dataset.json can be changed, or taken away with None."""

    def make(part: str = "Ts", **changes: Any) -> Path:
        document = {key: value for key, value in {**V2, **changes}.items() if value is not None}
        (tmp_path / "dataset.json").write_text(json.dumps(document))
        for number in (1, 2):
            png(tmp_path / f"images{part}/us_{number}_0000.png", 90)
            png(tmp_path / f"labels{part}/us_{number}.png", number)
        return tmp_path

    return make


@pytest.fixture
def msd(tmp_path: Path) -> Make:
    def make(**changes: Any) -> Path:
        (tmp_path / "dataset.json").write_text(json.dumps({**MSD, **changes}))
        for number in (1, 2):
            nifti(tmp_path / f"imagesTr/la_{number}.nii.gz", 200)
            nifti(tmp_path / f"labelsTr/la_{number}.nii.gz", 1)
        return tmp_path

    return make


def imported(folder: Path, **choices: Any) -> Any:
    return import_dataset_json(folder, Choices(name="demo", **choices))


def refused(folder: Path, **choices: Any) -> str:
    with pytest.raises(ChallengeError) as error:
        imported(folder, **choices)
    return str(error.value)


class TestNnUnet:
    def test_images_become_cases_and_their_masks_references(self, v2: Make) -> None:
        made = imported(v2(), organ="Breast", center="Leiden", external=True)
        challenge = made.challenge
        assert [(case.id, case.mask) for case in challenge.cases] == [
            ("us_1_0000.png", "us_1.png"),
            ("us_2_0000.png", "us_2.png"),
        ]
        assert (challenge.inputs, challenge.truth, challenge.contract) == ("imagesTs", "labelsTs", "json-list")
        assert challenge.tasks[0].labels == {"lesion": 1, "cyst": 2}
        assert (challenge.tasks[0].organ, challenge.centers[0].role) == ("Breast", "external")
        assert made.notes == ()

    def test_it_loads_again_and_its_data_checks(self, v2: Make) -> None:
        folder = v2()
        challenge = imported(folder).challenge
        assert parse_challenge(dump_challenge(challenge), name="x") == challenge
        assert check_data(challenge, folder / "imagesTs", folder / "labelsTs") == []

    def test_the_training_part_can_be_taken_and_another_count_is_told(self, v2: Make) -> None:
        made = imported(v2("Tr", numTraining=5), part="train")
        assert made.challenge.inputs == "imagesTr"
        assert made.notes == ("dataset.json says numTraining 5, and there are 2 cases",)

    def test_files_may_be_named_case_by_case(self, v2: Make) -> None:
        dataset = {"one": {"images": ["imagesTr/us_1_0000.png"], "label": "labelsTr/us_1.png"}}
        assert [case.id for case in imported(v2("Tr", dataset=dataset), part="train").challenge.cases] == ["us_1_0000.png"]
        elsewhere = {"one": {"images": ["../x_0000.png"], "label": "labelsTr/us_1.png"}}
        assert "dataset.one: its files are not in imagesTr" in refused(v2("Tr", dataset=elsewhere), part="train")

    def test_several_channels_are_refused_until_one_is_chosen(self, v2: Make) -> None:
        folder = v2(channel_names={"0": "B-mode", "1": "Doppler"})
        assert "has 2 channels (0: B-mode, 1: Doppler), and a case of a challenge is one image" in refused(folder)
        made = imported(folder, channel=0)
        assert (len(made.challenge.cases), made.notes) == (2, ("of its 2 channels only 0 (B-mode) is used",))
        assert "whose name ends in _0001.png" in refused(folder, channel=1)
        assert "has no channel 7" in refused(folder, channel=7)

    def test_the_colours_of_one_image_are_no_channels(self, v2: Make) -> None:
        made = imported(v2(channel_names={"0": "R", "1": "G", "2": "B"}))
        assert len(made.challenge.cases) == 2
        assert "colours of one image" in made.notes[0]


class TestTheDecathlon:
    def test_listed_volumes_become_cases(self, msd: Make) -> None:
        folder = msd()
        made = imported(folder, part="train")
        assert {case.id: case.mask for case in made.challenge.cases}["la_1.nii.gz"] == "la_1.nii.gz"
        assert made.challenge.tasks[0].labels == {"left_atrium": 1}
        assert made.challenge.tasks[0].metrics[1].unit == "mm"
        assert check_data(made.challenge, folder / "imagesTr", folder / "labelsTr") == []

    def test_its_test_images_have_no_labels(self, msd: Make) -> None:
        nifti(msd() / "imagesTs/la_9.nii.gz", 1)
        assert "there is no folder labelsTs" in refused(msd(), part="test")

    def test_the_first_versions_names_with_a_channel_are_found(self, msd: Make) -> None:
        folder = msd()
        for number in (1, 2):
            (folder / f"imagesTr/la_{number}.nii.gz").rename(folder / f"imagesTr/la_{number}_0000.nii.gz")
        assert imported(folder, part="train").challenge.cases[0].id == "la_1_0000.nii.gz"


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"labels": {"background": 0, "whole": [1, 2], "core": 2}}, "its labels are regions"),
            ({"regions_class_order": [1, 2]}, "its labels are regions"),
            ({"labels": {"background": 0, "lesion": 1, "ignore": 2}}, "has an ignored label"),
            ({"labels": {"background": 0, "lesion": 300}}, "must be a whole number from 0 to 255"),
            ({"labels": {"background": 0, "lesion": True}}, "must be a whole number"),
            ({"labels": {"background": 0, "a": 1, "b": 1}}, "two labels have the same value"),
            ({"labels": None}, "labels must name the values"),
            ({"labels": {"background": 0}}, "needs labels"),
            ({"channel_names": None}, "channel_names (or modality)"),
            ({"file_ending": ".nrrd"}, "file_ending is '.nrrd'"),
        ],
    )
    def test_a_description_that_a_challenge_cannot_say(self, v2: Make, changes: dict[str, Any], told: str) -> None:
        assert told in refused(v2(**changes))

    def test_a_folder_that_is_none(self, tmp_path: Path) -> None:
        assert "there is no such folder" in refused(tmp_path / "nowhere")
        assert "there is no readable dataset.json in it" in refused(tmp_path)
        (tmp_path / "dataset.json").write_text('{"labels": {}, "labels": {}}')
        assert "stands twice" in refused(tmp_path)
        (tmp_path / "dataset.json").write_text("[]")
        assert "must be an object" in refused(tmp_path)

    def test_every_file_that_is_missing_or_elsewhere(self, v2: Make, tmp_path: Path) -> None:
        folder = v2()
        (folder / "labelsTs/us_1.png").unlink()
        (folder / "labelsTs/us_2.png").unlink()
        (folder / "labelsTs/us_2.png").symlink_to("/etc/hostname")
        told = refused(folder)
        assert f"us_1_0000.png: there is no file {folder}/labelsTs/us_1.png" in told
        assert "us_2_0000.png" in told
        assert "is a link that leads out of" in told

    def test_listed_paths_that_leave_the_folder(self, msd: Make) -> None:
        listed = [{"image": "./imagesTr/../../x.nii.gz", "label": "./labelsTr/la_1.nii.gz"}, {"image": 7}]
        told = refused(msd(training=listed), part="train")
        assert "entry 1: must name an image" in told
        listed = listed[:1]
        assert "is not a plain relative path" in refused(msd(training=listed), part="train")

    def test_a_tiff_of_several_pages(self, v2: Make) -> None:
        folder = v2(file_ending=".tif")
        page = Image.new("L", (4, 6))
        page.save(folder / "imagesTs/a_0000.tif", save_all=True, append_images=[page])
        Image.new("L", (4, 6)).save(folder / "labelsTs/a.tif")
        assert "has 2 pages; save volumes as NIfTI" in refused(folder)


class TestExport:
    def test_what_was_exported_is_imported_again(self, v2: Make, tmp_path: Path) -> None:
        folder = v2(labels={"background": 0, "cyst": 2, "lesion": 1})
        challenge = imported(folder).challenge
        loaded = LoadedChallenge(challenge, folder / "challenge.yaml", folder, challenge_hash(challenge))
        assert export_dataset_json(loaded, tmp_path / "out") == 2
        again = imported(tmp_path / "out", part="train")
        assert again.notes == ()
        assert again.challenge.tasks[0].labels == {"cyst": 1, "lesion": 2}
        # What was 1 (lesion) in the first mask is now the second structure.
        assert set(np.unique(np.array(Image.open(tmp_path / "out/labelsTr/segmentation_00001.png")))) == {0, 2}
        assert check_data(again.challenge, tmp_path / "out/imagesTr", tmp_path / "out/labelsTr") == []

    def test_volumes_keep_their_place(self, msd: Make, tmp_path: Path) -> None:
        folder = msd()
        challenge = imported(folder, part="train").challenge
        loaded = LoadedChallenge(challenge, folder / "challenge.yaml", folder, challenge_hash(challenge))
        export_dataset_json(loaded, tmp_path / "out")
        again = imported(tmp_path / "out", part="train").challenge
        assert check_data(again, tmp_path / "out/imagesTr", tmp_path / "out/labelsTr") == []
        before, after = nibabel.load(folder / "labelsTr/la_1.nii.gz"), nibabel.load(tmp_path / "out/labelsTr/Heart_00001.nii.gz")
        assert np.array_equal(np.asarray(before.dataobj), np.asarray(after.dataobj))

    def test_nothing_half_written_is_left(self, v2: Make, tmp_path: Path) -> None:
        folder = v2()
        challenge = imported(folder).challenge
        (folder / "labelsTs/us_2.png").write_bytes(b"no picture")
        loaded = LoadedChallenge(challenge, folder / "challenge.yaml", folder, challenge_hash(challenge))
        with pytest.raises(ChallengeError, match="cannot be used"):
            export_dataset_json(loaded, tmp_path / "out")
        assert not (tmp_path / "out").exists()
