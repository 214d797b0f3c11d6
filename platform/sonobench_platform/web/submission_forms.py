"""What the forms of a submission's page do: the services' own functions, with the same checks and the same audit as the API."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Response
from pydantic import ValidationError

from sonobench_platform.accounts.access import OrganiserCaller, Participant, ParticipantOrOrganiser
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.core import Core, CoreDep
from sonobench_platform.db.models import PhaseRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import NotFound, Refusal, Unauthorised, Unprocessable
from sonobench_platform.runs import rescoring
from sonobench_platform.runs.decide import Decision, decide
from sonobench_platform.runs.rerun import organised, rerun
from sonobench_platform.submissions import cancel, choose, disqualify, repository
from sonobench_platform.submissions.giving_back import give_back_by_hand
from sonobench_platform.submissions.public_face import PublicWords, set_public_words
from sonobench_platform.web.account_forms import Form, FormDep
from sonobench_platform.web.account_pages import see_other
from sonobench_platform.web.contexts_account import FormError
from sonobench_platform.web.desk_frame import CONFIRM, confirmed, reason_of
from sonobench_platform.web.submission_build import here_of
from sonobench_platform.web.submission_pages import SubmissionId, shown
from sonobench_platform.web.submission_source import facts_of
from sonobench_platform.web.texts import _

router = APIRouter(include_in_schema=False)

Deed = Callable[[Core, Work, Identity], object]


@router.post("/submissions/{submission_id}/cancel")
def post_cancel(core: CoreDep, caller: ParticipantOrOrganiser, submission_id: SubmissionId) -> Response:
    def deed(core: Core, work: Work, caller: Identity) -> None:
        cancel.cancel(core, work, submission_id, caller=caller)

    return _done(core, caller, submission_id, "cancel", deed, note="cancelled")


@router.post("/submissions/{submission_id}/withdraw")
def post_withdraw(core: CoreDep, caller: ParticipantOrOrganiser, submission_id: SubmissionId, form: FormDep) -> Response:
    """By its team without a reason; by an organizer with one."""

    def deed(core: Core, work: Work, caller: Identity) -> None:
        row = _confirmed(core, caller, submission_id, form)
        reason = reason_of(form) if caller.may_organise(row) else None
        choose.withdraw(core, work, submission_id, caller=caller, reason=reason)

    return _done(core, caller, submission_id, "withdraw", deed, note="withdrawn")


@router.post("/submissions/{submission_id}/choose")
def post_choose(core: CoreDep, caller: Participant, submission_id: SubmissionId) -> Response:
    def deed(core: Core, work: Work, caller: Identity) -> None:
        choose.choose(core, work, submission_id, caller=caller)

    return _done(core, caller, submission_id, "choose", deed, note="chosen")


@router.post("/submissions/{submission_id}/public")
def post_public(core: CoreDep, caller: Participant, submission_id: SubmissionId, form: FormDep) -> Response:
    """What the public page says; the form again, with what is wrong, where it holds what it must not."""
    try:
        words = PublicWords(
            show=form.text("show") == "yes",
            summary=form.text("summary"),
            paper_url=form.text("paper_url"),
            code_url=form.text("code_url"),
        )
    except ValidationError as error:
        return _words_again(core, caller, submission_id, form, error)

    def deed(core: Core, work: Work, caller: Identity) -> None:
        set_public_words(core, work, submission_id, words, caller=caller)

    return _done(core, caller, submission_id, "words", deed, note="words")


@router.post("/submissions/{submission_id}/rerun")
def post_rerun(core: CoreDep, caller: OrganiserCaller, submission_id: SubmissionId, form: FormDep) -> Response:
    def deed(core: Core, work: Work, caller: Identity) -> None:
        rerun(core, work, caller, submission_id, reason=reason_of(form))

    return _done(core, caller, submission_id, "rerun", deed, note="rerun")


@router.post("/submissions/{submission_id}/rescore")
def post_rescore(core: CoreDep, caller: OrganiserCaller, submission_id: SubmissionId, form: FormDep) -> Response:
    """This submission alone; what counts changes once an organizer publishes it."""

    def deed(core: Core, work: Work, caller: Identity) -> None:
        row = organised(work, caller, submission_id)
        phase = work.session.get_one(PhaseRow, row.phase_id)
        rescoring.ask(core, work, caller, phase, reason=reason_of(form), submissions=[submission_id])

    return _done(core, caller, submission_id, "rescore", deed, note="rescored")


@router.post("/submissions/{submission_id}/decide")
def post_decide(core: CoreDep, caller: OrganiserCaller, submission_id: SubmissionId, form: FormDep) -> Response:
    """Whose fault a failure was that no program could judge."""

    def deed(core: Core, work: Work, caller: Identity) -> None:
        wished = form.text("decision")
        if wished not in set(Decision):
            raise Unprocessable("decision-needed", _("Nothing was done. Choose one of the decisions."))
        decide(core, work, caller, submission_id, decision=Decision(wished), reason=reason_of(form))

    return _done(core, caller, submission_id, "decide", deed, note="decided")


@router.post("/submissions/{submission_id}/give-back")
def post_give_back(core: CoreDep, caller: OrganiserCaller, submission_id: SubmissionId, form: FormDep) -> Response:
    def deed(core: Core, work: Work, caller: Identity) -> None:
        give_back_by_hand(core, work, submission_id, caller=caller, reason=reason_of(form))

    return _done(core, caller, submission_id, "give-back", deed, note="given-back")


@router.post("/submissions/{submission_id}/disqualify")
def post_disqualify(core: CoreDep, caller: OrganiserCaller, submission_id: SubmissionId, form: FormDep) -> Response:
    def deed(core: Core, work: Work, caller: Identity) -> None:
        _confirmed(core, caller, submission_id, form)
        disqualify.disqualify(core, work, submission_id, caller=caller, reason=reason_of(form))

    return _done(core, caller, submission_id, "disqualify", deed, note="disqualified")


@router.post("/submissions/{submission_id}/reinstate")
def post_reinstate(core: CoreDep, caller: OrganiserCaller, submission_id: SubmissionId, form: FormDep) -> Response:
    def deed(core: Core, work: Work, caller: Identity) -> None:
        disqualify.reinstate(core, work, submission_id, caller=caller, reason=reason_of(form))

    return _done(core, caller, submission_id, "reinstate", deed, note="reinstated")


def _done(core: Core, caller: Identity, submission_id: str, what: str, deed: Deed, *, note: str) -> Response:
    """Do it and go back to the page; where it is refused, the page with why, and the form standing open."""
    try:
        with core.database.write() as work:
            deed(core, work, caller)
    except (NotFound, Unauthorised):
        raise
    except Refusal as refused:
        with core.database.read() as session:
            facts = facts_of(core, session, caller, submission_id)
        return shown(facts, caller, refused=refused, opened=what)
    return see_other(f"{here_of(submission_id)}?note={note}")


def _confirmed(core: Core, caller: Identity, submission_id: str, form: Form) -> str:
    """See that the submission's name or its team's was typed in; returns the challenge's id.

    Raises:
        NotFound: there is no such submission, or it is another team's.
        Unprocessable: neither was.
    """
    with core.database.read() as session:
        whole = repository.whole(session, submission_id, caller=caller)
    if form.text(CONFIRM).strip() != whole.team.name:
        confirmed(form, submission_id)
    return whole.challenge.id


def _words_again(core: Core, caller: Identity, submission_id: str, form: Form, error: ValidationError) -> Response:
    names = {"summary": _("The summary"), "paper_url": _("The paper's address"), "code_url": _("The code's address")}
    found = {str(each["loc"][0]): str(each["msg"]).removeprefix("Value error, ") for each in error.errors(include_url=False)}
    errors = tuple(FormError(name, f"{names[name]}: {found[name]}.") for name in names if name in found)
    with core.database.read() as session:
        facts = facts_of(core, session, caller, submission_id)
    return shown(facts, caller, errors=errors, typed=form)
