"""Stand-ins at the platform's edges: a clock whose hands tests turn, wake-ups that are only noted, an instant evaluator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from infra.made_up_image import made_up_image

from sonobench_eval.challenge.load import LoadedChallenge
from sonobench_eval.challenge.model import Challenge
from sonobench_eval.evaluation import Evaluation, FindingRecord, MetricScore, Provenance, TaskScore
from sonobench_eval.intake.records import ImageRefused, VerifiedImage
from sonobench_eval.intake.registry_access import RegistryImage
from sonobench_eval.ranking.leaderboard import Leaderboard, Row
from sonobench_eval.ranking.shown import shown_time_s, whole_minute
from sonobench_platform.core import Contender, Scores

SECRET_NAME = "c2VjcmV0LWhpZGRlbi1waXhlbHM"
"""A file name as a hostile container would write it: hidden data in base64."""


class FakeClock:
    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def advance(self, **span: float) -> None:
        self.time += timedelta(**span)


@dataclass
class FakeWake:
    """Notes what was announced; `broken` makes the broker be away."""

    runs: int = 0
    checks: list[str] = field(default_factory=list)
    scores: list[str] = field(default_factory=list)
    broken: bool = False

    def run_queued(self) -> None:
        self._fail_if_broken()
        self.runs += 1

    def check(self, submission_id: str) -> None:
        self._fail_if_broken()
        self.checks.append(submission_id)

    def score(self, run_id: str) -> None:
        self._fail_if_broken()
        self.scores.append(run_id)

    def _fail_if_broken(self) -> None:
        if self.broken:
            raise ConnectionError("the broker is away")


@dataclass
class FakeEvaluator:
    """Verifies any bytes as an image (digest: theirs) but `refuse ...`; scores everything 0.5.

    `trouble` is raised by every call; `meanwhile` is called in the middle of each.
    """

    dataset_hash: str = ""
    trouble: Exception | None = None
    meanwhile: Callable[[], None] = lambda: None
    verified: int = 0
    scored: int = 0
    keys: list[bytes | None] = field(default_factory=list)
    """What each scoring was told the names were made with."""

    def verify_image(self, upload: Path, verified: Path, *, tag: str) -> VerifiedImage:
        return self._verify(upload.read_bytes(), verified, tag=tag)

    def verify_registry_image(self, image: RegistryImage, verified: Path, *, tag: str) -> VerifiedImage:
        return self._verify(f"{image.repository}@{image.digest}".encode(), verified, tag=tag)

    def _verify(self, content: bytes, verified: Path, *, tag: str) -> VerifiedImage:
        self.verified += 1
        self._interfere()
        if content.startswith(b"refuse"):
            raise ImageRefused("not-an-image", "This is not an image. Send the output of `docker save`.")
        verified.write_bytes(b"verified " + content)
        return made_up_image(content, verified, tag=tag, warning="runs as root by default \udc80")

    def score(self, loaded: LoadedChallenge, results: Path, *, pseudonym_key: bytes | None) -> Scores:
        self.scored += 1
        self.keys.append(pseudonym_key)
        self._interfere()
        assert results.is_file()
        value = MetricScore(name="dsc", definition="dsc", value=0.5, n=2, units=2)
        task = loaded.challenge.tasks[0]
        evaluation = Evaluation(
            made_from=Provenance(
                challenge=loaded.challenge.name,
                challenge_hash=loaded.hash,
                dataset_hash=self.dataset_hash,
                evaluator_version="test",
                engine="fast",
                resamples=0,
                confidence=0.95,
                seed=1,
            ),
            tasks=(TaskScore(id=task.id, title=task.id, kind=task.kind, n=2, metrics=(value,)),),
            means=(value,),
            cases=(),
            findings=(
                FindingRecord(code="unexpected_file", count=2, examples=(SECRET_NAME,), sentence=f"2 files ({SECRET_NAME})."),
            ),
        )
        return Scores(evaluation=evaluation, save_replicates=lambda path: path.write_bytes(b"replicates"))

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
        rows = [
            Row(
                rank=None if each.disqualified else 1,
                team=each.team,
                score=1.0,
                performance=1.0,
                efficiency=1.0,
                time_s=each.time_s if exact or each.time_s is None else shown_time_s(each.time_s),
                submission=each.submission,
                image_digest=each.image_digest,
            )
            for each in contenders
        ]
        return Leaderboard(
            challenge=challenge.name,
            title=challenge.title,
            challenge_hash=definition_hash,
            dataset_hash=dataset_hash,
            exact=exact,
            generated_at=generated_at if exact else whole_minute(generated_at),
            scheme="uusic25",
            performance_weight=0.7,
            efficiency_weight=0.3,
            resamples=0,
            confidence=0.95,
            cases=4,
            centers=1,
            external_centers=0,
            rows=tuple(rows),
        )

    def _interfere(self) -> None:
        self.meanwhile()
        if self.trouble is not None:
            raise self.trouble
