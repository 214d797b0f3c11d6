"""Pages and files of published rankings at their permanent addresses, and the badge of a team."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Literal, NamedTuple

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_platform.accounts.access import Visitor
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.core import Core, CoreDep
from sonobench_platform.desk.etags import is_known
from sonobench_platform.domain.errors import NotFound
from sonobench_platform.leaderboards.snapshots import FoundSnapshot, snapshot_of
from sonobench_platform.web.board_state import BoardQuery, read_state
from sonobench_platform.web.build import board_source
from sonobench_platform.web.cite_bibtex import bibtex_of, latex_of
from sonobench_platform.web.pages import PhaseQuery, RecordsDep
from sonobench_platform.web.rendering import SECURITY_HEADERS, page_response
from sonobench_platform.web.snapshot_badge import badge_svg, rank_words
from sonobench_platform.web.snapshot_build import card_line, cited_of, snapshot_context, snapshot_path
from sonobench_platform.web.snapshot_card import card_png
from sonobench_platform.web.snapshot_social import board_card
from sonobench_platform.web.source import PublicChallenge, PublicRecords, PublishedBoard

router = APIRouter(include_in_schema=False)

Form = Literal["json", "csv", "tex", "bib", "png"]
_WHOLE = 64
_FOREVER = "public, max-age=31536000, immutable"
_A_DAY = "public, max-age=86400"
_MINUTES = "public, max-age=300"
VARY = "Cookie, Authorization, Accept-Language"
EVERYWHERE = {"Cross-Origin-Resource-Policy": "cross-origin"}
"""For pictures that are made to be shown on other sites."""


class Shown(NamedTuple):
    """A snapshot with its challenge; `board` is what of it is for the public, `server` how people reach this platform."""

    challenge: PublicChallenge
    snapshot: FoundSnapshot
    published: PublishedBoard
    board: Leaderboard
    server: str


class File(NamedTuple):
    content: bytes
    media_type: str


@router.get("/challenges/{name}/snapshots/{digest}.{form}")
def snapshot_file(
    request: Request, *, core: CoreDep, records: RecordsDep, reader: Visitor, name: str, digest: str, form: Form
) -> Response:
    """The snapshot in another form. What is made of it anew may be made better one day, so only the document is kept forever."""
    shown = _shown(core, records, reader, name, digest)
    if len(digest) < _WHOLE:
        return _to_whole(shown, f".{form}")
    caching = _FOREVER if form == "json" else _A_DAY
    headers = {
        "Content-Disposition": f'inline; filename="{name}-{shown.snapshot.line.digest[:12]}.{form}"',
        **(EVERYWHERE if form == "png" else {}),
    }
    file = _FILES[form](shown)
    return _kept(request, file, caching if shown.snapshot.is_for_all and reader is None else None, headers)


@router.get("/challenges/{name}/snapshots/{digest}")
def snapshot_page(
    request: Request,
    *,
    core: CoreDep,
    records: RecordsDep,
    reader: Visitor,
    name: str,
    digest: str,
    query: Annotated[BoardQuery, Query()],
) -> Response:
    shown = _shown(core, records, reader, name, digest)
    if len(digest) < _WHOLE:
        return _to_whole(shown, f"?{request.url.query}" if request.url.query else "")
    state = read_state(snapshot_path(name, shown.snapshot.line), query.model_copy(update={"phase": None}))
    context = snapshot_context(shown.challenge, shown.snapshot, shown.published, server=shown.server, state=state)
    return tagged(request, page_response(context, reader=reader))


@router.get("/challenges/{name}/badge.svg")
def badge(
    request: Request,
    *,
    records: RecordsDep,
    reader: Visitor,
    name: str,
    team: Annotated[str, Query(max_length=200)],
    phase: PhaseQuery = None,
) -> Response:
    """A team's rank on the present board, for its README; the team by its name on the board."""
    challenge = challenge_named(records, name)
    published = records.latest_board(name, *(() if phase is None else (phase,)))
    words = None if published is None else rank_words(published.board, team)
    if words is None:
        raise NotFound("team-not-on-board", "No team of that name is on this board; write the name as the board does.")
    file = File(badge_svg(challenge.definition.title, words).encode(), "image/svg+xml")
    return _kept(request, file, _MINUTES if reader is None else None, EVERYWHERE)


def tagged(request: Request, response: Response) -> Response:
    """The response with the hash of what it says as its tag; without its body where the reader has that already."""
    etag = f'"{hashlib.sha256(response.body).hexdigest()[:32]}"'
    response.headers["ETag"] = etag
    if not is_known(request, etag):
        return response
    headers = {name: value for name, value in response.headers.items() if name not in {"content-length", "content-type"}}
    return Response(status_code=304, headers=headers)


def challenge_named(records: PublicRecords, name: str) -> PublicChallenge:
    """The challenge, as its reader may know of it.

    Raises:
        NotFound: there is none for them.
    """
    challenge = records.challenge(name)
    if challenge is None:
        raise NotFound("challenge-not-found", "No challenge has this name.")
    return challenge


def _shown(core: Core, records: PublicRecords, reader: Identity | None, name: str, digest: str) -> Shown:
    with core.database.read() as session:
        found = snapshot_of(session, reader, name, digest=digest, now=core.clock.now())
    challenge = challenge_named(records, name)
    whole = PublishedBoard(_parsed(found.document), found.document, found.line.content_hash)
    return Shown(challenge, found, whole, board_source(challenge, whole).board, records.public_url())


@lru_cache(maxsize=8)
def _parsed(document: str) -> Leaderboard:
    # A published document never changes, and a page's reader often asks for its files too.
    return Leaderboard.from_json(document)


def _to_whole(shown: Shown, rest: str) -> Response:
    """An address with part of a hash may mean several snapshots one day; the whole one never does."""
    address = snapshot_path(shown.snapshot.challenge, shown.snapshot.line) + rest
    return RedirectResponse(address, 302, headers={"Cache-Control": "no-cache"})


def _kept(request: Request, file: File, caching: str | None, headers: dict[str, str]) -> Response:
    """A file that caches may keep; None: only the reader's own, and after asking."""
    said = {
        **SECURITY_HEADERS,
        **headers,
        "Cache-Control": caching or "private, no-cache",
        "Vary": "Cookie, Authorization, Accept-Language",
    }
    return tagged(request, Response(file.content, media_type=file.media_type, headers=said))


def _json(shown: Shown) -> File:
    return File(shown.snapshot.document.encode(), "application/json")


def _csv(shown: Shown) -> File:
    from sonobench_eval.report.tables import leaderboard_csv

    return File(leaderboard_csv(shown.board).encode(), "text/csv; charset=utf-8")


def _tex(shown: Shown) -> File:
    text = latex_of(cited_of(shown.snapshot, shown.board, server=shown.server), shown.board)
    return File(text.encode(), "application/x-tex; charset=utf-8")


def _bib(shown: Shown) -> File:
    text = bibtex_of(cited_of(shown.snapshot, shown.board, server=shown.server))
    return File(text.encode(), "application/x-bibtex; charset=utf-8")


def _png(shown: Shown) -> File:
    address = shown.server + snapshot_path(shown.snapshot.challenge, shown.snapshot.line)[:-52]
    card = board_card(shown.board, line=card_line(shown.snapshot, len(shown.board.rows)), address=address)
    return File(card_png(card), "image/png")


_FILES: dict[Form, Callable[[Shown], File]] = {"json": _json, "csv": _csv, "tex": _tex, "bib": _bib, "png": _png}
