"""What the database and the store say about the platform, as Prometheus reads it: looked up anew at every scrape.

No name of a team, no score: numbers of things and their ages. Challenges and phases are named, nodes too.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from sqlalchemy import ColumnElement, case, extract, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from sonobench_platform.core import Core
from sonobench_platform.db.models import (
    AttemptRow,
    ChallengeRow,
    NodeRow,
    NoticeRow,
    PhaseRow,
    RunRow,
    SubmissionRow,
)
from sonobench_platform.desk.health import sweep_age_s
from sonobench_platform.domain.states import OPEN, State

RUN_BUCKETS_S = (1, 5, 15, 60, 300, 900, 1800, 3600, 7200, 14400, 43200)


class Facts(Collector):
    """Collects at every scrape. A database that is away is a fact, not a failed scrape."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def describe(self) -> list[Metric]:
        """Nothing: asking for names when the application is made would already need the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        yield from self._of_the_machine()
        found: list[Metric] = []
        try:
            with self._core.database.read() as session:
                found = list(self._of_the_database(session))
        except SQLAlchemyError:
            found = []
        yield _gauge("sonobench_database_up", "1 where the database answers.", 1 if found else 0)
        yield from found

    def _of_the_machine(self) -> Iterator[Metric]:
        yield _gauge("sonobench_store_free_bytes", "Free space on the store's disk; 0 where it is gone.", self._free_bytes())
        yield _gauge("sonobench_store_needed_bytes", "Space that uploads must leave.", self._core.settings.min_free_bytes)
        age_s = sweep_age_s(self._core)
        said = "Seconds since the last sweep; endless where none has run."
        yield _gauge("sonobench_sweep_age_seconds", said, float("inf") if age_s is None else age_s)

    def _free_bytes(self) -> int:
        try:
            return self._core.store.free_bytes()
        except OSError:
            return 0

    def _of_the_database(self, session: Session) -> Iterator[Metric]:
        now = self._core.clock.now()
        yield _submissions(session)
        yield from _queue(session, now)
        yield from _attempts(session)
        yield _durations(session)
        yield from _uploads(session)
        yield from _nodes(session, now)
        yield from _notices(session)


def _gauge(name: str, said: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, said, value=value)


def _submissions(session: Session) -> Metric:
    family = GaugeMetricFamily("sonobench_submissions", "Submissions by state.", labels=["challenge", "phase", "state"])
    query = (
        select(ChallengeRow.name, PhaseRow.name, SubmissionRow.state, func.count())
        .join(PhaseRow, PhaseRow.id == SubmissionRow.phase_id)
        .join(ChallengeRow, ChallengeRow.id == SubmissionRow.challenge_id)
        .group_by(ChallengeRow.name, PhaseRow.name, SubmissionRow.state)
    )
    for challenge, phase, state, count in session.execute(query):
        family.add_metric([challenge, phase, state], count)
    return family


def _queue(session: Session, now: datetime) -> Iterator[Metric]:
    query = (
        select(ChallengeRow.name, PhaseRow.name, func.count(SubmissionRow.id), func.min(SubmissionRow.state_since))
        .join(ChallengeRow, ChallengeRow.id == PhaseRow.challenge_id)
        .outerjoin(SubmissionRow, (SubmissionRow.phase_id == PhaseRow.id) & (SubmissionRow.state == State.QUEUED))
        .group_by(ChallengeRow.name, PhaseRow.name)
    )
    length = GaugeMetricFamily("sonobench_queue_length", "Submissions that wait for a node.", labels=["challenge", "phase"])
    oldest = GaugeMetricFamily(
        "sonobench_queue_oldest_seconds", "How long the first of them has waited.", labels=["challenge", "phase"]
    )
    for challenge, phase, count, since in session.execute(query):
        length.add_metric([challenge, phase], count)
        oldest.add_metric([challenge, phase], 0 if since is None else max(0.0, (now - since).total_seconds()))
    yield length
    yield oldest
    troubled = select(func.count()).where(SubmissionRow.state.in_(OPEN), SubmissionRow.trouble.is_not(None))
    said = "Submissions under way with trouble that an organiser should look at."
    yield _gauge("sonobench_submissions_troubled", said, session.scalar(troubled) or 0)


def _attempts(session: Session) -> Iterator[Metric]:
    ended = CounterMetricFamily(
        "sonobench_attempts_ended", "Attempts at runs by how they ended; lost: a lease ran out.", labels=["ended"]
    )
    known = dict.fromkeys(("finished", "lost", "released", "drained", "cancelled"), 0)
    query = select(AttemptRow.ended, func.count()).where(AttemptRow.ended.is_not(None)).group_by(AttemptRow.ended)
    for how, count in (known | dict(session.execute(query).all())).items():
        ended.add_metric([str(how)], count)
    yield ended
    live = select(func.count()).where(RunRow.node.is_not(None))
    yield _gauge("sonobench_leases_live", "Runs that a node holds now.", session.scalar(live) or 0)


def _durations(session: Session) -> Metric:
    """Of attempts that finished, from claim to end."""
    seconds = _epoch(session, AttemptRow.ended_at) - _epoch(session, AttemptRow.claimed_at)
    counts = [func.count(case((seconds <= limit, 1))) for limit in RUN_BUCKETS_S]
    query = select(func.count(), func.coalesce(func.sum(seconds), 0), *counts).where(AttemptRow.ended == "finished")
    whole, total, *within = session.execute(query).one()
    buckets = [(str(float(limit)), float(count)) for limit, count in zip(RUN_BUCKETS_S, within, strict=True)]
    family = HistogramMetricFamily("sonobench_run_duration_seconds", "Finished attempts, from claim to end.")
    family.add_metric([], buckets=[*buckets, ("+Inf", float(whole))], sum_value=float(total))
    return family


def _epoch(session: Session, column: Any) -> ColumnElement[Any]:
    """A moment as seconds, in the words of the database that is asked."""
    if session.get_bind().dialect.name == "sqlite":
        return (func.julianday(column) - 2440587.5) * 86400.0
    return extract("epoch", column)


def _uploads(session: Session) -> Iterator[Metric]:
    whole = select(func.coalesce(func.sum(SubmissionRow.declared_size_bytes), 0)).where(
        SubmissionRow.state.not_in([State.UPLOADING, State.CANCELLED])
    )
    family = CounterMetricFamily("sonobench_upload_bytes", "Bytes of images that arrived whole.")
    family.add_metric([], float(session.scalar(whole) or 0))
    yield family


def _nodes(session: Session, now: datetime) -> Iterator[Metric]:
    seen = GaugeMetricFamily("sonobench_node_seen_age_seconds", "Seconds since a node was heard of.", labels=["node"])
    safe = GaugeMetricFamily("sonobench_node_safe", "1 where every limit bites on the node.", labels=["node"])
    drift = GaugeMetricFamily(
        "sonobench_node_slowdown_ratio", "Its reference container's time now over its first one.", labels=["node"]
    )
    for node in session.scalars(select(NodeRow)):
        seen.add_metric([node.name], max(0.0, (now - node.seen_at).total_seconds()))
        safe.add_metric([node.name], 1 if node.is_safe else 0)
        if node.reference_s and node.first_reference_s:
            drift.add_metric([node.name], node.reference_s / node.first_reference_s)
    yield from (seen, safe, drift)


def _notices(session: Session) -> Iterator[Metric]:
    waiting = select(func.count()).where(NoticeRow.sent_at.is_(None), NoticeRow.given_up_at.is_(None))
    given_up = select(func.count()).where(NoticeRow.given_up_at.is_not(None))
    yield _gauge("sonobench_notices_waiting", "Mails and webhooks that have yet to be sent.", session.scalar(waiting) or 0)
    family = CounterMetricFamily("sonobench_notices_given_up", "Mails and webhooks that could not be sent.")
    family.add_metric([], float(session.scalar(given_up) or 0))
    yield family
