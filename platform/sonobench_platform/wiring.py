"""The only place that joins settings, database, store, queue and evaluator. Commands and tasks use `Platform`."""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sonobench_eval.challenge.load import LoadedChallenge
from sonobench_eval.challenge.model import Challenge
from sonobench_eval.intake.records import VerifiedImage
from sonobench_eval.intake.registry_access import RegistryImage
from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_platform.accounts.links import ensure_link_secret
from sonobench_platform.accounts.service import ensure_token_file
from sonobench_platform.accounts.tidy import tidy_accounts
from sonobench_platform.accounts.tokens import TokenKind
from sonobench_platform.challenges.datasets import verify_phase
from sonobench_platform.challenges.opening import settle_due_phases
from sonobench_platform.challenges.schemas import ChallengeSummary
from sonobench_platform.challenges.service import register
from sonobench_platform.challenges.view import summary
from sonobench_platform.clock import Clock, SystemClock
from sonobench_platform.config import Settings
from sonobench_platform.core import Contender, Core, Evaluator, Scores
from sonobench_platform.db.migrate import migrate
from sonobench_platform.db.session import Database
from sonobench_platform.desk.answers import forget_old_answers
from sonobench_platform.desk.health import note_sweep
from sonobench_platform.desk.retention import apply_daily
from sonobench_platform.leaderboards.aliases import ensure_alias_key
from sonobench_platform.leaderboards.study_due import Due, due_studies
from sonobench_platform.notices.deliver import Round, deliver_due, forget_old_notices
from sonobench_platform.notices.remind import remind_of_phases
from sonobench_platform.queue.none import NoWake
from sonobench_platform.queue.port import Wake
from sonobench_platform.registry.keys import SigningKey
from sonobench_platform.runs.baselines import start_due_baselines
from sonobench_platform.runs.rescore_items import Item, rescore, settle_rescorings
from sonobench_platform.runs.score import score_run
from sonobench_platform.runs.sweep import DueWork, SweepReport, due_work, sweep
from sonobench_platform.storage.room import Room
from sonobench_platform.storage.store import Store
from sonobench_platform.submissions.check import check_submission
from sonobench_platform.uploads.finish import finish_whole
from sonobench_platform.uploads.terminate import settle_uploads

if TYPE_CHECKING:
    from sonobench_eval.scoring_image.run import ImageScorer

log = logging.getLogger(__name__)

CHORES: tuple[Callable[[Core], object], ...] = (
    forget_old_answers,
    settle_due_phases,
    remind_of_phases,
    forget_old_notices,
    tidy_accounts,
    settle_uploads,
    start_due_baselines,
    settle_rescorings,
)
"""What every sweep does beside looking for lost work. Each is harmless twice, and opens its own transactions."""


class SonobenchEvaluator:
    """`sonobench_eval`, imported when it is first needed: the API's process never needs most of it.

    Challenges' own scoring images run on the engine that this machine offers, as `node`, with copies below `staging`.
    """

    def __init__(self, *, node: str = "node", staging: Path | None = None) -> None:
        self._node, self._staging = node, staging

    def verify_image(self, upload: Path, verified: Path, *, tag: str) -> VerifiedImage:
        from sonobench_eval.intake.verify import verify_image

        return verify_image(upload, verified, tag=tag)

    def verify_registry_image(self, image: RegistryImage, verified: Path, *, tag: str) -> VerifiedImage:
        from sonobench_eval.intake.registry import verify_registry_image

        return verify_registry_image(image, verified, tag=tag)

    def score(self, loaded: LoadedChallenge, results: Path, *, pseudonym_key: bytes | None) -> Scores:
        from sonobench_eval.io.sources import TarResults
        from sonobench_eval.pipeline import score_results

        with TarResults(results) as source:
            scored = score_results(loaded, source, pseudonym_key=pseudonym_key, own_metrics=self._own_metrics(loaded))
        return Scores(evaluation=scored.evaluation, save_replicates=scored.replicates.save)

    def _own_metrics(self, loaded: LoadedChallenge) -> ImageScorer | None:
        if loaded.challenge.scoring_image is None:
            return None
        from sonobench_eval.sandbox.docker_engine import DockerEngine
        from sonobench_eval.scoring_image.run import ImageScorer

        return ImageScorer(DockerEngine.connect, node=self._node, staging=self._staging)

    def build_leaderboard(
        self,
        challenge: Challenge,
        contenders: Sequence[Contender],
        *,
        definition_hash: str,
        dataset_hash: str,
        generated_at: datetime,
        exact: bool,
    ) -> Leaderboard:
        from sonobench_eval.ranking.build import Entry, build_leaderboard
        from sonobench_eval.statistics.replicates import Replicates

        entries = [
            Entry(
                team=each.team,
                evaluation=each.evaluation,
                time_s=each.time_s,
                reference_s=each.reference_s,
                gpu_memory_bytes=each.gpu_memory_bytes,
                host_memory_bytes=each.host_memory_bytes,
                replicates=None if each.replicates is None else Replicates.load(each.replicates),
                submission=each.submission,
                image_digest=each.image_digest,
                times_s=each.times_s,
                disqualified=each.disqualified,
            )
            for each in contenders
        ]
        return build_leaderboard(
            challenge,
            entries,
            definition_hash=definition_hash,
            dataset_hash=dataset_hash,
            generated_at=generated_at,
            exact=exact,
        )


