"""A made preset: the same for a seed, whole or not at all, with data that its own challenge finds nothing wrong with."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sonobench_eval.challenge.check import check_data
from sonobench_eval.challenge.load import LoadedChallenge
from sonobench_eval.io.sources import FolderResults
from sonobench_eval.pipeline import check_results
from sonobench_eval.presets.catalogue import PRESETS, Preset, PresetError, preset_named
from sonobench_eval.presets.making import make_preset
from sonobench_eval.presets.synthetic import ALGORITHMS, SIZE_PX, SyntheticSet

NAMES = [preset.name for preset in PRESETS]


def files_of(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(params=NAMES)
def made(request: pytest.FixtureRequest, smallest: Mapping[str, LoadedChallenge]) -> LoadedChallenge:
    return smallest[request.param]


class TestMakePreset:
    def test_the_same_seed_gives_the_same_files_byte_for_byte(self, made: LoadedChallenge, tmp_path: Path) -> None:
        preset = preset_named(made.challenge.name)
        again = make_preset(preset, tmp_path / "again", seed=3, cases=preset.fewest).parent
        assert files_of(again) == files_of(made.folder)

    def test_another_seed_shares_no_picture_of_speckle_and_answers_otherwise(self, made: LoadedChallenge, tmp_path: Path) -> None:
        preset = preset_named(made.challenge.name)
        other = make_preset(preset, tmp_path / "other", seed=4, cases=preset.fewest).parent
        mine, others = files_of(made.folder), files_of(other)
        pictures = [{name: digest for name, digest in each.items() if name.startswith("images/")} for each in (mine, others)]
        assert set(pictures[0].values()).isdisjoint(pictures[1].values())
        answers = [name for name in mine if name.startswith("predictions/good/")]
        assert any(mine[name] != others.get(name) for name in answers)

    def test_its_own_check_finds_nothing_wrong_with_the_data(self, made: LoadedChallenge) -> None:
        assert check_data(made.challenge, made.inputs_dir, made.truth_dir) == []

    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    def test_every_answer_is_there_and_can_be_read(self, made: LoadedChallenge, algorithm: str) -> None:
        with FolderResults(made.folder / "predictions" / algorithm) as source:
            assert check_results(made, source) == ()

    def test_pictures_are_8_bit_grey_and_none_is_without_noise(self, made: LoadedChallenge) -> None:
        for path in made.inputs_dir.rglob("*.png"):
            with Image.open(path) as image:
                assert (image.mode, image.size) == ("L", (SIZE_PX, SIZE_PX))
                assert len(np.unique(np.asarray(image))) > 60

    def test_a_folder_that_holds_this_very_preset_is_left_as_it_is(self, made: LoadedChallenge) -> None:
        preset, before = preset_named(made.challenge.name), made.path.stat().st_mtime_ns
        assert make_preset(preset, made.folder, seed=3, cases=preset.fewest) == made.path
        assert made.path.stat().st_mtime_ns == before

    def test_a_folder_that_holds_anything_else_is_refused_and_left_alone(self, tmp_path: Path) -> None:
        (tmp_path / "mine.txt").write_text("keep")
        with pytest.raises(PresetError, match="already holds something else"):
            make_preset(preset_named("u-bench"), tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]

    def test_the_same_folder_with_another_seed_is_refused(self, smallest: Mapping[str, LoadedChallenge]) -> None:
        with pytest.raises(PresetError, match="already holds something else"):
            make_preset(preset_named("u-bench"), smallest["u-bench"].folder, seed=99)

    def test_nothing_is_left_where_making_fails(self, tmp_path: Path) -> None:
        def broken(seed: int, cases: int) -> SyntheticSet:
            good = preset_named("u-bench").make(seed, cases)
            return replace(good, predictions={"perfect": {"a/b": b"", "a/b/c": b""}})  # a file cannot be a folder too

        with pytest.raises(OSError, match="a/b"):
            make_preset(Preset("u-bench", "", broken, 9, 9), tmp_path / "new")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(("seed", "cases"), [(-1, 9), (0, 8), (0, 10_000)])
    def test_arguments_out_of_range_are_refused(self, tmp_path: Path, seed: int, cases: int) -> None:
        with pytest.raises(PresetError, match="u-bench needs a seed of 0 or more and 9 to 9,999 cases"):
            make_preset(preset_named("u-bench"), tmp_path / "new", seed=seed, cases=cases)
        assert list(tmp_path.iterdir()) == []


class TestWhatIsMade:
    def test_pictures_of_both_questions_about_one_lesion_are_the_same(self, smallest: Mapping[str, LoadedChallenge]) -> None:
        folder = smallest["bus-cot"].inputs_dir
        assert (folder / "malignancy/0005.png").read_bytes() == (folder / "histopathology/0005.png").read_bytes()

    def test_patients_have_several_images_and_every_type_occurs(self, smallest: Mapping[str, LoadedChallenge]) -> None:
        cases = smallest["bus-cot"].challenge.cases_of("histopathology")
        assert {case.label for case in cases} == set(range(99))
        assert len({case.subject for case in cases}) < len(cases) / 1.5

    def test_the_means_of_pictures_tell_next_to_nothing_of_malignancy(self, smallest: Mapping[str, LoadedChallenge]) -> None:
        made = smallest["bus-cot"]
        cases = made.challenge.cases_of("malignancy")
        means = [np.asarray(Image.open(made.inputs_dir / case.id)).mean() for case in cases]
        malignant = np.array([case.label for case in cases]) == 1
        wins = np.subtract.outer(np.array(means)[malignant], np.array(means)[~malignant]) > 0
        assert 0.3 < wins.mean() < 0.7

    def test_both_roles_hold_every_class_of_the_diagnosis(self, smallest: Mapping[str, LoadedChallenge]) -> None:
        cases = smallest["birads-v2025"].challenge.cases_of("diagnosis")
        for center in ("hospital", "open_access"):
            assert {case.label for case in cases if case.center == center} == {0, 1, 2}

    def test_an_observation_may_be_there_not_there_or_uncertain(self, smallest: Mapping[str, LoadedChallenge]) -> None:
        cases = smallest["chest-xray"].challenge.cases_of("findings")
        for at in range(14):
            assert {0, 1} <= {case.labels[at] for case in cases if case.labels is not None}
        assert any(None in (case.labels or ()) for case in cases)
