"""`sonobench import`: a challenge file from a folder in a known layout, or from a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from sonobench_eval.cli import importing_others

PANEL = "On this machine"

FolderArgument = Annotated[Path, typer.Argument(metavar="DIR", help="Folder with ground_truth.json, images/ and truth/.")]
OutputOption = Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The challenge file to write.")]
NameOption = Annotated[str | None, typer.Option(help="Short name, for commands and addresses. Default: the folder's name.")]
TitleOption = Annotated[str | None, typer.Option(help="Title, for people. Default: the name.")]
ExternalOption = Annotated[
    list[str] | None,
    typer.Option("--external", metavar="CENTER", help="A center never seen in training. May be given several times."),
]
ToleranceOption = Annotated[float, typer.Option("--nsd-tolerance", min=0, help="NSD: how far two outlines may lie apart.")]
UnitOption = Annotated[Literal["px", "mm"], typer.Option("--nsd-unit", help="NSD: the unit of the tolerance.")]
ConventionOption = Annotated[
    Literal["surface", "pixel", "uusic25"],
    typer.Option("--nsd-convention", help="NSD: how outlines are taken. `uusic25` is what the challenge published."),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Make a challenge file from a folder in a known layout, or from a table.", no_args_is_help=True)
    group.command("uusic25")(import_uusic25_command)
    importing_others.register(group)
    app.add_typer(group, name="import", rich_help_panel=PANEL)


def import_uusic25_command(
    folder: FolderArgument,
    *,
    output: OutputOption = Path("challenge.yaml"),
    name: NameOption = None,
    title: TitleOption = None,
    external: ExternalOption = None,
    tolerance: ToleranceOption = 2.0,
    unit: UnitOption = "px",
    convention: ConventionOption = "surface",
    force: ForceOption = False,
) -> None:
    """Make a challenge file from a folder in the layout of UUSIC25.

    Nothing in the folder is changed; the new file refers to its images and masks by relative paths.

    Examples:

        sonobench import uusic25 data/ -o challenge.yaml --external NKI

        sonobench import uusic25 data/ --nsd-convention uusic25 --nsd-tolerance 1
    """
    importing_others.refuse_to_replace(output, force=force)
    from sonobench_eval.challenge.import_uusic25 import import_uusic25, slug
    from sonobench_eval.cli.importing_writing import write_challenge

    challenge = import_uusic25(
        folder,
        name=name or slug(folder.resolve().name),
        title=title,
        external=tuple(external or ()),
        nsd_convention=convention,
        nsd_tolerance=tolerance,
        nsd_unit=unit,
    )
    write_challenge(challenge, folder, output)
