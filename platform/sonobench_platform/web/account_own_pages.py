"""One's own account beyond signing in: password, browsers, API tokens, what is kept of one. They work without JavaScript.

What a form asks for is done by the API's own functions, with the same checks and the same counts.
"""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import SecretStr, ValidationError
from sqlalchemy import select

from sonobench_platform.accounts import account_api, personal_tokens, repository, sessions
from sonobench_platform.accounts.access import LimitsDep, SignedInCaller
from sonobench_platform.accounts.addresses import read_email
from sonobench_platform.accounts.door import DoorDep
from sonobench_platform.accounts.identity import Identity, Scope
from sonobench_platform.accounts.schemas import NewToken, PasswordChange
from sonobench_platform.core import Core, CoreDep
from sonobench_platform.db.models import PersonRow, SessionRow
from sonobench_platform.desk import people_api
from sonobench_platform.desk.people_api import ErasingOneself
from sonobench_platform.domain.errors import Refusal, Unprocessable
from sonobench_platform.web import account_own_build as build
from sonobench_platform.web.account_build import SIGN_IN, with_errors
from sonobench_platform.web.account_forms import ACCOUNT, Form, FormDep, FormRefused, Said, body_of, said
from sonobench_platform.web.account_own_build import DATA, ERASE, EXPORT, PASSWORD, SCOPE, SESSIONS, TOKENS
from sonobench_platform.web.account_pages import see_other
from sonobench_platform.web.contexts_account import FormError, FormPage
from sonobench_platform.web.portal_build import SILENT, Told
from sonobench_platform.web.portal_forms import said_at
from sonobench_platform.web.rendering import PRIVATE_HEADERS, private_response
from sonobench_platform.web.texts import _

router = APIRouter(include_in_schema=False)

NoteQuery = Annotated[str, Query(max_length=40)]
_PASSWORD_FIELDS = {"weak-password": "new", "wrong-password": "current"}
_ERASE_FIELDS = {"not-confirmed": "confirm", "wrong-password": "password", "no-password": "password"}


@router.get(PASSWORD)
def password_page(core: CoreDep, caller: SignedInCaller) -> Response:
    return private_response(build.password_context(_email(core, caller), caller.csrf or ""), reader=caller)


@router.post(PASSWORD)
def change_password(door: DoorDep, caller: SignedInCaller, form: FormDep) -> Response:
    """As the API's change, which signs every other browser out and gives this one a new session."""
    going = see_other(f"{ACCOUNT}?note=password-changed")
    try:
        account_api.change_password(door._replace(response=going), caller, body_of(PasswordChange, form))
    except FormRefused as refused:
        return _again(caller, build.password_context(_email(door.core, caller), caller.csrf or ""), said(refused))
    except Refusal as refused:
        wrong = said_at(_PASSWORD_FIELDS.get(refused.code, ""), refused)
        return _again(caller, build.password_context(_email(door.core, caller), caller.csrf or ""), wrong)
    return going


@router.get(SESSIONS)
def sessions_page(door: DoorDep, caller: SignedInCaller) -> Response:
    """The browsers in which the reader is signed in."""
    with door.core.database.read() as session:
        found = session.scalars(select(SessionRow).where(SessionRow.person_id == caller.person_id))
        rows = [row for row in found if not _is_over(door.core, row)]
    this = sessions.digest(door.browser.cookie or "")
    return private_response(build.sessions_context(rows, this, caller.csrf or ""), reader=caller)


@router.post(f"{ACCOUNT}/sign-out-everywhere")
def sign_out_everywhere(door: DoorDep, caller: SignedInCaller) -> Response:
    """In this browser too."""
    going = see_other(f"{SIGN_IN}?note=signed-out")
    account_api.sign_out_everywhere(door._replace(response=going), caller)
    return going


@router.get(TOKENS)
def tokens_page(core: CoreDep, caller: SignedInCaller, note: NoteQuery = "") -> Response:
    words = _("The token is revoked: it works no more.") if note == "revoked" else ""
    return _tokens(core, caller, told=Told(note=words))


@router.post(TOKENS)
def make_token(core: CoreDep, caller: SignedInCaller, form: FormDep) -> Response:
    """The page with the fresh token: it is seen in this answer alone, and in no address."""
    try:
        wanted = _new_token(form)
        with core.database.write() as work:
            made = personal_tokens.create(core, work, caller, name=wanted.name, scopes=wanted.scopes, days=wanted.days).token
    except FormRefused as refused:
        return _tokens(core, caller, form=form, told=Told(errors=refused.errors), said=said(refused))
    except Refusal as refused:
        wrong = said_at("", refused)
        return _tokens(core, caller, form=form, told=Told(errors=wrong.errors), said=wrong)
    return _tokens(core, caller, fresh_token=made)


