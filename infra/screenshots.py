"""Pictures of every page in a state with content, for the docs: light on a desk, dark on a phone.

    python -m infra.screenshots          (`make screenshots`) writes docs/screenshots and docs/pages.md

The pages are those of the showcase (`showcase.py`), opened in Debian's Chromium. Pictures are reduced to a few dozen colors: the
whole folder stays small enough to lie in the repository.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from infra.real_services import spare_port
from infra.screenshot_list import CHAPTERS
from infra.showcase import Showcase, draw_charts, make_showcase

DOCS = Path(__file__).resolve().parent.parent / "docs"
CHROMIUM = "/usr/bin/chromium"
LARGEST_FOLDER_BYTES = 3_000_000
_HEIGHT = 800
_COLORS = 40
_GAP = 24
_PICTURES_ARE_THERE = """() => [...document.images].every((each) =>
  each.getBoundingClientRect().top > innerHeight || (each.complete && each.naturalWidth > 0))"""


def main() -> None:
    """Make a showcase, take every picture, write the page that shows them."""
    with tempfile.TemporaryDirectory() as folder:
        showcase = make_showcase(Path(folder) / "home")
        draw_charts(showcase.home)
        target = DOCS / "screenshots"
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        with _served(showcase.home) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            _take_all(browser, address, showcase, target)
            browser.close()
    (DOCS / "pages.md").write_text(page_of_pictures())
    taken = sum(path.stat().st_size for path in target.iterdir())
    print(f"{len(list(target.iterdir()))} pictures, {taken / 1e6:.1f} MB")
    if taken > LARGEST_FOLDER_BYTES:
        sys.exit(f"the pictures take more than {LARGEST_FOLDER_BYTES / 1e6:.0f} MB; use fewer colors")


def page_of_pictures() -> str:
    """The docs' page, as Markdown."""
    parts = [
        "# The pages in pictures\n\nLeft: light, on a desk. Right: the same page dark, on a phone. Names and levels of the "
        "closed challenge follow the published table of UUSIC25; every single score in the pictures is made up. "
        "`make screenshots` takes them anew."
    ]
    for chapter in CHAPTERS:
        parts.append(f"## {chapter.title}")
        parts += [f"**{shot.sentence}**\n\n![{shot.sentence}](screenshots/{shot.name}.png)" for shot in chapter.shots]
    return "\n\n".join(parts) + "\n"


def _take_all(browser: Browser, address: str, showcase: Showcase, target: Path) -> None:
    readers = {
        who: _reader(browser, address, showcase, who) for who in {shot.stop.who for _, shots in CHAPTERS for shot in shots}
    }
    for chapter in CHAPTERS:
        for shot in chapter.shots:
            picture = _both(readers[shot.stop.who], address + shot.stop.address(showcase))
            picture.save(target / f"{shot.name}.png", optimize=True)


def _reader(browser: Browser, address: str, showcase: Showcase, who: str) -> BrowserContext:
    context = browser.new_context(locale="en-US", timezone_id="Europe/Berlin")
    if who != "nobody":
        page, person = context.new_page(), showcase.people[who]
        page.goto(f"{address}/account/sign-in")
        page.locator("input[name=email]").fill(person.email)
        page.locator("input[name=password]").fill(person.password)
        page.locator("main form button").first.click()
        page.wait_for_load_state("load")
        page.close()
    return context


def _both(reader: BrowserContext, url: str) -> Image.Image:
    """A page light on a desk beside the same one dark on a phone, in few colors."""
    page = reader.new_page()
    page.set_viewport_size({"width": 1280, "height": _HEIGHT})
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.goto(url, wait_until="load")
    page.wait_for_function(_PICTURES_ARE_THERE)  # those in sight; they come once the page is laid out
    desk = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    page.set_viewport_size({"width": 360, "height": _HEIGHT})
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    phone = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    page.close()
    whole = Image.new("RGB", (desk.width + _GAP + phone.width, _HEIGHT), "white")
    whole.paste(desk, (0, 0))
    whole.paste(phone, (desk.width + _GAP, 0))
    return whole.quantize(_COLORS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)


@contextmanager
def _served(home: Path) -> Iterator[str]:
    port = spare_port()
    server = subprocess.Popen([sys.executable, "-m", "infra.showcase", "--home", str(home), "--port", str(port)])
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, server)
        yield address
    finally:
        server.kill()
        server.wait()


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        with suppress(urllib.error.URLError, ConnectionError), urllib.request.urlopen(f"{address}/healthz", timeout=2):  # noqa: S310
            return
        time.sleep(0.2)
    sys.exit("the showcase did not come up")


def pictures_named_in(markdown: str) -> set[str]:
    """The files that a page of the docs shows."""
    return set(re.findall(r"\(screenshots/([a-z-]+\.png)\)", markdown))


if __name__ == "__main__":
    main()
