"""What the organizer desk's pages are given: one frozen record per page, every word ready. Moments come as ISO and in words."""

from __future__ import annotations

from dataclasses import dataclass

from sonobench_platform.web.contexts import Tab
from sonobench_platform.web.contexts_account import FormError


@dataclass(frozen=True, slots=True)
class DeskFrame:
    """What stands above every page of the desk for one challenge.

    `root` is the address of the challenge's desk; the forms' addresses begin with it. `note` says what was done just before,
    `errors` what was refused; empty: nothing.
    """

    name: str
    title: str
    root: str
    tabs: tuple[Tab, ...]
    csrf_token: str
    note: str = ""
    errors: tuple[FormError, ...] = ()


@dataclass(frozen=True, slots=True)
class Moment:
    iso: str
    words: str


@dataclass(frozen=True, slots=True)
class Option:
    """A choice in a field; the one that is chosen."""

    value: str
    title: str
    is_chosen: bool = False


@dataclass(frozen=True, slots=True)
class SelectField:
    name: str
    label: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class TextField:
    """A field of a form that only reads, so that its address says what is shown."""

    name: str
    label: str
    value: str
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class SortColumn:
    """A column's heading. `sort` is `ascending`, `descending` or empty; without an `href` it sorts nothing."""

    title: str
    href: str = ""
    sort: str = ""


@dataclass(frozen=True, slots=True)
class Pager:
    """Which part of a list is shown, in words, and where the parts beside it are; empty: there are none."""

    words: str
    first_href: str = ""
    next_href: str = ""
