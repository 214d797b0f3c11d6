"""`sonobench admin dataset`: names, options and help; what they do is in `admin_datasets.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Home = Annotated[
    Path | None,
    typer.Option("--home", help="Where the platform keeps everything.", show_default="./var, or SONOBENCH_HOME"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Challenge = Annotated[str, typer.Argument(metavar="CHALLENGE", help="The challenge's name.")]
Phase = Annotated[str | None, typer.Option(help="The phase.", show_default="every phase")]


def add_to(admin: typer.Typer) -> None:
    """Add `dataset`."""
    dataset = typer.Typer(no_args_is_help=True, help="The data of phases: verify it, read what was found.")
    admin.add_typer(dataset, name="dataset")

    @dataset.command("verify")
    def dataset_verify(
        challenge: Challenge,
        *,
        phase: Phase = None,
        manifest: Annotated[
            Path | None,
            typer.Option(help="Register this manifest: what every file must be, now and later.", show_default=False),
        ] = None,
        home: Home = None,
        json: AsJson = False,
    ) -> None:
        """Read every file of a challenge and say everything that is wrong. Ends with 1 where the data is not sound.

        A phase whose data is not sound does not open. The audit log has that hidden truth was read.
        """
        from sonobench_platform.commands.admin_datasets import verify_data
        from sonobench_platform.commands.settings import settings_with

        verify_data(settings_with(home=home), challenge, phase=phase, manifest=manifest, as_json=json)

    @dataset.command("show")
    def dataset_show(challenge: Challenge, *, phase: Phase = None, home: Home = None, json: AsJson = False) -> None:
        """Show what the last verification found."""
        from sonobench_platform.commands.admin_datasets import show_data
        from sonobench_platform.commands.settings import settings_with

        show_data(settings_with(home=home), challenge, phase=phase, as_json=json)
