"""What a bootstrap resamples."""

from __future__ import annotations

from sonobench_eval.challenge.model import Case


def case(number: int, *, center: str, subject: str | None) -> Case:
    return Case(id=f"a/img/{number}.png", task="t", center=center, subject=subject)


class TestUnit:
    def test_two_cases_of_one_subject_are_one_unit(self) -> None:
        assert case(1, center="A", subject="7").unit == case(2, center="A", subject="7").unit

    def test_subjects_of_the_same_number_at_two_centers_are_two_units(self) -> None:
        assert case(1, center="A", subject="7").unit != case(2, center="B", subject="7").unit

    def test_cases_without_a_subject_are_units_of_their_own(self) -> None:
        assert case(1, center="A", subject=None).unit != case(2, center="A", subject=None).unit
