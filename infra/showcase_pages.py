"""Every page that the platform has, as an address of the showcase and who reads it there.

A page that is added gets its line here, or `test_every_page_is_known` fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import MappingProxyType
from typing import NamedTuple

from fastapi.routing import APIRoute

from infra.showcase import Showcase
from sonobench_platform.app import PAGES

BOARD = "/challenges/uusic25/leaderboard"
PAIR = f"{BOARD}/compare?a=485a8bc03036&b=4820df4f517c"
"""SMART and Lanzhou side by side, by the keys that compare pages know teams by."""
OPEN = "/challenges/thyroid-2026"
OPEN_BOARD = f"{OPEN}/leaderboard?phase=validation"
DESK = "/desk/challenges/thyroid-2026"


class Stop(NamedTuple):
    """A page of the walk. `<state>` in its path stands for the showcase's submission in that state, `<team>` for its team."""

    who: str
    path: str

    def address(self, showcase: Showcase) -> str:
        def known(found: re.Match[str]) -> str:
            return {**showcase.submissions, **showcase.things}[found[1]]

        return re.sub(r"<([a-z:, ]+)>", known, self.path)


def by(who: str, *paths: str) -> tuple[Stop, ...]:
    return tuple(Stop(who, path) for path in paths)


_OWN = (
    "uploading",
    "checking",
    "rejected",
    "running",
    "scoring",
    "scored",
    "scored with findings",
    "scored, disqualified",
    "failed: participant",
    "failed: platform",
    "failed: undetermined",
    "cancelled",
    "withdrawn",
)
"""Of the captain's team."""

STOPS: MappingProxyType[str, tuple[Stop, ...]] = MappingProxyType(
    {
        "/": (*by("nobody", "/"), *by("captain", "/")),
        "/challenges/{name}": (*by("nobody", "/challenges/uusic25", OPEN), *by("organizer", OPEN)),
        "/challenges/{name}/leaderboard": (
            *by("nobody", BOARD, OPEN_BOARD),
            *by("captain", OPEN_BOARD),
        ),
        "/challenges/{name}/leaderboard/charts": by("nobody", f"{BOARD}/charts"),
        "/challenges/{name}/leaderboard/what-if": by("nobody", f"{BOARD}/what-if"),
        "/challenges/{name}/leaderboard/compare": by("nobody", f"{BOARD}/compare", PAIR),
        "/challenges/{name}/leaderboard/difficulty": by("nobody", f"{BOARD}/difficulty"),
        "/challenges/{name}/leaderboard/history": by("nobody", f"{BOARD}/history"),
        "/challenges/{name}/snapshots/{digest}": by("nobody", "/challenges/uusic25/snapshots/<snapshot>"),
        "/portal": (*by("nobody", "/portal"), *by("captain", "/portal"), *by("newcomer", "/portal")),
        "/portal/challenges/{name}": (
            *by("captain", "/portal/challenges/thyroid-2026", "/portal/challenges/uusic25"),
            *by("newcomer", "/portal/challenges/thyroid-2026"),
        ),
        "/portal/challenges/{name}/withdraw": by("captain", "/portal/challenges/thyroid-2026/withdraw"),
        "/teams/{team_id}": (*by("captain", "/teams/<team>"), *by("member", "/teams/<team>")),
        "/teams/{team_id}/leave": by("member", "/teams/<team>/leave"),
        "/teams/{team_id}/delete": by("captain", "/teams/<team>/delete"),
        "/teams/{team_id}/members/{person_id}/captain": by("captain", "/teams/<team>/members/<member>/captain"),
        "/teams/{team_id}/members/{person_id}/remove": by("captain", "/teams/<team>/members/<member>/remove"),
        "/submissions/{submission_id}": (
            *by("captain", *(f"/submissions/<{each}>" for each in _OWN)),
            *by("organizer", "/submissions/<failed: undetermined>", "/submissions/<scored with findings>"),
        ),
        "/desk": by("organizer", "/desk"),
        "/desk/nodes": by("administrator", "/desk/nodes"),
        "/desk/challenges/{name}": by("organizer", DESK),
        "/desk/challenges/{name}/teams": by("organizer", f"{DESK}/teams"),
        "/desk/challenges/{name}/teams/{team_id}": by("organizer", f"{DESK}/teams/<team>"),
        "/desk/challenges/{name}/submissions": by("organizer", f"{DESK}/submissions"),
        "/desk/challenges/{name}/failures": by("organizer", f"{DESK}/failures"),
        "/desk/challenges/{name}/failures/{submission_id}/log": by("organizer", f"{DESK}/failures/<failed: participant>/log"),
        "/desk/challenges/{name}/quota": by("organizer", f"{DESK}/quota"),
        "/desk/challenges/{name}/data": by("organizer", f"{DESK}/data"),
        "/desk/challenges/{name}/publish": by("organizer", f"{DESK}/publish"),
        "/desk/challenges/{name}/audit": by("organizer", f"{DESK}/audit"),
        "/desk/challenges/{name}/exports": by("organizer", f"{DESK}/exports"),
        "/account": by("captain", "/account"),
        "/account/sign-up": by("nobody", "/account/sign-up"),
        "/account/sign-up/sent": by("nobody", "/account/sign-up/sent"),
        "/account/sign-in": by("nobody", "/account/sign-in"),
        "/account/forgotten": by("nobody", "/account/forgotten"),
        "/account/forgotten/sent": by("nobody", "/account/forgotten/sent"),
        "/account/confirm": by("nobody", "/account/confirm?token=<confirmation>"),
        "/account/reset": by("nobody", "/account/reset?token=<reset>"),
        "/account/password": by("captain", "/account/password"),
        "/account/sessions": by("captain", "/account/sessions"),
        "/account/tokens": by("captain", "/account/tokens"),
        "/account/data": by("captain", "/account/data"),
        "/account/erase": by("captain", "/account/erase"),
        "/invitations/{secret}": (*by("nobody", "/invitations/<invitation>"), *by("newcomer", "/invitations/<invitation>")),
    }
)
"""From a route to what is looked at of it."""

NOT_PAGES: MappingProxyType[str, str] = MappingProxyType(
    {
        "/challenges/{name}/leaderboard.json": "JSON",
        "/challenges/{name}/leaderboard.csv": "CSV",
        "/challenges/{name}/leaderboard/compare.csv": "CSV",
        "/challenges/{name}/leaderboard/history.csv": "CSV",
        "/challenges/{name}/leaderboard.atom": "a feed",
        "/challenges/{name}/snapshots/{digest}.{form}": "files",
        "/challenges/{name}/badge.svg": "a picture",
        "/submissions/{submission_id}/events": "what happens, as it happens",
        "/account/export": "JSON",
        "/challenges/{name}/card.png": "a picture",
        "/challenges/{name}/definition.yaml": "YAML",
        "/challenges/{name}/leaderboard/charts/{digest}/{file}": "a chart's files",
        "/challenges/{name}/leaderboard/difficulty.csv": "CSV",
        "/desk/challenges/{name}/done/{ticket}": "what came of a form, whose ticket nobody else has",
        "/vega/{file}": "a script and what it draws",
        "/static/{name}": "styles, scripts and pictures",
        "/favicon.ico": "a picture",
    }
)
"""Routes that give no page, and what they give."""


def page_routes() -> Iterator[str]:
    """The path of every route that browsers may read."""
    for router in PAGES:
        for route in router.routes:
            if isinstance(route, APIRoute) and "GET" in (route.methods or ()):
                yield route.path


def all_stops() -> list[Stop]:
    return [stop for stops in STOPS.values() for stop in stops]
