"""A study of a snapshot: its charts with their sentences and numbers, and every team's figures at every center. Pure records.

Schema `sonobench.study/1`. A study is a projection: lost, it is made again.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from sonobench_eval.evaluation import CenterScore

Cell = str | int | float | bool | None
"""As JSON has it: a figure that is not finite is None."""
SectionName = Literal["efficiency", "tasks", "centers", "cases", "curves", "stability", "significance", "weights", "difficulty"]


class StudyRecord(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class ChartFiles(StudyRecord):
    """Names of a chart's files in its study's folder; each holds a part of its content's hash. None: not drawn.

    `picture` and `picture_dark` are for pages that say title and takeaway themselves; `svg`, `png` and `pdf` are whole.
    `spec` and `spec_dark` are Vega documents for browsers.
    """

    csv: str
    picture: str | None = None
    picture_dark: str | None = None
    svg: str | None = None
    png: str | None = None
    pdf: str | None = None
    spec: str | None = None
    spec_dark: str | None = None

    def names(self) -> tuple[str, ...]:
        return tuple(name for name in self.model_dump().values() if name is not None)


class StudyChart(StudyRecord):
    """One chart. `title` and `takeaway` are plain text without unseen characters; cells are as others wrote them.

    `rows` are the first of `total_rows`; the CSV file has all. `width_px` and `height_px` are the picture's (0: not drawn).
    `of_evaluations`: it says more than the board does, and is for the time after the phase.
    """

    id: str
    section: SectionName
    title: str
    takeaway: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total_rows: int
    files: ChartFiles
    width_px: int = 0
    height_px: int = 0
    of_evaluations: bool = False


class TeamCenters(StudyRecord):
    """One team's figures in one task, center by center. One of too few cases has no value, and says so in `undefined`."""

    team: str
    task: str
    centers: tuple[CenterScore, ...]


class Study(StudyRecord):
    """What was made of one snapshot: of an exact board everything, of a rounded one what the board itself says.

    `content_hash` is the snapshot's. `without_drawings` says why there are no drawings; empty where there are. `notes` say
    what could not be made, and why.
    """

    schema_: Annotated[Literal["sonobench.study/1"], Field(alias="schema")] = "sonobench.study/1"
    phase_id: str
    number: int
    content_hash: str
    made_at: AwareDatetime
    charts: tuple[StudyChart, ...] = ()
    centers: tuple[TeamCenters, ...] = ()
    notes: tuple[str, ...] = ()
    without_drawings: str = ""

    def while_open(self) -> Study:
        """What may be shown of it while its phase takes images: nothing that was made from evaluations."""
        charts = tuple(chart for chart in self.charts if not chart.of_evaluations)
        return self.model_copy(update={"charts": charts, "centers": ()})

    def file_names(self) -> frozenset[str]:
        """Every file that the study speaks of."""
        return frozenset(name for chart in self.charts for name in chart.files.names())

    def to_json(self) -> str:
        return self.model_dump_json(by_alias=True)

    @classmethod
    def from_json(cls, text: str | bytes) -> Study:
        return cls.model_validate_json(text)
