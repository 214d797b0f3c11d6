"""What a page's head says of it to programs that show links, and where its feed is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Social:
    """Open Graph's words for a page; addresses are whole, with scheme and host. `feed` is empty where there is none.

    `image` is a PNG of `snapshot_card.WIDTH` by `HEIGHT` pixels; `image_words` says what is on it.
    """

    title: str
    description: str
    url: str
    image: str
    image_words: str
    feed: str = ""
    feed_title: str = ""
