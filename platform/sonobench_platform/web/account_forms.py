"""Forms as they come in: read, held against the API's own bodies, and what is wrong with them said in sentences."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from sonobench_platform.domain.errors import Refusal
from sonobench_platform.web.contexts_account import FormError

ACCOUNT = "/account"

_FORM = "application/x-www-form-urlencoded"
_MOST_BYTES = 64 << 10
_SEGMENT = r"/[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,200}"
_QUERY = r"\?[A-Za-z0-9._~=&%+:,-]{1,300}"
_OWN_PAGE = rf"/(challenges|portal|desk|teams|submissions)({_SEGMENT}){{1,6}}({_QUERY})?"
_LOCAL = re.compile(rf"/|/(account|portal|desk)|/account/(password|sessions|tokens|data)|/invitations{_SEGMENT}|{_OWN_PAGE}")
_EMPTY = {
    "email": "Type your mail address.",
    "name": "Type your name.",
    "password": "Type a password.",
}
_SUBJECT = {"email": "This", "name": "The name", "password": "The password"}
_FIELD_OF = {"weak-password": "password", "not-confirmed": "password", "wrong-credentials": "email"}
"""Where the sentence of a refusal stands; those that are not named are about the form as a whole."""

Body = TypeVar("Body", bound=BaseModel)


class FormRefused(Exception):
    """What was typed will not do."""

    def __init__(self, errors: tuple[FormError, ...]) -> None:
        super().__init__("; ".join(error.field for error in errors))
        self.errors = errors


class Said(NamedTuple):
    """A refusal as its form says it: the status and headers of the answer, and the sentences."""

    status: int
    headers: Mapping[str, str]
    errors: tuple[FormError, ...]


NOT_SENT = Said(200, {}, ())
"""Of a form that is shown for the first time."""


@dataclass(frozen=True, slots=True)
class Form:
    """What was sent. A field that was not is empty."""

    values: Mapping[str, str]

    def text(self, name: str) -> str:
        return self.values.get(name, "")


async def read_form(request: Request) -> Form:
    """The fields of a form; of another kind of body, or of a very large one, none."""
    if not _is_plain_form(request):
        return Form({})
    fields = await request.form()
    return Form({name: value for name, value in fields.items() if isinstance(value, str)})


FormDep = Annotated[Form, Depends(read_form)]


def body_of(model: type[Body], form: Form) -> Body:
    """What was typed as the body that the API takes.

    Raises:
        FormRefused: a field is empty or holds what it must not.
    """
    wrong = {name: _EMPTY[name] for name in model.model_fields if name in _EMPTY and not form.text(name).strip()}
    try:
        body = model(**{name: form.text(name) for name in model.model_fields})
    except ValidationError as error:
        found = {str(each["loc"][0]): _sentence(each) for each in error.errors(include_url=False, include_input=False)}
        wrong = {**found, **wrong}
    else:
        if not wrong:
            return body
    raise FormRefused(tuple(FormError(name, wrong[name]) for name in model.model_fields if name in wrong))


def said(error: FormRefused | Refusal) -> Said:
    """What to answer where a form was refused."""
    if isinstance(error, FormRefused):
        return Said(422, {}, error.errors)
    return Said(error.status, error.headers, (FormError(_FIELD_OF.get(error.code, ""), error.detail),))


def local(wished: str) -> str:
    """Where to go on to: the wished page where it is a known one here, else the reader's account.

    Never elsewhere, whatever a link to these pages says.
    """
    return wished if _LOCAL.fullmatch(wished) else ACCOUNT


def _is_plain_form(request: Request) -> bool:
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    length = request.headers.get("content-length", "")
    return kind == _FORM and length.isascii() and length.isdigit() and int(length) <= _MOST_BYTES


def _sentence(error: ErrorDetails) -> str:
    subject, context = _SUBJECT.get(str(error["loc"][0]), "This"), _context(error)
    if error["type"] in {"string_too_long", "too_long"}:
        return f"{subject} is too long; take at most {context['max_length']} characters."
    if error["type"] == "value_error":
        return f"{subject} {context['error']}."
    return f"{subject} will not do; type it again."


def _context(error: ErrorDetails) -> dict[str, Any]:
    return error.get("ctx", {})
