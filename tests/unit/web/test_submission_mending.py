"""How to mend: there is something for every kind of finding, end and refusal, and it is fit to be read."""

from __future__ import annotations

import pytest

from sonobench_eval.intake.records import Refusal
from sonobench_eval.io.findings import FindingCode
from sonobench_eval.sandbox.failure import Category
from sonobench_platform.web.submission_mending import Mending, of_end, of_finding


@pytest.mark.parametrize("code", list(FindingCode))
def test_every_finding_can_be_mended(code: FindingCode) -> None:
    is_fit(of_finding(code))


@pytest.mark.parametrize("code", [*Category, *Refusal, "image-of-another-team"])
def test_every_end_and_every_refusal_says_what_to_do(code: str) -> None:
    found = of_end(str(code))
    assert found is not None
    is_fit(found)


def test_of_an_end_that_nobody_knows_nothing_is_said() -> None:
    assert of_end("something-new") is None


def test_a_mask_of_another_size_comes_with_the_code_that_resizes_it() -> None:
    found = of_finding(FindingCode.WRONG_SIZE)
    assert "NEAREST" in found.code
    assert "before you save it" in found.advice


def is_fit(found: Mending) -> None:
    assert found.advice[:1].isupper() or found.advice.startswith("`")
    assert found.advice.endswith(".")
    assert "!" not in found.advice
    assert found.advice.count("`") % 2 == 0
    assert all(len(line) <= 100 for line in found.code.splitlines())
