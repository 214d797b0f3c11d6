"""What the pages of accounts and invitations are given: forms and what is wrong in them, one frozen record per page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from sonobench_platform.web.contexts import Crumb, Page

Kind = Literal["text", "email", "password"]


@dataclass(frozen=True, slots=True)
class FormError:
    """What is wrong with a form as a sentence, and the name of the field it stands beside; empty: the form as a whole."""

    field: str
    sentence: str


@dataclass(frozen=True, slots=True)
class HiddenField:
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class InputField:
    """A field that people fill in. `autocomplete` is HTML's word for what it holds; a fixed one can only be read."""

    name: str
    label: str
    kind: Kind
    autocomplete: str
    value: str = ""
    hint: str = ""
    error: str = ""
    is_fixed: bool = False


@dataclass(frozen=True, slots=True)
class FormPage:
    """A page that is one form. `note` says what was done just before; empty: nothing."""

    template: ClassVar[str] = "account_form.html"
    page: Page
    heading: str
    note: str
    sentences: tuple[str, ...]
    errors: tuple[FormError, ...]
    action: str
    hidden: tuple[HiddenField, ...]
    fields: tuple[InputField, ...]
    button: str
    links: tuple[Crumb, ...]


@dataclass(frozen=True, slots=True)
class TeamLine:
    """A team that the reader is in, and what they are there."""

    name: str
    part: str
    href: str


@dataclass(frozen=True, slots=True)
class AccountPage:
    """Who is signed in, and in which teams."""

    template: ClassVar[str] = "account.html"
    page: Page
    note: str
    name: str
    email: str
    teams: tuple[TeamLine, ...]
    csrf_token: str


@dataclass(frozen=True, slots=True)
class InvitationPage:
    """An invitation as the holder of its link sees it.

    `signed_in_as` is the reader's own address; empty: nobody is signed in. `is_for_reader` is whether that is the invited one.
    """

    template: ClassVar[str] = "invitation.html"
    page: Page
    errors: tuple[FormError, ...]
    team: str
    email: str
    until_words: str
    until_iso: str
    signed_in_as: str
    is_for_reader: bool
    csrf_token: str
    secret: str
    here: str
    """The page's own address, to come back to."""
    sign_in_href: str
    sign_up_href: str


AccountContext = FormPage | AccountPage | InvitationPage
