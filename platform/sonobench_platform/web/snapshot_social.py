"""What links to boards, snapshots and challenges look like elsewhere: Open Graph's words, and the card that goes with them."""

from __future__ import annotations

from dataclasses import replace

from sonobench_eval.ranking.leaderboard import Leaderboard, Row
from sonobench_eval.report import figures
from sonobench_platform.web.contexts import MessagePage
from sonobench_platform.web.contexts_board import BoardPage, Snapshot
from sonobench_platform.web.contexts_challenge import ChallengePage
from sonobench_platform.web.contexts_social import Social
from sonobench_platform.web.snapshot_card import MOST_ROWS, Card, CardRow
from sonobench_platform.web.texts import _
from sonobench_platform.web.wording import shortened, shown_name

LONGEST_DESCRIPTION = 200


def with_social(context: BoardPage | MessagePage, *, server: str, name: str, query: str = "") -> BoardPage | MessagePage:
    """The page of the present board with what its head says to others; a page without a board stays as it is.

    Args:
        server: scheme and host that people reach this platform by.
        name: of the challenge.
        query: of the board's phase, `?phase=...`; empty for the main one.
    """
    if isinstance(context, MessagePage):
        return context
    root = f"{server}/challenges/{name}"
    social = board_social(context.title, context.lead, context.snapshot, root=root, address=f"{root}/leaderboard{query}")
    return replace(context, social=replace(social, feed=f"/challenges/{name}/leaderboard.atom{query}"))


def board_social(title: str, lead: str, snapshot: Snapshot, *, root: str, address: str) -> Social:
    """Of a board or of a snapshot; the card is the snapshot's own, so that it says what was linked to.

    Args:
        root: the whole address of the challenge.
        address: the whole address of the page.
    """
    return Social(
        title=_("Leaderboard of {title}").format(title=title),
        description=shortened(lead, LONGEST_DESCRIPTION),
        url=address,
        image=f"{root}/snapshots/{snapshot.hash.removeprefix('sha256:')}.png",
        image_words=_("The first {count} teams of {title}").format(count=MOST_ROWS, title=title),
        feed_title=feed_title(title),
    )


def challenge_social(title: str, description: str, *, root: str) -> Social:
    """Of a challenge; its card shows no ranking, as its board may be hidden."""
    words = description or _("A challenge on hidden medical images, with its rules, metrics and data.")
    return Social(
        title=title,
        description=shortened(" ".join(words.split()), LONGEST_DESCRIPTION),
        url=root,
        image=f"{root}/card.png",
        image_words=title,
    )


def feed_title(title: str) -> str:
    """What the feed of a challenge's rankings is called."""
    return _("New rankings of {title}").format(title=title)


def board_card(board: Leaderboard, *, line: str, address: str) -> Card:
    """The card of a snapshot: the first teams and what their scores are made of.

    Args:
        line: which snapshot this is, in words.
        address: where the whole of it is.
    """
    return Card(shown_name(board.title), line, tuple(_card_row(board, row) for row in board.rows[:MOST_ROWS]), address)


def challenge_card(page: ChallengePage, *, address: str) -> Card:
    """The card of a challenge: what it is about, in its facts."""
    facts = "  ·  ".join(f"{fact.figure} {fact.words}" for fact in page.facts)
    return Card(page.title, facts, (), address)


def _card_row(board: Leaderboard, row: Row) -> CardRow:
    rank = figures.NOT_MEASURED if row.rank is None else str(row.rank)
    performance = board.performance_weight * (row.performance or 0.0)
    efficiency = board.efficiency_weight * (row.efficiency or 0.0)
    counted = (performance, efficiency) if row.score is not None else (0.0, 0.0)
    return CardRow(rank, shown_name(row.team), figures.fixed(row.score, 3), *(min(max(part, 0.0), 1.0) for part in counted))
