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
OPEN = "/challenges/thyroid-2026"
OPEN_BOARD = f"{OPEN}/leaderboard?phase=validation"
DESK = "/desk/challenges/thyroid-2026"


class Stop(NamedTuple):
    """A page of the walk. `<state>` in its path stands for the showcase's submission in that state, `<team>` for its team."""

    who: str
    path: str

    def address(self, showcase: Showcase) -> str:
        def known(found: re.Match[str]) -> str:
            return showcase.team_id if found[1] == "team" else {**showcase.submissions, **showcase.secrets}[found[1]]

        return re.sub(r"<([a-z: ]+)>", known, self.path)


def by(who: str, *paths: str) -> tuple[Stop, ...]:
    return tuple(Stop(who, path) for path in paths)


STOPS: MappingProxyType[str, tuple[Stop, ...]] = MappingProxyType(
    {
        "/": (*by("nobody", "/"), *by("captain", "/")),
        "/challenges/{name}": (*by("nobody", "/challenges/uusic25", OPEN), *by("organizer", OPEN)),
        "/challenges/{name}/leaderboard": (
            *by("nobody", BOARD, OPEN_BOARD),
            *by("captain", OPEN_BOARD),
        ),
        "/account": by("captain", "/account"),
        "/account/sign-up": by("nobody", "/account/sign-up"),
        "/account/sign-up/sent": by("nobody", "/account/sign-up/sent"),
        "/account/sign-in": by("nobody", "/account/sign-in"),
        "/account/forgotten": by("nobody", "/account/forgotten"),
        "/account/forgotten/sent": by("nobody", "/account/forgotten/sent"),
        "/account/confirm": by("nobody", "/account/confirm?token=<confirmation>"),
        "/account/reset": by("nobody", "/account/reset?token=<reset>"),
        "/invitations/{secret}": (*by("nobody", "/invitations/<invitation>"), *by("newcomer", "/invitations/<invitation>")),
        "/desk/nodes": by("administrator", "/desk/nodes"),
        "/desk/challenges/{name}/data": by("organizer", f"{DESK}/data"),
        "/desk/challenges/{name}/publish": by("organizer", f"{DESK}/publish"),
        "/desk/challenges/{name}/audit": by("organizer", f"{DESK}/audit"),
        "/desk/challenges/{name}/exports": by("organizer", f"{DESK}/exports"),
    }
)
"""From a route to what is looked at of it."""

NOT_PAGES: MappingProxyType[str, str] = MappingProxyType(
    {
        "/challenges/{name}/leaderboard.json": "JSON",
        "/challenges/{name}/leaderboard.csv": "CSV",
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
