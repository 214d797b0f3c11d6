"""`sonobench import dataset-json` and `sonobench import table`: data sets of nnU-Net and the Decathlon, and CSV tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from sonobench_eval.cli.exits import CommandError, ExitCode

if TYPE_CHECKING:
    from sonobench_eval.challenge.import_table import TaskOptions

FolderArgument = Annotated[Path, typer.Argument(metavar="DIR", help="Folder with dataset.json, images and labels.")]
TableArgument = Annotated[Path, typer.Argument(metavar="TABLE", help="A CSV file with a row for each case.")]
OutputOption = Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The challenge file to write.")]
NameOption = Annotated[str | None, typer.Option(help="Short name, for commands and addresses. Default: the folder's name.")]
TitleOption = Annotated[str | None, typer.Option(help="Title, for people. Default: the name.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")]
PartOption = Annotated[Literal["train", "test"], typer.Option(help="imagesTr and labelsTr, or imagesTs and labelsTs.")]
OrganOption = Annotated[str, typer.Option(help="The organ, as containers are told.")]
CenterOption = Annotated[str, typer.Option(help="The center that all cases are from.")]
ExternalFlag = Annotated[bool, typer.Option("--external", help="The center was never seen in training.")]
ChannelOption = Annotated[int | None, typer.Option(min=0, help="Which channel is the image, where there are several.")]
ContractOption = Annotated[
    Literal["json-list", "folder-per-case", "uusic25"], typer.Option(help="How containers are fed and answer.")
]
ImagesOption = Annotated[Path, typer.Option("--images", metavar="DIR", help="Folder that the paths of images start from.")]
TruthOption = Annotated[Path | None, typer.Option("--truth", metavar="DIR", help="The same of masks. Default: as --images.")]
KindOption = Annotated[
    list[str] | None,
    typer.Option("--kind", metavar="TASK=KIND", help="segmentation, instances, binary, multiclass, ordinal, ..."),
]
ClassesOption = Annotated[
    list[str] | None, typer.Option("--classes", metavar="TASK=A,B", help="Names of the classes, in the order of their indices.")
]
LabelsOption = Annotated[
    list[str] | None, typer.Option("--labels", metavar="TASK=A:1,B:2", help="Structures and their values in masks.")
]
RangeOption = Annotated[
    list[str] | None, typer.Option("--range", metavar="TASK=LOW:HIGH", help="Lowest and highest value of a grade or measurement.")
]
ExternalOption = Annotated[
    list[str] | None,
    typer.Option("--external", metavar="CENTER", help="A center never seen in training. May be given several times."),
]
TaskOption = Annotated[str, typer.Option(help="The task's name, for a table without a column `task`.")]


def register(group: typer.Typer) -> None:
    group.command("dataset-json")(import_dataset_json_command)
    group.command("table")(import_table_command)


def refuse_to_replace(output: Path, *, force: bool) -> None:
    """Before anything is read.

    Raises:
        CommandError: the file is there, and nobody said that it may go.
    """
    if output.exists() and not force:
        raise CommandError(f"{output} is there already. Give --force to replace it, or another name with -o.", ExitCode.USAGE)


def import_dataset_json_command(
    folder: FolderArgument,
    *,
    output: OutputOption = Path("challenge.yaml"),
    part: PartOption = "test",
    name: NameOption = None,
    title: TitleOption = None,
    organ: OrganOption = "unknown",
    center: CenterOption = "dataset",
    external: ExternalFlag = False,
    channel: ChannelOption = None,
    contract: ContractOption = "json-list",
    force: ForceOption = False,
) -> None:
    """Make a challenge file from a data set for nnU-Net, or of the Medical Segmentation Decathlon.

    Both describe themselves in `dataset.json`. Nothing in the folder is changed; the new file refers to its images and masks.

    Examples:

        sonobench import dataset-json Dataset501_Heart/ --organ Heart

        sonobench import dataset-json Task02_Heart/ --part train -o challenge.yaml
    """
    refuse_to_replace(output, force=force)
    from sonobench_eval.challenge.import_dataset_json import Choices, import_dataset_json
    from sonobench_eval.challenge.imported import slug
    from sonobench_eval.cli.importing_writing import write_challenge

    choices = Choices(
        name=name or slug(folder.resolve().name),
        title=title,
        part=part,
        organ=organ,
        center=center,
        external=external,
        channel=channel,
        contract=contract,
    )
    made = import_dataset_json(folder, choices)
    write_challenge(made.challenge, folder, output, made.notes)


def import_table_command(
    table: TableArgument,
    *,
    images: ImagesOption,
    truth: TruthOption = None,
    output: OutputOption = Path("challenge.yaml"),
    name: NameOption = None,
    title: TitleOption = None,
    task: TaskOption = "task",
    center: CenterOption = "dataset",
    external: ExternalOption = None,
    kind: KindOption = None,
    classes: ClassesOption = None,
    labels: LabelsOption = None,
    range_: RangeOption = None,
    contract: ContractOption = "json-list",
    force: ForceOption = False,
) -> None:
    """Make a challenge file from a CSV table with a row for each case.

    Columns: `path`; of `task`, `center`, `role`, `subject`, `subgroup`, `group.NAME`, `phase`, `organ`, `pixel_size_mm` what is
    known; and the reference in `mask`, `label` or `value`. Commas, semicolons or tabs; paths with slashes or backslashes.

    Examples:

        sonobench import table cases.csv --images images/ --truth masks/

        sonobench import table cases.csv --images . --kind grade=ordinal --range grade=0:5
    """
    refuse_to_replace(output, force=force)
    from sonobench_eval.challenge.import_table import TableChoices, import_table
    from sonobench_eval.challenge.imported import slug
    from sonobench_eval.cli.importing_writing import write_challenge

    choices = TableChoices(
        name=name or slug(table.resolve().stem),
        title=title,
        images=images.resolve(),
        truth=(truth or images).resolve(),
        tasks=_task_options(kind, classes, labels, range_),
        task=task,
        center=center,
        external=tuple(external or ()),
        contract=contract,
    )
    made = import_table(table, choices)
    write_challenge(made.challenge, Path(), output, made.notes)


def _task_options(
    kind: Sequence[str] | None, classes: Sequence[str] | None, labels: Sequence[str] | None, ranges: Sequence[str] | None
) -> dict[str, TaskOptions]:
    from dataclasses import replace

    from sonobench_eval.challenge.import_table import TaskOptions

    made: dict[str, TaskOptions] = {}
    for task, said in _of_tasks("--kind", kind):
        made[task] = replace(made.get(task, TaskOptions()), kind=said)
    for task, said in _of_tasks("--classes", classes):
        made[task] = replace(made.get(task, TaskOptions()), classes=tuple(part.strip() for part in said.split(",")))
    for task, said in _of_tasks("--labels", labels):
        made[task] = replace(made.get(task, TaskOptions()), labels=_structures(said))
    for task, said in _of_tasks("--range", ranges):
        made[task] = replace(made.get(task, TaskOptions()), range=_span(said))
    return made


def _of_tasks(option: str, given: Sequence[str] | None) -> Iterator[tuple[str, str]]:
    for each in given or ():
        task, equals, said = each.partition("=")
        if not (task and equals and said):
            raise CommandError(f"{option} is TASK=..., and {each!r} is not.", ExitCode.USAGE)
        yield task, said


def _structures(said: str) -> dict[str, int]:
    pairs = [part.rpartition(":") for part in said.split(",")]
    if not all(name.strip() and value.strip().isdigit() for name, _, value in pairs):
        raise CommandError(f"--labels is TASK=NAME:VALUE,NAME:VALUE, and {said!r} is not.", ExitCode.USAGE)
    return {name.strip(): int(value) for name, _, value in pairs}


def _span(said: str) -> tuple[float, float]:
    low, _, high = said.partition(":")
    try:
        return float(low), float(high)
    except ValueError:
        raise CommandError(f"--range is TASK=LOW:HIGH, and {said!r} is not.", ExitCode.USAGE) from None
