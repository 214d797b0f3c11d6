"""The public pages, and the JSON and CSV beside the board. Every page works without JavaScript."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from sonobench_eval.report.tables import leaderboard_csv
from sonobench_platform.accounts.access import Visitor
from sonobench_platform.core import CoreDep
from sonobench_platform.domain.errors import NotFound
from sonobench_platform.problems import Problem
from sonobench_platform.web.account_build import SIGN_IN, address, refused_context
from sonobench_platform.web.board_files import view_csv, view_json
from sonobench_platform.web.board_state import BoardQuery, ViewState, read_state
from sonobench_platform.web.build import (
    board_context,
    board_source,
    not_found_context,
    trouble_context,
)
from sonobench_platform.web.challenge_build import challenge_context, challenges_context
from sonobench_platform.web.phases import main_phase_hidden, phase_query
from sonobench_platform.web.records import records_of
from sonobench_platform.web.rendering import SECURITY_HEADERS, page_response, private_response, static_response
from sonobench_platform.web.snapshot_as_of import AsOfQuery, as_of_response
from sonobench_platform.web.snapshot_social import with_social
from sonobench_platform.web.source import BesideBoard, PublicChallenge, PublicRecords, PublishedBoard

router = APIRouter(include_in_schema=False)

RecordsDep = Annotated[PublicRecords, Depends(records_of)]
_OWN = ("/account", "/invitations/", "/portal", "/desk", "/teams/", "/submissions/")
"""Pages that one signs in for, most of them: where nobody is, they lead to the form for that."""

PhaseQuery = Annotated[str | None, Query(max_length=64)]


def view_state(name: str, query: Annotated[BoardQuery, Query()]) -> ViewState:
    """What of a board is asked for."""
    return read_state(f"/challenges/{name}/leaderboard", query)


StateDep = Annotated[ViewState, Depends(view_state)]


@router.get("/")
def challenges_page(core: CoreDep, records: RecordsDep, reader: Visitor) -> Response:
    challenges = records.challenges()
    boards = [_shown_board(records, challenge) for challenge in challenges]
    return page_response(challenges_context(challenges, boards, now=core.clock.now()), reader=reader)


@router.get("/challenges/{name}")
def challenge_page(name: str, *, core: CoreDep, records: RecordsDep, reader: Visitor) -> Response:
    challenge = _challenge(records, name)
    has_board = _shown_board(records, challenge) is not None
    context = challenge_context(challenge, has_board=has_board, server=records.public_url(), now=core.clock.now())
    return page_response(context, reader=reader)


@router.get("/challenges/{name}/leaderboard")
def leaderboard_page(
    name: str, *, core: CoreDep, records: RecordsDep, reader: Visitor, state: StateDep, as_of: AsOfQuery = None
) -> Response:
    if as_of is not None:
        return as_of_response(core, reader, name, phase=state.phase, as_of=as_of)
    challenge = _challenge(records, name)
    board = records.latest_board(name, *_named(state.phase))
    absent = records.teams_without_score(name, *_named(state.phase))
    beside = _beside(records, name, state)
    context = board_context(challenge, board, state=state, beside=beside, teams_without_score=absent)
    social = with_social(context, server=records.public_url(), name=name, query=phase_query(state.phase))
    return page_response(social, reader=reader)


@router.get("/challenges/{name}/leaderboard.json")
def leaderboard_json(name: str, records: RecordsDep, state: StateDep) -> Response:
    """The document that was published; where the address says which table of it, that table."""
    board = _board(records, name, state.phase)
    if state.is_plain:
        return _download(board.document.encode(), "application/json")
    source = board_source(_challenge(records, name), board, _beside(records, name, state))
    return _download(view_json(source, state, snapshot=board.hash).encode(), "application/json")


@router.get("/challenges/{name}/leaderboard.csv")
def leaderboard_as_csv(name: str, records: RecordsDep, state: StateDep) -> Response:
    """The whole board; where the address says which table of it, that table."""
    board = _board(records, name, state.phase)
    if state.is_plain:
        return _download(leaderboard_csv(board.board).encode(), "text/csv; charset=utf-8")
    source = board_source(_challenge(records, name), board, _beside(records, name, state))
    return _download(view_csv(source, state).encode(), "text/csv; charset=utf-8")


@router.get("/static/{name}")
def static(name: str) -> Response:
    found = static_response(name)
    if found is None:
        raise NotFound("not-found", "There is no such file.")
    return found


@router.get("/favicon.ico")
def favicon() -> Response:
    return static("icon.svg")


def error_page(request: Request, problem: Problem) -> Response | None:
    """A page instead of a problem document, for people who ask for pages; None leaves the document."""
    path = request.url.path
    is_api = path.startswith(("/api/", "/internal/", "/static/")) or path.endswith((".json", ".csv"))
    if is_api or "text/html" not in request.headers.get("accept", "text/html"):
        return None
    if path.startswith(_OWN):
        if problem.status == HTTPStatus.UNAUTHORIZED and request.method in {"GET", "HEAD"}:
            return RedirectResponse(address(SIGN_IN, _asked(request)), 303, headers={"Cache-Control": "no-store"})
        return private_response(refused_context(problem), status=problem.status)
    if request.method not in {"GET", "HEAD"}:
        return None
    missing = problem.status == HTTPStatus.NOT_FOUND
    context = not_found_context(problem.detail) if missing else trouble_context(problem.status, problem.detail)
    return page_response(context, status=problem.status)


def _asked(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _challenge(records: PublicRecords, name: str) -> PublicChallenge:
    challenge = records.challenge(name)
    if challenge is None:
        raise NotFound(
            "challenge-not-found", "No challenge has this name. Names tell upper from lower case; see the list of challenges."
        )
    return challenge


def _shown_board(records: PublicRecords, challenge: PublicChallenge) -> PublishedBoard | None:
    """The challenge's own board; None where there is none, or it is not shown to whoever looks."""
    return None if main_phase_hidden(challenge) else records.latest_board(challenge.definition.name)


def _named(phase: str | None) -> tuple[str, ...]:
    return () if phase is None else (phase,)


def _board(records: PublicRecords, name: str, phase: str | None) -> PublishedBoard:
    _challenge(records, name)
    board = records.latest_board(name, *_named(phase))
    if board is None:
        raise NotFound("leaderboard-not-found", "There is no leaderboard yet: no algorithm has been scored.")
    return board


def _beside(records: PublicRecords, name: str, state: ViewState) -> BesideBoard:
    return records.beside_board(name, *_named(state.phase))


def _download(content: bytes, media_type: str) -> Response:
    return Response(content, media_type=media_type, headers=SECURITY_HEADERS | {"Cache-Control": "no-cache"})
