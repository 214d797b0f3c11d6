"""`sonobench admin rerun, rescore, decide, disqualify, reinstate, baseline`: straight on the database."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from sonobench_eval.cli.console import say, show
from sonobench_eval.cli.render import plain
from sonobench_eval.report import figures
from sonobench_platform.accounts.identity import SERVER
from sonobench_platform.challenges import repository as challenges
from sonobench_platform.challenges.phases import get_phase, of_challenge
from sonobench_platform.commands.admin_teams import opened_core, print_json, table_of
from sonobench_platform.config import Settings
from sonobench_platform.db.models import SubmissionRow
from sonobench_platform.runs import baselines, rerun, rescoring
from sonobench_platform.runs.decide import Decision, decide
from sonobench_platform.runs.organising_schemas import BaselineView, Rescoring
from sonobench_platform.runs.organising_view import baseline_view, rescoring_view
from sonobench_platform.runs.rank_changes import Changes, TeamChange
from sonobench_platform.submissions import disqualify


def rerun_one(settings: Settings, submission_id: str, *, reason: str) -> None:
    """Queue a further run of one submission."""
    with opened_core(settings) as core, core.database.write() as work:
        run = rerun.rerun(core, work, SERVER, submission_id, reason=reason)
        said = f"{submission_id} is queued for its run number {run.number}; a score that it has stays until there is a new one."
    print(said)


def rerun_phase(settings: Settings, challenge: str, *, phase: str | None, reason: str) -> None:
    """Queue a further run of everything that is scored in a phase."""
    with opened_core(settings) as core, core.database.write() as work:
        row = get_phase(work.session, challenges.get(work.session, challenge), phase)
        started = rerun.rerun_all(core, work, SERVER, row, reason=reason)
        name = row.name
    print(f"{len(started.submissions)} submissions to {name} are queued again; the board stays whole meanwhile.")
    for each in started.without_image:
        print(f"{each} cannot be run again: its image is no longer here.")


def decide_failure(settings: Settings, submission_id: str, decision: str, *, reason: str) -> None:
    """Settle a failure that no program can judge."""
    with opened_core(settings) as core, core.database.write() as work:
        decide(core, work, SERVER, submission_id, decision=Decision(decision), reason=reason)
        state = work.session.get_one(SubmissionRow, submission_id).state
    print(f"{submission_id} is {state} now.")


def disqualify_one(settings: Settings, submission_id: str, *, reason: str) -> None:
    """Take one submission out of the ranking."""
    with opened_core(settings) as core, core.database.write() as work:
        disqualify.disqualify(core, work, submission_id, caller=SERVER, reason=reason)
    print(f"{submission_id} is disqualified: it has no rank, and its team is told why.")


def reinstate_one(settings: Settings, submission_id: str, *, reason: str) -> None:
    """Rank one submission again."""
    with opened_core(settings) as core, core.database.write() as work:
        disqualify.reinstate(core, work, submission_id, caller=SERVER, reason=reason)
    print(f"{submission_id} is not disqualified: it is ranked by its score.")


def start_rescoring(
    settings: Settings, challenge: str, *, phase: str | None, reason: str, submissions: Sequence[str], as_json: bool
) -> None:
    """Ask for a rescoring; a score worker does it."""
    with opened_core(settings) as core, core.database.write() as work:
        row = get_phase(work.session, challenges.get(work.session, challenge), phase)
        asked = rescoring.ask(core, work, SERVER, row, reason=reason, submissions=submissions)
        shown = rescoring_view(work.session, asked)
    if as_json:
        print_json(shown)
    else:
        print(f"{shown.id}: {shown.runs} runs are scored again. See `sonobench admin rescore show {shown.id}`.")


def list_rescorings(settings: Settings, challenge: str, *, as_json: bool) -> None:
    """A challenge's rescorings, newest first."""
    with opened_core(settings) as core, core.database.read() as session:
        phases = of_challenge(session, challenges.get(session, challenge).id)
        found = [rescoring_view(session, row) for row in rescoring.of_phases(session, [each.id for each in phases])]
    if as_json:
        print_json(found)
    elif not found:
        say(f"Nothing of {challenge} was scored again yet. `sonobench admin rescore start` does it.")
    else:
        lines = [(each.id, each.phase, each.state, f"{each.done} of {each.runs}", plain(each.reason)) for each in found]
        show(table_of(("Rescoring", "Phase", "State", "Scored", "Reason"), lines))


