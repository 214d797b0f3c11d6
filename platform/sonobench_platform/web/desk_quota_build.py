"""The desk's quota ledger as a page context: what each team used, and every attempt with why it was given back and by whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from sonobench_eval.challenge.phase import Quota
from sonobench_platform.challenges.phases import rules_of
from sonobench_platform.db.models import ChallengeRow, PhaseRow, TeamRow
from sonobench_platform.submissions.ledger import Entry, TeamUse
from sonobench_platform.web.contexts_desk import DeskFrame, Pager
from sonobench_platform.web.contexts_desk_work import LedgerLine, PhaseUse, QuotaPage, UseLine
from sonobench_platform.web.desk_frame import desk_page, moment_of, moment_or_none
from sonobench_platform.web.desk_words import given_back_words, state_words
from sonobench_platform.web.texts import _, ngettext
from sonobench_platform.web.wording import shown_name

AT_A_TIME = 50
NO_LIMIT = "–"


class Ledger(NamedTuple):
    """What was read of the ledger: the part that is shown begins after `skipped` of `number` attempts."""

    uses: Sequence[TeamUse]
    entries: Sequence[Entry]
    number: int
    skipped: int


def quota_context(
    challenge: ChallengeRow, frame: DeskFrame, phases: Sequence[PhaseRow], ledger: Ledger, *, team: TeamRow | None
) -> QuotaPage:
    """Args: team: of whom alone the attempts are shown; None: of all."""
    return QuotaPage(
        page=desk_page(_("Quota"), challenge),
        frame=frame,
        phases=tuple(_phase(frame.root, phase, ledger.uses) for phase in phases),
        team="" if team is None else shown_name(team.name),
        clear_href=f"{frame.root}/quota#ledger",
        matching=ngettext("{number} attempt", "{number} attempts", ledger.number).format(number=f"{ledger.number:,}"),
        lines=tuple(_entry(each) for each in ledger.entries),
        pager=_pager(frame.root, ledger, team),
        action=f"{frame.root}/submissions/check",
    )


def _phase(root: str, phase: PhaseRow, uses: Sequence[TeamUse]) -> PhaseUse:
    own = tuple(_use(root, each) for each in uses if each.phase.id == phase.id)
    return PhaseUse(f"phase-{phase.name}", rules_of(phase).title or phase.name, _rule(rules_of(phase).quota), own)


def _rule(quota: Quota) -> str:
    parts = [
        _("{number} a day ({zone})").format(number=quota.daily, zone=quota.time_zone) if quota.daily is not None else "",
        _("{number} in all").format(number=quota.total) if quota.total is not None else "",
        _("{number} under way at once").format(number=quota.concurrent) if quota.concurrent is not None else "",
    ]
    said = [each for each in parts if each]
    return _("A team may hand in: {limits}.").format(limits=", ".join(said)) if said else _("No limit of the phase.")


def _use(root: str, use: TeamUse) -> UseLine:
    return UseLine(
        team=shown_name(use.team.name),
        href=f"{root}/quota?{urlencode({'team': use.team.id})}#ledger",
        today=str(use.used.today),
        total=str(use.used.total),
        left_today=_limit(use.left.today),
        left_total=_limit(use.left.total),
        under_way=str(use.used.under_way),
    )


def _limit(left: int | None) -> str:
    return NO_LIMIT if left is None else str(left)


def _entry(entry: Entry) -> LedgerLine:
    taken, back = entry.taken, entry.back
    return LedgerLine(
        id=taken.submission_id,
        href=f"/submissions/{taken.submission_id}",
        team=shown_name(entry.team.name),
        phase=entry.phase.name,
        day=taken.day,
        at=moment_of(taken.at),
        state=state_words(entry.state),
        back=_back(entry),
        back_at=moment_or_none(None if back is None else back.at),
    )


def _back(entry: Entry) -> str:
    if entry.back is None:
        return ""
    if entry.given_by is None:
        return given_back_words(entry.back.reason)
    who = entry.given_by.actor if entry.giver is None else entry.giver.name
    return _("by {who}: {why}").format(who=shown_name(who), why=shown_name(entry.given_by.reason or ""))


def _pager(root: str, ledger: Ledger, team: TeamRow | None) -> Pager:
    first, last = ledger.skipped + 1, ledger.skipped + len(ledger.entries)
    own = {} if team is None else {"team": team.id}
    begin = f"{root}/quota?{urlencode(own)}#ledger" if ledger.skipped else ""
    if not ledger.entries:
        return Pager(_("None are shown."), begin)
    following = ""
    if last < ledger.number:
        following = f"{root}/quota?{urlencode({**own, 'page': ledger.skipped // AT_A_TIME + 2})}#ledger"
    words = _("{first} to {last} of {all}").format(first=f"{first:,}", last=f"{last:,}", all=f"{ledger.number:,}")
    return Pager(words, begin, following)
