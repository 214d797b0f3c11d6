"""The way from a date to the permanent address of the ranking that was on show then."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response
from fastapi.responses import RedirectResponse

from sonobench_platform.accounts.identity import Identity
from sonobench_platform.core import Core
from sonobench_platform.leaderboards.snapshots import snapshot_as_of
from sonobench_platform.web.snapshot_build import snapshot_path
from sonobench_platform.web.snapshot_moment import read_moment

AsOfQuery = Annotated[str | None, Query(max_length=60)]


def as_of_response(core: Core, reader: Identity | None, name: str, *, phase: str | None, as_of: str) -> Response:
    """Lead to the snapshot that was on show at a moment.

    Raises:
        BadRequest: it is no date and no moment. NotFound: nothing was on show then, or nothing is shown to the reader.
    """
    moment = read_moment(as_of)
    with core.database.read() as session:
        line = snapshot_as_of(session, reader, name, phase=phase, moment=moment, now=core.clock.now())
    return RedirectResponse(snapshot_path(name, line), 303, headers={"Cache-Control": "no-cache"})
