from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sonobench_eval.challenge.check import DataProblem, check_data
from sonobench_eval.challenge.model import Challenge


def found(challenge: Challenge, data: Path) -> list[DataProblem]:
    return check_data(challenge, data / "images", data / "truth")


class TestCheckData:
    def test_good_data_has_no_problems(self, challenge: Challenge, data: Path) -> None:
        assert found(challenge, data) == []

    def test_an_image_of_the_warm_up_is_checked_and_needs_no_reference(self, challenge: Challenge, data: Path) -> None:
        warm = challenge.cases[0].model_copy(update={"id": "warm/1.png", "mask": None, "label": None})
        with_warm_up = challenge.model_copy(update={"warm_up": (warm,)})
        (problem,) = found(with_warm_up, data)
        assert (problem.case, problem.sentence.endswith("there is no such file")) == ("warm/1.png", True)
        (data / "images" / "warm").mkdir()
        Image.new("L", (4, 6)).save(data / "images" / "warm" / "1.png")
        assert found(with_warm_up, data) == []

    def test_a_missing_image_is_found(self, challenge: Challenge, data: Path) -> None:
        (data / "images/breast/img/1.png").unlink()
        (problem,) = found(challenge, data)
        assert problem.case == "breast/img/1.png"
        assert problem.sentence.endswith("there is no such file")

    def test_an_image_that_cannot_be_decoded_is_found(self, challenge: Challenge, data: Path) -> None:
        path = data / "images/breast/img/1.png"
        path.write_bytes(path.read_bytes()[:50])
        assert "damaged" in found(challenge, data)[0].sentence

    def test_an_image_too_large_to_score_is_found_without_decoding_it(self, challenge: Challenge, data: Path) -> None:
        Image.new("1", (2**13 + 1, 2**13)).save(data / "images/breast/img/1.png")
        assert found(challenge, data)[0].sentence.endswith("has 8193 x 8192 pixels; at most 67,108,864 can be scored")

    def test_a_mask_of_another_size_is_found_with_both_sizes(self, challenge: Challenge, data: Path) -> None:
        Image.new("L", (6, 4), 1).save(data / "truth/heart/mask/1.png")
        assert "6 x 4 pixels instead of 4 x 6" in found(challenge, data)[0].sentence

    def test_a_value_that_names_no_structure_is_found(self, challenge: Challenge, data: Path) -> None:
        Image.fromarray(np.array([[0, 1, 2, 7]] * 6, np.uint8)).save(data / "truth/heart/mask/1.png")
        assert "has value 7, which names no structure of heart" in found(challenge, data)[0].sentence

    def test_a_mask_that_is_no_png_is_found(self, challenge: Challenge, data: Path) -> None:
        (data / "truth/heart/mask/1.png").write_bytes(b"BM")
        assert "cannot be used: not a PNG file" in found(challenge, data)[0].sentence

    def test_a_case_without_reference_is_found(self, challenge: Challenge, data: Path) -> None:
        hidden = challenge.without_references()
        sentences = [problem.sentence for problem in found(hidden, data)]
        assert len(sentences) == 3
        assert sentences[2].startswith("it has no label")

    def test_without_truth_only_images_are_checked(self, challenge: Challenge, data: Path) -> None:
        assert check_data(challenge.without_references(), data / "images", None) == []

    @pytest.mark.parametrize("where", ["images/breast/img/1.png", "truth/heart/mask/1.png"])
    def test_a_link_that_leads_out_of_the_folder_is_found(self, challenge: Challenge, data: Path, where: str) -> None:
        outside = data / "elsewhere.png"
        (data / where).rename(outside)
        (data / where).symlink_to(outside)
        assert "leads out of" in found(challenge, data)[0].sentence

    def test_a_folder_that_is_a_link_out_is_found(self, challenge: Challenge, data: Path) -> None:
        (data / "images/breast").rename(data / "breast")
        (data / "images/breast").symlink_to(data / "breast")
        assert "leads out of" in found(challenge, data)[0].sentence

    def test_a_link_that_stays_inside_is_allowed(self, challenge: Challenge, data: Path) -> None:
        (data / "images/breast/img/1.png").unlink()
        (data / "images/breast/img/1.png").symlink_to(data / "images/heart/img/1.png")
        assert found(challenge, data) == []

    def test_progress_is_told_case_by_case(self, challenge: Challenge, data: Path) -> None:
        told: list[tuple[int, int]] = []
        check_data(challenge, data / "images", data / "truth", progress=lambda done, cases: told.append((done, cases)))
        assert told == [(1, 3), (2, 3), (3, 3)]


class TestHeaders:
    """What an image must be so that containers can be given it without its headers."""

    IMAGE = "images/breast/img/1.png"

    def test_an_image_whose_headers_cannot_be_taken_off_is_found(self, challenge: Challenge, data: Path) -> None:
        Image.new("L", (4, 6)).save(data / self.IMAGE, save_all=True, append_images=[Image.new("L", (4, 6), 9)])
        (problem,) = found(challenge, data)
        assert problem.case == "breast/img/1.png"
        assert "its headers cannot be taken off: it is an animation" in problem.sentence
        assert problem.sentence.endswith("save it anew, or set `pseudonyms: false`")

    def test_with_pseudonyms_off_it_is_handed_over_as_it_is(self, challenge: Challenge, data: Path) -> None:
        Image.new("L", (4, 6)).save(data / self.IMAGE, save_all=True, append_images=[Image.new("L", (4, 6), 9)])
        assert found(challenge.model_copy(update={"pseudonyms": False}), data) == []

    def test_an_image_that_a_header_turns_is_found(self, challenge: Challenge, data: Path) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6
        Image.new("L", (4, 6)).save(data / self.IMAGE, exif=exif)
        assert "a header says that it is to be turned" in found(challenge, data)[0].sentence

    def test_an_image_that_would_not_look_the_same_is_found(
        self, challenge: Challenge, data: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = (data / "images/heart/img/1.png").read_bytes()
        Image.new("L", (4, 6), 77).save(data / self.IMAGE)
        monkeypatch.setattr("sonobench_eval.challenge.check.stripped", lambda _data: other)
        assert any("does not decode to the same pixels" in problem.sentence for problem in found(challenge, data))
