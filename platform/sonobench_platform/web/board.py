"""A leaderboard document as the context of its page: lead, facts, the table asked for, charts; nothing recomputed."""

from __future__ import annotations

from typing import NamedTuple

from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_eval.report import figures
from sonobench_eval.report.board_view import board_notes
from sonobench_platform.web.board_choice import CENTERS, choice_of, chosen_view, parts_of, views_of
from sonobench_platform.web.board_state import ViewState
from sonobench_platform.web.board_table import table_of
from sonobench_platform.web.board_views import BoardSource
from sonobench_platform.web.contexts import Fact, Page
from sonobench_platform.web.contexts_board import BoardPage, BoardTable, EfficiencyChart, GapChart, Snapshot
from sonobench_platform.web.efficiency import efficiency_chart
from sonobench_platform.web.gaps import gap_chart
from sonobench_platform.web.keeping import Kept
from sonobench_platform.web.source import PublishedBoard
from sonobench_platform.web.tabs import board_tabs
from sonobench_platform.web.texts import language
from sonobench_platform.web.wording import date_words, number_word, percent, shown_name


class Drawn(NamedTuple):
    """What the page says of a board whatever part of it is looked at."""

    lead: str
    facts: tuple[Fact, ...]
    notes: tuple[str, ...]
    efficiency: EfficiencyChart | None
    gap: GapChart | None


_DRAWN = Kept[Drawn](32)
_TABLES = Kept[BoardTable](64)


def board_page(
    published: PublishedBoard, page: Page, state: ViewState, *, source: BoardSource | None = None, teams_without_score: int = 0
) -> BoardPage:
    """The page of a published board, with rows or without; `source` is what of it and beside it may be shown."""
    source = source or BoardSource(published.board)
    board = source.board
    root = f"/challenges/{board.challenge}"
    choice, drawn = choice_of(source, state), _drawn(source)
    parts = parts_of(choice, state)
    return BoardPage(
        page=page,
        tabs=board_tabs(board.challenge, "leaderboard", phase=state.phase),
        title=shown_name(board.title),
        lead=drawn.lead,
        facts=drawn.facts,
        views=views_of(choice, state),
        parts=parts.tabs,
        parts_label=parts.label,
        table=_table(source, state),
        notes=(*drawn.notes, *_absent(teams_without_score)),
        efficiency=drawn.efficiency,
        gap=drawn.gap,
        snapshot=_snapshot(published),
        json_href=state.href(path=f"{root}/leaderboard.json", page=1),
        csv_href=state.href(path=f"{root}/leaderboard.csv", page=1),
        challenge_hash=board.challenge_hash,
        dataset_hash=board.dataset_hash,
    )


def _drawn(source: BoardSource) -> Drawn:
    board = source.board

    def draw() -> Drawn:
        return Drawn(_lead(board), _facts(board), tuple(board_notes(board)), efficiency_chart(board), gap_chart(board))

    return draw() if source.key is None else _DRAWN.get((source.key, language()), draw)


def _table(source: BoardSource, state: ViewState) -> BoardTable:
    """Figures of centers are not the board's own: tables of them are made at every request."""

    def make() -> BoardTable:
        return table_of(source.board, chosen_view(source, state), state)

    if source.key is None or state.view == CENTERS:
        return make()
    return _TABLES.get((source.key, state, frozenset(source.hrefs.items()), language()), make)


def _absent(teams: int) -> tuple[str, ...]:
    if teams == 0:
        return ()
    who = "One team" if teams == 1 else f"{number_word(teams).capitalize()} teams"
    return (
        f"{who} handed in an image that was refused or did not run to its end, and {'is' if teams == 1 else 'are'} not here.",
    )


def _snapshot(published: PublishedBoard) -> Snapshot:
    digest, made_at = published.hash.removeprefix("sha256:"), published.board.generated_at
    href = f"/challenges/{published.board.challenge}/snapshots/{digest}"
    return Snapshot(published.hash, f"{digest[:8]}…{digest[-4:]}", date_words(made_at), made_at.isoformat(), href)


def _lead(board: Leaderboard) -> str:
    ranked = [row for row in board.rows if row.rank is not None]
    if not board.rows:
        return "No algorithm has been scored yet. The board fills as soon as the first one is."
    if not ranked:
        return "The algorithms below were scored, but not ranked; the notes say why."
    first = [row for row in ranked if row.rank == 1]
    if len(first) > 1:
        return f"{len(first)} teams share the first rank."
    leader = first[0]
    rivals = sum(1 for row in ranked if row is not leader and row.rank_low is not None and row.rank_low == 1)
    lead = f"{shown_name(leader.team)} leads with a score of {figures.fixed(leader.score, 3)}."
    if leader.rank_low is None or len(ranked) == 1:
        return lead
    if rivals == 0 and leader.rank_high == 1:
        return f"{lead} No other team's {percent(board.confidence)} rank range reaches the first place."
    if rivals == 0:
        return lead
    ranges = "range of one other team reaches" if rivals == 1 else f"ranges of {number_word(rivals)} other teams reach"
    return f"{lead} The {percent(board.confidence)} rank {ranges} the first place."


def _facts(board: Leaderboard) -> tuple[Fact, ...]:
    tasks = max((len(row.tasks) for row in board.rows), default=0)
    external = f", {board.external_centers} never seen in training" if board.external_centers else ""
    facts = [
        Fact(f"{len(board.rows):,}", "algorithm" if len(board.rows) == 1 else "algorithms"),
        Fact(f"{board.cases:,}", "hidden cases"),
        Fact(f"{tasks}", "task" if tasks == 1 else "tasks"),
        Fact(f"{board.centers}", f"{'center' if board.centers == 1 else 'centers'}{external}"),
        Fact(f"{board.performance_weight * 100:g} / {board.efficiency_weight * 100:g}", "performance / efficiency"),
    ]
    return tuple(fact for fact in facts if fact.words not in {"task", "tasks"} or tasks)
