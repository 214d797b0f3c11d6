"""`sonobench admin dataset`: the data of phases, straight on the database and the files."""

from __future__ import annotations

from pathlib import Path

from sonobench_eval.challenge.load import ChallengeError
from sonobench_eval.challenge.manifest import read_manifest
from sonobench_eval.challenge.verify_data import DatasetFinding
from sonobench_eval.cli.console import say, show
from sonobench_eval.cli.exits import CommandError
from sonobench_eval.cli.render_dataset import findings_table
from sonobench_platform.accounts.identity import SERVER
from sonobench_platform.challenges import datasets, repository
from sonobench_platform.challenges.datasets_api import Dataset, shown
from sonobench_platform.challenges.phases import get_phase, of_challenge
from sonobench_platform.commands.admin_teams import opened_core, print_json
from sonobench_platform.config import Settings
from sonobench_platform.core import Core
from sonobench_platform.db.models import PhaseRow

_SHOWN = 200


def verify_data(settings: Settings, challenge: str, *, phase: str | None, manifest: Path | None, as_json: bool) -> None:
    """Verify here and now, and tell what was found.

    Raises:
        CommandError: the data is not sound, or could not be verified.
    """
    try:
        known = None if manifest is None else read_manifest(manifest)
    except ChallengeError as error:
        raise CommandError(str(error)) from error
    with opened_core(settings) as core:
        meant = _phases(core, challenge, phase)
        for each in meant:
            with core.database.write() as work:
                datasets.ask(core, work, SERVER, work.session.get_one(PhaseRow, each), manifest=known)
            say(f"Verifying the data of {challenge}.")
            datasets.verify_phase(core, each, caller=SERVER)
        found = _found(core, meant)
    _print(found, as_json=as_json)
    if unfinished := [each for each in found if each.trouble or each.state != "verified"]:
        why = unfinished[0].trouble or "a score worker is at it; see `sonobench admin dataset show`"
        raise CommandError(f"The data of {unfinished[0].phase} was not verified: {why}")
    if unsound := [each.phase for each in found if not each.sound]:
        raise CommandError(f"The data of {', '.join(unsound)} is not sound.")


def show_data(settings: Settings, challenge: str, *, phase: str | None, as_json: bool) -> None:
    """What the last verification found."""
    with opened_core(settings) as core:
        found = _found(core, _phases(core, challenge, phase))
    _print(found, as_json=as_json)


def _phases(core: Core, challenge: str, phase: str | None) -> list[str]:
    with core.database.read() as session:
        row = repository.get(session, challenge)
        return [get_phase(session, row, phase).id] if phase is not None else [each.id for each in of_challenge(session, row.id)]


def _found(core: Core, phases: list[str]) -> list[Dataset]:
    with core.database.read() as session:
        rows = [session.get_one(PhaseRow, each) for each in phases]
        return [shown(row, datasets.get_dataset(session, row), now=core.clock.now()) for row in rows]


def _print(found: list[Dataset], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    for each in found:
        word = "sound" if each.sound else "not sound"
        when = f"{each.verified_at:%Y-%m-%d %H:%M} UTC, by {each.verified_by}"
        print(f"{each.phase}: {word}; {each.cases:,} cases, {each.errors:,} errors, {each.warnings:,} warnings ({when}).")
        if each.findings:
            show(findings_table([DatasetFinding(**finding.model_dump()) for finding in each.findings[:_SHOWN]]))
        if len(each.findings) > _SHOWN:
            say(f"And {len(each.findings) - _SHOWN:,} more; --json shows all of them.")
