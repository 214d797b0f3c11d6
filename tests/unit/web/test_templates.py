"""Every page, rendered: well-formed, free of scripts that are not files of ours, complete, harmless with hostile names."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import meta, nodes

from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_platform import web
from sonobench_platform.leaderboards.history import HistoryLine, Moved, RankPoint
from sonobench_platform.leaderboards.snapshots import FoundSnapshot, SnapshotLine
from sonobench_platform.web import rendering
from sonobench_platform.web.board_state import ViewState
from sonobench_platform.web.build import board_context, not_found_context
from sonobench_platform.web.challenge_build import challenge_context, challenges_context
from sonobench_platform.web.contexts import PageContext
from sonobench_platform.web.history_build import History, history_context
from sonobench_platform.web.snapshot_build import snapshot_context
from sonobench_platform.web.source import PublicChallenge, PublishedBoard

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
VOID = {"meta", "link", "br", "hr", "img", "input"}
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u202e{{ 7*7 }}"
Publish = Callable[[Leaderboard], PublishedBoard]


class Reader(HTMLParser):
    """Fails on tags that are not closed, doubled ids and labels that point nowhere."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []
        ids = [attributes["id"] for _, attributes in self.tags if "id" in attributes]
        assert len(ids) == len(set(ids))
        pointed = {attributes["aria-labelledby"] for _, attributes in self.tags if "aria-labelledby" in attributes}
        assert pointed <= set(ids)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"{tag} has an attribute twice"
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def every_page(board: Leaderboard, public_challenge: PublicChallenge, publish: Publish) -> dict[str, PageContext]:
    published = publish(board)
    empty = publish(board.model_copy(update={"rows": ()}))
    return {
        "challenges": challenges_context([public_challenge, public_challenge], [published, None], now=NOW),
        "no challenges": challenges_context([], [], now=NOW),
        "challenge": challenge_context(public_challenge, has_board=True, server="http://127.0.0.1:8100", now=NOW),
        "leaderboard": board_context(public_challenge, published),
        "empty leaderboard": board_context(public_challenge, empty),
        "no leaderboard": board_context(public_challenge, None),
        "not found": not_found_context("No challenge has this name."),
        **history_pages(public_challenge, published),
    }


def history_pages(challenge: PublicChallenge, published: PublishedBoard) -> dict[str, PageContext]:
    """The pages of a board's past: its history, with two snapshots and with none, and a snapshot."""
    lines = [SnapshotLine(n, n, f"sha256:{n:064x}", NOW + timedelta(days=n)) for n in (1, 2)]
    moved = (Moved("SMART", 2, 1), Moved("U-Vision", None, 15, was_there=False))
    shown = [HistoryLine(line, 15, ("SMART",), moved, is_first=False, is_exact=True, becomes_exact=True) for line in lines[::-1]]
    ranks = {"SMART": (RankPoint(1, 2), RankPoint(2, 1)), "Lanzhou": (RankPoint(1, 1), RankPoint(2, 2))}
    server, path = "https://bench.example.org", f"/challenges/uusic25/snapshots/{1:064x}"
    found = FoundSnapshot(
        "uusic25", "test", lines[0], published.document, lines[1], tuple(lines), is_for_all=True, audit_head="a"
    )
    return {
        "history": history_context(challenge, History(lines, shown, ranks, 1), phase=None, server=server),
        "no history": history_context(challenge, History([], [], {}, 1), phase=None, server=server),
        "snapshot": snapshot_context(challenge, found, published, server=server, state=ViewState(path)),
    }


class TestEveryPage:
    def test_it_is_well_formed_and_needs_no_script_and_nothing_from_elsewhere(self, every_page: dict[str, PageContext]) -> None:
        for name, context in every_page.items():
            read = Reader(rendering.render(context))
            assert all(_is_file_of_ours(script) for script in read.named("script")), name
            assert not read.named("style"), name
            for tag, attributes in read.tags:
                assert "style" not in attributes, (name, tag)
                assert not [key for key in attributes if key.startswith("on")], (name, tag)
            files = [a for a in read.named("link") if a["rel"] in {"stylesheet", "icon", "preload", "modulepreload"}]
            loaded = [a["href"] for a in files] + [a["src"] for a in read.named("img")]
            assert all(address is not None and address.startswith("/static/") for address in loaded), name

    def test_it_has_one_first_heading_a_title_and_a_way_past_the_navigation(self, every_page: dict[str, PageContext]) -> None:
        for name, context in every_page.items():
            read = Reader(rendering.render(context))
            assert len(read.named("h1")) == 1, name
            assert read.named("a")[0]["href"] == "#content", name
            assert read.named("main")[0]["id"] == "content", name
            assert read.named("html")[0]["lang"] == "en", name
            assert context.page.title, name

    def test_tables_are_tables_in_regions_that_the_keyboard_can_scroll(self, every_page: dict[str, PageContext]) -> None:
        for name, context in every_page.items():
            read = Reader(rendering.render(context))
            assert all(cell.get("scope") in {"col", "row"} for cell in read.named("th")), name
            regions = [a for a in read.named("div") if "scroll" in (a.get("class") or "")]
            assert all(region.get("tabindex") == "0" and region.get("role") == "region" for region in regions), name
            assert len(regions) >= len(read.named("table")), name

    def test_every_drawing_has_words_or_is_said_to_be_decoration(self, every_page: dict[str, PageContext]) -> None:
        for name, context in every_page.items():
            for drawing in Reader(rendering.render(context)).named("svg"):
                assert drawing.get("aria-hidden") == "true" or (
                    drawing.get("role") == "img" and (drawing.get("aria-label") or drawing.get("aria-labelledby"))
                ), name


