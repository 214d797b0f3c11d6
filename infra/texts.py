"""Collects the pages' texts for translators, and compiles what they wrote.

    python -m infra.texts             write web/locale/sonobench.pot anew, and bring every catalogue in line with it
    python -m infra.texts --check     is that file what the code says? (exit 1 where not)
    python -m infra.texts --add de    begin a catalogue for a language (BCP 47, as browsers name it)

`docs/translating.md` says what a translator does with them.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from sonobench_eval import __version__
from sonobench_platform.web.texts import DOMAIN, LOCALE

WEB = LOCALE.parent
TEMPLATE = LOCALE / f"{DOMAIN}.pot"
_METHODS = [("templates/**.html", "jinja2"), ("**.py", "python")]
_OPTIONS = {"templates/**.html": {"silent": "false"}}
_KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2)}
_LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
"""The same texts make the same file, whenever they are collected."""


def collected() -> Catalog:
    """Every text of the templates and of the builders of contexts, with the files it stands in."""
    found = Catalog(
        header_comment="# Texts of Sonobench's pages. docs/translating.md says how to translate them.",
        project="Sonobench",
        version=__version__,
        msgid_bugs_address="the Sonobench authors",
        last_translator="nobody yet",
        language_team="none yet",
        fuzzy=False,
        creation_date=_LONG_AGO,
        revision_date=_LONG_AGO,
        charset="utf-8",
    )
    for path, _line, text, comments, context in extract_from_dir(
        str(WEB), _METHODS, _OPTIONS, _KEYWORDS, comment_tags=("Translators:",), strip_comment_tags=True
    ):
        found.add(text, None, [(path, 0)], auto_comments=comments, context=context)
    return found


def as_file(catalog: Catalog) -> bytes:
    """A catalogue as its file has it: sorted by text, and without line numbers, which change with every commit."""
    out = io.BytesIO()
    write_po(out, catalog, sort_output=True, include_lineno=False, width=110, ignore_obsolete=True)
    return out.getvalue()


def is_current() -> bool:
    """Whether the collected texts are those of the code."""
    return TEMPLATE.is_file() and TEMPLATE.read_bytes() == as_file(collected())


def write_all() -> None:
    """The collection anew; every catalogue with what is new and without what is gone; and compiled."""
    LOCALE.mkdir(exist_ok=True)
    template = collected()
    TEMPLATE.write_bytes(as_file(template))
    for path in catalogues():
        catalog = _read(path)
        catalog.update(template, no_fuzzy_matching=True)
        path.write_bytes(as_file(catalog))
        _compile(catalog, path)


def add(language: str) -> Path:
    """Begin a catalogue; the path of what its translator fills in.

    Raises:
        FileExistsError: there is one already.
    """
    path = LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.po"
    if path.exists():
        raise FileExistsError(f"{path} is there already")
    catalog = Catalog(locale=language.replace("-", "_"), creation_date=_LONG_AGO, revision_date=_LONG_AGO, charset="utf-8")
    catalog.update(collected(), no_fuzzy_matching=True)
    path.parent.mkdir(parents=True)
    path.write_bytes(as_file(catalog))
    _compile(catalog, path)
    return path


def catalogues() -> Iterator[Path]:
    """What translators wrote, one file for each language."""
    return iter(sorted(LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.po")))


def _read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name.replace("-", "_"))


def _compile(catalog: Catalog, path: Path) -> None:
    with path.with_suffix(".mo").open("wb") as out:
        write_mo(out, catalog)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.texts", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only say whether the collected texts are those of the code")
    parser.add_argument("--add", metavar="LANGUAGE", help="begin a catalogue for a language, such as de or pt-BR")
    asked = parser.parse_args()
    if asked.check:
        return 0 if is_current() else 1
    if asked.add:
        print(add(asked.add))
    write_all()
    return 0


if __name__ == "__main__":
    sys.exit(main())
