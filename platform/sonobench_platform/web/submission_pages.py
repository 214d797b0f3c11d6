"""The page of a submission: for its team and organizers with everything, for everybody with what the board says of it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response

from sonobench_platform.accounts.access import Visitor
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.core import Core, CoreDep
from sonobench_platform.domain.errors import NotFound, Refusal, Unauthorised
from sonobench_platform.web.account_forms import Form
from sonobench_platform.web.contexts_account import FormError
from sonobench_platform.web.contexts_submission import SubmissionParts
from sonobench_platform.web.rendering import page_response, private_response
from sonobench_platform.web.submission_actions import actions_of, words_form
from sonobench_platform.web.submission_build import live_context, parts_of, submission_context
from sonobench_platform.web.submission_public import public_context
from sonobench_platform.web.submission_source import SubmissionFacts, facts_of, public_facts
from sonobench_platform.web.texts import _

router = APIRouter(include_in_schema=False)

SubmissionId = Annotated[str, Path(max_length=64)]
PartQuery = Annotated[Literal["live", ""], Query()]
FaceQuery = Annotated[Literal["public", ""], Query()]
NoteQuery = Annotated[str, Query(max_length=40)]


@router.get("/submissions/{submission_id}")
def submission_page(
    *,
    core: CoreDep,
    reader: Visitor,
    submission_id: SubmissionId,
    part: PartQuery = "",
    face: FaceQuery = "",
    note: NoteQuery = "",
) -> Response:
    """The whole page for whoever may know the submission; else its public face, where it has one.

    `part=live` is for a page that is open: the parts that may have changed, and never the public face.
    """
    facts = None if reader is None or face else _known(core, reader, submission_id)
    if reader is not None and facts is not None:
        if part:
            return private_response(live_context(facts, _parts(facts, reader)), reader=reader)
        return shown(facts, reader, note=_notes().get(note, ""))
    if part:
        raise _unknown(reader)
    with core.database.read() as session:
        public = public_facts(core, session, reader, submission_id)
    if public is None:
        raise _unknown(reader)
    return page_response(public_context(public), reader=reader)


def shown(
    facts: SubmissionFacts,
    caller: Identity,
    *,
    note: str = "",
    refused: Refusal | None = None,
    opened: str = "",
    typed: Form | None = None,
    errors: tuple[FormError, ...] = (),
) -> Response:
    """The page for whoever may know the submission; with why a form was refused, in front of it standing open."""
    said = errors if refused is None else (FormError("", refused.detail),)
    parts = parts_of(facts, actions_of(facts, opened=opened), words_form(facts, typed), csrf_token=caller.csrf or "")
    context = submission_context(facts, parts, note=note, errors=said)
    status = refused.status if refused is not None else 422 if errors else 200
    return private_response(context, reader=caller, status=status, headers=None if refused is None else refused.headers)


def _parts(facts: SubmissionFacts, caller: Identity) -> SubmissionParts:
    return parts_of(facts, actions_of(facts), words_form(facts), csrf_token=caller.csrf or "")


def _known(core: Core, reader: Identity, submission_id: str) -> SubmissionFacts | None:
    with core.database.read() as session:
        try:
            return facts_of(core, session, reader, submission_id)
        except NotFound:
            return None


def _unknown(reader: Identity | None) -> Refusal:
    """For whoever is signed in there is no such page; whoever is not may sign in first."""
    if reader is None:
        return Unauthorised("token-needed", _("Sign in to see this submission, if it is your team's."))
    return NotFound("no-such-submission", _("There is no submission of that name, or it is not yours."))


def _notes() -> dict[str, str]:
    """What was done just before."""
    return {
        "cancelled": _("The submission was cancelled."),
        "withdrawn": _("The submission was withdrawn, and the board is made without it."),
        "chosen": _("This submission counts now."),
        "words": _("What the public page says was saved."),
        "rerun": _("It waits to be run again."),
        "rescored": _("It is being scored again. Publish the new score from the challenge's desk once it is there."),
        "decided": _("The decision was recorded, and the team is told."),
        "given-back": _("The attempt was given back."),
        "disqualified": _("The submission was disqualified, and its team is told why."),
        "reinstated": _("The submission is ranked again, and its team is told."),
    }
