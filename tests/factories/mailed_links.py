"""What people at the account pages begin with: a mailed link, an invitation, being signed in."""

from __future__ import annotations

import re
from typing import Any

from page_visitor import Visitor
from platform_browser import PASSWORD, signed_up
from platform_people import invite, mails, make_person, make_team

ADA, BO = "ada@example.org", "bo@example.org"
NEW = "seven teal kettles humming"
PUBLIC = "http://127.0.0.1:8100"


def mailed(world: Any, address: str) -> str:
    """The path of the link in the newest mail to an address, found as a person finds it."""
    found = re.search(rf"{re.escape(PUBLIC)}(/\S+)", _without_home(mails(world, address)[-1].body))
    assert found is not None
    return found[1]


def _without_home(body: str) -> str:
    return body.replace(f"{PUBLIC}.", "")


def invited(world: Any, email: str, *, team: str = "U-Vision") -> str:
    """Somebody's team invites an address; the path of the link in the mail."""
    captain = make_person(world, f"captain of {team}")
    return f"/invitations/{invite(world, captain, make_team(captain, team), email)}"


def signed_in(world: Any, email: str) -> Visitor:
    """Somebody with an account, at the pages and signed in."""
    signed_up(world, email)
    visitor = Visitor(world)
    visitor.open("/account/sign-in")
    assert visitor.send(email=email, password=PASSWORD).status_code == 200
    assert visitor.path == "/account"
    return visitor
