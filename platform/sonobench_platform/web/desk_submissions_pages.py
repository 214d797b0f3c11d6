"""The desk's list of submissions, and what is done to many of them at once: looked at first, done once, reported."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from sqlalchemy.orm import Session

from sonobench_platform.accounts.access import OrganiserCaller
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.challenges.phases import of_challenge
from sonobench_platform.core import Core, CoreDep
from sonobench_platform.db.models import ChallengeRow
from sonobench_platform.domain.errors import Conflict, Refusal, Unprocessable
from sonobench_platform.submissions import searching
from sonobench_platform.submissions.quota import all_given_back
from sonobench_platform.submissions.searching import Found
from sonobench_platform.web import desk_submissions_build as build
from sonobench_platform.web import desk_submissions_filter as filters
from sonobench_platform.web.account_pages import see_other
from sonobench_platform.web.desk_frame import DeskForm, DeskFormDep, confirmed, desk_challenge, frame_of, reason_of, root_of
from sonobench_platform.web.desk_reports import Line, Report, done_once, new_ticket, report_of
from sonobench_platform.web.desk_submissions_acts import Act, Outcome, costs_of, is_dangerous, most_of, obstacle, perform, titles
from sonobench_platform.web.desk_submissions_build import CHECKED, Checked, Listed
from sonobench_platform.web.desk_submissions_filter import AT_A_TIME, Query
from sonobench_platform.web.desk_words import submissions_words
from sonobench_platform.web.rendering import private_response
from sonobench_platform.web.texts import _

router = APIRouter(prefix="/desk/challenges/{name}", include_in_schema=False)

_TABS = frozenset({"submissions", "failures", "quota", "teams"})
Ticket = Annotated[str, Path(max_length=40)]


@router.get("/submissions")
def submissions_page(request: Request, core: CoreDep, caller: OrganiserCaller, name: str) -> Response:
    """Every submission of the challenge, or those that the address asks for."""
    return _list(core, caller, name, filters.query_of(request.query_params))


@router.post("/submissions/check")
def check_page(core: CoreDep, caller: OrganiserCaller, name: str, form: DeskFormDep) -> Response:
    """What an action would do to which submissions. Nothing is done here."""
    query = filters.read(form.text("query"))
    try:
        with core.database.read() as session:
            challenge = desk_challenge(session, caller, name)
            checked = _checked(core, session, _act(form), _meant(session, challenge, form, query))
    except (Conflict, Unprocessable) as refused:
        return _list(core, caller, name, query, refused=refused)
    return _check(challenge, caller, checked, form=form)


@router.post("/submissions/do")
def do(core: CoreDep, caller: OrganiserCaller, name: str, form: DeskFormDep) -> Response:
    """Do it to each, in a transaction of its own; a form that is sent twice is done once."""
    act, ticket = _act(form), form.text("ticket")
    with core.database.read() as session:
        challenge = desk_challenge(session, caller, name)
        checked = _checked(core, session, act, searching.named(session, challenge.id, list(_ids(form))))
    here = f"{root_of(name)}/done/{ticket}"
    try:
        if report_of(core, caller, name, ticket) is not None:
            return see_other(here)
        if is_dangerous(act, len(checked.able)):
            confirmed(form, challenge.name)
        reason = reason_of(form)
        done_once(core, caller, name, ticket, lambda: _report(core, caller, checked, reason=reason, tab=_tab(form)))
    except (Conflict, Unprocessable) as refused:
        return see_other(here) if refused.code == "in-flight" else _check(challenge, caller, checked, form=form, refused=refused)
    return see_other(here)


@router.get("/done/{ticket}")
def done_page(core: CoreDep, caller: OrganiserCaller, name: str, ticket: Ticket) -> Response:
    """What was done, and what not and why."""
    with core.database.read() as session:
        challenge = desk_challenge(session, caller, name)
    report = report_of(core, caller, name, ticket)
    tab = "submissions" if report is None else report.tab
    frame = frame_of(challenge, caller, tab)
    if report is None:
        return private_response(build.waiting_context(challenge, frame, tab), reader=caller, status=404)
    return private_response(build.report_context(challenge, frame, report), reader=caller)


def _list(core: Core, caller: Identity, name: str, query: Query, *, refused: Refusal | None = None) -> Response:
    with core.database.read() as session:
        challenge = desk_challenge(session, caller, name)
        phases = of_challenge(session, challenge.id)
        listed = _listed(session, challenge, query)
    context = build.submissions_context(
        challenge, frame_of(challenge, caller, "submissions", refused=refused), phases, query, listed=listed
    )
    return private_response(context, reader=caller, status=200 if refused is None else refused.status)


def _listed(session: Session, challenge: ChallengeRow, query: Query) -> Listed:
    wanted = filters.wanted_of(query, of_challenge(session, challenge.id))
    skip = (filters.page_of(query) - 1) * AT_A_TIME
    shown = searching.search(session, challenge.id, wanted, order=filters.order_of(query), limit=AT_A_TIME, skip=skip)
    return Listed(searching.count(session, challenge.id, wanted), shown, searching.causes(session, challenge.id))


def _check(
    challenge: ChallengeRow, caller: Identity, checked: Checked, *, form: DeskForm, refused: Refusal | None = None
) -> Response:
    tab = _tab(form)
    frame = frame_of(challenge, caller, tab, refused=refused)
    ticket = form.text("ticket") if refused is not None else new_ticket()
    back = filters.href(frame.root, filters.read(form.text("query"))) if tab == "submissions" else f"{frame.root}/{tab}"
    context = build.check_context(challenge, frame, checked, ticket=ticket, reason=form.text("reason")[:1000], back_href=back)
    return private_response(context, reader=caller, status=200 if refused is None else refused.status)


def _act(form: DeskForm) -> Act:
    try:
        return Act(form.text("act"))
    except ValueError:
        raise Unprocessable("no-act", _("Nothing was done. Choose what is to be done.")) from None


def _tab(form: DeskForm) -> str:
    """The page that the form stands on."""
    return form.text("tab") if form.text("tab") in _TABS else "submissions"


def _ids(form: DeskForm) -> Sequence[str]:
    """Which submissions were named.

    Raises:
        Unprocessable: none was, or more than can be done at once.
    """
    named = form.texts("submission")
    if not named:
        raise Unprocessable("none-named", _("Nothing was done. Check the submissions that you mean."))
    return _bounded(named, _act(form))


def _meant(session: Session, challenge: ChallengeRow, form: DeskForm, query: Query) -> list[Found]:
    """Those that are checked, or all that match what the list was filtered by."""
    if form.text("scope") in {"", CHECKED}:
        return searching.named(session, challenge.id, list(_ids(form)))
    wanted = filters.wanted_of(query, of_challenge(session, challenge.id))
    found = searching.ids(session, challenge.id, wanted, most=most_of(_act(form)))
    return searching.named(session, challenge.id, list(_bounded(found, _act(form))))


def _bounded(named: Sequence[str], act: Act) -> Sequence[str]:
    if len(named) > most_of(act):
        said = _("Nothing was done: these are more than {most}, which is as many as can be done at once. Filter further.")
        raise Unprocessable("too-many", said.format(most=most_of(act)))
    return named


def _checked(core: Core, session: Session, act: Act, found: Sequence[Found]) -> Checked:
    given_back = all_given_back(session, [each.submission.id for each in found])
    said = [(each, obstacle(core, act, each, given_back)) for each in found]
    able = [each for each, why in said if not why]
    unable = [(each, why) for each, why in said if why]
    return Checked(act, able, unable, costs_of(able) if act is Act.RERUN and able else None)


def _report(core: Core, caller: Identity, checked: Checked, *, reason: str, tab: str) -> Report:
    outcomes = [
        *perform(core, caller, checked.act, checked.able, reason=reason),
        *(Outcome(each.submission.id, False, why) for each, why in checked.unable),
    ]
    lines = tuple(Line(each.submission_id, f"/submissions/{each.submission_id}", each.is_done, each.said) for each in outcomes)
    return Report(f"{titles()[checked.act]}: {submissions_words(len(lines))}", tab, lines)
