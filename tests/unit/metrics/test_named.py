"""The catalogue as a whole, and metrics that other packages bring."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint

import numpy as np
import pytest

from sonobench_eval.challenge.model import Metric, Task
from sonobench_eval.metrics import named
from sonobench_eval.metrics.mask_pair import MaskPair
from sonobench_eval.metrics.named import FAMILIES, spec_named, specs_of
from sonobench_eval.metrics.spec import MetricSpec, MetricSpecError, Parameter

ALL = [spec for family in FAMILIES for spec in specs_of(family).values()]


def coverage(pair: MaskPair, *, weight: float) -> float:
    """A metric as another package might have it: the share of the image that is answered, by a weight."""
    return weight * pair.prediction.count / pair.prediction.size


COVERAGE = MetricSpec(
    name="coverage",
    title="Coverage",
    family="masks",
    function="tests.unit.metrics.test_named:coverage",
    summary="the share of the image that is answered",
    source="this test",
    parameters=(Parameter("weight", "number", "what it is multiplied by", default=1.0, low=0, high=2),),
)


@pytest.fixture
def _brought(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[None]:
    """A package with an entry point that names what the test says."""
    globals()["BROUGHT"] = request.param
    point = EntryPoint("theirs", "tests.unit.metrics.test_named:BROUGHT", named.GROUP)
    monkeypatch.setattr(named, "entry_points", lambda group: [point] if group == named.GROUP else [])
    for cached in (named.specs_of, named._of_others):
        cached.cache_clear()
    yield
    for cached in (named.specs_of, named._of_others):
        cached.cache_clear()


class TestTheCatalogue:
    @pytest.mark.parametrize("spec", ALL, ids=lambda spec: f"{spec.family}.{spec.name}")
    def test_every_metric_says_what_it_is_and_can_be_loaded(self, spec: MetricSpec) -> None:
        assert spec.title
        assert spec.summary
        assert spec.source
        assert spec.low < spec.high
        assert callable(spec.load())
        if spec.reference is not None:
            assert callable(spec.load(engine="reference"))

    @pytest.mark.parametrize("spec", ALL, ids=lambda spec: f"{spec.family}.{spec.name}")
    def test_every_function_says_its_source(self, spec: MetricSpec) -> None:
        told = spec.load().__doc__ or ""
        assert len(told.splitlines()[0]) > 10

    def test_names_are_short_words_that_a_file_can_hold(self) -> None:
        for spec in ALL:
            assert Metric(name=spec.name).key == spec.name

    def test_a_metric_without_a_reference_says_so_when_asked_for_it(self) -> None:
        with pytest.raises(MetricSpecError, match="has no implementation of others"):
            spec_named("masks", "cldice").load(engine="reference")

    def test_a_near_name_is_suggested(self) -> None:
        with pytest.raises(MetricSpecError, match=r"did you mean hd95\?"):
            spec_named("masks", "hd_95")


class TestMetricsOfOthers:
    @pytest.mark.parametrize("_brought", [COVERAGE, [COVERAGE]], indirect=True, ids=["one", "a list"])
    @pytest.mark.usefixtures("_brought")
    def test_join_by_an_entry_point_with_their_settings(self) -> None:
        task = Task(
            id="T",
            kind="segmentation",
            dataset_name="T",
            organ="T",
            labels={"a": 1},
            metrics=(Metric(name="coverage", weight=0.5), Metric(name="dsc")),
        )
        metric = task.metrics[0]
        measure = task.spec(metric).load()
        pair = MaskPair(np.eye(4, dtype=np.uint8), np.eye(4, dtype=np.uint8))
        assert measure(pair, **task.arguments(metric)) == 0.125
        assert task.definition(metric) == "coverage weight 0.5"

    @pytest.mark.parametrize(
        ("_brought", "said"),
        [
            (MetricSpec(**{**{f: getattr(COVERAGE, f) for f in COVERAGE.__slots__}, "name": "dsc"}), "already there"),
            ([3], "no MetricSpec"),
        ],
        indirect=["_brought"],
        ids=["a name of ours", "no metric"],
    )
    @pytest.mark.usefixtures("_brought")
    def test_what_cannot_join_is_told_with_its_package(self, said: str) -> None:
        with pytest.raises(MetricSpecError, match=said):
            specs_of("masks")


class TestParameter:
    @pytest.mark.parametrize(
        ("value", "said"),
        [
            ("much", "must be a number"),
            (True, "must be a number"),
            (float("nan"), "must be a number"),
            (3, "must lie between 0 and 2"),
        ],
    )
    def test_refuses_what_is_none(self, value: object, said: str) -> None:
        with pytest.raises(MetricSpecError, match=f"coverage: weight {said}"):
            COVERAGE.arguments({"weight": value})

    def test_unknown_ones_are_told_with_those_there_are(self) -> None:
        with pytest.raises(MetricSpecError, match="coverage has no wait; it takes weight"):
            COVERAGE.arguments({"wait": 1})

    def test_whole_numbers_are_whole(self) -> None:
        bins = Parameter("bins", "whole", "how many", default=15, low=1, high=100)
        assert bins.problem(2.5) == "must be a whole number, not 2.5"
        assert bins.checked("ece", 20.0) == 20
