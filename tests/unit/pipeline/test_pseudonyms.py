"""A score depends on what was answered, not on what the container was told the cases are called."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from sonobench_eval.contract.pseudonyms import KEY_BYTES, case_names

KEYS = [b"k" * KEY_BYTES, b"o" * KEY_BYTES, bytes(range(KEY_BYTES))]


@pytest.fixture
def rename(bench: Any) -> Callable[[bytes], None]:
    """The bench's answers under a key's names; what is odd about them stays odd."""

    def under(key: bytes) -> None:
        loaded = bench.challenge()
        file = bench.results / "classification.json"
        classes = json.loads(file.read_text())
        given = case_names(loaded.challenge, key).given
        for own, name in given.items():
            for folder in ("mask", "extra"):
                mask = bench.results / own.replace("img", folder)
                if mask.is_file():
                    mask.rename(bench.results / name.replace("img", folder))
        told = {name: classes[own] for own, name in given.items() if own in classes}
        file.write_text(json.dumps(told | {own: answer for own, answer in classes.items() if own not in given}))

    return under


class TestPseudonyms:
    @pytest.mark.parametrize("key", KEYS)
    def test_an_evaluation_is_the_same_bit_for_bit_whatever_the_key(
        self, bench: Any, rename: Callable[[bytes], None], key: bytes
    ) -> None:
        bench.mask(0, None)
        bench.mask(1, b"no image")
        (bench.results / "seg/extra").mkdir()
        for number in range(4):
            (bench.results / f"seg/extra/{number}.png").write_bytes(b"")
        bench.classes({1: {"probability": [2, -1], "prediction": 0}, 3: {"probability": [0, 1], "prediction": 1}})
        own = bench.score().evaluation
        rename(key)
        under = bench.score(pseudonym_key=key).evaluation
        assert (own.made_from.pseudonyms, under.made_from.pseudonyms) == (False, True)
        same = {"made_from": own.made_from.model_copy(update={"pseudonyms": True})}
        assert under.to_json() == own.model_copy(update=same).to_json()

    def test_answers_kept_under_the_names_of_another_run_are_worth_nothing(
        self, bench: Any, rename: Callable[[bytes], None]
    ) -> None:
        rename(KEYS[0])
        evaluation = bench.score(pseudonym_key=KEYS[1]).evaluation
        assert {case.problem for case in evaluation.cases} == {"missing_result"}
