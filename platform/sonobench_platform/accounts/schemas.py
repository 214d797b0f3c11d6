"""Accounts over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from sonobench_platform.accounts.addresses import read_email
from sonobench_platform.accounts.identity import Role, Scope
from sonobench_platform.accounts.passwords import LONGEST, SHORTEST
from sonobench_platform.accounts.personal_tokens import LONGEST_DAYS
from sonobench_platform.domain.text import clean_line

Email = Annotated[str, AfterValidator(lambda text: read_email(text).shown), Field(max_length=254, examples=["ada@example.org"])]
Line = Annotated[str, AfterValidator(clean_line), Field(min_length=1, max_length=100)]
PersonName = Annotated[Line, Field(description="As teams and organisers will see it.", examples=["Ada Lovelace"])]
AnyPassword = Annotated[SecretStr, Field(max_length=LONGEST)]
NewPassword = Annotated[
    SecretStr, Field(max_length=LONGEST, description=f"At least {SHORTEST} characters; any will do, spaces too.")
]
LinkToken = Annotated[str, Field(max_length=2000, description="What follows `token=` in the link from the mail.")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SignUp(_Body):
    """A new account."""

    email: Email
    name: PersonName
    password: NewPassword


class SignIn(_Body):
    email: Email
    password: AnyPassword


class Confirmation(_Body):
    """The link from the mail, and the password of the sign-up: together they show that both are the same person's."""

    token: LinkToken
    password: AnyPassword


class ResetWish(_Body):
    email: Email


class Reset(_Body):
    token: LinkToken
    password: NewPassword


class PasswordChange(_Body):
    current: AnyPassword
    new: NewPassword


class Noted(BaseModel):
    """The same answer, whether the address is known or not."""

    detail: str


class SignedIn(BaseModel):
    """The browser is signed in: the cookie is set, and every changing request carries `csrf_token` as `X-CSRF-Token`."""

    csrf_token: str
    expires_at: datetime


class SessionSecret(BaseModel):
    """What the pages' forms and scripts carry."""

    csrf_token: Annotated[str, Field(description="For the header `X-CSRF-Token`, or the form field `csrf_token`.")]


class TeamRef(BaseModel):
    """A team, by id and name."""

    id: str
    name: str


class Me(BaseModel):
    """Whose token or session this is."""

    kind: Literal["team", "organiser", "node", "person"]
    name: str
    roles: Annotated[list[Role], Field(description="What this caller may do.")]
    team: Annotated[TeamRef | None, Field(description="Set for a team's token.")]
    teams: Annotated[list[TeamRef], Field(description="The teams that a person is in, or the one of a team's token.")]


class Account(BaseModel):
    """A person's own account."""

    id: str
    email: str
    name: str
    created_at: datetime
    is_administrator: bool
    has_password: Annotated[bool, Field(description="False for those who only sign in with their organisation.")]
    providers: Annotated[list[str], Field(description="Identity providers that sign this person in.")]


class NewToken(_Body):
    """A personal API token."""

    name: Annotated[Line, Field(description="By which you will know it again.", examples=["nightly upload"])]
    scopes: Annotated[frozenset[Scope], Field(min_length=1, description="What it may do; each may also read.")]
    days: Annotated[int, Field(ge=1, le=LONGEST_DAYS, description="How long it works.")] = 90


class Token(BaseModel):
    id: str
    name: str
    hint: Annotated[str, Field(description="Its first characters.")]
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: Annotated[datetime | None, Field(description="To within a minute.")]


class TokenWithSecret(Token):
    token: Annotated[str, Field(description="The token. It is shown this once and kept nowhere.")]


class Tokens(BaseModel):
    items: list[Token]


class Person(BaseModel):
    """A person as administrators see them."""

    id: str
    email: str
    name: str
    is_administrator: bool
    created_at: datetime
    confirmed_at: datetime | None
    disabled_at: datetime | None


class People(BaseModel):
    items: list[Person]
    next: Annotated[str | None, Field(description="Where further ones are; null on the last page.")] = None
