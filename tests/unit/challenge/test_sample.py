"""A challenge on a folder of sample images, with references or without, and what is public of a challenge."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sonobench_eval.challenge.errors import ChallengeError
from sonobench_eval.challenge.model import Case, Center, Challenge, Metric, Task
from sonobench_eval.challenge.public import PublicChallenge, load_public, public_part
from sonobench_eval.challenge.sample import challenge_on_sample

HEAD = {"img_path_relative": "seg/img/s1.png", "task": "segmentation", "dataset_name": "Head", "organ": "Head"}
BREAST = {"img_path_relative": "cls/img/s2.png", "task": "classification", "dataset_name": "Breast", "organ": "Breast"}


@pytest.fixture
def challenge() -> Challenge:
    head = Task(
        id="head",
        kind="segmentation",
        dataset_name="Head",
        organ="Head",
        title="Heads",
        labels={"skull": "nonzero"},
        metrics=(Metric(name="dsc"), Metric(name="nsd", convention="pixel", tolerance=2, unit="px")),
    )
    breast = Task(
        id="breast", kind="binary", dataset_name="Breast", organ="Breast", classes=("no", "yes"), metrics=(Metric(name="auc"),)
    )
    return Challenge(
        sonobench=1,
        name="hidden",
        title="Hidden",
        inputs="secret-folder/images",
        centers=(Center(id="north", role="internal"), Center(id="south", role="external")),
        tasks=(head, breast),
        cases=(
            Case(id="hidden-1.png", task="head", center="north", subject="patient-7", mask="hidden-mask.png"),
            Case(id="hidden-2.png", task="head", center="south", mask="hidden-mask-2.png"),
            Case(id="hidden-3.png", task="breast", center="south", subgroup="luminal", label=1),
        ),
    )


@pytest.fixture
def public(challenge: Challenge) -> PublicChallenge:
    return public_part(challenge, "sha256:" + "1" * 64)


def sample(folder: Path, *entries: dict[str, Any], name: str = "participants.json") -> Path:
    for entry in entries:
        for key, part in (("img_path_relative", "images"), ("mask_path_relative", "truth")):
            if key in entry:
                path = folder / part / entry[key]
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.new("L", (8, 6)).save(path)
    (folder / name).write_text(json.dumps(entries))
    return folder


class TestPublicPart:
    def test_nothing_of_a_case_is_in_it_but_their_number(self, public: PublicChallenge) -> None:
        text = public.to_json()
        for hidden in ("hidden-1", "hidden-mask", "patient-7", "luminal", "secret-folder", 'label"'):
            assert hidden not in text
        assert (public.cases, public.case_count) == ({"head": 2, "breast": 1}, 3)

    def test_it_comes_back_from_its_file(self, public: PublicChallenge, tmp_path: Path) -> None:
        (tmp_path / "c.json").write_text(public.to_json())
        assert load_public(tmp_path / "c.json") == public

    def test_a_yaml_file_is_none_and_a_damaged_one_is_told(self, public: PublicChallenge, tmp_path: Path) -> None:
        (tmp_path / "c.yaml").write_text("sonobench: 1\n")
        assert load_public(tmp_path / "c.yaml") is None
        assert load_public(tmp_path / "absent") is None
        (tmp_path / "c.json").write_text(public.to_json()[:-40])
        with pytest.raises(ChallengeError, match="fetch it again"):
            load_public(tmp_path / "c.json")


class TestChallengeOnSample:
    def test_the_samples_cases_stand_in_for_the_hidden_ones(self, public: PublicChallenge, tmp_path: Path) -> None:
        tried = challenge_on_sample(public, sample(tmp_path, HEAD, BREAST))
        loaded = tried.loaded
        assert [case.id for case in loaded.challenge.cases] == ["seg/img/s1.png", "cls/img/s2.png"]
        assert [center.id for center in loaded.challenge.centers] == ["sample"]
        assert (loaded.inputs_dir, loaded.truth_dir) == (tmp_path / "images", tmp_path / "truth")
        assert loaded.challenge.task("head").metrics[1].tolerance == 2
        assert (tried.has_references, tried.tasks_without_cases) == (False, ())

    def test_with_references_and_known_centers_it_can_be_scored(self, public: PublicChallenge, tmp_path: Path) -> None:
        entries = (
            {**HEAD, "mask_path_relative": "seg/mask/s1.png", "center": "north", "subject": 7},
            {**BREAST, "label": 1, "center": "south"},
        )
        tried = challenge_on_sample(public, sample(tmp_path, *entries, name="ground_truth.json"))
        assert tried.has_references
        assert [(case.center, case.subject) for case in tried.loaded.challenge.cases] == [("north", "7"), ("south", None)]

    def test_a_reference_for_some_only_is_a_reference_for_none(self, public: PublicChallenge, tmp_path: Path) -> None:
        tried = challenge_on_sample(public, sample(tmp_path, HEAD, {**BREAST, "label": 1}))
        assert not tried.has_references
        assert [case.label for case in tried.loaded.challenge.cases] == [None, None]

    def test_tasks_that_have_no_case_in_it_are_named(self, public: PublicChallenge, tmp_path: Path) -> None:
        tried = challenge_on_sample(public, sample(tmp_path, BREAST))
        assert tried.tasks_without_cases == ("Heads",)
        assert [task.id for task in tried.loaded.challenge.tasks] == ["breast"]

    @pytest.mark.parametrize(
        ("entry", "words"),
        [
            ({**HEAD, "dataset_name": "Moon"}, "segmentation of Moon is no task of this challenge; it has"),
            ({**HEAD, "img_path_relative": "../up.png"}, "is not a plain relative path"),
            ({**BREAST, "label": 9}, "label"),
            ({**BREAST, "label": "one"}, "label"),
        ],
    )
    def test_what_does_not_fit_is_one_sentence_with_its_place(
        self, public: PublicChallenge, tmp_path: Path, entry: dict[str, Any], words: str
    ) -> None:
        (tmp_path / "folder").mkdir()
        with pytest.raises(ChallengeError, match=words) as told:
            challenge_on_sample(public, sample(tmp_path / "folder", entry))
        assert "participants.json" in str(told.value)

    def test_an_image_that_is_not_there_is_named(self, public: PublicChallenge, tmp_path: Path) -> None:
        folder = sample(tmp_path, HEAD)
        (folder / "images/seg/img/s1.png").unlink()
        with pytest.raises(ChallengeError, match="entry 0: img_path_relative: there is no file"):
            challenge_on_sample(public, folder)

    def test_a_folder_in_no_such_layout_is_told(self, public: PublicChallenge, tmp_path: Path) -> None:
        with pytest.raises(ChallengeError, match=r"there is none of ground_truth\.json"):
            challenge_on_sample(public, tmp_path)
        with pytest.raises(ChallengeError, match="there is no such folder"):
            challenge_on_sample(public, tmp_path / "absent")
