"""Which part of a board one looks at, as its address says it: view, order, search, columns, page. Nothing of it is trusted."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import urlencode

from pydantic import BaseModel, Field

OVERALL = "overall"
PAGE_SIZES = (50, 100)
LONGEST_SEARCH = 100
_LONGEST_NAME = 100
_MOST_COLUMNS = 100
_LONGEST_LIST = 4000

Order = Literal["asc", "desc"]


@dataclass(frozen=True, slots=True)
class ViewState:
    """What a reader chose. Empty texts: the view's own choice.

    `path` is the page that the links lead to, and `extra` what else its address carries (the weights of a what-if, say).
    `of` narrows a view down: to a task, or to a metric. `page` counts from 1; `size` is teams a page.
    """

    path: str
    view: str = OVERALL
    of: str = ""
    sort: str = ""
    order: Order | None = None
    text: str = ""
    columns: tuple[str, ...] = ()
    page: int = 1
    size: int = PAGE_SIZES[0]
    phase: str | None = None
    extra: tuple[tuple[str, str], ...] = ()

    def parameters(self) -> tuple[tuple[str, str], ...]:
        """The address's parameters, without those that say what goes without saying."""
        named = (
            ("phase", self.phase or ""),
            ("view", "" if self.view == OVERALL else self.view),
            ("of", self.of),
            ("q", self.text),
            ("cols", ",".join(self.columns)),
            ("sort", self.sort),
            ("order", self.order or ""),
            ("size", "" if self.size == PAGE_SIZES[0] else str(self.size)),
            ("page", "" if self.page == 1 else str(self.page)),
        )
        return (*((name, value) for name, value in named if value), *self.extra)

    def href(self, *, path: str | None = None, **changes: Any) -> str:
        """The address of this state with some of it changed; `path` for another page of the same board."""
        parameters = replace(self, **changes).parameters()
        query = urlencode(parameters, safe=",")
        return f"{path or self.path}?{query}" if query else path or self.path

    def hidden(self, *without: str) -> tuple[tuple[str, str], ...]:
        """What a form must carry along for its address to keep the rest: all but its own fields, and the page's number."""
        return tuple((name, value) for name, value in self.parameters() if name not in {"page", *without})

    @property
    def is_plain(self) -> bool:
        """Whether it is the board as everyone first meets it."""
        return not [name for name, _ in self.parameters() if name != "phase"]


class BoardQuery(BaseModel):
    """An address's parameters as they are typed. No text is refused."""

    phase: str | None = Field(default=None, max_length=64)
    view: str = OVERALL
    of: str = ""
    sort: str = ""
    order: str = ""
    q: str = ""
    cols: list[str] = []
    page: str = ""
    size: str = ""


def read_state(path: str, query: BoardQuery, *, extra: tuple[tuple[str, str], ...] = ()) -> ViewState:
    """The state that an address's parameters say; what makes no sense is as if it were not there."""
    names = dict.fromkeys(name.strip() for each in query.cols[:_MOST_COLUMNS] for name in each[:_LONGEST_LIST].split(","))
    return ViewState(
        path=path,
        view=query.view[:_LONGEST_NAME],
        of=query.of[:_LONGEST_NAME],
        sort=query.sort[:_LONGEST_NAME],
        order="asc" if query.order == "asc" else "desc" if query.order == "desc" else None,
        text=" ".join(unicodedata.normalize("NFC", query.q[:LONGEST_SEARCH]).split()),
        columns=tuple(name[:_LONGEST_NAME] for name in names if name)[:_MOST_COLUMNS],
        page=_whole(query.page, 1),
        size=found if (found := _whole(query.size, PAGE_SIZES[0])) in PAGE_SIZES else PAGE_SIZES[0],
        phase=query.phase or None,
        extra=extra,
    )


def _whole(text: str, default: int) -> int:
    return max(int(text), 1) if text.isascii() and text.isdigit() and len(text) < 8 else default
