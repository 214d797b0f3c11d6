"""The case scores behind a closed board, read once for each board and kept: what tiers and schemes over cases are made from.

Only for those who see the board of a closed phase (`comparing_shown.py`); whoever asks has checked that. No case is named here.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sonobench_eval.challenge.model import Challenge
from sonobench_eval.evaluation import Evaluation
from sonobench_eval.ranking.case_table import CaseTable, case_table
from sonobench_eval.ranking.records import Figures
from sonobench_eval.ranking.scheme_comparison import OVER_CASES, OverCases, scheme_over_cases
from sonobench_platform.core import Core
from sonobench_platform.leaderboards.comparing_evidence import documents_behind, runs_behind
from sonobench_platform.leaderboards.comparing_shown import ShownBoard
from sonobench_platform.leaderboards.difficulty import Gathered, case_scores
from sonobench_platform.leaderboards.what_if_ground import Ground

MOST_BOARDS = 4
"""Whose scores are kept in memory: a few megabytes each."""


@dataclass(frozen=True, slots=True)
class CasesBehind:
    """Of one board. `table` is None where an evaluation lacks cases; `schemes` are filled as they are asked for."""

    gathered: Gathered
    table: CaseTable | None
    schemes: dict[str, OverCases] = field(default_factory=dict)


def cases_behind(core: Core, shown: ShownBoard) -> CasesBehind | None:
    """Those of a closed board; None where the phase is open, or evaluations of its definition and data are not all there."""
    published = shown.published
    if not shown.is_closed or published is None:
        return None
    with core.database.read() as session:
        runs = runs_behind(core, session, shown)
        if runs is None:
            return None
        key = (published.content_hash, shown.definition_hash, tuple((run.run_id, run.number) for run in runs))
        known = _KEPT.get(key)
        documents = [] if known is not None else documents_behind(session, runs)
    if known is None:
        evaluations = {run.team: Evaluation.from_json(each) for run, each in zip(runs, documents, strict=True)}
        known = _KEPT.put(key, _made(Challenge.model_validate_json(shown.definition_text), evaluations))
    return known


class SchemesOverCases(Mapping[str, OverCases]):
    """The schemes over single cases, made when they are asked for. One that cannot be made is missing then: `KeyError`."""

    def __init__(self, ground: Ground, load: Callable[[], CasesBehind | None]) -> None:
        self._ground = ground
        self._load = load

    def __getitem__(self, name: str) -> OverCases:
        if name not in OVER_CASES:
            raise KeyError(name)
        cases = self._load()
        if cases is None or cases.table is None:
            raise KeyError(name)
        if name not in cases.schemes:
            made = scheme_over_cases(name, cases.table, _figures(self._ground, cases.table))
            if made is None:
                raise KeyError(name)
            cases.schemes[name] = made
        return cases.schemes[name]

    def __contains__(self, name: object) -> bool:
        return name in OVER_CASES

    def __iter__(self) -> Iterator[str]:
        return iter(OVER_CASES)

    def __len__(self) -> int:
        return len(OVER_CASES)


def _made(challenge: Challenge, evaluations: Mapping[str, Evaluation]) -> CasesBehind:
    gathered = case_scores(challenge, list(evaluations.values()))
    wanted = {case.id for case in challenge.cases}
    if any(wanted - {case.id for case in each.cases} for each in evaluations.values()):
        return CasesBehind(gathered, None)
    return CasesBehind(gathered, case_table(challenge, list(evaluations), list(evaluations.values())))


def _figures(ground: Ground, table: CaseTable) -> Figures:
    """The counted metrics, in the order of the table's teams."""
    position = {team: number for number, team in enumerate(ground.figures.teams)}
    ordered = ground.figures.at([position[team] for team in table.teams])
    return Figures(ordered.teams, {each.figure: ordered.values[each.figure] for each in ground.counted})


class _Kept:
    """The last few boards' scores. Two requests that make the same at once both may; one of them is kept."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._boards: OrderedDict[Any, CasesBehind] = OrderedDict()

    def get(self, key: object) -> CasesBehind | None:
        with self._lock:
            if key in self._boards:
                self._boards.move_to_end(key)
            return self._boards.get(key)

    def put(self, key: object, made: CasesBehind) -> CasesBehind:
        with self._lock:
            kept = self._boards.setdefault(key, made)
            while len(self._boards) > MOST_BOARDS:
                self._boards.popitem(last=False)
            return kept


_KEPT = _Kept()
