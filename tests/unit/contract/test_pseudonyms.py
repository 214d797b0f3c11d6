from __future__ import annotations

import re
from pathlib import PurePosixPath

import pytest

from sonobench_eval.challenge.model import Case, Challenge
from sonobench_eval.contract.pseudonyms import KEY_BYTES, CaseNames, case_names, new_key
from sonobench_eval.contract.uusic25 import Uusic25

KEY, OTHER = b"k" * KEY_BYTES, b"o" * KEY_BYTES


def of_ids(challenge: Challenge, *ids: str) -> Challenge:
    return challenge.model_copy(update={"cases": tuple(Case(id=each, task="heart", center="a") for each in ids)})


class TestCaseNames:
    def test_only_a_files_own_name_changes(self, challenge: Challenge) -> None:
        for case_id, name in case_names(challenge, KEY).given.items():
            assert PurePosixPath(name).parent == PurePosixPath(case_id).parent
            assert re.fullmatch(r"[0-9a-f]{16}\.png", PurePosixPath(name).name)

    def test_the_mask_of_a_pseudonym_lies_where_the_kit_would_write_it(self, challenge: Challenge) -> None:
        names = case_names(challenge, KEY)
        told = names.renamed(challenge.cases[0])
        assert Uusic25().mask_path(told) == told.id.replace("heart/img/", "heart/mask/")

    def test_the_same_key_makes_the_same_names_and_order(self, challenge: Challenge) -> None:
        names, again = case_names(challenge, KEY), case_names(challenge, KEY)
        assert list(names.given.items()) == list(again.given.items())

    def test_the_order_of_the_challenge_makes_no_difference(self, challenge: Challenge) -> None:
        turned = challenge.model_copy(update={"cases": challenge.cases[::-1]})
        assert list(case_names(turned, KEY).given.items()) == list(case_names(challenge, KEY).given.items())

    def test_another_key_makes_other_names_and_another_order(self, challenge: Challenge) -> None:
        many = of_ids(challenge, *(f"h/{n}.png" for n in range(100)))
        names, others = case_names(many, KEY).given, case_names(many, OTHER).given
        assert not set(names.values()) & set(others.values())
        assert list(names) != list(others)
        assert list(names) != [case.id for case in many.cases]

    def test_names_are_fixed_so_that_stored_results_can_be_scored_for_ever(self, challenge: Challenge) -> None:
        # HMAC-SHA256 with this key of "sonobench name 0\0heart/img/1.png", its first 16 hexadecimal digits.
        assert case_names(challenge, KEY).given["heart/img/1.png"] == "heart/img/796b0fa94acd2241.png"

    @pytest.mark.parametrize(
        ("case_id", "suffix"),
        [
            ("h/1.PNG", ".png"),
            ("h/NKI.17.jpeg", ".jpeg"),
            ("h/1.malignant", ""),
            ("h/noending", ""),
            ("h/.png", ""),
            ("top.tif", ".tif"),
        ],
    )
    def test_an_ending_stays_only_where_it_names_a_format_and_in_small_letters(
        self, challenge: Challenge, case_id: str, suffix: str
    ) -> None:
        name = PurePosixPath(case_names(of_ids(challenge, case_id), KEY).given[case_id])
        assert re.fullmatch(rf"[0-9a-f]{{16}}{re.escape(suffix)}", name.name)

    def test_a_name_that_is_taken_is_made_anew(self, challenge: Challenge) -> None:
        first = case_names(of_ids(challenge, "x"), KEY).given["x"]
        names = case_names(of_ids(challenge, "x", f"{first}/1.png"), KEY).given
        assert names["x"] != first

    def test_without_a_key_names_and_order_are_the_cases_own(self, challenge: Challenge) -> None:
        names = case_names(challenge, None)
        assert list(names.given) == list(names.given.values()) == [case.id for case in challenge.cases]
        assert not names.are_pseudonyms
        assert names.as_told(challenge) == challenge

    @pytest.mark.parametrize("key", [b"", b"short", b"x" * 33])
    def test_a_key_of_another_length_is_refused(self, challenge: Challenge, key: bytes) -> None:
        with pytest.raises(ValueError, match="32 bytes"):
            case_names(challenge, key)


class TestAsTold:
    def test_the_container_is_told_the_shuffled_list_of_pseudonyms(self, challenge: Challenge) -> None:
        names = case_names(challenge, KEY)
        assert [case.id for case in names.as_told(challenge).cases] == list(names.given.values())

    def test_tasks_go_with_their_cases(self, challenge: Challenge) -> None:
        names = case_names(challenge, KEY)
        assert {case.id: case.task for case in names.as_told(challenge).cases} == {
            names.given[case.id]: case.task for case in challenge.cases
        }


class TestInOwnWords:
    @pytest.fixture
    def names(self, challenge: Challenge) -> CaseNames:
        return case_names(of_ids(challenge, "h/img/0001.PNG", "h/img/odd.malignant"), KEY)

    def test_a_path_made_of_a_pseudonym_becomes_that_of_the_case(self, names: CaseNames) -> None:
        given = names.given["h/img/0001.PNG"]
        assert names.in_own_words(given) == "h/img/0001.PNG"
        assert names.in_own_words(given.replace("img", "mask")) == "h/mask/0001.PNG"
        assert names.in_own_words(names.given["h/img/odd.malignant"]) == "h/img/odd.malignant"

    def test_pseudonyms_are_found_within_a_log(self, names: CaseNames) -> None:
        digits = names.given["h/img/0001.PNG"][6:22]
        assert (
            names.in_own_words(f"reading {digits}: bad; wrote {digits}_overlay.npy")
            == "reading 0001: bad; wrote 0001_overlay.npy"
        )

    def test_other_digits_stay(self, names: CaseNames) -> None:
        assert names.in_own_words("0123456789abcdef.png and sha256") == "0123456789abcdef.png and sha256"


class TestNewKey:
    def test_every_run_gets_a_key_of_its_own(self, challenge: Challenge) -> None:
        first, second = new_key(challenge), new_key(challenge)
        assert first is not None
        assert len(first) == KEY_BYTES
        assert first != second

    def test_a_challenge_that_switched_them_off_gets_none(self, challenge: Challenge) -> None:
        assert new_key(challenge.model_copy(update={"pseudonyms": False})) is None
