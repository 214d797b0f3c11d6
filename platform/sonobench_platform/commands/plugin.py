"""The server's commands, joined to `sonobench` through the entry point group `sonobench.commands`.

Only names, options and help stand here; what a command does is imported when it is called, so that `sonobench --help`
stays fast and a run worker never imports what reaches the database.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from sonobench_platform.commands import (
    menu_audit,
    menu_backup,
    menu_challenges,
    menu_datasets,
    menu_entries,
    menu_notices,
    menu_people,
    menu_retention,
    menu_rotation,
    menu_runs,
    menu_studies,
    menu_teams,
)

Home = Annotated[
    Path | None,
    typer.Option("--home", help="Where the platform keeps everything.", show_default="./var, or SONOBENCH_HOME"),
]
Grace = Annotated[
    float,
    typer.Option("--drain-grace", min=0, max=86400, help="Seconds that a run may go on after SIGTERM, before it is given back."),
]

MENUS: tuple[Callable[[typer.Typer], None], ...] = (
    menu_audit.add_to,
    menu_notices.add_to,
    menu_backup.add_to,
    menu_retention.add_to,
    menu_rotation.add_to,
    menu_challenges.add_to,
    menu_datasets.add_to,
    menu_people.add_to,
    menu_teams.add_to,
    menu_entries.add_to,
    menu_runs.add_to,
    menu_studies.add_to,
)
"""What adds further commands to `sonobench admin`: `add_to` of each `commands/menu_*.py`."""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


def register(app: typer.Typer) -> None:
    """Add `serve`, `worker`, `admin` and `demo` to `app`."""
    app.command()(serve)
    app.command()(demo)
    app.add_typer(_worker_commands(), name="worker")
    app.add_typer(_admin_commands(), name="admin")


def serve(
    *,
    home: Home = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port; 0 for any free one.", show_default="8100")] = None,
    with_workers: Annotated[bool, typer.Option("--with-workers", help="Also start a run worker and a score worker.")] = False,
    drain_grace: Grace = 5.0,
    fd: Annotated[int | None, typer.Option(hidden=True, help="A listening socket to serve on, open already.")] = None,
) -> None:
    """Serve the API and the pages.

    Makes the database, the tokens and, where no broker is configured and redis-server is installed, a private broker.
    Ends on Ctrl-C or SIGTERM with everything it started.
    """
    from sonobench_platform.commands.serve import serve as run
    from sonobench_platform.commands.settings import settings_with

    run(settings_with(home=home, host=host, port=port), with_workers=with_workers, drain_grace_s=drain_grace, fd=fd)


def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the table instead of serving until Ctrl-C.")] = False,
    data: Annotated[
        Path | None,
        typer.Option(help="A folder of real images in the UUSIC25 layout, instead of the phantom.", show_default=False),
    ] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port.", show_default="8100, or the next free one")] = None,
    home: Annotated[
        Path | None, typer.Option(help="Where the demo keeps everything.", show_default="var/demo in the checkout")
    ] = None,
) -> None:
    """Show the whole path: images handed in, run offline, scored, ranked.

    Needs a checkout (it builds the example images) and a Docker Engine. A second demo reuses what the first one made.
    """
    from sonobench_platform.commands.demo import demo as run

    run(once=once, data=data, port=port, home=home)


def _worker_commands() -> typer.Typer:
    worker = typer.Typer(
        no_args_is_help=True, help="Workers: `run` executes images, `score` verifies uploads and scores results."
    )

    @worker.command("run")
    def run_worker(
        *,
        home: Home = None,
        api_url: Annotated[str | None, typer.Option(help="Where the API is.", show_default="http://127.0.0.1:8100")] = None,
        slot: Annotated[
            int, typer.Option(min=0, max=99, help="One run at a time per slot; give each worker of a node its own.")
        ] = 0,
        gpu: Annotated[
            str | None, typer.Option(help="UUID of the GPU that its runs get (nvidia-smi -L).", show_default=False)
        ] = None,
        poll: Annotated[
            float, typer.Option(min=0.1, max=3600, help="Seconds between questions for work when nobody wakes it.")
        ] = 10.0,
        drain_grace: Grace = 30.0,
    ) -> None:
        """Run queued images, one at a time, on this machine's Docker Engine.

        Needs the API's address and a node token, and no database: it sees inputs only, never references.
        """
        from sonobench_platform.commands.run_worker import run_worker as run
        from sonobench_platform.commands.settings import settings_with

        settings = settings_with(home=home, api_url=api_url, gpu_uuid=gpu)
        run(settings, slot=slot, poll_s=poll, drain_grace_s=drain_grace)

    @worker.command("score")
    def score_worker(
        home: Home = None,
        jobs: Annotated[int, typer.Option(min=1, max=64, help="How many checks and scorings at the same time.")] = 2,
        poll: Annotated[
            float, typer.Option(min=0.1, max=3600, help="Seconds between questions for work where there is no broker.")
        ] = 2.0,
    ) -> None:
        """Verify uploads, score results, publish boards, and put lost runs back into the queue."""
        from sonobench_platform.commands.score_worker import score_worker as run
        from sonobench_platform.commands.settings import settings_with

        run(settings_with(home=home), jobs=jobs, poll_s=poll)

    @worker.command("beat")
    def beat(home: Home = None) -> None:
        """Have lost and overdue work looked for every few seconds, through the broker. Score workers also look by themselves."""
        from sonobench_platform.commands.beat import beat as run
        from sonobench_platform.commands.settings import settings_with

        run(settings_with(home=home))

    return worker


def _admin_commands() -> typer.Typer:
    admin = typer.Typer(no_args_is_help=True, help="For organisers, on the server itself: challenges, teams, submissions.")

    @admin.command("nodes")
    def nodes(
        *,
        forget: Annotated[
            str | None, typer.Option(metavar="NAME", help="Drop what is known of a node, e.g. after its hardware changed.")
        ] = None,
        drain: Annotated[str | None, typer.Option(metavar="NAME", help="Give a node no new run; say why with --reason.")] = None,
        take_back: Annotated[str | None, typer.Option(metavar="NAME", help="Give a drained node runs again.")] = None,
        reason: Annotated[str, typer.Option(help="Why it is drained; the audit log keeps it.")] = "",
        home: Home = None,
        json: AsJson = False,
    ) -> None:
        """List the run workers' nodes: whether every limit bites there, and how their speed has drifted."""
        from sonobench_platform.commands import admin_nodes
        from sonobench_platform.commands.settings import settings_with

        settings = settings_with(home=home)
        if forget is not None:
            admin_nodes.forget_node(settings, forget)
        elif drain is not None:
            admin_nodes.drain_node(settings, drain, reason=reason)
        elif take_back is not None:
            admin_nodes.take_back_node(settings, take_back)
        else:
            admin_nodes.list_nodes(settings, as_json=json)

    @admin.command("submissions")
    def submissions(
        challenge: Annotated[str | None, typer.Option(help="Only of this challenge.", show_default=False)] = None,
        home: Home = None,
        json: AsJson = False,
    ) -> None:
        """List submissions, newest first."""
        from sonobench_platform.commands.admin import list_submissions
        from sonobench_platform.commands.settings import settings_with

        list_submissions(settings_with(home=home), challenge=challenge, as_json=json)

    for add_to in MENUS:
        add_to(admin)
    return admin
