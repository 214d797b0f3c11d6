"""What a what-if says: how many teams change place, who would win, what was left out, and why there may be no answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sonobench_platform.web.texts import _, ngettext
from sonobench_platform.web.wording import joined, percent, shortened, shown_name

if TYPE_CHECKING:
    from sonobench_platform.leaderboards.what_if import Answer
    from sonobench_platform.leaderboards.what_if_ground import NoGround

_MOST_NAMES = 4


def sentence(answer: Answer) -> str:
    """`With 50 % for performance, 4 teams change place; Lanzhou would win.`"""
    if answer.is_declared:
        return _("This is the official weighting.")
    how = _how(answer)
    if all(row.rank is None for row in answer.result.rows):
        return _("{how}, no team can be ranked.").format(how=how)
    winners = [row.team for row in answer.result.rows if row.rank == 1]
    return f"{_moved(answer, how)} {_wins(winners, stay=set(winners) == set(answer.official_winners))}"


def _how(answer: Answer) -> str:
    if answer.performance is None or answer.declared is None:
        return _("With these choices")
    share = percent(round(answer.performance, 4))
    if abs(answer.performance - answer.declared) < 1e-9:
        return _("With {share} for performance and these choices").format(share=share)
    return _("With {share} for performance").format(share=share)


def _moved(answer: Answer, how: str) -> str:
    if answer.moved == 0:
        return _("{how}, every team keeps its place;").format(how=how)
    told = ngettext("{how}, {teams} team changes place;", "{how}, {teams} teams change place;", answer.moved)
    return told.format(how=how, teams=f"{answer.moved:,}")


def _wins(winners: Sequence[str], *, stay: bool) -> str:
    shown = [shown_name(team) for team in winners]
    names = joined(shown[:_MOST_NAMES], more=max(0, len(shown) - _MOST_NAMES))
    if len(winners) == 1:
        return (_("{team} stays first.") if stay else _("{team} would win.")).format(team=names)
    told = _("{teams} still share the first rank.") if stay else _("{teams} would share the first rank.")
    return told.format(teams=names)


def left_out(answer: Answer, titles: dict[str, str]) -> Iterator[str]:
    """What of the choice did nothing.

    Args:
        answer: the ranking.
        titles: of groups, by key.
    """
    for key in answer.kept:
        whole = titles.get(key, _("the whole"))
        yield _("Something of “{part}” has to count: all its parts were set to 0, so their declared weights are used.").format(
            part=whole
        )
    if answer.unknown:
        names = joined([f"“{shortened(key, 40)}”" for key in answer.unknown[:3]], more=max(0, len(answer.unknown) - 3))
        yield _("The scheme has no part of this name, or its weight cannot be turned: {names}.").format(names=names)


def why_not(why: NoGround) -> tuple[str, ...]:
    """Why a board is no ground for other weights."""
    return {
        "empty": (_("No algorithm has been scored yet, so there is nothing to rank by other weights."),),
        "earlier-definition": (
            _("The challenge was changed after this board was made, and its submissions are being scored again."),
            _("Other weights can be tried on the board that is made then."),
        ),
        "needs-cases": (
            _("This challenge ranks by a scheme that looks at single cases, and a published board does not hold those."),
            _("Other weights cannot be tried on it."),
        ),
        "no-metric": (_("No metric that the ranking counts has a value, so there is no ranking whose weights could be others."),),
        "not-the-same": (
            _("The published ranking does not come out again from the figures that the board shows, so none is made from them."),
            _("The board itself is unchanged."),
        ),
    }[why.value]
