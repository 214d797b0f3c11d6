"""The pages of accounts: sign up, sign in and out, and where the links in mails lead. They work without JavaScript.

What a form asks for is done by the API's own functions, with the same checks and the same counts. A link that is opened
changes nothing, since mail programs open links before people do: only its form does. Secrets of links are sent in bodies.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends, Query, Request, Response, status
from fastapi.responses import RedirectResponse

from sonobench_platform.accounts import account_api, links, people
from sonobench_platform.accounts.access import Everyone, SignedInCaller, Visitor
from sonobench_platform.accounts.csrf import same_site_only
from sonobench_platform.accounts.door import DoorDep
from sonobench_platform.accounts.identity import Identity, Role
from sonobench_platform.accounts.links import Purpose
from sonobench_platform.accounts.schemas import Confirmation, Reset, ResetWish, SignIn, SignUp
from sonobench_platform.core import Core, CoreDep
from sonobench_platform.db.models import PersonRow
from sonobench_platform.domain.errors import Refusal, Unprocessable
from sonobench_platform.web import account_build as build
from sonobench_platform.web.account_forms import ACCOUNT, NOT_SENT, Form, FormDep, FormRefused, Said, body_of, local, said
from sonobench_platform.web.contexts import Crumb
from sonobench_platform.web.contexts_account import AccountContext
from sonobench_platform.web.rendering import private_response

router = APIRouter(include_in_schema=False)

_Strangers = [Everyone, Depends(same_site_only)]
TokenQuery = Annotated[str, Query(max_length=2000)]
NextQuery = Annotated[str, Query(alias="next", max_length=500)]
NoteQuery = Annotated[str, Query(max_length=40)]

_SIGN_UP_SENT, _RESET_SENT = f"{ACCOUNT}/sign-up/sent", f"{ACCOUNT}/forgotten/sent"


@router.get(ACCOUNT)
def account_page(core: CoreDep, reader: Visitor, note: NoteQuery = "") -> Response:
    """Who is signed in, and in which teams."""
    if reader is None or not is_signed_in(reader):
        return see_other(build.SIGN_IN)
    account = account_api.account(core, reader)
    words = build.notes().get(note, "")
    return private_response(build.account_context(account, reader.teams, csrf_token=reader.csrf or "", note=words), reader=reader)


@router.get(build.SIGN_IN)
def sign_in_page(request: Request, core: CoreDep, reader: Visitor, next_: NextQuery = "", note: NoteQuery = "") -> Response:
    """The form; whoever is signed in goes on at once."""
    if reader is not None and is_signed_in(reader):
        return see_other(local(next_))
    return _sign_in(request, core, Form({"next": next_}), note=build.notes().get(note, ""))


@router.post(build.SIGN_IN, dependencies=_Strangers)
def sign_in(request: Request, door: DoorDep, form: FormDep) -> Response:
    """As the API's sign-in; goes on to the page that was asked for."""
    going = see_other(local(form.text("next")))
    try:
        account_api.sign_in(door._replace(response=going), body_of(SignIn, form))
    except (FormRefused, Refusal) as error:
        return _sign_in(request, door.core, form, refused=said(error))
    return going


@router.post(build.SIGN_OUT)
def sign_out(door: DoorDep, caller: SignedInCaller, form: FormDep) -> Response:
    """Of this browser; goes back to the page that was asked for, where one was."""
    wished = local(form.text("next"))
    going = see_other(f"{build.SIGN_IN}?note=signed-out" if wished == ACCOUNT else wished)
    account_api.sign_out(door._replace(response=going), caller)
    return going


@router.get(build.SIGN_UP)
def sign_up_page(core: CoreDep, reader: Visitor, next_: NextQuery = "") -> Response:
    """Raises Forbidden where people cannot make accounts themselves."""
    people.refuse_closed_sign_up(core)
    if reader is not None and is_signed_in(reader):
        return see_other(local(next_))
    return private_response(build.sign_up_context(Form({}), next_=local(next_)))


@router.post(build.SIGN_UP, dependencies=_Strangers)
def sign_up(door: DoorDep, later: BackgroundTasks, form: FormDep) -> Response:
    """As the API's sign-up: the answer is the same where the address has an account."""
    try:
        account_api.sign_up(door, later, body_of(SignUp, form))
    except (FormRefused, Refusal) as error:
        refused = said(error)
        return _again(build.sign_up_context(form, refused.errors, next_=local(form.text("next"))), refused)
    return see_other(_SIGN_UP_SENT)


@router.get(_SIGN_UP_SENT, dependencies=[Everyone])
def sign_up_sent_page() -> Response:
    sentences = (
        "A mail is on its way to the address that you gave. Open the link in it within two days, and give your password there.",
        "If you came by an invitation, open the link of that one again once you are signed in.",
        "If no mail comes, look among the unwanted ones, and see that the address is right; you may sign up again.",
    )
    return private_response(build.mail_sent_context(sentences))


