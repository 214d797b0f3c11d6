"""From a board and a choice to the page of other weights: the answer as a table, two charts and a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sonobench_platform.web.board_table import board_table
from sonobench_platform.web.contexts import Crumb, Page
from sonobench_platform.web.contexts_what_if import WeightUsed, WhatIfFound, WhatIfPage
from sonobench_platform.web.efficiency import efficiency_chart
from sonobench_platform.web.rendering import page_frame
from sonobench_platform.web.tabs import board_tabs
from sonobench_platform.web.texts import _
from sonobench_platform.web.what_if_chart import weight_chart
from sonobench_platform.web.what_if_form import titles_of, what_if_form
from sonobench_platform.web.what_if_query import Asked, extra_of
from sonobench_platform.web.what_if_sentences import left_out, sentence, why_not
from sonobench_platform.web.wording import percent, shown_name

if TYPE_CHECKING:
    from sonobench_eval.ranking.scheme_comparison import OverCases
    from sonobench_platform.leaderboards.comparing_shown import ShownBoard
    from sonobench_platform.leaderboards.what_if import Answer, Choice
    from sonobench_platform.leaderboards.what_if_ground import Ground, NoGround
    from sonobench_platform.web.board_state import ViewState


@dataclass(frozen=True, slots=True)
class Answered:
    """What could be answered: the choice without what makes no sense on this board, and sentences about that."""

    choice: Choice
    answer: Answer
    complaints: tuple[str, ...]


def answered(ground: Ground, asked: Asked, *, over_cases: Mapping[str, OverCases]) -> Answered:
    """The answer to what was asked; a scheme or a tolerance that the board does not have is left out and told."""
    from sonobench_platform.leaderboards.what_if import UnknownChoiceError, answer

    choice, complaints = asked.choice, list(asked.complaints)
    for _attempt in range(3):
        try:
            return Answered(choice, answer(ground, choice, over_cases=over_cases), tuple(complaints))
        except UnknownChoiceError as error:
            told, choice = _without(choice, error.what)
            complaints.append(told)
    raise AssertionError("without a scheme and a tolerance every choice can be answered")


def what_if_page(
    shown: ShownBoard, ground: Ground, asked: Asked, *, over_cases: Mapping[str, OverCases], state: ViewState
) -> WhatIfPage:
    """The page with the answer on it."""
    from sonobench_platform.leaderboards.what_if import schemes_of
    from sonobench_platform.leaderboards.what_if_tolerance import variants

    found = answered(ground, asked, over_cases=over_cases)
    state = replace(state, extra=extra_of(found.choice))
    form = what_if_form(
        ground,
        found.choice,
        found.answer,
        schemes=schemes_of(ground, over_cases=over_cases),
        tolerances=variants(ground.counted),
        state=state,
    )
    return replace(_frame(shown, state), form=form, found=what_if_found(ground, found, state=state))


def what_if_found(ground: Ground, found: Answered, *, state: ViewState) -> WhatIfFound:
    """The answer alone."""
    from sonobench_platform.leaderboards.what_if import lines_of

    answer = found.answer
    titles = titles_of(ground, answer.knobs)
    official = {team: rank for team, rank in ground.ranks.items() if rank is not None}
    return WhatIfFound(
        sentence=sentence(answer),
        complaints=(*found.complaints, *left_out(answer, titles)),
        table=board_table(answer.board, replace(state, extra=extra_of(found.choice)), official=official),
        efficiency=efficiency_chart(answer.board),
        weights=weight_chart(answer, lines_of(answer.result)),
        used=tuple(WeightUsed(titles[knob.key], titles[knob.parent], percent(round(knob.share, 4))) for knob in answer.knobs),
        notes=(
            *(shown_name(note) for note in answer.result.notes),
            _("Rank ranges are made for the official ranking alone, and are on the leaderboard."),
        ),
    )


def no_ground_page(shown: ShownBoard, why: NoGround, state: ViewState) -> WhatIfPage:
    """The page of a board that cannot be ranked by other weights."""
    return replace(_frame(shown, state), why=why_not(why))


def _frame(shown: ShownBoard, state: ViewState) -> WhatIfPage:
    title = _("What if other weights counted?")
    return WhatIfPage(
        page=board_frame(shown, f"{title} {shown_name(shown.title)}", Crumb(_("What if"), state.path)),
        tabs=board_tabs(shown.name, "what-if", phase=state.phase),
        title=title,
        phase=shown_name(shown.phase_title) if shown.phase_title else "",
        why=(),
        form=None,
        found=None,
    )


def board_frame(shown: ShownBoard, title: str, crumb: Crumb) -> Page:
    """The frame of a page about a board."""
    root = f"/challenges/{shown.name}"
    return page_frame(
        f"{title} – Sonobench",
        Crumb(shown_name(shown.title), root),
        Crumb(_("Leaderboard"), f"{root}/leaderboard"),
        crumb,
    )


def _without(choice: Choice, what: str) -> tuple[str, Choice]:
    if what == "scheme":
        told = _("This board cannot be ranked by the scheme that was asked for; the official one is used.")
        return told, replace(choice, scheme=None)
    told = _("No metric of this board was computed with the tolerance that was asked for; the declared one is used.")
    return told, replace(choice, tolerance=None)
