"""Findings in plain words: how many, what was seen, what to do."""

from __future__ import annotations

import pytest

from sonobench_eval.io.findings import Finding, FindingCode, summarise

SIZES = "224 x 224 pixels instead of 800 x 540"


def said(*findings: Finding) -> str:
    (summary,) = summarise(findings)
    return summary.sentence


class TestSentences:
    def test_what_is_the_same_everywhere_is_said_once(self) -> None:
        masks = [Finding(FindingCode.WRONG_SIZE, f"{number}.png", SIZES) for number in range(12)]
        assert said(*masks) == (
            f"12 masks differ in size from their images ({SIZES}). "
            "Resize each mask to the width and height of its image before saving it."
        )

    def test_what_differs_is_shown_by_an_example(self) -> None:
        masks = (Finding(FindingCode.WRONG_SIZE, "a.png", SIZES), Finding(FindingCode.WRONG_SIZE, "b.png", "1 x 1 pixels"))
        assert f"2 masks differ in size from their images (for example a.png: {SIZES})." in said(*masks)

    def test_of_one_alone_the_place_is_named(self) -> None:
        assert said(Finding(FindingCode.WRONG_LENGTH, "a.png", "3 instead of 2")).startswith(
            "1 answer has the wrong number of probabilities (a.png: 3 instead of 2). "
        )

    @pytest.mark.parametrize("code", list(FindingCode))
    def test_every_code_has_words_for_one_and_for_many_and_a_cure(self, code: FindingCode) -> None:
        one, many = said(Finding(code, "a")), said(*[Finding(code, "a")] * 1200)
        assert one.startswith("1 ")
        assert many.startswith("1,200 ")
        assert one[2:] != many[6:]
        assert one.count(". ") >= 1
