from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import ValidationError
from ranking_world import BREAST, HEAD

from sonobench_eval.challenge.model import Metric, Task
from sonobench_eval.challenge.ranking_rules import (
    Group,
    Leaf,
    Ranking,
    Span,
    metric_span,
    ranking_problems,
)

TREE = {
    "children": [
        {"name": "performance", "weight": 0.8, "children": [{"of": "Head.dsc"}, {"of": "Breast.auc@median"}]},
        {
            "name": "efficiency",
            "weight": 0.2,
            "only_if": {"part": "performance", "at_least": 0.3},
            "children": [{"of": "time_s", "scale": {"by": "log", "floor": 1, "worst": 100}}],
        },
    ]
}


class TestRanking:
    def test_what_was_written_before_means_the_same(self) -> None:
        rules = Ranking.model_validate(
            {"performance": 0.6, "efficiency": 0.4, "segmentation_metrics": ["dsc"], "classification_metrics": []}
        )
        assert (rules.scheme, rules.performance, rules.segmentation_metrics) == ("uusic25", 0.6, ("dsc",))
        assert rules.metrics_of("segmentation") == ("dsc",)
        assert (rules.metrics_of("binary"), rules.metrics_of("detection")) == ((), ())

    def test_a_default_leaves_no_trace_so_hashes_stay(self) -> None:
        assert Ranking().model_dump(exclude_defaults=True) == {}

    def test_a_tree_is_read_with_its_defaults(self) -> None:
        rules = Ranking.model_validate({"scheme": "custom", "tree": TREE})
        assert rules.tree is not None
        dsc, auc, time = rules.tree.leaves()
        assert (dsc.scale.by, dsc.if_missing, dsc.less_is_better, auc.of) == ("rank", "last", False, "Breast.auc@median")
        assert (time.if_missing, time.less_is_better, time.title) == ("no-ranking", True, "time_s")

    def test_a_tree_comes_back_from_its_dump(self) -> None:
        rules = Ranking.model_validate({"scheme": "custom", "tree": TREE})
        assert Ranking.model_validate(rules.model_dump(mode="json", exclude_defaults=True)) == rules

    def test_scales_that_differ_by_name_alone_have_different_dumps(self) -> None:
        one, other = (
            Ranking.model_validate({"scheme": "custom", "tree": {"children": [{"of": "a", "scale": {"by": by}}]}})
            for by in ("z", "identity")
        )
        assert one.model_dump(exclude_defaults=True) != other.model_dump(exclude_defaults=True)

    @pytest.mark.parametrize(
        ("written", "sentence"),
        [
            ({"performance": 0.7, "efficiency": 0.7}, "performance and efficiency must sum to 1, not 1.4"),
            ({"scheme": "custom"}, "scheme custom and tree belong together"),
            ({"tree": TREE}, "scheme custom and tree belong together"),
            ({"memory_scale": {"floor_bytes": "2G", "worst_bytes": "1G"}}, "floor_bytes must lie below worst_bytes"),
            ({"metric_scales": {"hd95": {"worst": 1, "best": 1}}}, "worst and best must differ"),
            ({"gate": 2}, "less than or equal to 1"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, written: dict[str, Any], sentence: str) -> None:
        with pytest.raises(ValidationError, match=sentence):
            Ranking.model_validate(written)


class TestGroup:
    @pytest.mark.parametrize(
        ("written", "sentence"),
        [
            ({"children": []}, "at least 1 item"),
            ({"children": [{"of": "a", "weight": 0}]}, "needs a weight above 0"),
            ({"combine": "median", "children": [{"of": "a"}, {"of": "b", "weight": 2}]}, "a median knows no weights"),
            ({"children": [{"of": "a", "name": "x"}, {"of": "b", "name": "x"}]}, "two parts have the name 'x'"),
            (
                {"children": [{"name": "x", "children": [{"of": "a"}], "only_if": {"part": "y", "at_least": 0}}]},
                "only_if names 'y', which is no other part beside 'x'",
            ),
            ({"children": [{"of": "a", "scale": {"by": "log", "floor": 5, "worst": 2}}]}, "floor must lie below worst"),
            (
                {"children": [{"of": "a", "scale": {"by": "linear", "worst": 1, "best": 1}}]},
                "worst and best of a scale must differ",
            ),
            ({"children": [{"of": "a", "scale": {"by": "guess"}}]}, "guess"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, written: dict[str, Any], sentence: str) -> None:
        with pytest.raises(ValidationError, match=sentence):
            Group.model_validate(written)

    def test_two_gates_cannot_wait_for_each_other(self) -> None:
        def gated(name: str, part: str) -> dict[str, Any]:
            return {"name": name, "children": [{"of": name}], "only_if": {"part": part, "at_least": 0}}

        with pytest.raises(ValidationError, match="which has an only_if of its own"):
            Group.model_validate({"children": [gated("x", "y"), gated("y", "x")]})


class TestRankingProblems:
    def told(self, rules: Ranking, *tasks: Task) -> list[tuple[tuple[str | int, ...], str]]:
        return [(problem.loc, problem.sentence) for problem in ranking_problems(rules, tasks)]

    def test_the_defaults_fit_any_challenge(self) -> None:
        assert self.told(Ranking(), HEAD) == self.told(Ranking(), BREAST) == []

    def test_a_metric_that_is_none_is_named_with_what_was_meant(self) -> None:
        (problem,) = self.told(Ranking(segmentation_metrics=("dsc", "ndc")), HEAD)
        assert problem == (("segmentation_metrics", 1), "ndc is not a segmentation metric; did you mean nsd?")

    def test_an_id_that_a_task_gave_its_metric_can_be_ranked(self) -> None:
        named = HEAD.model_copy(update={"metrics": (Metric(name="dsc", id="overlap"),)})
        assert self.told(Ranking(segmentation_metrics=("overlap",)), named) == []

    def test_a_tree_can_only_name_what_is_measured(self) -> None:
        rules = Ranking(
            scheme="custom", tree=Group(children=(Leaf(of="Head.dcs"), Leaf(of="energy_j"), Leaf(of="Head.nsd@tests")))
        )
        ((loc, sentence),) = self.told(rules, HEAD)
        assert (loc, sentence) == (("tree",), "of 'Head.dcs' is nothing this challenge measures; did you mean Head.dsc?")

    def test_a_metric_without_bounds_needs_a_scale_in_sonobench_70_30(self) -> None:
        distance = Task.model_validate(
            {
                "id": "Head",
                "kind": "segmentation",
                "dataset_name": "H",
                "organ": "H",
                "labels": {"a": 1},
                "metrics": [{"name": "hd95", "unit": "px", "convention": "pixel"}],
            }
        )
        rules = Ranking(scheme="sonobench-70-30", segmentation_metrics=("hd95",))
        ((loc, sentence),) = self.told(rules, distance)
        assert (loc, sentence[:27]) == (("metric_scales",), "hd95 of Head has no bounds;")
        declared = rules.model_copy(update={"metric_scales": {"hd95": Span(worst=50, best=0)}})
        assert self.told(declared, distance) == []


class TestMetricSpan:
    def test_counts_from_what_no_skill_gets(self) -> None:
        auc, acc, f1 = BREAST.metrics
        spans = [metric_span(Ranking(), BREAST, metric) for metric in (auc, acc, f1)]
        assert [(span.worst, span.best) for span in spans if span] == [(0.5, 1), (0.5, 1), (0, 1)]

    @pytest.mark.parametrize(
        ("metric", "worst", "best"),
        [("kappa", 0, 1), ("mcc", 0, 1), ("balanced_acc", 0.5, 1), ("log_loss", math.log(2), 0), ("ece", 1, 0)],
    )
    def test_agreement_beyond_chance_begins_at_0_and_errors_end_there(self, metric: str, worst: float, best: float) -> None:
        assert metric_span(Ranking(), BREAST, Metric(name=metric)) == Span(worst=worst, best=best)

    def test_a_task_can_have_its_own(self) -> None:
        rules = Ranking(metric_scales={"dsc": Span(worst=0.2, best=0.9), "Head.dsc": Span(worst=0.5, best=0.95)})
        assert metric_span(rules, HEAD, HEAD.metrics[0]) == Span(worst=0.5, best=0.95)
        other = HEAD.model_copy(update={"id": "Heart"})
        assert metric_span(rules, other, HEAD.metrics[0]) == Span(worst=0.2, best=0.9)
