"""The desk's page of failures: groups by cause, whose fault each is, and what can be done about it."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from sonobench_eval.sandbox.failure import Blame
from sonobench_platform.db.models import ChallengeRow
from sonobench_platform.domain.states import State
from sonobench_platform.submissions.failures import Failed, Group
from sonobench_platform.submissions.schemas import RunLog
from sonobench_platform.web.contexts_desk import DeskFrame, Option
from sonobench_platform.web.contexts_desk_work import FailureGroup, FailureLine, FailuresPage, LogPage
from sonobench_platform.web.desk_frame import desk_page, moment_of
from sonobench_platform.web.desk_submissions_acts import Act, titles
from sonobench_platform.web.desk_words import blame_words, cause_title, submissions_words, teams_words
from sonobench_platform.web.texts import _, ngettext
from sonobench_platform.web.wording import shown_name

SHOWN = 20
"""How many of a group are listed on the page; the others are one link away."""


def failures_context(
    challenge: ChallengeRow, frame: DeskFrame, groups: Sequence[Group], troubled: Sequence[Failed]
) -> FailuresPage:
    return FailuresPage(
        page=desk_page(_("Failures"), challenge),
        frame=frame,
        lead=_lead(groups),
        troubled=tuple(_line(frame.root, each, each.submission.trouble or "") for each in troubled),
        groups=tuple(_group(frame.root, number, each) for number, each in enumerate(sorted(groups, key=_urgency), start=1)),
        action=f"{frame.root}/submissions/check",
        csv_href=f"/api/v1/challenges/{challenge.name}/export/submissions.csv",
    )


def log_context(challenge: ChallengeRow, frame: DeskFrame, log: RunLog) -> LogPage:
    """The end of a run's log."""
    return LogPage(
        page=desk_page(_("Log of {name}").format(name=log.submission), challenge),
        frame=frame,
        heading=_("Log of {name}").format(name=log.submission),
        missing=log.missing,
        text=log.text,
        submission_href=f"/submissions/{log.submission}",
    )


def _lead(groups: Sequence[Group]) -> str:
    if not groups:
        return _("Nothing has failed.")
    number = sum(each.failures for each in groups)
    open_ = sum(each.failures for each in groups if each.blame == Blame.UNDETERMINED)
    said = ngettext("{failed} failed, for {number} reason.", "{failed} failed, for {number} reasons.", len(groups)).format(
        failed=submissions_words(number), number=len(groups)
    )
    if not open_:
        return said
    waits = ngettext("{number} waits for your decision.", "{number} wait for your decision.", open_).format(number=open_)
    return f"{said} {waits}"


def _group(root: str, number: int, group: Group) -> FailureGroup:
    asked = {"cause": group.category} if group.category else {"state": State.FAILED.value}
    return FailureGroup(
        anchor=f"cause-{number}",
        title=cause_title(group.category),
        blame=blame_words(group.blame),
        advice=_advice(group.blame),
        count=_("{submissions} of {teams}").format(submissions=submissions_words(group.failures), teams=teams_words(group.teams)),
        newest=moment_of(group.newest_at),
        lines=tuple(_line(root, each, each.submission.failure_sentence or "") for each in group.newest),
        all_href=f"{root}/submissions?{urlencode(asked)}" if group.failures > len(group.newest) else "",
        acts=tuple(Option(act.value, titles()[act], place == 0) for place, act in enumerate(_acts(group))),
        is_preset=group.blame != Blame.PARTICIPANT,
    )


def _urgency(group: Group) -> tuple[int, int]:
    """What waits for a decision first, then what the teams did not cause, each with the most frequent first."""
    order = {Blame.UNDETERMINED: 0, Blame.ORGANISER: 1, Blame.PLATFORM: 2}
    return order.get(group.blame, 3), -group.failures  # type: ignore[call-overload]


def _acts(group: Group) -> tuple[Act, ...]:
    """What fits whose fault it was. An image that was refused never ran, and cannot be run again."""
    if any(each.submission.state == State.REJECTED for each in group.newest):
        return () if group.blame == Blame.PARTICIPANT else (Act.GIVE_BACK,)
    match group.blame:
        case Blame.UNDETERMINED:
            return (Act.FAULT_OF_TEAM, Act.FAULT_OF_PLATFORM, Act.RERUN)
        case Blame.PLATFORM | Blame.ORGANISER:
            return (Act.RERUN, Act.GIVE_BACK)
        case _:
            return (Act.RERUN,)


def _advice(blame: str) -> str:
    known = {
        Blame.PARTICIPANT: _("The teams have read the cause and can hand in another image. Nothing need be done here."),
        Blame.ORGANISER: _("Mend the challenge or its data first, then have these run again."),
        Blame.PLATFORM: _("These cost the teams nothing. See what ailed the node, then have them run again."),
        Blame.UNDETERMINED: _("No program can judge these. Read the logs, and decide whose fault it was, or run them again."),
    }
    return known.get(blame, "")  # type: ignore[call-overload, no-any-return]


def _line(root: str, failed: Failed, sentence: str) -> FailureLine:
    row = failed.submission
    return FailureLine(
        id=row.id,
        href=f"/submissions/{row.id}",
        log_href=f"{root}/failures/{row.id}/log" if row.image_digest is not None else "",
        team=shown_name(failed.team.name),
        at=moment_of(row.state_since),
        sentence=shown_name(sentence) if sentence else "",
    )
