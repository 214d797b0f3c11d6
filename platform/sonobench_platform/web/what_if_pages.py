"""The page of other weights: the ranking with another share for performance, other inner weights, another scheme."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from sonobench_platform.accounts.access import Visitor
from sonobench_platform.core import CoreDep
from sonobench_platform.web.board_state import BoardQuery, ViewState, read_state
from sonobench_platform.web.contexts import PageContext
from sonobench_platform.web.contexts_what_if import WhatIfPart
from sonobench_platform.web.rendering import page_response
from sonobench_platform.web.what_if_build import answered, no_ground_page, what_if_found, what_if_page
from sonobench_platform.web.what_if_query import Asked, read_asked, says_more

if TYPE_CHECKING:
    from sonobench_eval.ranking.scheme_comparison import OverCases
    from sonobench_platform.core import Core
    from sonobench_platform.leaderboards.comparing_shown import ShownBoard
    from sonobench_platform.leaderboards.what_if_ground import Ground

router = APIRouter(include_in_schema=False)
ROWS = "rows"
"""The value of `part` that asks for the answer alone."""


def what_if_state(name: str, query: Annotated[BoardQuery, Query()]) -> ViewState:
    """What of the table is asked for."""
    return read_state(f"/challenges/{name}/leaderboard/what-if", query)


@router.get("/challenges/{name}/leaderboard/what-if")
def what_if(
    request: Request, name: str, core: CoreDep, reader: Visitor, state: Annotated[ViewState, Depends(what_if_state)]
) -> Response:
    from sonobench_platform.leaderboards.comparing_shown import shown_board  # the ranking engine: not for every process

    said = request.query_params.multi_items()
    asked = read_asked(said)
    if says_more(said, asked) and request.query_params.get("part") != ROWS:
        return RedirectResponse(replace(state, extra=asked.extra).href(), 303, headers={"Cache-Control": "no-store"})
    with core.database.read() as session:
        shown = shown_board(session, reader, name, phase=state.phase, now=core.clock.now())
    return page_response(_context(request, core, shown, asked, state), reader=reader)


def _context(request: Request, core: Core, shown: ShownBoard, asked: Asked, state: ViewState) -> PageContext:
    from sonobench_platform.leaderboards.what_if_ground import NoGround, NoGroundError

    if shown.published is None:
        return no_ground_page(shown, NoGround.EMPTY, state)
    try:
        ground = _ground(shown.published.document, shown.definition_text, shown.definition_hash)
    except NoGroundError as error:
        return no_ground_page(shown, error.why, state)
    over_cases = _over_cases(core, shown, ground)
    if request.query_params.get("part") == ROWS:
        return WhatIfPart(what_if_found(ground, answered(ground, asked, over_cases=over_cases), state=state))
    return what_if_page(shown, ground, asked, over_cases=over_cases, state=state)


def _over_cases(core: Core, shown: ShownBoard, ground: Ground) -> Mapping[str, OverCases]:
    """Schemes that look at single cases: of closed phases alone."""
    from sonobench_platform.leaderboards.comparing_cases import SchemesOverCases, cases_behind

    return SchemesOverCases(ground, lambda: cases_behind(core, shown)) if shown.is_closed else {}


@lru_cache(maxsize=16)
def _ground(document: str, definition: str, definition_hash: str) -> Ground:
    # A published document never changes; every turn of a slider asks for the same one.
    from sonobench_eval.challenge.model import Challenge
    from sonobench_platform.leaderboards.comparing_shown import parsed
    from sonobench_platform.leaderboards.what_if_ground import ground_of

    return ground_of(parsed(document), Challenge.model_validate_json(definition), definition_hash=definition_hash)
