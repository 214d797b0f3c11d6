"""`sonobench admin retention` and `submission erase`: names, options and help."""

from __future__ import annotations

from typing import Annotated

import typer

from sonobench_platform.commands.menu_backup import AsJson, Home


def add_to(admin: typer.Typer) -> None:
    submission = typer.Typer(no_args_is_help=True, help="One submission.")
    admin.add_typer(submission, name="submission")

    @admin.command("retention")
    def retention(
        apply: Annotated[bool, typer.Option("--apply", help="Remove it; without this it is only counted.")] = False,
        home: Home = None,
        json: AsJson = False,
    ) -> None:
        """Show what is past its time by the rules of SONOBENCH_RETENTION_..._DAYS, and remove it with --apply.

        Where a rule is set, the score worker applies it once a day by itself. Boards and the predictions that count stay.
        """
        from sonobench_platform.commands.admin_retention import apply_retention, show_retention
        from sonobench_platform.commands.settings import settings_with

        if apply:
            apply_retention(settings_with(home=home), as_json=json)
        else:
            show_retention(settings_with(home=home), as_json=json)

    @submission.command("erase")
    def erase(
        submission_id: Annotated[str, typer.Argument(metavar="ID", help="The submission.")],
        reason: Annotated[str, typer.Option(help="Why; it stays in the submission's history and in the audit log.")],
        home: Home = None,
    ) -> None:
        """Remove a submission's image, predictions, evaluations and logs, and publish the board without it."""
        from sonobench_platform.commands.admin_retention import erase_submission
        from sonobench_platform.commands.settings import settings_with

        erase_submission(settings_with(home=home), submission_id, reason=reason)
