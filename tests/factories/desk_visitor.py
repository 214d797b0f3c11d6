"""Somebody without JavaScript at the organizer desk: pages with several forms, boxes to check, fields to choose from."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import httpx
from page_visitor import HOME, HTML, Visitor
from platform_people import Person

from sonobench_platform.accounts import sessions
from sonobench_platform.db.models import PersonRow

Fields = list[tuple[str, str]]


@dataclass
class DeskForm:
    """A form as its page has it. `fields` are those that a browser sends as they are; `boxes` are there to be checked."""

    method: str
    action: str
    fields: Fields = field(default_factory=list)
    boxes: list[tuple[str, str]] = field(default_factory=list)
    options: dict[str, list[str]] = field(default_factory=dict)

    def values(self, name: str) -> list[str]:
        return [value for known, value in self.fields if known == name]


class _Forms(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[DeskForm] = []
        self._select = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(DeskForm(said["method"], said["action"]))
        elif tag == "input" and said.get("name"):
            self._input(said)
        elif tag == "select":
            self._select = said["name"]
        elif tag == "option":
            self._option(said)

    def _input(self, said: dict[str, str]) -> None:
        form, pair = self.forms[-1], (said["name"], said.get("value", ""))
        if said["type"] == "checkbox":
            form.boxes.append(pair)
            if "checked" not in said:
                return
        form.fields.append(pair)

    def _option(self, said: dict[str, str]) -> None:
        form = self.forms[-1]
        known = form.options.setdefault(self._select, [])
        known.append(said["value"])
        if len(known) == 1:
            form.fields.append((self._select, said["value"]))
        elif "selected" in said:
            form.fields = [pair for pair in form.fields if pair[0] != self._select] + [(self._select, said["value"])]


class DeskVisitor(Visitor):
    """A browser at the desk; `sent_as` is the last form as it went out, to send it again."""

    sent_as: tuple[str, Fields]

    def forms(self) -> list[DeskForm]:
        return _Forms(self.page.text).forms

    def form_to(self, end: str) -> DeskForm:
        """The page's first form whose address ends so."""
        return next(each for each in self.forms() if each.action.endswith(end))

    def submit(self, end: str, check: list[str] | None = None, **typed: str) -> httpx.Response:
        """Fill the form whose address ends so in, check these boxes and no others (None: as they are), and send it."""
        form = self.form_to(end)
        names = {name for name, _ in (*form.fields, *form.boxes)} | {"decision"}
        assert set(typed) <= names, (typed, names)
        fields = [pair for pair in form.fields if pair[0] not in typed]
        if check is not None:
            boxes = [pair for pair in form.boxes if pair[1] in check]
            assert len(boxes) == len(check), (form.boxes, check)
            fields = [*(pair for pair in fields if pair not in form.boxes), *boxes]
        self.sent_as = (form.action, [*fields, *typed.items()])
        return self.send_again()

    def send_again(self) -> httpx.Response:
        """Send the last form once more, as a double click does, and go where it leads."""
        path, fields = self.sent_as
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._follow(self.post(path, content=urlencode(fields), headers={**HTML, **HOME, **kind}), path)


def at_desk(world: Any, person: Person) -> DeskVisitor:
    """The person's browser, signed in."""
    core, visitor = world.platform.core, DeskVisitor(world)
    with core.database.write() as work:
        made = sessions.start(core, work, work.session.get_one(PersonRow, person.id), agent="Lynx")
    visitor.cookies.set(sessions.cookie_name(core.settings), made.cookie)
    return visitor
