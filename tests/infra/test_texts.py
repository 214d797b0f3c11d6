"""The pages' texts: all of them are collected, and each is shown in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from jinja2 import Environment, nodes

from infra import texts as collecting
from sonobench_platform.web import rendering, texts
from sonobench_platform.web.build import not_found_context
from sonobench_platform.web.challenge_build import challenges_context

TEMPLATES = Path(rendering.__file__).parent / "templates"
OPENS, CLOSES = "⟦", "⟧"
_SHOWN = {"alt", "aria-label", "placeholder", "title", "label", "data-words"}
_TAG = re.compile(r"<[^<>]*>")
_PAINT = re.compile(r"url\(#[^)]*\)|currentColor")
"""What drawings are filled with; macros give it."""
_LEFT_IN_ENGLISH = {"Sonobench", "CSV", "JSON", "SVG", "PNG", "PDF", "LaTeX", "BibTeX", "Atom", "API"}
"""Names, commands and formats: the same in every language."""


class TestCollected:
    def test_the_file_for_translators_is_what_the_code_says(self) -> None:
        assert collecting.is_current(), "texts have changed: run `make texts`, and commit what it writes"

    def test_holds_texts_of_templates_and_of_python(self) -> None:
        found = collecting.collected()
        assert found.get("Skip to the content") is not None
        assert found.get("Leaderboard") is not None

    def test_a_new_catalogue_has_every_text_and_none_twice(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(collecting, "LOCALE", tmp_path)
        path = collecting.add("de")
        assert path.read_text().count('\nmsgid "Skip to the content"') == 1
        assert path.with_suffix(".mo").is_file()
        with pytest.raises(FileExistsError, match="there already"):
            collecting.add("de")


class TestTemplates:
    @pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
    def test_every_word_is_translated(self, template: Path) -> None:
        assert sorted(set(_untranslated(template))) == []


def _untranslated(template: Path) -> Iterator[str]:
    tree = Environment(extensions=["jinja2.ext.i18n"], autoescape=True).parse(template.read_text())
    whole = "".join(_in_order(tree))
    reader = _Shown()
    reader.feed(whole)
    reader.close()
    for text in reader.found:
        words = [word for word in re.findall(r"[^\W\d_]{2,}", _PAINT.sub("", text)) if word not in _LEFT_IN_ENGLISH]
        if words:
            yield text.strip()


def _in_order(node: nodes.Node) -> Iterator[str]:
    """What a template would write, with nothing where values go."""
    for child in node.iter_child_nodes():
        if isinstance(child, nodes.TemplateData):
            yield child.data
        else:
            yield from _in_order(child)


class _Shown(HTMLParser):
    """Collects what a reader sees or hears: text, and some attributes."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._code = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._code += tag in {"code", "script", "style"}
        self.found += [value for name, value in attrs if name in _SHOWN and value]

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag in {"code", "script", "style"}

    def handle_data(self, data: str) -> None:
        if not self._code:
            self.found.append(data)


@pytest.fixture
def pseudo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every text in brackets, as a language of its own."""
    catalog = Catalog(locale="eo")
    for message in collecting.collected():
        if message.id:
            catalog.add(message.id, _bracketed(message.id), flags=message.flags)
    folder = tmp_path / "eo" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "sonobench.mo").open("wb") as out:
        write_mo(out, catalog)
    monkeypatch.setattr(texts, "LOCALE", tmp_path)
    texts.languages.cache_clear()
    texts._catalogue.cache_clear()
    token = texts._language.set("eo")
    yield
    texts._language.reset(token)
    texts.languages.cache_clear()
    texts._catalogue.cache_clear()


def _bracketed(text: str | tuple[str, ...] | list[str]) -> str | tuple[str, ...]:
    if isinstance(text, str):
        return f"{OPENS}{text}{CLOSES}"
    return tuple(f"{OPENS}{each}{CLOSES}" for each in text)


@pytest.mark.usefixtures("pseudo")
class TestAnotherLanguage:
    def test_the_frame_and_the_list_of_challenges_are_shown_in_it(self) -> None:
        html = rendering.render(challenges_context([], [], now=datetime(2026, 1, 2, tzinfo=UTC)))
        assert f"{OPENS}Skip to the content{CLOSES}" in html
        assert _english(html) == []

    def test_so_is_a_page_for_a_reader_who_lost_the_way(self) -> None:
        assert _english(rendering.render(not_found_context("x"))) == []

    def test_one_is_told_from_many(self) -> None:
        assert texts.ngettext("{teams} team", "{teams} teams", 2) in {"{teams} teams", f"{OPENS}{{teams}} teams{CLOSES}"}


def _english(html: str) -> list[str]:
    """Sentences that are collected, and shown as they are all the same."""
    outside = _TAG.sub(" ", re.sub(f"{OPENS}.*?{CLOSES}", " ", html, flags=re.DOTALL))
    known = {message.id for message in collecting.collected() if isinstance(message.id, str) and message.id.count(" ") >= 2}
    return sorted(sentence for sentence in known if sentence in outside)