@router.get(build.CONFIRM, dependencies=[Everyone])
def confirm_page(core: CoreDep, token: TokenQuery = "") -> Response:
    """Where the link to confirm an address leads."""
    return _confirm(core, token)


@router.post(build.CONFIRM, dependencies=_Strangers)
def confirm(door: DoorDep, form: FormDep) -> Response:
    """As the API's confirmation, which signs in."""
    going = see_other("/portal?note=confirmed")
    try:
        account_api.confirm(door._replace(response=going), body_of(Confirmation, form))
    except (FormRefused, Refusal) as error:
        return _confirm(door.core, form.text("token"), said(error))
    return going


@router.get(build.FORGOTTEN, dependencies=[Everyone])
def forgotten_page() -> Response:
    return private_response(build.forgotten_context(Form({})))


@router.post(build.FORGOTTEN, dependencies=_Strangers)
def forgotten(door: DoorDep, later: BackgroundTasks, form: FormDep) -> Response:
    """As the API's wish for a reset: the answer is the same where the address is not known."""
    try:
        account_api.ask_for_reset(door, later, body_of(ResetWish, form))
    except (FormRefused, Refusal) as error:
        refused = said(error)
        return _again(build.forgotten_context(form, refused.errors), refused)
    return see_other(_RESET_SENT)


@router.get(_RESET_SENT, dependencies=[Everyone])
def forgotten_sent_page() -> Response:
    sentences = (
        "If the address that you gave has an account here, a mail is on its way. Open the link in it within the hour.",
        "If no mail comes, look among the unwanted ones, and see that the address is the one of your account.",
    )
    return private_response(build.mail_sent_context(sentences))


@router.get(build.RESET, dependencies=[Everyone])
def reset_page(core: CoreDep, token: TokenQuery = "") -> Response:
    """Where the link to set a password leads."""
    return _reset(core, token)


@router.post(build.RESET, dependencies=_Strangers)
def reset(door: DoorDep, form: FormDep) -> Response:
    """As the API's reset, which signs in."""
    going = see_other(f"{ACCOUNT}?note=password-set")
    try:
        account_api.reset(door._replace(response=going), body_of(Reset, form))
    except (FormRefused, Refusal) as error:
        return _reset(door.core, form.text("token"), said(error))
    return going


def is_signed_in(reader: Identity) -> bool:
    """Whether it is a browser in which somebody is signed in, and no token."""
    return Role.SIGNED_IN in reader.roles


def see_other(path: str) -> Response:
    """Go on to a page here: one that was sent a form is not sent it twice when it is loaded again."""
    return RedirectResponse(path, status.HTTP_303_SEE_OTHER, headers={"Cache-Control": "no-store"})


def _sign_in(request: Request, core: Core, form: Form, *, note: str = "", refused: Said = NOT_SENT) -> Response:
    next_ = local(form.text("next"))
    ways = _other_ways(request, core, next_)
    return _again(build.sign_in_context(form, refused.errors, next_=next_, note=note, ways=ways), refused)


def _other_ways(request: Request, core: Core, next_: str) -> Sequence[Crumb]:
    """How else one gets in: by the identity provider, where there is one, or with a new account, where people may make one."""
    ways = []
    if getattr(request.app.state, "oidc_provider", None) is not None:
        ways.append(Crumb(f"Sign in with {core.settings.oidc_name}", build.provider_address(next_)))
    if core.settings.open_sign_up:
        ways.append(Crumb("Make an account", build.address(build.SIGN_UP, next_)))
    return ways


def _confirm(core: Core, token: str, refused: Said = NOT_SENT) -> Response:
    try:
        email = _holder(core, Purpose.CONFIRM, token)
    except Unprocessable as spent:
        return private_response(build.spent_confirm_context(spent.detail), status=spent.status)
    return _again(build.confirm_context(token, email, refused.errors), refused)


def _reset(core: Core, token: str, refused: Said = NOT_SENT) -> Response:
    try:
        email = _holder(core, Purpose.RESET, token)
    except Unprocessable as spent:
        return private_response(build.spent_reset_context(spent.detail), status=spent.status)
    return _again(build.reset_context(token, email, refused.errors), refused)


def _holder(core: Core, purpose: Purpose, token: str) -> str:
    """The address of the person whom a link is for.

    Raises:
        Unprocessable: it was used, is over or was made up, or its person may do nothing here.
    """
    link = links.read(core, purpose, token)
    with core.database.read() as session:
        person = session.get(PersonRow, link.person_id)
    if person is None or not links.still_fits(link, person) or person.disabled_at is not None or person.erased_at is not None:
        raise links.spent()
    return person.email


def _again(context: AccountContext, refused: Said) -> Response:
    """The form, with what is wrong where it was sent."""
    return private_response(context, status=refused.status, headers=refused.headers)
