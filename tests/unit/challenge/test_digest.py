from __future__ import annotations

from pathlib import Path

import pytest

from sonobench_eval.challenge.digest import challenge_hash, dataset_hash, file_sha256
from sonobench_eval.challenge.errors import ChallengeError
from sonobench_eval.challenge.load import parse_challenge
from sonobench_eval.challenge.model import Challenge


class TestChallengeHash:
    def test_layout_comments_and_written_defaults_make_no_difference(self, text: str, challenge: Challenge) -> None:
        other = "# a comment\n" + text.replace("8G", "8192M").replace("30min", "1800") + "contract: uusic25\n"
        assert challenge_hash(parse_challenge(other, name="x")) == challenge_hash(challenge)

    @pytest.mark.parametrize(
        ("old", "new"),
        [("label: 1", "label: 0"), ("8G", "9G"), ("tolerance: 2", "tolerance: 1"), ("role: external", "role: internal")],
    )
    def test_anything_that_means_something_does(self, text: str, challenge: Challenge, old: str, new: str) -> None:
        assert challenge_hash(parse_challenge(text.replace(old, new, 1), name="x")) != challenge_hash(challenge)

    def test_it_never_changes_from_one_version_to_the_next(self, challenge: Challenge) -> None:
        # Golden: when this fails, every stored challenge has become another one.
        assert challenge_hash(challenge) == "sha256:12bb68ff8d7dc9db47cb451f96a33b106572139b29f7bc9475f78a0da4b8266d"

    def test_no_default_changes_its_meaning_under_an_old_hash(self, challenge: Challenge) -> None:
        # Golden: the hash leaves defaults out, so within `sonobench: 1` they stay. New ones may be added.
        assert challenge.undefined.model_dump().items() >= {"both_empty": 1.0, "missing": 0.0, "prediction_empty": 0.0}.items()
        assert challenge.undefined.probabilities_not_normalised == "accept"
        assert challenge.bootstrap.model_dump().items() >= {"resamples": 1000, "confidence": 0.95, "seed": 20250923}.items()
        assert (challenge.bootstrap.interval, challenge.bootstrap.stratify) == ("percentile", "none")
        assert (challenge.ranking.performance, challenge.ranking.efficiency) == (0.7, 0.3)
        assert challenge.ranking.segmentation_metrics == ("dsc", "nsd")
        assert challenge.ranking.classification_metrics == ("auc", "acc")
        assert (challenge.contract, challenge.inputs, challenge.truth, challenge.writable) == (
            "uusic25",
            "images",
            "truth",
            ("/app",),
        )
        assert (challenge.limits.cpus, challenge.limits.pids, challenge.limits.gpus) == (4.0, 512, 0)


class TestDatasetHash:
    def test_the_order_of_the_cases_makes_no_difference(self, challenge: Challenge, data: Path) -> None:
        turned = challenge.model_copy(update={"cases": challenge.cases[::-1]})
        one, other = (dataset_hash(each, data / "images", data / "truth") for each in (challenge, turned))
        assert one == other

    @pytest.mark.parametrize("path", ["images/heart/img/1.png", "images/breast/img/1.png", "truth/heart/mask/2.png"])
    def test_every_file_of_a_case_counts(self, challenge: Challenge, data: Path, path: str) -> None:
        before = dataset_hash(challenge, data / "images", data / "truth")
        (data / path).write_bytes((data / path).read_bytes() + b"x")
        assert dataset_hash(challenge, data / "images", data / "truth") != before

    def test_a_label_counts(self, challenge: Challenge, text: str, data: Path) -> None:
        other = parse_challenge(text.replace("label: 1", "label: 0"), name="x")
        assert dataset_hash(other, data / "images", data / "truth") != dataset_hash(challenge, data / "images", data / "truth")

    def test_files_of_no_case_do_not(self, challenge: Challenge, data: Path) -> None:
        before = dataset_hash(challenge, data / "images", None)
        (data / "images" / "notes.txt").write_text("x")
        assert dataset_hash(challenge, data / "images", None) == before

    def test_without_truth_it_is_another_hash(self, challenge: Challenge, data: Path) -> None:
        assert dataset_hash(challenge, data / "images", None) != dataset_hash(challenge, data / "images", data / "truth")

    def test_a_missing_image_is_named(self, challenge: Challenge, data: Path) -> None:
        (data / "images/heart/img/1.png").unlink()
        with pytest.raises(ChallengeError, match=r"heart/img/1\.png: the file of a case cannot be read: No such file"):
            dataset_hash(challenge, data / "images", data / "truth")


class TestFileSha256:
    def test_it_is_sha256_of_the_bytes(self, tmp_path: Path) -> None:
        (tmp_path / "x").write_bytes(b"abc")
        # FIPS 180-2, appendix B.1
        assert file_sha256(tmp_path / "x") == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    def test_images_of_the_warm_up_count_and_where_there_are_none_the_hash_is_what_it_was(
        self, challenge: Challenge, data: Path
    ) -> None:
        warm = challenge.cases[0].model_copy(update={"id": "warm/1.png", "mask": None, "label": None})
        with_warm_up = challenge.model_copy(update={"warm_up": (warm,)})
        (data / "images" / "warm").mkdir()
        (data / "images" / "warm" / "1.png").write_bytes(b"one")
        without, one = (dataset_hash(each, data / "images", data / "truth") for each in (challenge, with_warm_up))
        (data / "images" / "warm" / "1.png").write_bytes(b"other")
        other = dataset_hash(with_warm_up, data / "images", data / "truth")
        assert len({without, one, other}) == 3
