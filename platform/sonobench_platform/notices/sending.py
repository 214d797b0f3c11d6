"""How sending can end badly, for mails and webhooks alike."""

from __future__ import annotations


class TryLater(Exception):
    """It was not taken this time. The message is for administrators and organisers: it holds nothing that came back."""


class Unreachable(TryLater):
    """Nobody takes anything there now: what else goes to the same place need not be tried in this round."""


class Refused(Exception):
    """It will never be taken."""


class Gone(Refused):
    """The receiver says that it wants nothing any more."""
