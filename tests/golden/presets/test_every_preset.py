"""Every preset: perfect answers are best, and worse ones worse."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from preset_scores import Scored

from sonobench_eval.presets.catalogue import PRESETS
from sonobench_eval.presets.synthetic import ALGORITHMS


class TestEveryPreset:
    @pytest.mark.parametrize("name", [preset.name for preset in PRESETS])
    def test_perfect_answers_have_the_best_value_of_every_metric_and_the_others_follow_in_order(
        self, made: Callable[[str], Scored], name: str
    ) -> None:
        found = made(name)
        for task in found.loaded.challenge.tasks:
            for metric in task.metrics:
                spec = task.spec(metric)
                perfect, good, poor = (found.value(each, task.id, metric.key) for each in ALGORITHMS)
                sign = 1 if spec.higher_is_better else -1
                assert perfect == spec.best, (task.id, metric.key)
                assert sign * perfect >= sign * good >= sign * poor, (task.id, metric.key)
                assert perfect != poor, (task.id, metric.key)
