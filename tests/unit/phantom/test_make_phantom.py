"""The phantom: the same seed gives the same pictures, and what it promises about them holds."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sonobench_eval.challenge.check import check_data
from sonobench_eval.challenge.load import LoadedChallenge, load_challenge
from sonobench_eval.challenge.phantom import PhantomError, make_phantom

SMALL = {"cases_per_task": 16, "size": 64}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> LoadedChallenge:
    return load_challenge(make_phantom(tmp_path_factory.mktemp("small") / "set", seed=7, **SMALL))


def files_of(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def pixels_of(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image).astype(float)


class TestMakePhantom:
    def test_the_same_seed_gives_the_same_files_byte_for_byte(self, small: LoadedChallenge, tmp_path: Path) -> None:
        again = make_phantom(tmp_path / "again", seed=7, **SMALL).parent
        assert files_of(again) == files_of(small.folder)

    def test_two_seeds_share_no_picture(self, small: LoadedChallenge, tmp_path: Path) -> None:
        other = make_phantom(tmp_path / "other", seed=1, **SMALL).parent
        mine, others = files_of(small.inputs_dir), files_of(other / "images")
        assert set(mine.values()).isdisjoint(others.values())
        assert len(set(mine.values())) == len(mine)

    def test_its_own_check_finds_nothing_wrong_with_the_data(self, small: LoadedChallenge) -> None:
        assert check_data(small.challenge, small.inputs_dir, small.truth_dir) == []

    def test_pictures_and_masks_are_8_bit_grey_of_the_size_asked_for(self, small: LoadedChallenge) -> None:
        for path in [*small.inputs_dir.rglob("*.png"), *(small.folder / "truth").rglob("*.png")]:
            with Image.open(path) as image:
                assert (image.mode, image.size) == ("L", (64, 64))

    def test_masks_are_0_and_255_and_cover_a_part_of_the_picture(self, small: LoadedChallenge) -> None:
        masks = [pixels_of(path) for path in (small.folder / "truth").rglob("*.png")]
        assert len(masks) == 2 * SMALL["cases_per_task"]
        for mask in masks:
            assert set(np.unique(mask)) == {0.0, 255.0}
            assert 0.005 < (mask > 0).mean() < 0.6

    def test_every_task_has_its_cases_at_three_centers_one_of_them_external(self, small: LoadedChallenge) -> None:
        counts = Counter((case.task, case.center) for case in small.challenge.cases)
        assert len(counts) == 5 * 3
        assert Counter(case.task for case in small.challenge.cases) == {task.id: 16 for task in small.challenge.tasks}
        assert [center.role for center in small.challenge.centers] == ["internal", "internal", "external"]

    def test_every_class_occurs_inside_and_outside(self, small: LoadedChallenge) -> None:
        roles = {center.id: center.role for center in small.challenge.centers}
        labels = defaultdict(set)
        for case in small.challenge.cases:
            labels[case.task, roles[case.center]].add(case.label)
        for task in small.challenge.tasks:
            if task.classes is not None:
                every = set(range(len(task.classes)))
                assert labels[task.id, "internal"] == labels[task.id, "external"] == every

    def test_subjects_have_several_pictures_and_one_center_and_one_label(self, small: LoadedChallenge) -> None:
        seen = defaultdict(set)
        for case in small.challenge.cases:
            seen[case.subject].add((case.task, case.center, case.label))
        assert all(len(facts) == 1 for facts in seen.values())
        assert max(Counter(case.subject for case in small.challenge.cases).values()) == 2

    def test_file_numbers_tell_neither_label_nor_center(self, small: LoadedChallenge) -> None:
        centers = [case.center for case in small.challenge.cases_of("breast_malignancy")]
        assert centers != sorted(centers)

    def test_lesions_differ_from_what_is_around_them_and_heads_are_ringed(self, small: LoadedChallenge) -> None:
        contrasts = defaultdict(list)
        for case in small.challenge.cases_of("breast_lesion"):
            picture, mask = pixels_of(small.inputs_dir / case.id), pixels_of(small.folder / "truth" / str(case.mask)) > 0
            contrasts[case.subgroup == "bright"].append(picture[mask].mean() - picture[~mask].mean())
        assert max(contrasts[False]) < 0
        assert all(contrast > 0 for contrast in contrasts[True])

    def test_the_external_scanner_is_brighter_and_flatter(self, small: LoadedChallenge) -> None:
        pictures = defaultdict(list)
        for case in small.challenge.cases_of("breast_lesion"):
            pictures[case.center].append(pixels_of(small.inputs_dir / case.id))
        assert np.mean(pictures["Cedar"]) > np.mean(pictures["Alder"]) + 30
        assert np.mean([p.std() for p in pictures["Cedar"]]) < np.mean([p.std() for p in pictures["Alder"]])

    def test_participants_json_hides_what_ground_truth_json_knows(self, small: LoadedChallenge) -> None:
        told = json.loads((small.folder / "participants.json").read_text())
        known = json.loads((small.folder / "ground_truth.json").read_text())
        assert all(set(case) == {"img_path_relative", "task", "dataset_name", "organ"} for case in told)
        assert [case["img_path_relative"] for case in told] == [case["img_path_relative"] for case in known]
        assert all(("label" in case) != ("mask_path_relative" in case) for case in known)


class TestWhereItIsWritten:
    def test_a_folder_with_this_very_phantom_is_left_as_it_is(self, small: LoadedChallenge) -> None:
        before = small.path.stat().st_mtime_ns
        assert make_phantom(small.folder, seed=7, **SMALL) == small.path
        assert small.path.stat().st_mtime_ns == before

    def test_a_folder_with_another_seed_is_refused(self, small: LoadedChallenge) -> None:
        with pytest.raises(PhantomError, match="already holds something else"):
            make_phantom(small.folder, seed=8, **SMALL)

    def test_a_folder_with_other_files_is_refused_and_kept(self, tmp_path: Path) -> None:
        (tmp_path / "letters.txt").write_text("mine")
        with pytest.raises(PhantomError, match="already holds something else"):
            make_phantom(tmp_path)
        assert (tmp_path / "letters.txt").read_text() == "mine"

    def test_nothing_is_left_where_writing_fails(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Image.Image, "save", full)
        with pytest.raises(OSError, match="No space left"):
            make_phantom(tmp_path / "set", **SMALL)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("wrong", [{"seed": -1}, {"cases_per_task": 3}, {"size": 8}, {"size": 5000}])
    def test_numbers_out_of_range_are_refused(self, wrong: dict[str, int], tmp_path: Path) -> None:
        with pytest.raises(PhantomError, match="A phantom needs"):
            make_phantom(tmp_path / "set", **wrong)
