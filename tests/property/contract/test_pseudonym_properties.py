"""Names made by any key, for any cases: one for each, folders kept, nothing that the kit's rule or its files trip over."""

from __future__ import annotations

from pathlib import PurePosixPath

from hypothesis import assume, given
from hypothesis import strategies as st
from layout_bench import rules_of

from sonobench_eval.challenge.model import Case, Center, Challenge, Metric, Task
from sonobench_eval.contract.pseudonyms import KEPT_SUFFIXES, KEY_BYTES, case_names
from sonobench_eval.contract.registry import contract_of
from sonobench_eval.contract.uusic25 import Uusic25

PARTS = st.sampled_from(["img", "mask", "Heart", "aimgb", "x", "1"]) | st.from_regex(r"[A-Za-z0-9_-]{1,6}", fullmatch=True)
ENDS = st.sampled_from(["", ".png", ".PNG", ".jpeg", ".tif", ".img", ".a.png", ".classification.json"])
IDS = st.tuples(st.lists(PARTS, max_size=3), PARTS, ENDS).map(lambda each: "/".join([*each[0], each[1]]) + each[2])
TEXTS = st.text(st.sampled_from("0af./_img"), min_size=1, max_size=4) | st.sampled_from(["img", "image", ".png", "/"])
KEYS = st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES)


def a_challenge(ids: list[str]) -> Challenge:
    task = Task(id="t", kind="segmentation", dataset_name="T", organ="O", labels={"l": "nonzero"}, metrics=(Metric(name="dsc"),))
    return Challenge(
        sonobench=1,
        name="any",
        title="Any",
        centers=(Center(id="c", role="internal"),),
        tasks=(task,),
        cases=tuple(Case(id=each, task="t", center="c") for each in ids),
    )


CHALLENGES = st.lists(IDS, min_size=1, max_size=12, unique=True).map(a_challenge)


class TestCaseNames:
    @given(CHALLENGES, KEYS)
    def test_every_case_gets_a_name_of_its_own(self, challenge: Challenge, key: bytes) -> None:
        given_names = case_names(challenge, key).given
        assert set(given_names) == {case.id for case in challenge.cases}
        assert len(set(given_names.values())) == len(challenge.cases)

    @given(CHALLENGES, KEYS)
    def test_folders_stay_and_of_the_own_name_at_most_the_format(self, challenge: Challenge, key: bytes) -> None:
        for case_id, name in case_names(challenge, key).given.items():
            assert PurePosixPath(name).parent == PurePosixPath(case_id).parent
            assert PurePosixPath(name).suffix in {"", *KEPT_SUFFIXES}
            assert "img" not in PurePosixPath(name).name
            assert "mask" not in PurePosixPath(name).name

    @given(CHALLENGES, KEYS)
    def test_a_challenge_that_fits_its_contract_still_fits(self, challenge: Challenge, key: bytes) -> None:
        assume(not Uusic25().misfits(challenge))
        assert Uusic25().misfits(case_names(challenge, key).as_told(challenge)) == []

    @given(CHALLENGES, KEYS, st.lists(st.tuples(TEXTS, TEXTS | st.just("")), max_size=3), st.sampled_from(["kept", "hidden"]))
    def test_so_it_does_for_rules_that_replace_any_text(
        self, challenge: Challenge, key: bytes, replace: list[tuple[str, str]], folders: str
    ) -> None:
        path = "{folder}/{stem}/image.png" if folders == "kept" else "{stem}.png"
        rules = rules_of(masks=[{"path": path, "replace": replace}], inputs={"folders": folders})
        configured = challenge.model_copy(update={"contract": rules})
        contract = contract_of(configured)
        assume(not contract.misfits(configured))
        assert contract.misfits(case_names(configured, key).as_told(configured)) == []

    @given(CHALLENGES, KEYS)
    def test_they_can_be_undone_with_the_key(self, challenge: Challenge, key: bytes) -> None:
        names = case_names(challenge, key)
        assert {names.in_own_words(name): name for name in names.given.values()} == names.given

    @given(CHALLENGES, KEYS, KEYS)
    def test_two_keys_share_no_name(self, challenge: Challenge, key: bytes, other: bytes) -> None:
        assume(key != other)
        first, second = case_names(challenge, key).given, case_names(challenge, other).given
        assert not set(first.values()) & set(second.values())
