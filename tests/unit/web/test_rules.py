"""A challenge in words says what its definition says."""

from __future__ import annotations

from sonobench_eval.challenge.model import Challenge, Limits, Measuring, Metric, Ranking, UndefinedPolicy
from sonobench_platform.web import rules
from sonobench_platform.web.challenge_data import center_table, policy_lines


class TestRules:
    def test_limits_are_in_the_units_they_were_declared_in(self, challenge: Challenge) -> None:
        lines = {line.what: line.limit for line in rules.limit_lines(challenge)}
        assert lines["Time for all cases"] == "1 h"
        assert lines["Memory"] == "8 GiB, no swap"
        assert lines["Graphics cards"] == "none"

    def test_changed_limits_change_the_words(self, challenge: Challenge) -> None:
        limits = Limits(time_s=90.0, memory_bytes=512 * 2**20, gpus=1)
        lines = {line.what: line.limit for line in rules.limit_lines(challenge.model_copy(update={"limits": limits}))}
        assert lines["Time for all cases"] == "1 min 30 s"
        assert lines["Memory"] == "512 MiB, no swap"
        assert lines["Graphics cards"] == "1"

    def test_a_metric_is_named_with_its_parameters(self) -> None:
        assert rules.metric_words(Metric(name="nsd", convention="pixel", tolerance=2, unit="px")) == "NSD at 2 px"
        published = Metric(name="nsd", convention="uusic25", tolerance=1, unit="px")
        assert rules.metric_words(published) == "NSD at 1 px (convention uusic25)"

    def test_the_weights_are_the_challenges_own(self, challenge: Challenge) -> None:
        half = challenge.model_copy(update={"ranking": Ranking(performance=0.5, efficiency=0.5)})
        assert "50\u00a0% performance and 50\u00a0% efficiency" in rules.ranking_rules(half)[0]

    def test_what_counts_where_there_is_no_value_is_told_whole(self, challenge: Challenge) -> None:
        policy = UndefinedPolicy(
            both_empty=0.9, prediction_empty=0.1, reference_empty=0.2, missing=0.3, unreadable=0.4, wrong_size=0.5
        )
        changed = challenge.model_copy(update={"undefined": policy})
        assert [line.counts for line in policy_lines(changed)] == ["0.9", "0.1", "0.2", "0.3", "0.4", "0.5", "0"]
        assert "do not sum to 1 count as written" in " ".join(rules.scoring_rules(changed))

    def test_each_scheme_tells_its_own_rules(self, challenge: Challenge) -> None:
        ours = challenge.model_copy(update={"ranking": Ranking(scheme="sonobench-70-30", gate=0.4)})
        said = " ".join(rules.ranking_rules(ours))
        assert "No other team has a say in it" in said
        assert "Up to 2 GiB memory counts 1, from 24 GiB on 0. Below a performance of 0.4" in said
        tree = {"children": [{"of": "a.dsc", "name": "overlap"}, {"of": "time_s", "name": "time"}]}
        own = challenge.model_copy(update={"ranking": Ranking.model_validate({"scheme": "custom", "tree": tree})})
        assert "made of overlap and time" in rules.ranking_rules(own)[0]

    def test_where_images_cases_and_results_are_is_the_contracts_word(self, challenge: Challenge) -> None:
        assert "/input holds the images, /input_json is the list of cases, results go to /output." in rules.run_rules(challenge)
        folders = challenge.model_copy(update={"contract": "folder-per-case"})
        assert "/input holds the images, there is no list of cases, results go to /output." in rules.run_rules(folders)

    def test_external_centers_are_told_in_words(self, challenge: Challenge) -> None:
        lines = center_table(challenge).lines
        assert [line.role for line in lines] == ["internal", "internal", "external: never seen in training"]
        assert [line.cases for line in lines] == ["18", "18", "18"]
        assert lines[2].is_external

    def test_no_case_and_no_reference_is_named(self, challenge: Challenge) -> None:
        said = repr(
            (
                rules.task_lines(challenge),
                center_table(challenge),
                rules.run_rules(challenge),
                rules.scoring_rules(challenge),
            )
        )
        assert not [case.id for case in challenge.cases if case.id in said]

    def test_what_images_are_called_in_a_run_is_told(self, challenge: Challenge) -> None:
        assert any("opaque names in shuffled order" in rule for rule in rules.run_rules(challenge))
        said = " ".join(rules.run_rules(challenge.model_copy(update={"pseudonyms": False})))
        assert "under their own names and in the same order in every run" in said

    def test_how_often_the_image_runs_is_told(self, challenge: Challenge) -> None:
        assert rules.run_rules(challenge)[0].startswith("The image runs once, without network")
        warm = challenge.cases[0].model_copy(update={"id": "warm/1.png"})
        repeated = challenge.model_copy(update={"measuring": Measuring(repeats=3), "warm_up": (warm,)})
        assert rules.run_rules(repeated)[0].startswith(
            "The image runs after an untimed run on public images 3 times on all cases (the median time"
        )

    def test_the_unit_in_which_times_are_ranked_is_told(self, challenge: Challenge) -> None:
        by_reference = challenge.model_copy(update={"measuring": Measuring(relative_to_reference=True)})
        assert any("units of the reference container" in rule for rule in rules.ranking_rules(by_reference))
        assert not any("reference container" in rule for rule in rules.ranking_rules(challenge))

    def test_the_commands_name_this_server_and_this_challenge(self, challenge: Challenge) -> None:
        commands = [step.commands for step in rules.steps(challenge, "https://bench.example.org")]
        assert commands[0].startswith("sonobench init my-algorithm\n")
        assert "sonobench challenge get uusic25 --server https://bench.example.org" in commands[1]
        assert "uusic25.json --sample" in commands[1]
        assert commands[2] == "sonobench login --server https://bench.example.org"
        assert "--challenge uusic25" in commands[3]
        assert "https://bench.example.org/api/v1/challenges/uusic25/submissions" in rules.curl_commands(
            challenge, "https://bench.example.org"
        )
