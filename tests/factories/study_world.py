"""A board of the tiny challenge, scored by the real evaluator, and its charts, drawn by a pen that takes no time."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import platform_world
from PIL import Image
from platform_fakes import FakeEvaluator

from sonobench_eval.intake.records import VerifiedImage
from sonobench_eval.report.charts.chart import Chart
from sonobench_platform.db.models import SnapshotRow
from sonobench_platform.leaderboards.study import Study
from sonobench_platform.leaderboards.study_drawing import Drawn
from sonobench_platform.leaderboards.study_due import SETTLED_AFTER
from sonobench_platform.leaderboards.study_making import Made, make_due_studies
from sonobench_platform.leaderboards.study_view import stored_study
from sonobench_platform.wiring import SonobenchEvaluator

CHARTS = "/challenges/tiny/leaderboard/charts"


class AnyImage(SonobenchEvaluator):
    """Scores for real what it is handed; takes any bytes as an image."""

    def verify_image(self, upload: Path, verified: Path, *, tag: str) -> VerifiedImage:
        return FakeEvaluator().verify_image(upload, verified, tag=tag)


def pen(chart: Chart) -> Drawn:
    """Stands in for the renderer, whose own tests draw every chart."""
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20"><title>{chart.name}</title></svg>'
    return Drawn(svg, svg.replace("30", "31"), svg, b"\x89PNG", b"%PDF-", chart, chart)


def in_one_phase(world: Any, **rules: Any) -> None:
    """Register the tiny challenge anew as one phase, `test`, whose figures may be of two cases."""
    platform_world.write_challenge(world.folder, phases=[{"id": "test", **rules}], subgroups={"fewest_cases": 2})
    world.platform.register_challenge(world.yaml)


def scored(world: Any, *teams: str) -> list[str]:
    """Every team hands in a container that is nearly right; the submissions' ids."""
    found = []
    for team in teams:
        submission_id = world.queued(team)
        claimed = world.claim()
        world.hand_back(claimed, nearly_right(claimed))
        world.tell(claimed, "finish", report=platform_world.report())
        world.platform.score_run(claimed["run_id"])
        assert world.state(submission_id) == "scored"
        found.append(submission_id)
    return found


def nearly_right(claimed: dict[str, Any]) -> bytes:
    """Right classes, and masks that miss one column of the first head (DSC 6/7) and two of the second (2/3)."""
    whole = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(platform_world.right_answers(claimed))) as right,
        tarfile.open(fileobj=whole, mode="w") as tar,
    ):
        for missed, member in enumerate(sorted(right.getmembers(), key=lambda each: not each.name.endswith(".png"))):
            content = right.extractfile(member)
            assert content is not None
            data = _mask(4 - 1 - missed) if member.name.endswith(".png") else content.read()
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return whole.getvalue()


def _mask(columns: int) -> bytes:
    pixels, out = np.zeros((8, 8), np.uint8), io.BytesIO()
    pixels[2:6, 2 : 2 + columns] = 255
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def close(world: Any) -> None:
    answer = world.organiser.post("/api/v1/challenges/tiny/close")
    assert answer.status_code == 200, answer.text


def drawn(world: Any) -> Made:
    """What is due once the board has stood for a while."""
    world.clock.advance(seconds=SETTLED_AFTER.total_seconds() + 1)
    return make_due_studies(world.platform.core, drawing=pen)


def study(world: Any) -> Study | None:
    """What is stored of the board on show, whoever may see it."""
    with world.platform.core.database.read() as session:
        row = session.query(SnapshotRow).order_by(SnapshotRow.id.desc()).first()
    return stored_study(world.platform.core, row)


def digest(world: Any) -> str:
    """Of the board on show."""
    core = world.platform.core
    with core.database.read() as session:
        row = session.query(SnapshotRow).order_by(SnapshotRow.id.desc()).first()
    return str(row.content_hash).removeprefix("sha256:")
