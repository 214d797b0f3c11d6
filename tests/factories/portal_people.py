"""People at the portal's pages: signed in with a session of their own, in teams, without JavaScript."""

from __future__ import annotations

import re
from typing import Any

import httpx
from page_visitor import HOME, HTML, Visitor
from platform_browser import PASSWORD
from platform_people import Person, make_person

from sonobench_platform.accounts import sessions
from sonobench_platform.accounts.passwords import hash_password
from sonobench_platform.db.models import PersonRow

MARK = "----WebKitFormBoundary7MA4YWxkTrZu0gW"


def at_the_portal(world: Any, person: Person) -> Visitor:
    """The person's browser, signed in."""
    core = world.platform.core
    with core.database.write() as work:
        made = sessions.start(core, work, work.session.get_one(PersonRow, person.id), agent="Lynx")
    visitor = Visitor(world)
    visitor.cookies.set(sessions.cookie_name(core.settings), made.cookie)
    return visitor


def with_password(world: Any, name: str, **details: Any) -> Person:
    return make_person(world, name, password_hash=hash_password(PASSWORD), **details)


def words_of(page: httpx.Response) -> str:
    """What a page says, without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", page.text).replace("&#39;", "'").split())


def steps_of(page: httpx.Response) -> dict[str, str]:
    """Each step of a checklist, and how far it is: `{"entry": "done"}`."""
    return {anchor: mark for mark, anchor in re.findall(r'<li class="step" data-mark="(\w+)" id="([\w-]+)">', page.text)}


def whole_form(fields: dict[str, str], file: bytes, *, filename: str = "image.tar") -> bytes:
    """A form with a file as a browser sends it, the file last."""
    begin = f"--{MARK}\r\nContent-Disposition: form-data; name="
    plain = "".join(f'{begin}"{name}"\r\n\r\n{value}\r\n' for name, value in fields.items())
    head = f'{begin}"image"; filename="{filename}"\r\nContent-Type: application/x-tar\r\n\r\n'
    return plain.encode() + head.encode() + file + f"\r\n--{MARK}--\r\n".encode()


def send_form(visitor: Visitor, path: str, body: bytes, **headers: str) -> httpx.Response:
    """Send it, and stay."""
    kind = {"Content-Type": f"multipart/form-data; boundary={MARK}"}
    return visitor.post(path, content=body, headers={**HTML, **HOME, **kind, **headers})
