"""The page of a challenge: metrics as they are used, weights that add up, what counts where nothing is, and what is left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from sonobench_eval.challenge.model import Challenge, Metric, Ranking, UndefinedPolicy
from sonobench_eval.challenge.phase import EntryRules, Phase, Quota
from sonobench_platform.web import rendering
from sonobench_platform.web.challenge_build import challenge_context
from sonobench_platform.web.challenge_data import center_table, policy_exceptions, policy_lines
from sonobench_platform.web.challenge_metrics import metric_entries
from sonobench_platform.web.challenge_pages import definition_yaml
from sonobench_platform.web.challenge_ranking import ranking_formulas, ranking_tree
from sonobench_platform.web.contexts_challenge import MetricEntry, TreeNode
from sonobench_platform.web.countdown import closes_at, left_words, opens_at
from sonobench_platform.web.phases import next_deadline, phase_lines
from sonobench_platform.web.source import PublicChallenge, PublicPhase

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>\u202e{{ 7*7 }}"


def phased(challenge: PublicChallenge, *phases: PublicPhase) -> PublicChallenge:
    definition = challenge.definition.model_copy(update={"phases": tuple(phase.rules for phase in phases)})
    return replace(challenge, definition=definition, phases=phases, is_open=any(phase.is_open for phase in phases))


def facts_of(entry: MetricEntry) -> dict[str, str]:
    return dict(entry.facts)


def leaves(node: TreeNode) -> Iterator[TreeNode]:
    if not node.children:
        yield node
    for child in node.children:
        yield from leaves(child)


class TestMetrics:
    def test_each_is_told_once_with_the_tasks_it_is_of(self, challenge: Challenge) -> None:
        entries = {entry.name: entry for entry in metric_entries(challenge)}
        assert list(entries)[:2] == ["DSC", "NSD at 2 px"]
        assert entries["DSC"].tasks.startswith("Breast lesion, Cardiac chambers")
        assert str(entries["DSC"].formula).startswith("<math")

    def test_parameters_range_and_direction_are_those_of_this_challenge(self, challenge: Challenge) -> None:
        entries = {entry.name: entry for entry in metric_entries(challenge)}
        said = facts_of(entries["NSD at 2 px"])
        assert said["Tolerance"].startswith("2 px (")
        assert said["Convention"].startswith("pixel (")
        assert (said["Range"], said["Direction"], said["Unit"]) == (
            "0 to 1",
            "higher is better; 1 is best",
            "none: a pure number",
        )

    def test_two_classes_have_no_average_and_more_do(self, challenge: Challenge) -> None:
        aucs = [facts_of(entry) for entry in metric_entries(challenge) if entry.name == "AUC"]
        assert ["Average" in said for said in aucs] == [False, True]
        assert aucs[1]["Multiclass"].startswith("one-vs-rest (")

    def test_a_distance_has_a_unit_and_no_upper_end(self, challenge: Challenge) -> None:
        task = challenge.tasks[0].model_copy(update={"metrics": (Metric(name="hd95", convention="pixel", unit="mm"),)})
        (entry,) = metric_entries(challenge.model_copy(update={"tasks": (task,)}))
        said = facts_of(entry)
        assert (said["Range"], said["Direction"], said["Unit"]) == ("0 or more", "lower is better; 0 is best", "mm")


class TestRanking:
    @pytest.mark.parametrize("scheme", ["uusic25", "sonobench-70-30"])
    def test_the_shares_of_all_that_counts_sum_to_the_whole(self, challenge: Challenge, scheme: str) -> None:
        ours = challenge.model_copy(update={"ranking": Ranking.model_validate({"scheme": scheme})})
        tree = ranking_tree(ours)
        assert tree is not None
        shares = [float(leaf.share.removesuffix("\u00a0%")) for leaf in leaves(tree)]
        assert sum(shares) == pytest.approx(100, abs=0.5)
        assert [child.share for child in tree.children] == ["70\u00a0%", "30\u00a0%"]
        assert len(ranking_formulas(ours)) == 3

    def test_tasks_and_metrics_have_their_names_and_scales_are_said(self, challenge: Challenge) -> None:
        ours = challenge.model_copy(update={"ranking": Ranking(scheme="sonobench-70-30", gate=0.4)})
        tree = ranking_tree(ours)
        assert tree is not None
        performance, efficiency = tree.children
        assert performance.children[0].children[0].title == "Breast lesion"
        assert efficiency.detail == "only from 0.4 of performance on"
        assert efficiency.children[1].detail == "1 up to 2 GiB, 0 from 24 GiB, logarithmic"
        auc = next(leaf for leaf in leaves(performance) if leaf.title == "AUC")
        assert auc.detail == "0 at 0.5, 1 at 1"

    def test_an_own_tree_is_told_as_it_is_written_without_shares_where_there_are_none(self, challenge: Challenge) -> None:
        children = [
            {"name": HOSTILE, "combine": "harmonic", "children": [{"of": "breast.dsc"}, {"of": "kidney.dsc"}], "weight": 3},
            {"of": "time_s", "name": "time"},
        ]
        own = Ranking.model_validate({"scheme": "custom", "tree": {"children": children}})
        tree = ranking_tree(challenge.model_copy(update={"ranking": own}))
        assert tree is not None
        assert [child.share for child in tree.children] == ["75\u00a0%", "25\u00a0%"]
        assert tree.children[0].detail == "harmonic mean"
        assert [leaf.share for leaf in tree.children[0].children] == ["", ""]
        assert "\u202e" not in tree.children[0].title
        assert ranking_formulas(challenge.model_copy(update={"ranking": own})) == ()


class TestData:
    def test_cases_are_counted_by_center_and_task(self, challenge: Challenge) -> None:
        table = center_table(challenge)
        assert len(table.tasks) == len(challenge.tasks)
        assert [line.by_task[0] for line in table.lines] == ["2", "2", "2"]
        assert table.totals[0] == "6"
        assert table.total == f"{len(challenge.cases)}"

    def test_what_counts_where_nothing_is_is_told_and_so_are_exceptions(self, challenge: Challenge) -> None:
        own = challenge.tasks[0].model_copy(
            update={
                "undefined": UndefinedPolicy(both_empty=0.5),
                "metrics": (Metric.model_validate({"name": "hd95", "unit": "mm", "undefined": {"missing": 50}}),),
            }
        )
        said = policy_exceptions(challenge.model_copy(update={"tasks": (own, *challenge.tasks[1:])}))
        assert said[0].startswith("Breast lesion has its own: reference and prediction are both empty 0.5, ")
        assert said[1] == "HD95 of Breast lesion counts, in its own unit: the result is missing 50."
        assert len(policy_lines(challenge)) == 7

    def test_without_masks_there_is_no_policy_of_masks(self, challenge: Challenge) -> None:
        classes = tuple(task for task in challenge.tasks if not task.is_segmentation)
        assert policy_lines(challenge.model_copy(update={"tasks": classes})) == ()


class TestWhatIsLeft:
    @pytest.mark.parametrize(
        ("seconds", "words"),
        [
            (3 * 86400 + 4 * 3600 + 59, "3 days 4 hours"),
            (86400, "1 day"),
            (86400 - 1, "23 hours 59 minutes"),
            (3660, "1 hour 1 minute"),
            (59, "less than a minute"),
            (1001 * 86400, "1,001 days"),
        ],
    )
    def test_the_two_largest_parts_are_told(self, seconds: float, words: str) -> None:
        assert left_words(seconds) == words

    def test_a_date_that_has_passed_says_so_and_no_date_says_nothing(self) -> None:
        closed = closes_at(NOW - timedelta(seconds=1), NOW)
        assert closed is not None
        assert closed.said == "has closed"
        opened = opens_at(NOW, NOW)
        assert opened is not None
        assert opened.said == ""
        assert opens_at(None, NOW) is None

    def test_the_next_deadline_is_the_first_closing_of_what_is_open_else_the_next_opening(
        self, public_challenge: PublicChallenge
    ) -> None:
        soon, later = NOW + timedelta(days=1), NOW + timedelta(days=9)
        first = PublicPhase(Phase(id="a", closes=later), is_open=True)
        second = PublicPhase(Phase(id="b", closes=soon), is_open=True)
        held = PublicPhase(Phase(id="c", closes=NOW + timedelta(hours=1)), is_open=False)
        to_come = PublicPhase(Phase(id="d", opens=soon), is_open=False)
        found = next_deadline(phased(public_challenge, first, second, held, to_come), NOW)
        assert found is not None
        assert found.said == "closes in 1 day"
        waiting = next_deadline(phased(public_challenge, held, to_come), NOW)
        assert waiting is not None
        assert waiting.said == "opens in 1 day"
        assert next_deadline(phased(public_challenge, held), NOW) is None

    def test_the_state_of_a_phase_is_told_in_words(self, public_challenge: PublicChallenge) -> None:
        past, to_come = NOW - timedelta(days=1), NOW + timedelta(days=1)
        phases = (
            PublicPhase(Phase(id="a"), is_open=True),
            PublicPhase(Phase(id="b", opens=to_come), is_open=False),
            PublicPhase(Phase(id="c", closes=past), is_open=False),
            PublicPhase(Phase(id="d", quota=Quota(daily=2, total=20, time_zone="Europe/Berlin")), is_open=False),
        )
        lines = phase_lines(phased(public_challenge, *phases), NOW)
        assert [line.state for line in lines] == ["open", "not open yet", "closed", "closed by its organizers"]
        assert lines[3].quota == "2 a day (of Europe/Berlin) and 20 in all"


class TestHostileTexts:
    def test_nothing_that_organizers_wrote_becomes_markup(self, public_challenge: PublicChallenge) -> None:
        definition = public_challenge.definition
        hostile = definition.model_copy(
            update={
                "title": HOSTILE,
                "description": f"{HOSTILE}\n\n{HOSTILE}",
                "entry": EntryRules(terms=HOSTILE),
                "centers": tuple(center.model_copy(update={"title": HOSTILE}) for center in definition.centers),
                "tasks": tuple(task.model_copy(update={"title": HOSTILE}) for task in definition.tasks),
            }
        )
        page = challenge_context(
            replace(public_challenge, definition=hostile), has_board=True, server="https://bench.example.org", now=NOW
        )
        html = rendering.render(page)
        assert "<script>alert" not in html
        assert "{{ 7*7 }}" in html
        assert "\u202e" not in html

    def test_the_definition_as_yaml_is_data_and_names_no_case(self, public_challenge: PublicChallenge) -> None:
        text = definition_yaml(public_challenge)
        document = yaml.safe_load(text)
        assert document["name"] == "uusic25"
        assert document["cases_of_tasks"]["breast"] == 6
        assert "cases" not in document
        assert not [case.id for case in public_challenge.definition.cases if case.id in text]
