from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from ranking_world import BREAST, HEAD, World, make_world

from sonobench_eval.challenge.model import Bootstrap, Case, Metric, Task
from sonobench_eval.challenge.ranking_rules import Ranking
from sonobench_eval.challenge.undefined import UndefinedPolicy
from sonobench_eval.ranking.board_notes import NO_METRIC
from sonobench_eval.ranking.leaderboard import DroppedDimension, Leaderboard
from sonobench_eval.ranking.stability_analysis import stability_report
from sonobench_eval.report.bibliography import SONOBENCH, WORKS, bibtex, works_said
from sonobench_eval.report.methods import Methods, methods_of


def board(world: World, **more: object) -> Leaderboard:
    from sonobench_eval.ranking.build import build_leaderboard

    made = build_leaderboard(
        world.challenge, world.entries, dataset_hash="sha256:data", generated_at=datetime(2026, 1, 2, tzinfo=UTC)
    )
    return made.model_copy(update=more)


@pytest.fixture(scope="module")
def world() -> World:
    return make_world({"good": 2.0, "poor": 0.0, "worse": -1.0}, cases=24, per_subject=2)


def said(world: World, **changes: object) -> str:
    of = board(world)
    return methods_of(world.challenge.model_copy(update=changes), of, None, version="1.2").plain()


