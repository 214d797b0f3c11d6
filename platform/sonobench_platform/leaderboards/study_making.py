"""Making studies: by a score worker, for the board on show of each phase, once it has stood for a while. Never in a request.

It reads references, for curves and tests: that it does is in the audit log before it happens. Whatever it writes is for
everyone who sees the board; `study_charts` holds back what is of too few cases. Done twice, by two workers, or after a worker
was killed: the same study lies there, whole, or none and it is made again.
"""

from __future__ import annotations

import gzip
import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from sonobench_eval.challenge.load import ChallengeError
from sonobench_eval.ranking.entries import Entry
from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_eval.report.charts import render
from sonobench_eval.report.charts.chart import Chart
from sonobench_eval.statistics.replicates import Replicates, ReplicatesError
from sonobench_platform.challenges.definition import open_definition, public_challenge
from sonobench_platform.challenges.phases import rules_of
from sonobench_platform.core import Contender, Core
from sonobench_platform.db.models import PhaseRow, SnapshotRow
from sonobench_platform.leaderboards.publish import contenders, latest
from sonobench_platform.leaderboards.study import Study
from sonobench_platform.leaderboards.study_charts import Charted, Charts, Evaluated, charts_of
from sonobench_platform.leaderboards.study_drawing import Draw, Drawn, draw, write_chart
from sonobench_platform.leaderboards.study_due import Due, due_studies, on_show
from sonobench_platform.leaderboards.study_view import stored_study
from sonobench_platform.runs.truth import note_the_read_for_charts
from sonobench_platform.storage.store import replacing
from sonobench_platform.storage.studies import INDEX

log = logging.getLogger(__name__)

KEPT_WHILE_OPEN = 10
"""Studies of a phase that are kept beside those of exact boards."""


class Made(NamedTuple):
    """How many studies were made, and how many came to no end. `is_elsewhere`: another process is at it, so none were tried."""

    made: int = 0
    failed: int = 0
    is_elsewhere: bool = False


def make_due_studies(core: Core, *, drawing: Draw = draw) -> Made:
    """Make what is due, and remove what is past. Only one process at a time does."""
    return _make(core, lambda: due_studies(core), drawing)


def make_studies_again(core: Core, *, drawing: Draw = draw) -> Made:
    """Make the study of every board on show, whether or not there is one."""
    return _make(core, lambda: [Due(row.phase_id, row.number) for row in on_show(core)], drawing)


def _make(core: Core, wanted: Callable[[], Sequence[Due]], drawing: Draw) -> Made:
    with core.store.studies.turn() as is_mine:
        if not is_mine:
            return Made(is_elsewhere=True)
        _tidy(core)
        done = [make_study(core, each, drawing=drawing) for each in wanted()]
        if any(done):
            ensure_bundle(core)
        return Made(sum(done), len(done) - sum(done))


def make_study(core: Core, due: Due, *, drawing: Draw = draw) -> bool:
    """Make one study, whether or not there is one, unless its board is on show no more. False where it came to no end."""
    with core.database.read() as session:
        snapshot = latest(session, due.phase_id)
        phase = session.get(PhaseRow, due.phase_id)
        if snapshot is None or phase is None or snapshot.number != due.number:
            return True
        found = contenders(core, session, phase.id) if _is_exact(snapshot, phase) else []
    try:
        _write(core, snapshot, _charts(core, phase, snapshot, found), drawing)
    except _GoneError:
        log.info("the board of phase %s changed while it was drawn", phase.name)
        return True
    except Exception:
        log.exception("the charts of snapshot %d of phase %s could not be made; they are tried again", due.number, phase.name)
        return False
    return True


class _GoneError(Exception):
    """The board is on show no more."""


def _is_exact(snapshot: SnapshotRow, phase: PhaseRow) -> bool:
    return not phase.is_open and Leaderboard.from_json(snapshot.document).exact


def _charts(core: Core, phase: PhaseRow, snapshot: SnapshotRow, found: Sequence[Contender]) -> Charts:
    board = Leaderboard.from_json(snapshot.document)
    fewest = public_challenge(phase).subgroups.fewest_cases
    if not found:
        return charts_of(board, None, fewest_cases=fewest)
    entries = matching(board, found)
    if entries is None:
        charts = charts_of(board, None, fewest_cases=fewest)
        return charts._replace(notes=(*charts.notes, _OTHER_EVALUATIONS))
    with core.database.write() as work:
        note_the_read_for_charts(core, work, phase, snapshot.number)
    try:
        challenge = open_definition(core.store, phase).challenge
    except ChallengeError:
        log.exception("the definition of phase %s cannot be opened for its charts", phase.name)
        charts = charts_of(board, None, fewest_cases=fewest)
        return charts._replace(notes=(*charts.notes, _NO_DEFINITION))
    return charts_of(board, Evaluated(challenge, entries, rules_of(phase).case_dots), fewest_cases=fewest)


_OTHER_EVALUATIONS = (
    "Centers, cases, curves and stability are not drawn: what this board was made from has been scored again or changed since."
)
_NO_DEFINITION = "Centers, cases, curves and stability are not drawn: the challenge's definition could not be read."


