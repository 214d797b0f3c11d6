"""How long an image may take for the public samples on which it proves that it runs. Pure."""

from __future__ import annotations

TO_START_S = 300.0
"""What any image may take, within the challenge's own limit: most of it is starting up, whatever the number of cases."""
_TIMES_ITS_SHARE = 4.0
"""A case's share of the limit is an average over all cases; a few may well take longer each."""


def canary_limit_s(whole_s: float, *, cases: int, of: int) -> float:
    """Seconds for `cases` public cases, where `whole_s` are allowed for the `of` hidden ones; never more than those.

    An image that is too slow for the hidden cases is mostly found out here, at no cost to its team, and one that hangs
    holds up a node for minutes and not for hours.
    """
    share_s = whole_s * cases / max(of, 1)
    return min(whole_s, max(TO_START_S, _TIMES_ITS_SHARE * share_s))
