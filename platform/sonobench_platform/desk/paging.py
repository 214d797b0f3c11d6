"""Pages of a list by key: a page begins after the last thing of the one before, so nothing is shown twice or left out
because something new came in meanwhile.

A cursor is opaque to callers and says where they are, no more: what they may see is asked anew for every page.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple, TypeVar

from fastapi import Depends, Query, Request, Response
from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.orm import InstrumentedAttribute

from sonobench_platform.domain.errors import Unprocessable

Item = TypeVar("Item")

MOST = 500
USUAL = 100

_Cursor = Annotated[
    str | None,
    Query(max_length=300, description="Where to go on: as it stands in the `next` link of the page before, not made by hand."),
]
_Limit = Annotated[int, Query(ge=1, le=MOST, description="How many at most.")]


class Place(NamedTuple):
    """Where a page ended: the moment and the id of its last item."""

    at: datetime
    id: str


class Asked(NamedTuple):
    """How much of a list was asked for, and from where on (None: from its beginning)."""

    limit: int
    cursor: str | None

    @property
    def place(self) -> Place | None:
        """The place that the cursor names, in a list by moment and id.

        Raises:
            Unprocessable: it is not a cursor of such a list.
        """
        match self._read():
            case None:
                return None
            case [str(at), str(id_)]:
                return Place(_moment(at), id_)
        raise _bad()

    @property
    def number(self) -> int | None:
        """The number that the cursor names, in a list by number.

        Raises:
            Unprocessable: it is not a cursor of such a list.
        """
        match self._read():
            case None:
                return None
            case [int(number)] if 0 <= number < 2**63:
                return number
        raise _bad()

    @property
    def word(self) -> str | None:
        """The name that the cursor names, in a list by name.

        Raises:
            Unprocessable: it is not a cursor of such a list.
        """
        match self._read():
            case None:
                return None
            case [str(word)]:
                return word
        raise _bad()

    def _read(self) -> list[Any] | None:
        return None if self.cursor is None else _decode(self.cursor)


def _asked(cursor: _Cursor = None, limit: _Limit = USUAL) -> Asked:
    return Asked(limit, cursor)


PageDep = Annotated[Asked, Depends(_asked)]
"""A list route's `limit` and `cursor`."""


class Page(NamedTuple):
    """Some items of a list, and the relative address of those after them; None where there are no more."""

    items: list[Any]
    next: str | None


def page(
    found: Sequence[Item], asked: Asked, *, key: Callable[[Item], Sequence[str | int]], request: Request, response: Response
) -> Page:
    """Cut what was found to the page that was asked for, and say where the next begins, in a Link header too (RFC 8288).

    Args:
        found: one item more than `asked.limit` where there are more.
        key: what the list is ordered by: `key_of(at, id)`, `(number,)` or `(name,)`.
    """
    if len(found) <= asked.limit:
        return Page(list(found), None)
    shown = list(found[: asked.limit])
    url = request.url.include_query_params(cursor=_encode(key(shown[-1])))
    following = f"{url.path}?{url.query}"
    response.headers["Link"] = f'<{following}>; rel="next"'
    return Page(shown, following)


def key_of(at: datetime, id_: str) -> tuple[str, str]:
    """The key of an item in a list by moment and id."""
    return at.astimezone(UTC).isoformat(timespec="microseconds"), id_


def older(at: InstrumentedAttribute[datetime], id_: InstrumentedAttribute[str], place: Place) -> ColumnElement[bool]:
    """What comes after a place in a list `order_by(at.desc(), id_.desc())`."""
    return or_(at < place.at, and_(at == place.at, id_ < place.id))


def newer(at: InstrumentedAttribute[datetime], id_: InstrumentedAttribute[str], place: Place) -> ColumnElement[bool]:
    """What comes after a place in a list `order_by(at, id_)`."""
    return or_(at > place.at, and_(at == place.at, id_ > place.id))


def _encode(key: Sequence[str | int]) -> str:
    return base64.urlsafe_b64encode(json.dumps(list(key), separators=(",", ":")).encode()).decode().rstrip("=")


def _decode(cursor: str) -> list[Any]:
    try:
        found = json.loads(base64.b64decode(cursor.encode() + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise _bad() from None
    if not isinstance(found, list) or not all(isinstance(each, str | int) and _is_plain(str(each)) for each in found):
        raise _bad()
    return found


def _is_plain(text: str) -> bool:
    """Whether every database takes it: none takes half a surrogate pair, and PostgreSQL no zero byte."""
    return not any(each == "\0" or "\ud800" <= each <= "\udfff" for each in text)


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _bad() from None


def _bad() -> Unprocessable:
    return Unprocessable("bad-cursor", "This cursor is not one of this list; begin without one, and follow the `next` links.")
