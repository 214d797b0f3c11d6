"""`sonobench init`: an image to begin with, which passes `sonobench test` as it is."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from sonobench_eval.cli.console import say, write_whole
from sonobench_eval.cli.exits import CommandError, ExitCode

PANEL = "On this machine"
TEMPLATE = {
    "Dockerfile": "Dockerfile",
    "predict.py": "predict.py",
    "requirements.txt": "requirements.txt",
    "README.md": "README.md",
    ".dockerignore": "dockerignore",
}
"""Each file and what it is called in the package, where a hidden file could get lost."""

FolderArgument = Annotated[Path, typer.Argument(metavar="DIR", help="The folder to write to. Default: here.", show_default=False)]


def register(app: typer.Typer) -> None:
    app.command("init", rich_help_panel=PANEL)(init_command)


def init_command(folder: FolderArgument = Path()) -> None:
    """Write a template for an image: Dockerfile, program, README.

    It answers every case of a challenge in the layout of UUSIC25, badly, and passes `sonobench test` unchanged. A file
    that is there is never replaced.

    Examples:

        sonobench init my-algorithm
    """
    there = [name for name in TEMPLATE if (folder / name).exists() or (folder / name).is_symlink()]
    if there:
        raise CommandError(f"{folder / there[0]} is there already. Nothing was written; choose another folder.", ExitCode.USAGE)
    _write(folder)
    tag = _tag(folder)
    say(f"Wrote {', '.join(TEMPLATE)} to {folder}. Next:")
    say(f"  docker build --platform linux/amd64 -t {tag} {quote(str(folder))}")
    say(f"  sonobench test {tag} challenge.yaml")
    say(f"Then put your model into {folder / 'predict.py'}. The README says the rest.")


def _write(folder: Path) -> None:
    """All of the files or none: half a template would be in the way of the next try."""
    folder.mkdir(parents=True, exist_ok=True)
    source, written = files("sonobench_eval") / "template", []
    try:
        for name, kept in TEMPLATE.items():
            write_whole(folder / name, (source / kept).read_bytes())
            written.append(folder / name)
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise


def _tag(folder: Path) -> str:
    """A name for the image after its folder, as Docker allows one."""
    from re import sub

    return sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-") or "my-algorithm"