@router.post(f"{TOKENS}/{{token_id}}/revoke")
def revoke_token(core: CoreDep, caller: SignedInCaller, token_id: str) -> Response:
    """Ends it at once. Raises NotFound for those of others."""
    with core.database.write() as work:
        personal_tokens.revoke(core, work, caller, token_id)
    return see_other(f"{TOKENS}?note=revoked")


@router.get(DATA)
def data_page(caller: SignedInCaller) -> Response:
    return private_response(build.data_context(caller), reader=caller)


@router.get(EXPORT)
def export(core: CoreDep, caller: SignedInCaller) -> Response:
    """All that is kept of the reader, as a JSON file to save."""
    kept = people_api.export_oneself(core, caller)
    headers = {**PRIVATE_HEADERS, "Content-Disposition": 'attachment; filename="sonobench-own-data.json"'}
    return Response(kept.model_dump_json(indent=2), media_type="application/json", headers=headers)


@router.get(ERASE)
def erase_page(caller: SignedInCaller) -> Response:
    return private_response(build.erase_context(caller.csrf or ""), reader=caller)


@router.post(ERASE)
def erase(door: DoorDep, limits: LimitsDep, caller: SignedInCaller, form: FormDep) -> Response:
    """Erases the reader, who types their address and their password."""
    try:
        _check_address(door.core, caller, form.text("confirm"))
        body = ErasingOneself(password=SecretStr(form.text("password")[:1000]))
        people_api.erase_oneself(door.core, limits, caller, body)
    except Refusal as refused:
        wrong = said_at(_ERASE_FIELDS.get(refused.code, ""), refused)
        return _again(caller, build.erase_context(caller.csrf or ""), wrong)
    going = see_other(f"{SIGN_IN}?note=erased")
    door._replace(response=going).see_out()
    return going


def _again(caller: Identity, context: FormPage, wrong: Said) -> Response:
    made = with_errors(context, wrong.errors)
    return private_response(made, reader=caller, status=wrong.status, headers=wrong.headers)


def _tokens(
    core: Core,
    caller: Identity,
    *,
    form: Form | None = None,
    fresh_token: str = "",
    told: Told = SILENT,
    said: Said | None = None,
) -> Response:
    with core.database.read() as session:
        rows = repository.personal_tokens(session, caller.person_id or "")
    context = build.tokens_context(caller, rows, core.clock.now(), form=form, fresh_token=fresh_token, told=told)
    if said is None:
        return private_response(context, reader=caller)
    return private_response(context, reader=caller, status=said.status, headers=said.headers)


def _new_token(form: Form) -> NewToken:
    """What was typed, as the API takes it.

    Raises:
        FormRefused: a field is empty or holds what it must not.
    """
    scopes = [scope for scope in Scope if form.text(f"{SCOPE}{scope}")]
    try:
        return NewToken.model_validate({"name": form.text("name"), "days": form.text("days").strip(), "scopes": scopes})
    except ValidationError as error:
        wrong = {str(each["loc"][0]) for each in error.errors(include_url=False, include_input=False)}
    raise FormRefused(tuple(FormError(field, words) for field, words in _token_words().items() if field in wrong))


def _token_words() -> dict[str, str]:
    return {
        "name": _("Type a name of up to 100 characters, in one line."),
        "scopes": _("Tick what the token may do."),
        "days": _("Type a number of days from 1 to {most}.").format(most=personal_tokens.LONGEST_DAYS),
    }


def _check_address(core: Core, caller: Identity, typed: str) -> None:
    """Raises Unprocessable unless this is the reader's own address."""
    with core.database.read() as session:
        own = session.get_one(PersonRow, caller.person_id).email_key
    try:
        key = read_email(typed).key
    except ValueError:
        key = ""
    if not hmac.compare_digest(key.encode(), own.encode()):
        raise Unprocessable("not-confirmed", _("Type the mail address of this account; nothing was erased."))


def _email(core: Core, caller: Identity) -> str:
    with core.database.read() as session:
        return session.get_one(PersonRow, caller.person_id).email


def _is_over(core: Core, row: SessionRow) -> bool:
    return repository.is_over(row, core.clock.now(), idle_s=core.settings.session_idle_s)
