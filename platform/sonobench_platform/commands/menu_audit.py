"""`sonobench admin audit`: names, options and help; what they do is in `admin_audit.py`."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

Home = Annotated[
    Path | None,
    typer.Option("--home", help="Where the platform keeps everything.", show_default="./var, or SONOBENCH_HOME"),
]
Moment = typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"], show_default=False)


class Form(StrEnum):
    """How a list is printed."""

    TABLE = "table"
    JSONL = "jsonl"
    CSV = "csv"


def add_to(admin: typer.Typer) -> None:
    """Add `audit verify` and `audit list`."""
    audit = typer.Typer(no_args_is_help=True, help="The audit log: who did what, and every read of hidden labels.")
    admin.add_typer(audit, name="audit")

    @audit.command("verify")
    def audit_verify(
        head: Annotated[
            list[str] | None,
            typer.Option(help="A hash that was once the log's head, as you noted it; may be repeated.", show_default=False),
        ] = None,
        home: Home = None,
        json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")] = False,
    ) -> None:
        """Find the first row that was changed, removed or moved, and what was cut off. Exit code 1 where there is one.

        Every published leaderboard holds the log's head of its moment (the header Sonobench-Audit-Head shows it): all of these
        must be in the log.
        """
        from sonobench_platform.commands.admin_audit import verify_log
        from sonobench_platform.commands.settings import settings_with

        verify_log(settings_with(home=home), noted=head or (), as_json=json)

    @audit.command("list")
    def audit_list(
        *,
        challenge: Annotated[str | None, typer.Option(help="Only of this challenge.", show_default=False)] = None,
        action: Annotated[
            str | None, typer.Option(help="One action (truth.read), or a noun and a dot (truth.).", show_default=False)
        ] = None,
        actor: Annotated[str | None, typer.Option(help="Who did it, as the log calls them.", show_default=False)] = None,
        subject: Annotated[str | None, typer.Option(help="What it was done to.", show_default=False)] = None,
        since: Annotated[datetime | None, Moment] = None,
        until: Annotated[datetime | None, Moment] = None,
        limit: Annotated[int, typer.Option(min=0, help="How many at most; 0 for all.")] = 100,
        form: Annotated[Form, typer.Option("--format", help="A table, JSON lines, or CSV.")] = Form.TABLE,
        home: Home = None,
    ) -> None:
        """List the log, newest first. Times without a zone are UTC."""
        from sonobench_platform.commands.admin_audit import Filters, list_log
        from sonobench_platform.commands.settings import settings_with

        filters = Filters(challenge, action, actor, subject, since, until)
        list_log(settings_with(home=home), filters, limit=limit or None, form=form)
