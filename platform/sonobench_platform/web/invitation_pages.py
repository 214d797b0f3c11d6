"""Where the link in an invitation leads: what it is for, and joining the team. Its secret is in no title and no other address."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Response

from sonobench_platform.accounts.access import SignedInCaller, Visitor
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.core import Core, CoreDep
from sonobench_platform.db.models import PersonRow
from sonobench_platform.domain.errors import Conflict, Forbidden
from sonobench_platform.teams import invitations
from sonobench_platform.teams.invitations import Looked
from sonobench_platform.web import account_build as build
from sonobench_platform.web.account_forms import ACCOUNT, NOT_SENT, FormDep, Said, said
from sonobench_platform.web.account_pages import is_signed_in, see_other
from sonobench_platform.web.contexts import Crumb
from sonobench_platform.web.contexts_account import FormError, InvitationPage
from sonobench_platform.web.rendering import page_frame, private_response
from sonobench_platform.web.wording import date_words, shown_name

router = APIRouter(include_in_schema=False)


@router.get("/invitations/{secret}")
def invitation_page(core: CoreDep, reader: Visitor, secret: str) -> Response:
    """What the invitation is for, whoever holds its link. Raises NotFound where it does not work (any more)."""
    return _shown(core, reader, secret)


@router.post("/invitations/accept")
def accept(core: CoreDep, caller: SignedInCaller, form: FormDep) -> Response:
    """Puts the reader into the team. Raises NotFound where the invitation does not work (any more)."""
    secret = form.text("secret")
    try:
        with core.database.write() as work:
            invitations.accept(core, work, caller, secret)
    except (Forbidden, Conflict) as error:
        return _shown(core, caller, secret, said(error))
    return see_other(f"{ACCOUNT}?note=joined")


def invitation_context(
    looked: Looked, secret: str, *, reader: PersonRow | None, csrf_token: str = "", errors: Sequence[FormError] = ()
) -> InvitationPage:
    """The page of an invitation for `reader`; None: nobody is signed in."""
    here, row = f"/invitations/{secret}", looked.row
    frame = page_frame("Invitation to a team – Sonobench", Crumb("Invitation", "#content"))
    return InvitationPage(
        page=frame,
        errors=tuple(errors),
        team=shown_name(looked.team.name),
        email=shown_name(row.email),
        until_words=date_words(row.expires_at),
        until_iso=row.expires_at.isoformat(),
        signed_in_as="" if reader is None else shown_name(reader.email),
        is_for_reader=reader is not None and reader.email_key == row.email_key,
        csrf_token=csrf_token,
        secret=secret,
        here=here,
        sign_in_href=build.address(build.SIGN_IN, here),
        sign_up_href=build.address(build.SIGN_UP, here),
    )


def _shown(core: Core, reader: Identity | None, secret: str, refused: Said = NOT_SENT) -> Response:
    signed_in = reader if reader is not None and is_signed_in(reader) else None
    with core.database.read() as session:
        looked = invitations.look(core, session, secret)
        person = None if signed_in is None else session.get_one(PersonRow, signed_in.person_id)
    csrf_token = (signed_in.csrf if signed_in is not None else None) or ""
    context = invitation_context(looked, secret, reader=person, csrf_token=csrf_token, errors=refused.errors)
    return private_response(context, status=refused.status, headers=refused.headers)
