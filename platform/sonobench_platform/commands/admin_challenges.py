"""What `sonobench admin plan`, `apply`, `challenge` and their kin do, straight on the database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from rich.table import Table
from sqlalchemy import select

from sonobench_eval.challenge.load import ChallengeError
from sonobench_eval.cli.console import say, show
from sonobench_eval.cli.render import plain
from sonobench_platform.accounts.identity import SERVER
from sonobench_platform.accounts.service import TokenFileError
from sonobench_platform.challenges import repository, view
from sonobench_platform.challenges.applying import apply
from sonobench_platform.challenges.changes import ChangedLine, told
from sonobench_platform.challenges.hiding import set_hidden
from sonobench_platform.challenges.opening import set_open
from sonobench_platform.challenges.phases import of_challenge, rules_of
from sonobench_platform.challenges.plan_schemas import shown
from sonobench_platform.challenges.planning import Plan, make_plan
from sonobench_platform.challenges.preparing import prepare, read_file
from sonobench_platform.challenges.told import sentences_of
from sonobench_platform.commands.opening import opened
from sonobench_platform.commands.run_worker import broker_address
from sonobench_platform.commands.trouble import told_in_a_sentence
from sonobench_platform.config import Settings
from sonobench_platform.db.models import QuotaRow, TeamRow
from sonobench_platform.domain.errors import Refusal
from sonobench_platform.domain.quota import left_of
from sonobench_platform.submissions.choose import withdraw
from sonobench_platform.submissions.giving_back import give_back_by_hand
from sonobench_platform.submissions.quota import used_of
from sonobench_platform.wiring import Platform


def plan_challenge(settings: Settings, file: Path, *, as_json: bool) -> None:
    """Print what applying the file would do."""
    with _platform(settings) as platform:
        loaded = read_file(file)
        say(f"Comparing {file} and its data with what is registered.")
        plan = make_plan(platform.core, prepare(loaded))
        if as_json:
            print(shown(plan).model_dump_json(indent=1))
            return
        _print(plan)
        if not plan.changes_nothing and not plan.obstacles:
            reason = ' --reason "..."' if plan.needs_reason else ""
            print(f"Nothing was changed. To change it: sonobench admin apply {file}{reason}")


def apply_challenge(settings: Settings, file: Path, *, reason: str | None, as_json: bool) -> None:
    """Make the file the registered definition, and print what was changed."""
    with _platform(settings) as platform:
        loaded = read_file(file)
        say(f"Verifying {file} and its data.")
        plan = apply(platform.core, SERVER, loaded, reason=reason).plan
        if as_json:
            print(shown(plan).model_dump_json(indent=1))
        else:
            _print(plan)
            if not plan.changes_nothing:
                print(f"Applied: {plan.name} is {plan.new_hash[:19]}… now.")


def add_challenge(settings: Settings, file: Path) -> None:
    """Verify a challenge and its data, and make it known. Twice is harmless."""
    with _platform(settings) as platform:
        say(f"Verifying {file} and its data.")
        added = platform.register_challenge(file)
        state = "open" if added.open else "closed"
        counts = f"{added.cases:,} cases, {len(added.tasks)} tasks, {len(added.centers)} centers"
        print(f"Challenge {added.name} is {state}: {counts}.")


def close_challenge(settings: Settings, name: str, *, phase: str | None) -> None:
    """Take no more images, and publish the board with exact figures. Twice is harmless."""
    with _platform(settings) as platform:
        with platform.core.database.write() as work:
            set_open(platform.core, work, name, is_open=False, phase=phase)
        print(f"{_named(name, phase)} is closed: it takes no images, and its board shows exact times and memory.")


def open_challenge(settings: Settings, name: str, *, phase: str | None) -> None:
    """Take images again, and publish the board with rounded figures. Twice is harmless."""
    with _platform(settings) as platform:
        with platform.core.database.write() as work:
            challenge = set_open(platform.core, work, name, is_open=True, phase=phase)
            summary = view.summary(work.session, challenge, platform.core.clock.now())
        if any(each.open for each in summary.phases if phase in (None, each.id)):
            print(f"{_named(name, phase)} is open: it takes images, and its board shows times to 1 % and memory to 64 MiB.")
        else:
            print(f"{_named(name, phase)} is no longer held closed; it takes images from its opening date on.")


def hide_challenge(settings: Settings, name: str) -> None:
    _hide(settings, name, is_hidden=True)
    print(f"Challenge {name} is hidden: its organisers alone know of it.")


def show_challenge(settings: Settings, name: str) -> None:
    _hide(settings, name, is_hidden=False)
    print(f"Challenge {name} is shown to everyone.")


def list_challenges(settings: Settings, *, as_json: bool) -> None:
    """Challenges and their phases."""
    with _platform(settings) as platform:
        with platform.core.database.read() as session:
            found = view.all_visible(session, SERVER, platform.core.clock.now())
        if as_json:
            print(json.dumps([each.model_dump(mode="json") for each in found], indent=1, ensure_ascii=False))
            return
        table = _table("Challenge", "Phase", "State", "Opens", "Closes", "Scores", "Wait for scores")
        for each in found:
            for phase in each.phases:
                state = "held" if phase.held else "open" if phase.open else "closed"
                dates = [f"{moment:%Y-%m-%d %H:%M %Z}" if moment else "" for moment in (phase.opens, phase.closes)]
                name = f"{each.name} (hidden)" if each.hidden else each.name
                table.add_row(name, phase.id, state, *dates, phase.scores, str(phase.waiting_for_scores or ""))
        show(table)


def give_attempt_back(settings: Settings, submission_id: str, *, reason: str) -> None:
    with _platform(settings) as platform:
        with platform.core.database.write() as work:
            give_back_by_hand(platform.core, work, submission_id, caller=SERVER, reason=reason)
        print(f"The attempt of {submission_id} is given back.")


def withdraw_submission(settings: Settings, submission_id: str, *, reason: str) -> None:
    with _platform(settings) as platform:
        with platform.core.database.write() as work:
            withdraw(platform.core, work, submission_id, caller=SERVER, reason=reason)
        print(f"Submission {submission_id} is withdrawn; the board is made without it.")


class _Usage(NamedTuple):
    team: str
    phase: str
    today: int
    total: int
    left: int | None


def list_quotas(settings: Settings, name: str, *, as_json: bool) -> None:
    """What each team that took an attempt has used and has left."""
    with _platform(settings) as platform:
        now, lines = platform.core.clock.now(), list[_Usage]()
        with platform.core.database.read() as session:
            for phase in of_challenge(session, repository.get(session, name).id):
                teams = select(TeamRow).where(TeamRow.id.in_(select(QuotaRow.team_id).where(QuotaRow.phase_id == phase.id)))
                for team in session.scalars(teams.order_by(TeamRow.name_key)):
                    used = used_of(session, team.id, phase, now)
                    left = left_of(rules_of(phase).quota, used)
                    lines.append(_Usage(team.name, phase.name, used.today, used.total, left.now))
        if as_json:
            print(json.dumps([each._asdict() for each in lines], indent=1, ensure_ascii=False))
            return
        table = _table("Team", "Phase", "Used today", "Used in all", "Left now")
        for line in lines:
            left_now = "no limit" if line.left is None else str(line.left)
            table.add_row(plain(line.team), line.phase, str(line.today), str(line.total), left_now)
        show(table)


def _print(plan: Plan) -> None:
    signs = {"added": "+", "removed": "-", "changed": "~", "moved": "~"}
    for change in plan.changes:
        first = f" ({', '.join(change.cases)}, ...)" if change.cases else ""
        print(plain(f"  {signs[change.kind]} {told(ChangedLine(change.what, change.kind, change.old, change.new))}{first}"))
    for sentence in sentences_of(plan):
        print(plain(sentence))


def _hide(settings: Settings, name: str, *, is_hidden: bool) -> None:
    with _platform(settings) as platform, platform.core.database.write() as work:
        set_hidden(platform.core, work, SERVER, repository.get(work.session, name), is_hidden=is_hidden)


def _named(name: str, phase: str | None) -> str:
    return f"Challenge {name}" if phase is None else f"Phase {phase} of {name}"


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


@contextmanager
def _platform(settings: Settings) -> Iterator[Platform]:
    settings = settings.model_copy(update={"broker_url": broker_address(settings)})
    with told_in_a_sentence(ChallengeError, Refusal, TokenFileError), opened(settings) as platform:
        yield platform