def show_rescoring(settings: Settings, rescoring_id: str, *, as_json: bool) -> None:
    """How far it is, and what it would change."""
    with opened_core(settings) as core, core.database.read() as session:
        row, _ = rescoring.get_rescoring(session, SERVER, rescoring_id)
        shown = rescoring_view(session, row)
    if as_json:
        print_json(shown)
        return
    print(_headline(shown))
    if shown.changes is not None:
        _show_changes(shown.changes)


def publish_rescored(settings: Settings, rescoring_id: str) -> None:
    """Let its evaluations count, and publish the board."""
    with opened_core(settings) as core, core.database.write() as work:
        rescoring.publish_rescoring(core, work, SERVER, rescoring_id)
    print(f"{rescoring_id} is published: its scores count, and the board is made from them.")


def drop_rescored(settings: Settings, rescoring_id: str) -> None:
    """Forget its evaluations."""
    with opened_core(settings) as core, core.database.write() as work:
        rescoring.drop_rescoring(core, work, SERVER, rescoring_id)
    print(f"{rescoring_id} is dropped; scores and board are as they were.")


def make_baseline(settings: Settings, submission_id: str, *, every_s: float) -> None:
    """Have it run again every so often."""
    with opened_core(settings) as core, core.database.write() as work:
        baselines.set_baseline(core, work, SERVER, submission_id, every_s=every_s)
    print(f"{submission_id} is a baseline: it is run again every {every_s / 3600:g} hours, and its score stays as it is.")


def unmake_baseline(settings: Settings, submission_id: str) -> None:
    """Run it no more."""
    with opened_core(settings) as core, core.database.write() as work:
        baselines.remove_baseline(core, work, SERVER, submission_id)
    print(f"{submission_id} is a baseline no more.")


def list_baselines(settings: Settings, *, as_json: bool) -> None:
    """Every baseline, by when it is due."""
    with opened_core(settings) as core, core.database.read() as session:
        found = [baseline_view(session, each) for each in baselines.baselines(session)]
    if as_json:
        print_json(found)
    elif not found:
        say("There is no baseline. `sonobench admin baseline set SUBMISSION` makes one.")
    else:
        show(table_of(("Submission", "Every", "Next", "On nodes"), [_baseline_line(each) for each in found]))


def _headline(shown: Rescoring) -> str:
    trouble = f", {shown.trouble} with trouble" if shown.trouble else ""
    return f"{shown.id} of {shown.challenge} ({shown.phase}): {shown.state}, {shown.done} of {shown.runs} scored{trouble}."


def _show_changes(changes: Changes) -> None:
    headings = ("Team", "Rank", "would be", "Score", "would be", "Submission")
    show(table_of(headings, [_change_line(each) for each in changes.teams]))
    print(f"{changes.moved} of {len(changes.teams)} teams would change their rank.")
    for each in changes.not_scored:
        print(f"{each.submission} could not be scored again: {each.trouble}")


def _change_line(each: TeamChange) -> tuple[str | Text, ...]:
    return (
        plain(each.team),
        _rank(each.rank_before),
        f"[bold]{_rank(each.rank_after)}[/bold]" if each.is_moved else _rank(each.rank_after),
        _score(each.score_before),
        _score(each.score_after),
        each.submission_after or each.submission_before or "",
    )


def _rank(rank: int | None) -> str:
    return "none" if rank is None else str(rank)


def _score(score: float | None) -> str:
    return figures.NOT_MEASURED if score is None else f"{score:.4f}"


def _baseline_line(each: BaselineView) -> tuple[str, ...]:
    on = ", ".join(f"{node.node} {node.last_s:.2f} s ({node.drift_percent:+.1f} %)" for node in each.nodes)
    return each.submission, f"{each.every_s / 3600:g} h", f"{each.next_at:%Y-%m-%d %H:%M}", on or "too few runs yet"
