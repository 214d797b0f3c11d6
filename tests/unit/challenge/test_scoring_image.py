"""A challenge with metrics of the organisers' own: what is accepted, what is refused and how, and what the rest makes of them."""

from __future__ import annotations

from typing import Any

import pytest

from sonobench_eval.challenge.digest import challenge_hash
from sonobench_eval.challenge.load import ChallengeError, dump_challenge, parse_challenge
from sonobench_eval.challenge.ranking_rules import metric_span

IMAGE = f"sha256:{'a' * 64}"
TEXT = """
sonobench: 1
name: own
title: Own metrics
scoring_image: {image: "%s", archive: metrics/scorer.tar, time_s: 90s, memory_bytes: 512M}
ranking: {classification_metrics: [auc, clinic_score]}
centers: [{id: a, role: internal}]
tasks:
- id: t
  kind: binary
  dataset_name: T
  organ: T
  classes: [no, yes]
  metrics: [{name: auc}, {name: clinic_score, from_image: {better: lower, range: [0, 10]}}]
cases: [{id: 1.png, task: t, center: a, label: 0}]
"""


def parsed(text: str = TEXT % IMAGE) -> Any:
    return parse_challenge(text, name="challenge.yaml")


def refusal(old: str, new: str) -> str:
    text = TEXT % IMAGE
    assert old in text
    with pytest.raises(ChallengeError) as error:
        parsed(text.replace(old, new))
    return str(error.value)


class TestAChallengeWithAScoringImage:
    def test_is_written_and_read_back_as_it_is(self) -> None:
        challenge = parsed()
        again = parsed(dump_challenge(challenge))
        assert again == challenge
        assert challenge_hash(again) == challenge_hash(challenge)
        assert again.scoring_image.memory_bytes == 512 * 2**20

    def test_says_of_its_metric_all_that_is_asked_of_any_other(self) -> None:
        (task,) = parsed().tasks
        spec = task.spec(task.metrics[1])
        assert (spec.low, spec.high, spec.higher_is_better, spec.best) == (0, 10, False, 0)
        assert task.definition(task.metrics[1]) == "clinic_score of the scoring image, 0 to 10, lower is better"

    def test_ranks_it_from_its_worst_value_to_its_best(self) -> None:
        challenge = parsed()
        span = metric_span(challenge.ranking, challenge.tasks[0], challenge.tasks[0].metrics[1])
        assert span is not None
        assert (span.worst, span.best) == (10, 0)

    def test_keeps_it_without_references(self) -> None:
        assert parsed().without_references().scoring_image == parsed().scoring_image


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("old", "new", "told"),
        [
            ("name: clinic_score, from", "name: acc, from", "is one of Sonobench's own metrics"),
            (f'"{IMAGE}"', "scorer:latest", "is not an image's Id"),
            ("metrics/scorer.tar", "../scorer.tar", "is not a plain relative path"),
            ("range: [0, 10]", "range: [10, 0]", "range is the lowest and the highest value"),
            ("range: [0, 10]", "range: [0, .inf]", "range.1: must be a number"),
            ("better: lower", "better: less", "tasks.0.metrics.1.from_image.better"),
            ("range: [0, 10]", "range: [0, 10], unit: mm", "unknown key"),
            ("time_s: 90s", "time: 90s", "unknown key; did you mean time_s?"),
            ("range: [0, 10]}", "range: [0, 10], per: task}, interval: bca", "there is one value for the whole task"),
            ("range: [0, 10]}", "range: [0, 10]}, tolerance: 2", "clinic_score takes no parameters"),
        ],
    )
    def test_is_said_in_its_place(self, old: str, new: str, told: str) -> None:
        assert told in refusal(old, new)

    def test_a_metric_of_an_image_that_is_not_declared(self) -> None:
        text = "\n".join(line for line in (TEXT % IMAGE).splitlines() if not line.startswith("scoring_image"))
        with pytest.raises(ChallengeError, match=r"challenge.yaml:\d+: tasks.0.metrics.1.from_image: there is no scoring image"):
            parsed(text)
