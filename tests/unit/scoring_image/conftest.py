"""The bench of scoring images, scored by a sandbox without an engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import scoring_bench

from sonobench_eval.io.sources import FolderResults
from sonobench_eval.pipeline import Scored, score_results
from sonobench_eval.sandbox.fake import FakeSandbox
from sonobench_eval.scoring_image.run import ImageScorer


@pytest.fixture
def own(tmp_path: Path) -> scoring_bench.ScoringBench:
    return scoring_bench.make_scoring_bench(tmp_path / "data")


@pytest.fixture
def scores_with(own: scoring_bench.ScoringBench, tmp_path: Path) -> Callable[..., Scored]:
    """Scores the bench's answers; `program` plays the image, or `scores` is what it writes."""

    def score(*, program: Any = None, scores: Any = None, sandbox: FakeSandbox | None = None, **scoring: Any) -> Scored:
        written = scoring_bench.right_scores() if scores is None else scores
        text = written if isinstance(written, str) else json.dumps(written)

        def write(_predictions: Path, output: Path) -> int:
            (output / "scores.json").write_text(text)
            return 0

        sandbox = sandbox or FakeSandbox()
        sandbox.program = program or write
        scorer = ImageScorer(lambda: sandbox, node="test", staging=tmp_path / "staging", patience_s=0)
        with FolderResults(own.results) as source:
            return score_results(own.write(**scoring), source, own_metrics=scorer)

    return score


@pytest.fixture
def right_scores() -> Callable[..., dict[str, Any]]:
    return scoring_bench.right_scores
