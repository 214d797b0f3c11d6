"""The published rankings of a phase as an Atom feed (RFC 4287): one entry a snapshot, with ids that stay what they are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid5
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

from sonobench_platform.leaderboards.history import HistoryLine
from sonobench_platform.web.history_words import change_words, first_words
from sonobench_platform.web.texts import _
from sonobench_platform.web.wording import shown_name

MEDIA_TYPE = "application/atom+xml; charset=utf-8"
MOST_ENTRIES = 50
_ATOM = "http://www.w3.org/2005/Atom"
_OURS = UUID("6d1c2f0e-8a55-4f0b-9a36-0c7a54b2f1ce")
"""The space in which the ids of feeds and their entries are made: chosen once, never changed."""


def atom_feed(*, title: str, phase_id: str, server: str, board_path: str, feed_path: str, lines: Sequence[HistoryLine]) -> bytes:
    """The feed as XML.

    Args:
        title: of the challenge.
        phase_id: of the phase, which the ids are made from: they stay though the server or the challenge is renamed.
        server: scheme and host that people reach this platform by.
        board_path: of the present board; its snapshots lie beside it.
        feed_path: of the feed itself.
        lines: newest first.
    """
    register_namespace("", _ATOM)
    feed = Element(_name("feed"))
    _text(feed, "title", _("Leaderboard of {challenge}").format(challenge=shown_name(title)))
    _text(feed, "id", uuid5(_OURS, phase_id).urn)
    _text(feed, "updated", _moment(lines[0].snapshot.created_at if lines else datetime(2000, 1, 1, tzinfo=UTC)))
    _link(feed, "self", server + feed_path, "application/atom+xml")
    _link(feed, "alternate", server + board_path, "text/html")
    _text(SubElement(feed, _name("author")), "name", "Sonobench")
    snapshots = f"{server}{board_path.split('/leaderboard', maxsplit=1)[0]}/snapshots"
    for line in lines[:MOST_ENTRIES]:
        _entry(feed, line, phase_id, snapshots)
    written: bytes = tostring(feed, encoding="utf-8", xml_declaration=True)
    return written


def _entry(feed: Element, line: HistoryLine, phase_id: str, snapshots: str) -> None:
    snapshot, entry = line.snapshot, SubElement(feed, _name("entry"))
    _text(entry, "title", _("Snapshot {number}: {first}").format(number=snapshot.number, first=first_words(line)))
    _text(entry, "id", uuid5(_OURS, f"{phase_id}/{snapshot.number}").urn)
    _text(entry, "updated", _moment(snapshot.created_at))
    _text(entry, "published", _moment(snapshot.created_at))
    _link(entry, "alternate", f"{snapshots}/{snapshot.digest}", "text/html")
    _text(entry, "summary", change_words(line))


def _text(parent: Element, tag: str, text: str) -> None:
    SubElement(parent, _name(tag)).text = text


def _link(parent: Element, rel: str, href: str, kind: str) -> None:
    SubElement(parent, _name("link"), {"rel": rel, "href": href, "type": kind})


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _name(tag: str) -> str:
    return f"{{{_ATOM}}}{tag}"
