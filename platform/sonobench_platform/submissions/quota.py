"""The quota ledger: +1 when a submission is opened, -1 when its attempt is given back, and never anything else.

What a team has used of a day or of a phase is the sum of its entries. An attempt is given back once, to the day it was taken
from: a second giving back finds the first and changes nothing, however often a worker says the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from sonobench_eval.challenge.phase import Quota
from sonobench_platform.challenges.phases import rules_of
from sonobench_platform.core import Core
from sonobench_platform.db.models import PhaseRow, QuotaRow, SubmissionRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import Conflict, Refusal, TooMany
from sonobench_platform.domain.quota import GivenBack, Used, day_begins, day_of, left_of, next_day_begins
from sonobench_platform.submissions import repository

OPENED = "opened"
"""What the ledger says of an attempt that was taken."""


def see_what_is_left(core: Core, work: Work, team_id: str, phase: PhaseRow) -> None:
    """Refuse what the phase's quota does not allow. Ask while this transaction has the team's turn, before `reserve`.

    Raises:
        TooMany: `daily-quota`, `concurrent-quota`, or `canary-limit`: with when to come again.
        Conflict: `total-quota`: none is left in this phase.
    """
    quota, now = rules_of(phase).quota, core.clock.now()
    left = left_of(quota, used_of(work.session, team_id, phase, now))
    if left.total == 0:
        raise _all_used(quota, phase)
    if left.today == 0:
        raise _until_tomorrow(quota, phase, now)
    if left.at_once == 0:
        detail = f"{quota.concurrent} of your submissions to {phase.name} are under way, as many as may be; wait for one to end."
        raise TooMany("concurrent-quota", detail, headers={"Retry-After": "60"})
    _refuse_canary_after_canary(core, work.session, team_id, quota)


def reserve(core: Core, work: Work, submission: SubmissionRow, phase: PhaseRow) -> None:
    """Take one attempt for a submission that was just opened."""
    now = core.clock.now()
    row = QuotaRow(
        team_id=submission.team_id,
        phase_id=phase.id,
        submission_id=submission.id,
        day=day_of(now, rules_of(phase).quota.time_zone),
        amount=1,
        reason=OPENED,
        at=now,
    )
    work.session.add(row)
    work.session.flush()


def give_back(core: Core, work: Work, submission: SubmissionRow, reason: GivenBack) -> bool:
    """Give the submission's attempt back; False where it was given back before, or none was taken for it.

    The caller holds the submission (`repository.lock`), so that two of them take turns.
    """
    entries = {row.amount: row for row in work.session.scalars(_of_submission(submission.id))}
    taken = entries.get(1)
    if taken is None or -1 in entries:
        return False
    row = QuotaRow(
        team_id=taken.team_id,
        phase_id=taken.phase_id,
        submission_id=taken.submission_id,
        day=taken.day,
        amount=-1,
        reason=reason,
        at=core.clock.now(),
    )
    work.session.add(row)
    work.session.flush()
    return True


def all_given_back(session: Session, submission_ids: Sequence[str]) -> frozenset[str]:
    """Those of the submissions whose attempt was given back."""
    query = select(QuotaRow.submission_id).where(QuotaRow.submission_id.in_(submission_ids), QuotaRow.amount < 0)
    return frozenset(session.scalars(query))


def used_of(session: Session, team_id: str, phase: PhaseRow, now: datetime) -> Used:
    """What a team has used of a phase by now."""
    own = select(func.coalesce(func.sum(QuotaRow.amount), 0)).where(QuotaRow.team_id == team_id, QuotaRow.phase_id == phase.id)
    today = own.where(QuotaRow.day == day_of(now, rules_of(phase).quota.time_zone))
    return Used(
        today=session.scalar(today) or 0,
        total=session.scalar(own) or 0,
        under_way=repository.count_open(session, team_id=team_id, phase_id=phase.id),
    )


def _of_submission(submission_id: str) -> Select[QuotaRow]:
    return select(QuotaRow).where(QuotaRow.submission_id == submission_id)


def _all_used(quota: Quota, phase: PhaseRow) -> Refusal:
    return Conflict("total-quota", f"0 of {quota.total} submissions to {phase.name} are left: your team has used them all.")


def _until_tomorrow(quota: Quota, phase: PhaseRow, now: datetime) -> Refusal:
    begins = next_day_begins(now, quota.time_zone)
    detail = f"0 of {quota.daily} submissions a day to {phase.name} are left; the next day begins at {_told(begins, quota)}."
    return TooMany("daily-quota", detail, headers={"Retry-After": _seconds(begins - now)})


def _refuse_canary_after_canary(core: Core, session: Session, team_id: str, quota: Quota) -> None:
    """What crashes on the public samples costs no attempt, and would else be computing for nothing."""
    now, most = core.clock.now(), core.settings.canary_failures_per_day
    crashed = select(func.count()).where(
        QuotaRow.team_id == team_id,
        QuotaRow.reason == GivenBack.CANARY,
        QuotaRow.at >= day_begins(now, quota.time_zone),
    )
    if (session.scalar(crashed) or 0) < most:
        return
    begins = next_day_begins(now, quota.time_zone)
    detail = (
        f"{most} of your images crashed on the public samples today, which is as many as may be; try them with "
        f"`sonobench test` first. The next day begins at {_told(begins, quota)}."
    )
    raise TooMany("canary-limit", detail, headers={"Retry-After": _seconds(begins - now)})


def _told(moment: datetime, quota: Quota) -> str:
    return f"{moment.astimezone(ZoneInfo(quota.time_zone)):%Y-%m-%d %H:%M %Z}"


def _seconds(span: timedelta) -> str:
    return str(max(1, math.ceil(span.total_seconds())))