class TestHostileNames:
    def test_a_team_name_is_text_and_nothing_else(
        self, board: Leaderboard, public_challenge: PublicChallenge, publish: Publish
    ) -> None:
        rows = tuple(row.model_copy(update={"team": f"{HOSTILE}{number}"}) for number, row in enumerate(board.rows))
        hostile = publish(board.model_copy(update={"rows": rows, "title": HOSTILE}))
        for context in (board_context(public_challenge, hostile), challenges_context([public_challenge], [hostile], now=NOW)):
            html = rendering.render(context)
            read = Reader(html)
            assert all(_is_file_of_ours(script) for script in read.named("script"))
            assert not read.named("img")
            assert "\u202e" not in html
            assert not [key for _, attributes in read.tags for key in attributes if key.startswith("on")]
            assert any("{{ 7*7 }}" in text for text in read.text)
        assert "<bdi>&lt;script&gt;alert(1)&lt;/script&gt;" in rendering.render(board_context(public_challenge, hostile))

    def test_a_name_with_its_own_direction_stands_isolated(
        self, board: Leaderboard, public_challenge: PublicChallenge, publish: Publish
    ) -> None:
        rows = (board.rows[0].model_copy(update={"team": "فریق"}),)
        html = rendering.render(board_context(public_challenge, publish(board.model_copy(update={"rows": rows}))))
        assert "<bdi>فریق</bdi>" in html


class TestContexts:
    def test_templates_use_every_field_of_their_context_and_no_other(self) -> None:
        of_every_page = {"reader", "language", "static", "kept", "_", "gettext", "ngettext"}
        pages = page_contexts()
        assert len(pages) >= 7
        for context in pages:
            names = used_names(context.template) - of_every_page
            assert names == {field.name for field in fields(context)}, context.template

    def test_every_context_is_frozen(self) -> None:
        records = records_of_pages()
        assert len(records) > 60
        assert all(record.__dataclass_params__.frozen for record in records)  # type: ignore[attr-defined]

    def test_every_class_in_a_template_is_one_the_style_sheet_knows(self) -> None:
        style = "".join(path.read_text("utf-8") for path in (_templates().parent / "static").glob("*.css"))
        known = set(re.findall(r"\.([a-z][a-z-]*)", style))
        used = {name for path in _templates().glob("*.html") for name in _classes(path.read_text("utf-8"))}
        assert used - known == set()


def _is_file_of_ours(script: dict[str, str | None]) -> bool:
    return set(script) == {"src", "type"} and (script["src"] or "").startswith("/static/")


def records_of_pages() -> set[type]:
    """Every record that the modules of contexts define."""
    names = [found.name for found in pkgutil.iter_modules(web.__path__) if found.name.startswith("contexts")]
    modules = [importlib.import_module(f"sonobench_platform.web.{name}") for name in names]
    return {each for module in modules for each in vars(module).values() if isinstance(each, type) and is_dataclass(each)}


def page_contexts() -> list[type]:
    """Every context of a page."""
    pages = (each for each in records_of_pages() if isinstance(getattr(each, "template", None), str))
    return sorted(pages, key=lambda each: each.__name__)


def used_names(template: str) -> set[str]:
    """What a template, what it extends and what it includes want to be given."""
    environment, names, waiting, seen = rendering.environment(), set(), [template], set()
    while waiting:
        part = waiting.pop()
        seen.add(part)
        tree = environment.parse((_templates() / part).read_text("utf-8"))
        names |= meta.find_undeclared_variables(tree) - own_names(tree)
        others = (each for each in meta.find_referenced_templates(tree) if each is not None and "macros" not in each)
        waiting += [each for each in others if each not in seen]
    return names


def own_names(tree: nodes.Template) -> set[str]:
    """What a template names itself: the macros that it imports or defines, which its blocks see."""
    imported = {each.target for each in tree.find_all(nodes.Import)}
    for each in tree.find_all(nodes.FromImport):
        imported |= {name if isinstance(name, str) else name[1] for name in each.names}
    return imported | {each.name for each in tree.find_all(nodes.Macro)}


def _templates() -> Path:
    return Path(rendering.__file__).parent / "templates"


def _classes(template: str) -> set[str]:
    """The classes that are written out; those that an expression makes are left to whoever looks at the page."""
    plain = re.sub(r"{{.*?}}", "{}", re.sub(r"{%.*?%}", " ", template))
    names = {name for value in re.findall(r'class="([^"]*)"', plain) for name in value.split()}
    return {name for name in names if "{}" not in name}


class TestStaticFiles:
    def test_only_known_names_are_served(self) -> None:
        assert rendering.static_file("style.css") is not None
        for name in ("../rendering.py", "style.css/..", "", "..%2frendering.py"):
            assert rendering.static_file(name) is None

    def test_text_has_enough_contrast_in_light_and_dark(self) -> None:
        style = "".join(path.read_text("utf-8") for path in (_templates().parent / "static").glob("*.css"))
        schemes = re.findall(r":root \{(.*?)\}", style, flags=re.DOTALL)[:2]
        for scheme in schemes:
            colours = dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", scheme))
            for name in ("ink", "soft", "link", "external", "warning"):
                assert _contrast(colours[name], colours["paper"]) >= 4.5, name
                assert _contrast(colours[name], colours["wash"]) >= 4.5, name
            for name in ("performance", "efficiency", "focus"):
                assert _contrast(colours[name], colours["paper"]) >= 3, name


def _contrast(one: str, other: str) -> float:
    """WCAG 2 contrast ratio of two colours `#rrggbb`."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
