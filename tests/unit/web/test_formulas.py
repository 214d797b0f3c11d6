"""Formulas: every metric has one, and what is written becomes MathML that is well-formed and harmless."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from sonobench_eval.metrics.named import FAMILIES, specs_of
from sonobench_eval.metrics.spec import MetricSpec
from sonobench_platform.web.formulas import formula_of
from sonobench_platform.web.mathml import NotationError, mathml

SPECS = [spec for family in FAMILIES for spec in specs_of(family).values()]


def parsed(document: str | bytes) -> ElementTree.Element:
    """The root of a document that we made ourselves; fails where it is not well-formed."""
    return ElementTree.fromstring(document)  # noqa: S314 - nobody else's


class TestFormulas:
    @pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.family}-{spec.name}")
    def test_every_metric_of_the_catalogue_has_one_that_can_be_set(self, spec: MetricSpec) -> None:
        formula = formula_of(spec)
        assert formula is not None
        root = parsed(str(mathml(formula.notation)))
        assert root.tag == "math"
        assert {each.tag for each in root.iter()} <= {
            *(
                "math",
                "mrow",
                "mi",
                "mn",
                "mo",
                "mtext",
                "mfrac",
                "msqrt",
                "mover",
                "munder",
                "munderover",
                "msub",
                "msup",
                "msubsup",
            )
        }
        assert formula.letters

    def test_a_metric_of_somebody_else_has_none(self) -> None:
        own = MetricSpec(name="beauty", title="Beauty", family="masks", function="", summary="", source="")
        assert formula_of(own) is None


class TestMathml:
    def test_fractions_roots_and_scripts_are_what_they_say(self) -> None:
        made = str(mathml(r"\frac{1}{2} \sqrt{x_{i}^{2}}"))
        assert "<mfrac><mn>1</mn><mn>2</mn></mfrac>" in made
        assert "<msqrt><msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup></msqrt>" in made

    def test_what_a_sum_runs_over_stands_below_it(self) -> None:
        assert "<munderover><mo>∑</mo><mi>i</mi><mi>n</mi></munderover>" in str(mathml(r"\sum_{i}^{n} x"))

    def test_texts_are_escaped(self) -> None:
        assert "<mtext>&lt;script&gt;</mtext>" in str(mathml("'<script>' < 2"))
        assert "<mo>&lt;</mo>" in str(mathml("'<script>' < 2"))

    @pytest.mark.parametrize("wrong", [r"\frac{1}{2", "}", r"\frac{1}", r"\nonsense x", "x_"])
    def test_what_is_not_written_right_is_refused(self, wrong: str) -> None:
        with pytest.raises(NotationError):
            mathml(wrong)
