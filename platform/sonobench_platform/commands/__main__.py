"""`python -m sonobench_platform.commands`: the server's commands alone. `serve` starts its workers with it."""

from __future__ import annotations

import typer

from sonobench_platform.commands.plugin import register


def main() -> None:
    app = typer.Typer(name="sonobench", no_args_is_help=True, add_completion=False)
    register(app)
    app()


if __name__ == "__main__":
    main()
