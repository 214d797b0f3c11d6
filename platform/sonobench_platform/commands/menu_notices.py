"""`sonobench admin notices`, `webhook` and `export`: names, options and help; what they do is in `admin_...` of each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Home = Annotated[
    Path | None,
    typer.Option("--home", help="Where the platform keeps everything.", show_default="./var, or SONOBENCH_HOME"),
]
Challenge = Annotated[str | None, typer.Option("--challenge", help="The challenge's name.", show_default="for all challenges")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


def add_to(admin: typer.Typer) -> None:
    """Add `notices`, `webhook` and `export`."""
    _add_notices(admin)
    _add_webhooks(admin)
    _add_export(admin)


def _add_notices(admin: typer.Typer) -> None:
    notices = typer.Typer(no_args_is_help=True, help="Mails and webhook messages: what was sent, and what was not.")
    admin.add_typer(notices, name="notices")

    @notices.command("list")
    def notices_list(
        fate: Annotated[str | None, typer.Option(help="Only waiting, sent or given_up ones.", show_default=False)] = None,
        limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 100,
        home: Home = None,
        json: AsJson = False,
    ) -> None:
        """List them, newest first, with what went wrong. Their text is not shown: it may hold a secret link."""
        from sonobench_platform.commands.admin_notices import list_notices
        from sonobench_platform.commands.settings import settings_with

        list_notices(settings_with(home=home), fate=fate, limit=limit, as_json=json)

    @notices.command("retry")
    def notices_retry(notice: Annotated[str, typer.Argument(help="The notice's id.")], home: Home = None) -> None:
        """Have one that was given up sent again."""
        from sonobench_platform.commands.admin_notices import retry_notice
        from sonobench_platform.commands.settings import settings_with

        retry_notice(settings_with(home=home), notice)


def _add_webhooks(admin: typer.Typer) -> None:
    webhook = typer.Typer(no_args_is_help=True, help="Webhooks: addresses that are told what happens.")
    admin.add_typer(webhook, name="webhook")

    @webhook.command("add")
    def webhook_add(
        url: Annotated[str, typer.Argument(help="Where to: https://, a public address.")],
        challenge: Challenge = None,
        event: Annotated[list[str] | None, typer.Option(help="Only this event; may be repeated.", show_default="all")] = None,
        home: Home = None,
    ) -> None:
        """Make one and print its secret, the only time it is seen."""
        from sonobench_platform.commands.admin_notices import add_webhook
        from sonobench_platform.commands.settings import settings_with

        add_webhook(settings_with(home=home), url, challenge=challenge, events=event or [])

    @webhook.command("list")
    def webhook_list(challenge: Challenge = None, home: Home = None, json: AsJson = False) -> None:
        """List those of a challenge, or those for all challenges."""
        from sonobench_platform.commands.admin_notices import list_webhooks
        from sonobench_platform.commands.settings import settings_with

        list_webhooks(settings_with(home=home), challenge=challenge, as_json=json)

    @webhook.command("remove")
    def webhook_remove(hook: Annotated[str, typer.Argument(help="The webhook's id.")], home: Home = None) -> None:
        """Remove one; what was not sent yet never will be."""
        from sonobench_platform.commands.admin_notices import remove_webhook
        from sonobench_platform.commands.settings import settings_with

        remove_webhook(settings_with(home=home), hook)

    @webhook.command("test")
    def webhook_test(hook: Annotated[str, typer.Argument(help="The webhook's id.")], home: Home = None) -> None:
        """Have a test message sent; `deliveries` tells what came of it."""
        from sonobench_platform.commands.admin_notices import try_webhook
        from sonobench_platform.commands.settings import settings_with

        try_webhook(settings_with(home=home), hook)

    @webhook.command("deliveries")
    def webhook_deliveries(
        hook: Annotated[str, typer.Argument(help="The webhook's id.")], home: Home = None, json: AsJson = False
    ) -> None:
        """List its newest messages, and what became of them."""
        from sonobench_platform.commands.admin_notices import list_deliveries
        from sonobench_platform.commands.settings import settings_with

        list_deliveries(settings_with(home=home), hook, as_json=json)


def _add_export(admin: typer.Typer) -> None:
    @admin.command("export")
    def export(
        challenge: Annotated[str, typer.Argument(help="The challenge's name.")],
        subject: Annotated[str, typer.Argument(help="submissions, results, cases, leaderboard or entries.")],
        phase: Annotated[str | None, typer.Option(help="Only of this phase.", show_default=False)] = None,
        form: Annotated[str, typer.Option("--format", help="csv or json.")] = "csv",
        home: Home = None,
    ) -> None:
        """Print a table of a challenge on stdout. Every export is in the audit log."""
        from sonobench_platform.commands.admin_export import export_table
        from sonobench_platform.commands.settings import settings_with

        export_table(settings_with(home=home), challenge, subject, phase=phase, form=form)
