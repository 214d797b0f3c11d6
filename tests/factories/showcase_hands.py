"""Ways to use a page: with a mouse, with the keyboard alone, without JavaScript. A journey is told once, and gone in each."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Protocol

from playwright.sync_api import Locator, Page

FILE = "The image: a file made with docker save"
_MOST_TABS = 150
_DROP = """(place, file) => {
  const bytes = Uint8Array.from(atob(file.content), each => each.charCodeAt(0));
  const carried = new DataTransfer();
  carried.items.add(new File([bytes], file.name, {type: "application/x-tar", lastModified: file.modified}));
  for (const type of ["dragenter", "dragover", "drop"]) {
    place.dispatchEvent(new DragEvent(type, {bubbles: true, cancelable: true, dataTransfer: carried}));
  }
}"""


class Hands(Protocol):
    """`use` follows a link, presses a button or ticks a box; `write` fills a field in; `hand_over` gives a file to the upload."""

    def use(self, what: Locator) -> None: ...

    def write(self, field: Locator, text: str) -> None: ...

    def hand_over(self, page: Page, image: Path) -> None: ...


class Mouse:
    """Points and clicks, and drops the file."""

    def use(self, what: Locator) -> None:
        what.click()

    def write(self, field: Locator, text: str) -> None:
        field.fill(text)

    def hand_over(self, page: Page, image: Path) -> None:
        file = {"name": image.name, "content": base64.b64encode(image.read_bytes()).decode(), "modified": 1_767_225_600_000}
        page.locator("[data-drop]").evaluate(_DROP, file)


class Keyboard:
    """Tab, letters, Space and Enter; fails where Tab does not reach what is wanted."""

    def use(self, what: Locator) -> None:
        self._reach(what)
        kind = what.evaluate("each => each.type || each.tagName.toLowerCase()")
        what.page.keyboard.press("Space" if kind in {"checkbox", "radio"} else "Enter")

    def write(self, field: Locator, text: str) -> None:
        self._reach(field)
        field.page.keyboard.press("Control+A")
        field.page.keyboard.type(text)

    def hand_over(self, page: Page, image: Path) -> None:
        with page.expect_file_chooser() as chosen:
            self.use(page.get_by_label(FILE))
        chosen.value.set_files(image)
        self.use(page.get_by_role("button", name="Hand it in"))

    def _reach(self, what: Locator) -> None:
        what.wait_for()
        for _ in range(_MOST_TABS):
            if what.evaluate("each => each === document.activeElement"):
                self._see_the_focus(what)
                return
            what.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not reach {what}")

    @staticmethod
    def _see_the_focus(what: Locator) -> None:
        style = what.evaluate("each => getComputedStyle(each).outlineStyle + getComputedStyle(each).boxShadow")
        assert style != "nonenone", f"nobody sees that {what} has the focus"


class NoScript(Mouse):
    """A browser without JavaScript: plain forms."""

    def hand_over(self, page: Page, image: Path) -> None:
        page.get_by_label(FILE).set_input_files(image)
        page.get_by_role("button", name="Hand it in").click()