class Platform:
    """Everything joined. `prepare` before use, `close` after; threads may share one."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock | None = None,
        wake: Wake | None = None,
        evaluator: Evaluator | None = None,
    ) -> None:
        self.settings = settings
        store = Store(settings.home)
        self.core = Core(
            settings=settings,
            clock=clock or SystemClock(),
            database=Database(settings.database_url),
            store=store,
            room=Room(store),
            wake=wake or _wake(settings),
            evaluator=evaluator or SonobenchEvaluator(node=settings.node_name, staging=settings.home / "scoring"),
        )

    def prepare(self) -> None:
        """Folders, database and tokens. Harmless when they are there; processes that start together take turns.

        Raises:
            TokenFileError: a token file holds something else.
            OSError: the home cannot be written.
        """
        self.core.store.prepare()
        with _one_at_a_time(self.settings.home / ".prepare.lock"):
            self._make_database_private()
            migrate(self.core.database)
            SigningKey(self.settings.home).ensure()
            for kind, path in ((TokenKind.NODE, self.node_token_file), (TokenKind.ORGANISER, self.organiser_token_file)):
                ensure_token_file(self.core, kind, path)
            ensure_link_secret(self.settings.link_secret_file or self.settings.home / "link-secret")
            ensure_alias_key(self.settings.home)

    def _make_database_private(self) -> None:
        """A new SQLite file is for its owner alone, even where the home is not."""
        url = self.core.database.engine.url
        if url.get_backend_name() == "sqlite" and url.database is not None:
            Path(url.database).touch(mode=0o600)

    @property
    def node_token_file(self) -> Path:
        return self.settings.node_token_file or self.settings.home / "node-token"

    @property
    def organiser_token_file(self) -> Path:
        return self.settings.organiser_token_file or self.settings.home / "organiser-token"

    def register_challenge(self, path: Path) -> ChallengeSummary:
        """Verify a challenge and its data and make it known; the same one twice is harmless.

        Raises:
            ChallengeError: the file is not a valid challenge, or its data cannot be read.
            DefinitionRefused: its data is incomplete or broken.
            Conflict: the challenge of this name has submissions, and was another.
        """
        challenge = register(self.core, path)
        with self.core.database.read() as session:
            return summary(session, challenge, self.core.clock.now())

    def check_submission(self, submission_id: str) -> None:
        """Check an upload (task `sonobench.control.check`). Harmless when it is not due."""
        check_submission(self.core, submission_id)

    def score_run(self, run_id: str) -> None:
        """Score a run (task `sonobench.score.score`); reads hidden truth. Harmless when it is not due."""
        score_run(self.core, run_id)

    def rescore(self, item: Item) -> None:
        """Score a run anew for a rescoring; reads hidden truth. Harmless when it is not due."""
        rescore(self.core, item)

    def verify_data(self, phase_id: str) -> None:
        """Verify a phase's data; reads hidden truth. Harmless when it is not due."""
        verify_phase(self.core, phase_id)

    def finish_upload(self, upload_id: str) -> None:
        """Hash an upload that came whole before its server died, and have it checked. Harmless when it is not due."""
        finish_whole(self.core, upload_id)

    def sweep(self) -> SweepReport:
        """Find lost and overdue work, send wake-ups again, do what the clock says (task `sonobench.control.sweep`)."""
        report = sweep(self.core)
        for chore in (*CHORES, apply_daily, note_sweep):
            try:
                chore(self.core)
            except Exception:
                log.exception("a chore of the sweep failed (%s); the next sweep tries again", chore.__name__)
        return report

    def deliver(self) -> Round:
        """Send the mails and webhook messages that are due; at most about 20 seconds. Harmless in several processes at once."""
        return deliver_due(self.core)

    def due_studies(self) -> list[Due]:
        """The boards on show that have no charts yet (`sonobench admin studies` makes them)."""
        return due_studies(self.core)

    def due_work(self) -> DueWork:
        """What workers could do now, for polling where there is no broker."""
        return due_work(self.core)

    def close(self) -> None:
        self.core.database.close()


def _wake(settings: Settings) -> Wake:
    if settings.broker_url is None:
        return NoWake()
    from sonobench_platform.queue.celery_wake import CeleryWake

    return CeleryWake(settings.broker_url)


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
