"""The desk's list of submissions, what an action would do to them, and the report of what it did, as page contexts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from sonobench_platform.db.models import ChallengeRow, PhaseRow
from sonobench_platform.domain.states import State
from sonobench_platform.submissions.searching import Found
from sonobench_platform.web import desk_submissions_filter as filters
from sonobench_platform.web.contexts import Crumb
from sonobench_platform.web.contexts_desk import DeskFrame, Option, Pager
from sonobench_platform.web.contexts_desk_work import (
    CheckLine,
    CheckPage,
    ReportLine,
    ReportPage,
    SubmissionLine,
    SubmissionsPage,
)
from sonobench_platform.web.desk_frame import desk_page, moment_of
from sonobench_platform.web.desk_reports import Report
from sonobench_platform.web.desk_submissions_acts import MOST, Act, Costs, is_dangerous, titles, wall_time_s
from sonobench_platform.web.desk_submissions_filter import AT_A_TIME, Query
from sonobench_platform.web.desk_words import cause_title, duration_words, short_digest, state_words, submissions_words
from sonobench_platform.web.texts import _, ngettext
from sonobench_platform.web.wording import shown_name

CHECKED, MATCHING = "checked", "matching"
_OFFERED = (Act.RERUN, Act.RESCORE, Act.DISQUALIFY, Act.REINSTATE)


class Listed(NamedTuple):
    """What was found: how many in all, and those that are shown."""

    number: int
    shown: Sequence[Found]
    causes: Sequence[str]


class Checked(NamedTuple):
    """What an action would be done to, and what it would not be done to and why."""

    act: Act
    able: Sequence[Found]
    unable: Sequence[tuple[Found, str]]
    costs: Costs | None


def submissions_context(
    challenge: ChallengeRow, frame: DeskFrame, phases: Sequence[PhaseRow], query: Query, *, listed: Listed
) -> SubmissionsPage:
    """The list, with the filters as they are set."""
    return SubmissionsPage(
        page=desk_page(_("Submissions"), challenge),
        frame=frame,
        action=f"{frame.root}/submissions",
        selects=filters.selects(query, phases, listed.causes),
        texts=filters.texts(query),
        more_selects=filters.more_selects(query),
        more_texts=filters.more_texts(query),
        more_is_set=bool(query.out or query.order or query.since or query.until or query.image),
        clear_href=f"{frame.root}/submissions",
        matching=submissions_words(listed.number),
        columns=filters.columns(frame.root, query),
        rows=tuple(line_of(each) for each in listed.shown),
        pager=_pager(frame.root, query, listed),
        query=filters.written(replace(query, page="")),
        acts=tuple(Option(each.value, titles()[each]) for each in _OFFERED),
        scopes=_scopes(listed.number),
        csv_href=f"/api/v1/challenges/{challenge.name}/export/submissions.csv",
    )


def line_of(found: Found) -> SubmissionLine:
    """One submission in the list."""
    row, time_s = found.submission, wall_time_s(found)
    has_cause = row.failure_category is not None and not State(row.state).is_open
    return SubmissionLine(
        id=row.id,
        href=f"/submissions/{row.id}",
        team=shown_name(found.team.name),
        phase=found.phase.name,
        state=state_words(row.state),
        since=moment_of(row.state_since),
        created=moment_of(row.created_at),
        cause=cause_title(row.failure_category or "") if has_cause else "",
        sentence=shown_name(row.trouble) if row.trouble else "",
        image=short_digest(row.image_digest),
        time="" if time_s is None else duration_words(time_s),
        note=shown_name(row.note) if row.note else "",
        out="" if found.disqualified is None else shown_name(found.disqualified.reason),
    )


def check_context(
    challenge: ChallengeRow, frame: DeskFrame, checked: Checked, *, ticket: str, reason: str, back_href: str
) -> CheckPage:
    """What an action would do, before it does it."""
    act, number = checked.act, len(checked.able)
    title = titles()[act]
    return CheckPage(
        page=desk_page(title, challenge),
        frame=frame,
        heading=f"{title}: {submissions_words(number)}",
        sentences=tuple(each for each in (_consequences()[act], _costs_words(checked.costs)) if each),
        lines=tuple(_check_line(each, "") for each in checked.able),
        skipped=tuple(_check_line(each, why) for each, why in checked.unable),
        action=f"{frame.root}/submissions/do",
        act=act.value,
        ticket=ticket,
        reason=reason,
        confirm=challenge.name if is_dangerous(act, number) else "",
        button=f"{title} ({submissions_words(number)})",
        is_dangerous=is_dangerous(act, number),
        back_href=back_href,
    )


def report_context(challenge: ChallengeRow, frame: DeskFrame, report: Report) -> ReportPage:
    """What was done, and what not."""
    done = tuple(_report_line(each.name, each.href, each.said) for each in report.lines if each.is_done)
    refused = tuple(_report_line(each.name, each.href, each.said) for each in report.lines if not each.is_done)
    lead = _("{done} of {all} done.").format(done=len(done), all=len(report.lines))
    links = (Crumb(_("Back to the list"), f"{frame.root}/{report.tab}"), Crumb(_("Audit trail"), f"{frame.root}/audit"))
    return ReportPage(desk_page(report.heading, challenge), frame, report.heading, lead, done, refused, links)


def waiting_context(challenge: ChallengeRow, frame: DeskFrame, tab: str) -> ReportPage:
    """Where there is no report, or not yet."""
    heading = _("No report here")
    lead = _(
        "There is no report under this address for you, or what you asked for is still being done. Load the page again in a "
        "moment; what was done is in the audit trail in any case."
    )
    links = (Crumb(_("Back to the list"), f"{frame.root}/{tab}"), Crumb(_("Audit trail"), f"{frame.root}/audit"))
    return ReportPage(desk_page(heading, challenge), frame, heading, lead, (), (), links)


def _report_line(name: str, href: str, said: str) -> ReportLine:
    return ReportLine(shown_name(name), href, shown_name(said))


def _check_line(found: Found, said: str) -> CheckLine:
    row = found.submission
    team = shown_name(found.team.name)
    return CheckLine(row.id, f"/submissions/{row.id}", team, found.phase.name, state_words(row.state), said)


def _pager(root: str, query: Query, listed: Listed) -> Pager:
    page = filters.page_of(query)
    first, last = (page - 1) * AT_A_TIME + 1, (page - 1) * AT_A_TIME + len(listed.shown)
    if not listed.shown:
        return Pager(_("None are shown."), filters.href(root, replace(query, page="")) if page > 1 else "")
    words = _("{first} to {last} of {all}").format(first=f"{first:,}", last=f"{last:,}", all=f"{listed.number:,}")
    following = filters.href(root, replace(query, page=str(page + 1))) if last < listed.number else ""
    return Pager(words, filters.href(root, replace(query, page="")) if page > 1 else "", following)


def _scopes(number: int) -> tuple[Option, ...]:
    every = ngettext("The one that matches", "All {number} that match", number).format(number=f"{number:,}")
    if number > MOST:
        every = _("All {number} that match (too many: {most} at once)").format(number=f"{number:,}", most=MOST)
    return Option(CHECKED, _("Those that are checked"), True), Option(MATCHING, every)


def _consequences() -> Mapping[Act, str]:
    return {
        Act.RERUN: _(
            "Each gets a further run, at no cost to its team. The earlier run is kept, and a score counts until there is another."
        ),
        Act.RESCORE: _(
            "Their stored predictions are scored again; no container runs. Nothing that counts changes before you publish the "
            "rescoring, one for each phase."
        ),
        Act.DISQUALIFY: _(
            "Each has no rank from now on, whatever its score. A team that has another submission is ranked by that one; a team "
            "that has none stays on the board without a rank. The teams are told why. It can be undone."
        ),
        Act.REINSTATE: _("Each is ranked by its score again. The teams are told."),
        Act.GIVE_BACK: _("Each team may hand in once more instead. An attempt is given back to the day from which it was taken."),
        Act.FAULT_OF_TEAM: _(
            "Each counts as the image's own failure: what it left is scored where the challenge scores such runs, and its "
            "attempt stays used."
        ),
        Act.FAULT_OF_PLATFORM: _("Each counts as the platform's failure, and its attempt is given back to the team."),
    }


def _costs_words(costs: Costs | None) -> str:
    if costs is None:
        return ""
    minutes = _minutes(costs.gpu_s)
    said = _("By what their last runs took, this needs about {minutes} GPU minutes.").format(minutes=minutes)
    if not costs.gpu_s:
        said = _("By what their last runs took, this needs about {minutes} minutes of a node, and no GPU.").format(
            minutes=_minutes(costs.node_s)
        )
    if not costs.unknown:
        return said
    without = _("{number} of them never ran to an end, and may take up to their time limit.").format(number=costs.unknown)
    return f"{said} {without}" if costs.node_s else without


def _minutes(seconds: float) -> str:
    return f"{max(seconds / 60, 0.1):.1f}" if seconds < 600 else f"{seconds / 60:,.0f}"
