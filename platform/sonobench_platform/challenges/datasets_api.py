"""The data of a phase, over HTTP: its last report, and asking for a verification. For organisers."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from sonobench_eval.challenge.tables import write_table
from sonobench_eval.challenge.verify_data import FINDING_COLUMNS
from sonobench_platform.accounts.access import OrganiserCaller
from sonobench_platform.challenges import datasets
from sonobench_platform.challenges.phases import get_phase
from sonobench_platform.core import CoreDep
from sonobench_platform.db.models import DatasetRow, PhaseRow
from sonobench_platform.problems import refusals
from sonobench_platform.teams.visible import organised

router = APIRouter(prefix="/api/v1/challenges/{name}/dataset", tags=["challenges"])

Phase = Annotated[str | None, Query(max_length=64, description="The phase; the main one where none is named.")]


class Finding(BaseModel):
    """One thing that is wrong. `row` is the manifest's line."""

    level: Literal["error", "warning"]
    code: str
    row: int | None
    phase: str
    case: str
    path: str
    sentence: str


class Dataset(BaseModel):
    """What is known of a phase's data."""

    phase: str
    sound: bool
    may_open: Annotated[bool, Field(description="Whether the phase opens on its date: only on data that is sound.")]
    state: Annotated[Literal["verified", "waiting", "verifying"], Field(description="Whether a verification is under way.")]
    verified_at: datetime
    verified_by: str
    dataset_hash: Annotated[str, Field(description="Of the data that the report is about.")]
    manifest_sha256: str | None
    cases: int
    errors: int
    warnings: int
    trouble: Annotated[str | None, Field(description="Why the last verification came to no end.")]
    findings: list[Finding]


def shown(phase: PhaseRow, row: DatasetRow, *, now: datetime) -> Dataset:
    """The row, as organisers see it."""
    report = _report(row)
    is_held = row.worker_until is not None and row.worker_until > now
    return Dataset(
        phase=phase.name,
        sound=row.is_sound,
        may_open=phase.is_sound,
        state="verified" if row.asked_at is None else "verifying" if is_held else "waiting",
        verified_at=row.verified_at,
        verified_by=row.verified_by,
        dataset_hash=row.dataset_hash,
        manifest_sha256=row.manifest_sha256,
        cases=report["cases"],
        errors=report["errors"],
        warnings=report["warnings"],
        trouble=row.trouble,
        findings=[Finding.model_validate(each) for each in report["findings"]],
    )


def _report(row: DatasetRow) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(row.report)
    return report


@router.get("", responses=refusals(401, 403, 404), summary="What is known of a phase's data")
def get_dataset(core: CoreDep, caller: OrganiserCaller, name: str, phase: Phase = None) -> Dataset:
    """The last report, row by row, and whether a verification is under way."""
    with core.database.read() as session:
        row = get_phase(session, organised(session, caller, name), phase)
        return shown(row, datasets.get_dataset(session, row), now=core.clock.now())


@router.get(
    "/report.csv",
    responses={200: {"content": {"text/csv": {}}}, **refusals(401, 403, 404)},
    response_class=Response,
    summary="The same report as CSV",
)
def get_report_csv(core: CoreDep, caller: OrganiserCaller, name: str, phase: Phase = None) -> Response:
    """One line for each finding. Texts that a spreadsheet would run have an apostrophe in front."""
    with core.database.read() as session:
        row = get_phase(session, organised(session, caller, name), phase)
        findings = _report(datasets.get_dataset(session, row))["findings"]
    text = write_table(FINDING_COLUMNS, ([each[column] for column in FINDING_COLUMNS] for each in findings))
    headers = {"Content-Disposition": 'attachment; filename="dataset-report.csv"'}
    return Response(text, media_type="text/csv", headers=headers)


@router.post("/verify", status_code=202, responses=refusals(401, 403, 404), summary="Have a phase's data verified")
def verify_dataset(core: CoreDep, caller: OrganiserCaller, name: str, phase: Phase = None) -> Dataset:
    """A score worker reads every file of the challenge; ask for the report until `state` is `verified`.

    A phase whose data is found unsound does not open; one that has opened stays open until an organiser closes it.
    """
    with core.database.write() as work:
        row = get_phase(work.session, organised(work.session, caller, name), phase)
        return shown(row, datasets.ask(core, work, caller, row), now=core.clock.now())