def matching(board: Leaderboard, found: Sequence[Contender]) -> tuple[Entry, ...] | None:
    """The board's rows as entries, in their order, under the names on it; None unless these are what it was made from."""
    has_names = all(row.submission is not None for row in board.rows)  # a board of aliases names no submissions
    known = {each.submission if has_names else each.team: each for each in found}
    if {row.submission if has_names else row.team for row in board.rows} != set(known):
        return None
    entries = []
    for row in board.rows:
        contender = known[str(row.submission if has_names else row.team)]
        figures = {task.id: task.metrics for task in contender.evaluation.tasks}
        made_from = contender.evaluation.made_from
        if any(figures.get(task.id) != task.metrics for task in row.tasks):
            return None
        if (made_from.challenge_hash, made_from.dataset_hash) != (board.challenge_hash, board.dataset_hash):
            return None
        entries.append(_entry(row.team, contender))
    return tuple(entries)


def _entry(team: str, contender: Contender) -> Entry:
    return Entry(
        team=team,
        evaluation=contender.evaluation,
        time_s=contender.time_s,
        reference_s=contender.reference_s,
        gpu_memory_bytes=contender.gpu_memory_bytes,
        host_memory_bytes=contender.host_memory_bytes,
        replicates=_replicates(contender),
        submission=contender.submission,
        image_digest=contender.image_digest,
        times_s=contender.times_s,
        disqualified=contender.disqualified,
    )


def _replicates(contender: Contender) -> Replicates | None:
    try:
        return None if contender.replicates is None else Replicates.load(contender.replicates)
    except ReplicatesError:
        log.warning("the replicates of %s cannot be read; its ranks are not resampled", contender.submission)
        return None


def _write(core: Core, snapshot: SnapshotRow, charts: Charts, drawing: Draw) -> None:
    with core.store.studies.writing(snapshot.phase_id, snapshot.number) as folder:
        pen = _Pen(drawing)
        written = [write_chart(folder, charted, name, pen.drawn(charted.chart)) for name, charted in _named(charts.charts)]
        study = Study(
            phase_id=snapshot.phase_id,
            number=snapshot.number,
            content_hash=snapshot.content_hash,
            made_at=core.clock.now(),
            charts=tuple(written),
            centers=charts.centers,
            notes=(*charts.notes, *pen.notes),
            without_drawings=pen.why_none,
        )
        (folder / INDEX).write_text(study.to_json(), encoding="utf-8")
        # What was erased while this was drawn must not come back with it.
        with core.database.read() as session:
            if not _still_shown(session, snapshot):
                raise _GoneError


class _Pen:
    """Draws, as long as there is something to draw with. A chart that cannot be drawn keeps its numbers."""

    def __init__(self, drawing: Draw) -> None:
        self._drawing = drawing
        self.why_none = ""
        self.notes: list[str] = []

    def drawn(self, chart: Chart) -> Drawn | None:
        if self.why_none:
            return None
        try:
            return self._drawing(chart)
        except render.ReportNotInstalledError as error:
            self.why_none = f"There are only numbers here. {error}"
        except Exception:
            log.exception("the chart %s could not be drawn", chart.name)
            self.notes.append(f"\u201c{chart.title}\u201d could not be drawn; its numbers are here.")
        return None


def _still_shown(session: Session, snapshot: SnapshotRow) -> bool:
    now = latest(session, snapshot.phase_id)
    return now is not None and now.number == snapshot.number


def _named(charts: Sequence[Charted]) -> Iterator[tuple[str, Charted]]:
    """Each with a name that no other has."""
    taken: set[str] = set()
    for charted in charts:
        name, number = charted.chart.name, 1
        while name in taken:
            number += 1
            name = f"{charted.chart.name}-{number}"
        taken.add(name)
        yield name, charted


def ensure_bundle(core: Core) -> None:
    """The script with which browsers draw charts, made once for each version of the renderer; takes seconds."""
    studies = core.store.studies
    wanted = f"vega-{render.version()}-"
    present = studies.bundle()
    if present is not None and present.name.startswith(wanted):
        return
    try:
        content = render.browser_bundle().encode()
    except render.ReportNotInstalledError:
        return
    target = studies.bundle_at(f"{wanted}{hashlib.sha256(content).hexdigest()[:12]}.js")
    packed = target.with_suffix(".js.gz")
    for path, written in ((packed, gzip.compress(content, mtime=0)), (target, content)):
        with replacing(path) as temporary:
            temporary.write_bytes(written)
    for old in set(target.parent.glob("vega-*")) - {target, packed}:
        old.unlink(missing_ok=True)


def _tidy(core: Core) -> None:
    """Half-written studies, those of phases that are gone, and all but the newest of boards that were rounded."""
    studies = core.store.studies
    studies.remove_abandoned()
    for phase_id in studies.phases():
        with core.database.read() as session:
            known = session.get(PhaseRow, phase_id) is not None
        if not known:
            studies.remove_phase(phase_id)
            continue
        for number in studies.numbers(phase_id)[:-KEPT_WHILE_OPEN]:
            if _is_of_a_rounded_board(core, phase_id, number):
                studies.remove(phase_id, number)


def _is_of_a_rounded_board(core: Core, phase_id: str, number: int) -> bool:
    query = select(SnapshotRow).where(SnapshotRow.phase_id == phase_id, SnapshotRow.number == number)
    with core.database.read() as session:
        snapshot = session.scalar(query)
    study = None if snapshot is None else stored_study(core, snapshot)
    return study is None or not any(chart.of_evaluations for chart in study.charts)