class TestMethods:
    def test_says_how_many_of_everything(self, world: World) -> None:
        assert "3 algorithms answered 2 tasks on 48 cases from 3 centers, 1 of them never seen in training." in said(world)

    def test_says_each_tasks_metrics_with_what_defines_them(self, world: World) -> None:
        assert "Head (segmentation, 24 cases) was measured by DSC and NSD pixel 2 px." in said(world)

    def test_says_what_missing_results_count(self, world: World) -> None:
        text = said(world, undefined=UndefinedPolicy(missing=0.25))
        assert "no result counted 0.25" in text
        assert "both masks empty counted 1" in text

    def test_says_a_metrics_own_values_in_its_unit(self, world: World) -> None:
        dsc = Metric.model_validate({"name": "dsc", "undefined": {"missing": -1}})
        head = HEAD.model_copy(update={"metrics": (dsc,)})
        assert "In dsc of Head, no result -1 counted so, in the metric's unit." in said(world, tasks=(head, BREAST))

    def test_says_what_is_resampled_how_often_and_with_which_seed(self, world: World) -> None:
        text = said(world, bootstrap=Bootstrap(resamples=2000, seed=7, interval="bca", stratify="center"))
        assert "bias-corrected and accelerated (BCa) intervals from 2,000 bootstrap resamples of subjects" in text
        assert "(seed 7)" in text
        assert "stratified by center" in text

    def test_says_cases_where_no_subjects_are_known(self) -> None:
        assert "bootstrap resamples of cases (seed" in said(make_world({"good": 2.0, "poor": 0.0}, cases=12))

    def test_says_both_where_some_subjects_are_known(self, world: World) -> None:
        first, *others = world.challenge.cases
        alone = Case.model_validate({**first.model_dump(), "subject": None})
        assert "of subjects where they are known" in said(world, cases=(alone, *others))

    def test_says_when_nothing_was_drawn(self, world: World) -> None:
        assert "No bootstrap resamples were drawn." in said(world, bootstrap=Bootstrap(resamples=0))

    def test_names_intervals_of_single_metrics(self, world: World) -> None:
        breast = BREAST.model_copy(update={"metrics": (Metric(name="auc", interval="delong"), Metric(name="acc"))})
        assert "Those of auc of Breast are by DeLong's method." in said(world, tasks=(HEAD, breast))

    def test_says_scheme_and_weights(self, world: World) -> None:
        text = said(world, ranking=Ranking(scheme="sonobench-70-30", performance=0.6, efficiency=0.4, gate=0.1))
        assert "sonobench-70-30: 60\u00a0% performance (DSC, NSD, AUC and ACC) and 40\u00a0% efficiency" in text
        assert "Below a performance of 0.1 efficiency counts 0." in text

    def test_says_nothing_of_efficiency_where_it_has_no_weight(self, world: World) -> None:
        text = said(world, ranking=Ranking(performance=1, efficiency=0))
        assert "ranked by the scheme uusic25, by performance alone (DSC, NSD, AUC and ACC)." in text
        assert "memory" not in text

    def test_defines_each_metric_once_and_tells_namesakes_apart(self, world: World) -> None:
        instances = HEAD.model_dump() | {"id": "Cells", "kind": "instances", "labels": None, "metrics": [{"name": "f1"}]}
        text = said(world, tasks=(HEAD, BREAST, Task.model_validate(instances)))
        assert text.count("(Dice similarity coefficient)") == 1
        assert "F1 of binary tasks (F1 score): " in text
        assert "F1 of instances tasks (F1 of instances): " in text

    def test_says_what_a_tree_of_ones_own_is_made_of(self, world: World) -> None:
        tree = {"children": [{"of": "Head.dsc"}, {"of": "time_s", "name": "time"}]}
        text = said(world, ranking=Ranking.model_validate({"scheme": "custom", "tree": tree}))
        assert "a scheme of the challenge's own, made of Head.dsc and time." in text

    def test_says_what_did_not_count(self, world: World) -> None:
        of = board(world, dropped=(DroppedDimension(dimension="time", reason="it was measured for no team"),))
        text = methods_of(world.challenge, of, None, version="1.2").plain()
        assert "Time does not count: it was measured for no team." in text
        assert NO_METRIC not in text

    def test_names_the_tests_that_were_made_and_their_correction(self, world: World) -> None:
        report = stability_report(world.challenge, world.entries)
        text = methods_of(world.challenge, board(world), report, version="1.2").plain()
        assert "the Wilcoxon signed-rank test for scores of single cases and DeLong's test" in text
        assert "Holm's correction over all ordered pairs, at a level of 0.05." in text
        assert "Romano-Wolf step-down over all pairs" in text

    def test_every_cited_work_is_in_the_bibliography_and_nothing_is_left_raw(self, world: World) -> None:
        report = stability_report(world.challenge, world.entries)
        methods: Methods = methods_of(world.challenge, board(world), report, version="1.2")
        cited = {key for keys in re.findall(r"\\cite\{([^}]*)\}", methods.latex()) for key in keys.split(",")}
        there = set(re.findall(r"@\w+\{([^,]+),", methods.bibtex()))
        assert cited == there
        assert {"dice1945", "nikolov2018", "holm1979", "lin2025", SONOBENCH} <= there
        assert not re.search(r"(?<!\\)[%&#_$](?![^{]*\})", methods.latex().replace(r"\cite", ""))


class TestBibliography:
    def test_keys_are_unique_and_braces_balance(self) -> None:
        keys = [work.key for work in WORKS]
        assert len(set(keys)) == len(keys)
        for work in WORKS:
            assert work.bibtex.count("{") == work.bibtex.count("}")

    @pytest.mark.parametrize(
        ("source", "keys"),
        [
            ("Dice, Ecology 1945", ("dice1945",)),
            ("Mann and Whitney 1947; Hand and Till, Machine Learning 2001 (one-vs-one)", ("mann1947", "hand2001")),
            ("Lin, Biometrics 1989", ("lin1989",)),
            ("Geifman and El-Yaniv, ICLR 2019", ("geifman2019",)),
            ("as the share it is", ()),
        ],
    )
    def test_a_source_leads_to_the_works_it_names(self, source: str, keys: tuple[str, ...]) -> None:
        assert works_said(source) == keys

    def test_sonobench_comes_first_with_its_version(self) -> None:
        text = bibtex(["dice1945", "dice1945"], version="1.2")
        assert text.startswith("@misc{sonobench,")
        assert "version = {1.2}" in text
        assert text.count("@article{dice1945,") == 1
