"""A challenge with hundreds of teams, for pages that must show lists in parts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sqlalchemy import select

from infra.showcase_challenges import write_crowded
from infra.showcase_scores import Skill
from infra.showcase_stage import Stage, report_of
from sonobench_platform.core import Core
from sonobench_platform.db.models import ChallengeRow, PhaseRow, RunRow, SubmissionRow
from sonobench_platform.domain.states import State
from sonobench_platform.leaderboards.publish import publish
from sonobench_platform.runs.evaluations import record_evaluation
from sonobench_platform.runs.score import scores_of
from sonobench_platform.storage.store import replacing
from sonobench_platform.submissions.move import move

NAME = "crowded"


def tell_crowded(stage: Stage, folder: Path, teams: int) -> None:
    """Register it and have as many teams scored; its board is made once, at the end: made after each it would take hours."""
    stage.platform.register_challenge(write_crowded(folder))
    dice = np.random.default_rng(9)
    for number in range(teams):
        dsc, auc, auc_of_many = (float(dice.uniform(low, 0.9)) for low in (0.6, 0.5, 0.3))
        skill = Skill(dsc, auc, auc_of_many, label=f"crowd {number}")
        token = stage.team(f"Team {number + 1:03d}")
        stage.queued(token, NAME)
        claimed = stage.claim()
        figures = report_of(stage.clock.now(), time_s=float(dice.uniform(8, 90)), gpu_gb=float(dice.uniform(0.4, 8)))
        stage.ran(claimed, figures, skill.results())
        _score(stage.core, claimed["run_id"])
    with stage.core.database.write() as work:
        of_it = select(PhaseRow.id).join(ChallengeRow, ChallengeRow.id == PhaseRow.challenge_id)
        publish(stage.core, work, phase_id=work.session.scalars(of_it.where(ChallengeRow.name == NAME)).one())


def _score(core: Core, run_id: str) -> None:
    """As a score worker does, but for the board."""
    with core.database.read() as session:
        run = session.get_one(RunRow, run_id)
        submission = session.get_one(SubmissionRow, run.submission_id)
        phase = session.get_one(PhaseRow, submission.phase_id)
    scores = scores_of(core, run, submission, phase)
    with replacing(core.store.replicates(run_id)) as temporary:
        scores.save_replicates(temporary)
    with core.database.write() as work:
        now = core.clock.now()
        record_evaluation(work, work.session.get_one(RunRow, run_id), scores.evaluation, at=now)
        move(work, work.session.get_one(SubmissionRow, submission.id), State.SCORED, cause="scored", at=now)
