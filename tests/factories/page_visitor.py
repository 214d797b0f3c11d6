"""Somebody without JavaScript at a browser: opens pages, fills in their forms and goes where they are sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import httpx
from platform_browser import Browser

HTML = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}
HOME = {"Origin": "http://test", "Sec-Fetch-Site": "same-origin"}
"""What a browser says of a form that comes from one of the platform's own pages."""


@dataclass
class PageForm:
    """A form as its page has it: where it goes, and its fields with what is in them."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)


class Forms(HTMLParser):
    """Reads the forms of a page."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[PageForm] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            assert said["method"] == "post"
            self.forms.append(PageForm(said["action"]))
        if tag == "input":
            if said["type"] not in {"checkbox", "radio"} or "checked" in said:
                self.forms[-1].fields[said["name"]] = said.get("value", "")
            self.forms[-1].kinds[said["name"]] = said["type"]


class Visitor(Browser):
    """A browser on the pages. `page` is what it shows; it asks for pages, and carries no secret but those in forms."""

    page: httpx.Response
    path = ""

    def open(self, path: str) -> httpx.Response:
        """Open an address, and go where it leads."""
        return self._follow(self.get(path, headers=HTML), path)

    def form(self, to: str = "") -> PageForm:
        """The page's only form, or the first that goes to an address that ends so."""
        if not to:
            (found,) = Forms(self.page.text).forms
            return found
        return next(form for form in Forms(self.page.text).forms if form.action.partition("#")[0].endswith(to))

    def send(self, to: str = "", **typed: str) -> httpx.Response:
        """Fill the page's only form in, or the one that goes there, send it, and go where it leads."""
        form = self.form(to)
        assert set(typed) <= set(form.kinds)
        return self._follow(self.post_form(form.action, {**form.fields, **typed}), form.action)

    def post_form(self, path: str, fields: dict[str, str], **headers: str) -> httpx.Response:
        """Send a form as a browser would, and stay."""
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.post(path, content=urlencode(fields), headers={**HTML, **HOME, **kind, **headers})

    def _follow(self, answer: Any, path: str) -> httpx.Response:
        self.path = path
        for _ in range(5):
            if not answer.is_redirect:
                break
            assert answer.status_code == 303
            self.path = answer.headers["location"]
            assert self.path.startswith("/")
            assert not self.path.startswith("//")
            answer = self.get(self.path, headers=HTML)
        self.page = answer
        return answer
