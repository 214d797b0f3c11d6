"""The page of difficulty tiers, and the same as CSV. Of closed phases alone: while one is open, it would tell of hidden cases."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Response

from sonobench_platform.accounts.access import Visitor
from sonobench_platform.core import CoreDep
from sonobench_platform.domain.errors import NotFound
from sonobench_platform.web.contexts import Crumb
from sonobench_platform.web.contexts_difficulty import DifficultyPage
from sonobench_platform.web.contexts_what_if import Option
from sonobench_platform.web.difficulty_build import csv_lines, difficulty_found
from sonobench_platform.web.rendering import SECURITY_HEADERS, page_response
from sonobench_platform.web.tabs import board_tabs
from sonobench_platform.web.texts import _
from sonobench_platform.web.what_if_build import board_frame
from sonobench_platform.web.wording import shortened, shown_name

if TYPE_CHECKING:
    from sonobench_platform.core import Core
    from sonobench_platform.leaderboards.comparing_shown import ShownBoard
    from sonobench_platform.leaderboards.difficulty import Difficulty

router = APIRouter(include_in_schema=False)
PATH = "/challenges/{name}/leaderboard/difficulty"
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
USUAL = 0.8
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Wanted:
    """The threshold and the phase that an address names; `complaint` is empty where it was understood."""

    threshold: float
    phase: str | None
    complaint: str = ""

    @property
    def query(self) -> str:
        named = (("phase", self.phase or ""), ("dsc", "" if self.threshold == USUAL else f"{self.threshold:g}"))
        said = urlencode([(name, value) for name, value in named if value])
        return f"?{said}" if said else ""


def wanted(dsc: str = "", phase: Annotated[str | None, Query(max_length=64)] = None) -> Wanted:
    try:
        threshold = float(dsc) if dsc.strip() else USUAL
    except ValueError:
        threshold = math.nan
    if 0 < threshold <= 1:
        return Wanted(threshold, phase or None)
    told = _("“{text}” is no DSC above 0 and up to 1, so the usual {usual:g} is used.")
    return Wanted(USUAL, phase or None, told.format(text=shortened(dsc, _SHOWN), usual=USUAL))


WantedDep = Annotated[Wanted, Depends(wanted)]


@router.get(PATH)
def difficulty(name: str, core: CoreDep, reader: Visitor, asked: WantedDep) -> Response:
    from sonobench_platform.leaderboards.comparing_shown import shown_board  # the ranking engine: not for every process

    with core.database.read() as session:
        shown = shown_board(session, reader, name, phase=asked.phase, now=core.clock.now())
    return page_response(_page(shown, _found(core, shown, asked), asked), reader=reader)


@router.get(f"{PATH}.csv")
def difficulty_csv(name: str, core: CoreDep, reader: Visitor, asked: WantedDep) -> Response:
    from sonobench_eval.report.tables import csv_text  # pandas: seconds that no other page should wait for
    from sonobench_platform.leaderboards.comparing_shown import shown_board

    with core.database.read() as session:
        shown = shown_board(session, reader, name, phase=asked.phase, now=core.clock.now())
    found = _found(core, shown, asked)
    if found is None:
        raise NotFound("no-difficulty", " ".join(_why_none(shown)))
    caching = "no-cache" if reader is None else "private, no-cache"
    headers = SECURITY_HEADERS | {"Cache-Control": caching, "Vary": "Cookie"}
    return Response(csv_text(csv_lines(found)).encode(), media_type="text/csv; charset=utf-8", headers=headers)


def _found(core: Core, shown: ShownBoard, asked: Wanted) -> Difficulty | None:
    from sonobench_platform.leaderboards.comparing_cases import cases_behind
    from sonobench_platform.leaderboards.difficulty import difficulty_of

    cases = cases_behind(core, shown)
    if cases is None or not cases.gathered.tasks:
        return None
    return difficulty_of(cases.gathered, threshold=asked.threshold, fewest_cases=_fewest_cases(shown))


def _fewest_cases(shown: ShownBoard) -> int:
    """Organizers see groups of any size."""
    return 1 if shown.organises else shown.definition.subgroups.fewest_cases


def _page(shown: ShownBoard, found: Difficulty | None, asked: Wanted) -> DifficultyPage:
    path = f"/challenges/{shown.name}/leaderboard/difficulty"
    title = _("How hard the cases are")
    made = (
        None if found is None else difficulty_found(found, fewest_cases=_fewest_cases(shown), csv_href=f"{path}.csv{asked.query}")
    )
    return DifficultyPage(
        page=board_frame(shown, f"{title} {shown_name(shown.title)}", Crumb(_("Difficulty"), path)),
        tabs=board_tabs(shown.name, "difficulty", phase=asked.phase),
        title=title,
        phase=shown_name(shown.phase_title) if shown.phase_title else "",
        action=path,
        hidden=() if asked.phase is None else (("phase", asked.phase),),
        thresholds=_thresholds(found, asked),
        sentences=(*([asked.complaint] if asked.complaint else []), *(_why_none(shown) if found is None else ())),
        found=made,
    )


def _thresholds(found: Difficulty | None, asked: Wanted) -> tuple[Option, ...]:
    """Empty where no task is one of segmentation."""
    if found is None or not any(task.by_overlap for task in found.tasks):
        return ()
    offered = sorted({*THRESHOLDS, asked.threshold})
    return tuple(Option(f"{each:g}", f"{each:g}", each == asked.threshold) for each in offered)


def _why_none(shown: ShownBoard) -> tuple[str, ...]:
    if shown.published is None:
        return (_("No algorithm has been scored yet, so there are no tiers."),)
    if not shown.is_closed:
        return (
            _("Tiers of difficulty are made from single hidden cases, so they are shown when the phase has closed."),
            _("Until then nothing of them is told to anybody."),
        )
    return (
        _("There are no tiers of this board: the evaluations behind it are being made again, or no task knows right and wrong."),
    )
