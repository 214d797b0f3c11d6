"""`sonobench admin plan`, `apply` and `challenge`: names, options and help; what they do is in `admin_challenges.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Home = Annotated[
    Path | None,
    typer.Option("--home", help="Where the platform keeps everything.", show_default="./var, or SONOBENCH_HOME"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
File = Annotated[Path, typer.Argument(help="The challenge's YAML file.")]
Name = Annotated[str, typer.Argument(help="The challenge's name.")]
PhaseOption = Annotated[str | None, typer.Option("--phase", help="This phase alone.", show_default="all of them")]
SubmissionId = Annotated[str, typer.Argument(metavar="SUBMISSION", help="The submission's id.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it is kept with what was done.")]


def add_to(admin: typer.Typer) -> None:
    """Add `plan`, `apply`, `challenge` and what organisers do to a team's attempts."""
    _add_plan(admin)
    challenge = typer.Typer(no_args_is_help=True, help="Challenges.")
    admin.add_typer(challenge, name="challenge")
    _add_verbs(challenge)
    _add_hiding(challenge)
    _add_attempts(admin)


def _add_plan(admin: typer.Typer) -> None:
    @admin.command("plan")
    def plan(file: File, home: Home = None, json: AsJson = False) -> None:
        """Say what applying a challenge file would change, and what that means for what was scored. Changes nothing."""
        from sonobench_platform.commands.admin_challenges import plan_challenge
        from sonobench_platform.commands.settings import settings_with

        plan_challenge(settings_with(home=home), file, as_json=json)

    @admin.command("apply")
    def apply(
        file: File,
        reason: Annotated[
            str | None,
            typer.Option("--reason", help="Why a frozen challenge is changed; everyone reads it.", show_default=False),
        ] = None,
        home: Home = None,
        json: AsJson = False,
    ) -> None:
        """Make a challenge file the registered one: its definition and data are verified and kept. Twice is harmless."""
        from sonobench_platform.commands.admin_challenges import apply_challenge
        from sonobench_platform.commands.settings import settings_with

        apply_challenge(settings_with(home=home), file, reason=reason, as_json=json)


def _add_verbs(challenge: typer.Typer) -> None:
    @challenge.command("add")
    def challenge_add(file: File, home: Home = None) -> None:
        """Register a challenge: its definition and data are verified and kept. Twice is harmless."""
        from sonobench_platform.commands.admin_challenges import add_challenge
        from sonobench_platform.commands.settings import settings_with

        add_challenge(settings_with(home=home), file)

    @challenge.command("close")
    def challenge_close(name: Name, phase: PhaseOption = None, home: Home = None) -> None:
        """Take no more images, and show exact times and memory. What was handed in still runs and counts."""
        from sonobench_platform.commands.admin_challenges import close_challenge
        from sonobench_platform.commands.settings import settings_with

        close_challenge(settings_with(home=home), name, phase=phase)

    @challenge.command("open")
    def challenge_open(name: Name, phase: PhaseOption = None, home: Home = None) -> None:
        """Take images again within its dates, and round the times and memory that are shown."""
        from sonobench_platform.commands.admin_challenges import open_challenge
        from sonobench_platform.commands.settings import settings_with

        open_challenge(settings_with(home=home), name, phase=phase)


def _add_hiding(challenge: typer.Typer) -> None:
    @challenge.command("hide")
    def challenge_hide(name: Name, home: Home = None) -> None:
        """Let its organisers alone know of it: for all others there is no such challenge."""
        from sonobench_platform.commands.admin_challenges import hide_challenge
        from sonobench_platform.commands.settings import settings_with

        hide_challenge(settings_with(home=home), name)

    @challenge.command("show")
    def challenge_show(name: Name, home: Home = None) -> None:
        """Let everyone know of a challenge that was hidden."""
        from sonobench_platform.commands.admin_challenges import show_challenge
        from sonobench_platform.commands.settings import settings_with

        show_challenge(settings_with(home=home), name)

    @challenge.command("list")
    def challenge_list(home: Home = None, json: AsJson = False) -> None:
        """List challenges and their phases: what is open, hidden, held or waits to be scored again."""
        from sonobench_platform.commands.admin_challenges import list_challenges
        from sonobench_platform.commands.settings import settings_with

        list_challenges(settings_with(home=home), as_json=json)


def _add_attempts(admin: typer.Typer) -> None:
    @admin.command("give-back")
    def give_back(submission: SubmissionId, reason: Reason, home: Home = None) -> None:
        """Give a team the attempt back that an ended submission took from its quota. Twice is harmless."""
        from sonobench_platform.commands.admin_challenges import give_attempt_back
        from sonobench_platform.commands.settings import settings_with

        give_attempt_back(settings_with(home=home), submission, reason=reason)

    @admin.command("withdraw")
    def withdraw(submission: SubmissionId, reason: Reason, home: Home = None) -> None:
        """Take a scored submission off the board, for good. Its attempt is not given back."""
        from sonobench_platform.commands.admin_challenges import withdraw_submission
        from sonobench_platform.commands.settings import settings_with

        withdraw_submission(settings_with(home=home), submission, reason=reason)

    @admin.command("quota")
    def quota(challenge: Name, home: Home = None, json: AsJson = False) -> None:
        """List what each team has used of its quotas, phase by phase."""
        from sonobench_platform.commands.admin_challenges import list_quotas
        from sonobench_platform.commands.settings import settings_with

        list_quotas(settings_with(home=home), challenge, as_json=json)
