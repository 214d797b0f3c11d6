"""`sonobench admin rotate-token`: on the server itself, straight on its database."""

from __future__ import annotations

from datetime import timedelta

from sonobench_platform.accounts.service import TokenFileError
from sonobench_platform.accounts.tokens import TokenKind
from sonobench_platform.commands.opening import opened
from sonobench_platform.commands.trouble import told_in_a_sentence
from sonobench_platform.config import Settings
from sonobench_platform.desk.rotation import rotate


def rotate_token(settings: Settings, kind: str, *, keep_old_for_h: float) -> None:
    """A new node or organiser token. It is in the file alone, never on the screen."""
    with told_in_a_sentence(TokenFileError), opened(settings) as platform:
        path = platform.node_token_file if kind == TokenKind.NODE else platform.organiser_token_file
        ends_at = platform.core.clock.now() + timedelta(hours=keep_old_for_h)
        rotate(platform.core, TokenKind(kind), path, old_ends_at=ends_at)
    when = f"until {ends_at:%Y-%m-%d %H:%M} UTC" if keep_old_for_h else "no more"
    print(f"A new {kind} token is in {path}. The old one works {when}.")
