"""`sonobench doctor`: whether strangers' images may run beside hidden data on this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from sonobench_eval.cli.console import phases, show, write_data
from sonobench_eval.cli.exits import ExitCode

PANEL = "Nodes"

RuntimeOption = Annotated[
    str | None,
    typer.Option(envvar="SONOBENCH_RUNTIME", help="Container runtime to try, for example runsc. Default: the engine's own."),
]
GpuOption = Annotated[
    str | None,
    typer.Option("--gpu", metavar="UUID", envvar="SONOBENCH_GPU_UUID", help="Hand this graphics card to a probe container."),
]
JsonOption = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the report as JSON; - is stdout.")]
ProbesOption = Annotated[bool, typer.Option("--probes/--no-probes", help="Run the probe containers, or look at facts alone.")]
HomeOption = Annotated[
    Path,
    typer.Option("--home", envvar="SONOBENCH_HOME", help="Where the platform keeps everything; its disk is looked at."),
]


def register(app: typer.Typer) -> None:
    app.command("doctor", rich_help_panel=PANEL)(doctor)


def doctor(
    *,
    runtime: RuntimeOption = None,
    gpu: GpuOption = None,
    json: JsonOption = None,
    probes: ProbesOption = True,
    home: HomeOption = Path("var"),
) -> None:
    """Examine this machine as a node: its engine, its disks, its clock, and what hostile containers can do on it.

    Three containers, with the options of a real run, try to get out and to take more than they may. Nothing is left of
    them. Ends with code 3 where hidden data must not come here, as run workers would refuse it.

    Examples:

        sonobench doctor

        sonobench doctor --runtime runsc --json report.json
    """
    from sonobench_eval.doctor.examine import Setting, examine_node

    place = home.expanduser().resolve()
    # A run worker in a container shares its home with the engine, under one path, and not its temporary folder.
    staging = place if os.access(place, os.W_OK) else None
    setting = Setting(home=place, runtime=runtime, gpu_uuid=gpu, staging=staging)
    with phases("Examining this machine") as told:
        report = examine_node(setting, with_probes=probes, saying=told)
    if json is not None:
        write_data(report.to_json(), json)
    if str(json) != "-":
        from sonobench_eval.cli.render_doctor import node_report

        show(node_report(report))
    if report.open_doors:
        raise typer.Exit(int(ExitCode.TEST_FAILED))
