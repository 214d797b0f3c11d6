"""Chromium as a reader has it, watched: whatever a page complains of is an error of the test that opened it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request, Response

CHROMIUM = "/usr/bin/chromium"
WCAG = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]
PHONE, DESK = {"width": 320, "height": 640}, {"width": 1280, "height": 900}
Scheme = Literal["light", "dark"]


@dataclass
class Watch:
    """What went wrong in the pages of one browser context: console errors and warnings, errors of scripts, failed requests, and
    dialogs, which no page of ours opens."""

    complaints: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)
    """Statuses of answers that the test asks for on purpose."""

    def follow(self, context: BrowserContext) -> None:
        context.on("console", self._console)
        context.on("weberror", lambda error: self.complaints.append(f"script: {error.error}"))
        context.on("requestfailed", self._failed)
        context.on("response", self._answered)
        context.on("dialog", self._dialog)

    def take(self) -> list[str]:
        """What was complained of since this was last asked."""
        taken, self.complaints = self.complaints, []
        return taken

    def _console(self, message: ConsoleMessage) -> None:
        is_of_status = "Failed to load resource" in message.text  # told by the response as well
        if message.type in {"error", "warning"} and not is_of_status:
            self.complaints.append(f"console {message.type}: {message.text} ({message.location.get('url')})")

    def _failed(self, request: Request) -> None:
        # A page that is left breaks off what it still loads.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"request failed: {request.method} {request.url}: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.expected:
            self.complaints.append(f"answer {response.status}: {response.request.method} {response.url}")

    def _dialog(self, dialog: Any) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()


@dataclass
class Reader:
    """Somebody at a browser. `page` is what it shows."""

    address: str
    context: BrowserContext
    page: Page
    watch: Watch

    def open(self, path: str) -> Page:
        """Open an address of the platform."""
        self.page.goto(self.address + path, wait_until="load")
        return self.page

    def sign_in(self, email: str, password: str) -> None:
        """By the form, as people do."""
        self.open("/account/sign-in")
        self.page.get_by_label("Mail address").fill(email)
        self.page.get_by_label("Password").fill(password)
        with self.page.expect_navigation():
            self.page.get_by_role("main").get_by_role("button", name="Sign in").click()

    def look(self, size: dict[str, int], scheme: Scheme) -> None:
        """Have the page shown at another size, in another color scheme; it is not loaded anew."""
        self.page.set_viewport_size({"width": size["width"], "height": size["height"]})
        self.page.emulate_media(color_scheme=scheme)

    def barriers(self) -> list[str]:
        """What axe finds on the page as it is shown now; one line for each element."""
        return self._found({"type": "tag", "values": WCAG})

    def faint_colors(self) -> list[str]:
        """What axe finds of colors alone: all that another color scheme can change."""
        return self._found({"type": "rule", "values": ["color-contrast", "link-in-text-block"]})

    def _found(self, rules: dict[str, Any]) -> list[str]:
        self.page.evaluate(f"window.axe || ({{}}, (0, function() {{ {AXE_SCRIPT} }})())")
        options = {"runOnly": rules, "resultTypes": ["violations"]}
        found = self.page.evaluate("options => axe.run(document, options).then(all => all.violations)", options)
        return [_told(violation, node) for violation in found for node in violation["nodes"]]

    def overflow_px(self) -> int:
        """By how many pixels the page is wider than the window: above 0 it scrolls sideways."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def _told(violation: dict[str, Any], node: dict[str, Any]) -> str:
    return (
        f"{violation['id']}: {' '.join(map(str, node['target']))}: {node['html'][:160]} ({node.get('failureSummary', '')[:200]})"
    )


@contextmanager
def launched(playwright: Playwright) -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
    yield browser
    browser.close()


@contextmanager
def reader_at(browser: Browser, address: str, **options: Any) -> Iterator[Reader]:
    """A new reader with cookies of their own; `options` are Playwright's."""
    context = browser.new_context(**{"viewport": DESK, "locale": "en-US", "timezone_id": "Europe/Berlin", **options})
    context.set_default_timeout(60_000)  # on a busy machine; nothing waits for it to pass
    watch = Watch()
    watch.follow(context)
    yield Reader(address, context, context.new_page(), watch)
    context.close()
