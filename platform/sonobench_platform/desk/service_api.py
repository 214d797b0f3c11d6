"""For those who look after the server: is it alive, can it work, how is it doing."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel

from sonobench_platform.accounts.access import Everyone
from sonobench_platform.core import CoreDep
from sonobench_platform.desk.health import examine
from sonobench_platform.desk.metrics import CONTENT_TYPE, may_read
from sonobench_platform.domain.errors import NotFound, Unavailable
from sonobench_platform.problems import refusals

router = APIRouter(tags=["service"])


class Health(BaseModel):
    status: str


class PartHealth(BaseModel):
    """One thing that the server needs, and what was found."""

    name: str
    found: str


class Readiness(BaseModel):
    status: str
    parts: list[PartHealth]


@router.get("/healthz", dependencies=[Everyone], summary="Whether the server answers")
def healthz() -> Health:
    """Alive: for whoever restarts a process that hangs. It looks at nothing else: a database that is away kills nobody."""
    return Health(status="ok")


@router.get("/readyz", dependencies=[Everyone], summary="Whether the server can do its work")
def readyz(core: CoreDep) -> Readiness:
    """Database, store, broker and the last sweep; 503 names the parts that are not well."""
    parts = examine(core)
    ill = [part for part in parts if not part.is_well]
    if ill:
        told = "; ".join(f"{part.name} {part.found}" for part in ill)
        raise Unavailable("not-ready", f"The server cannot do its work: {told}.", headers={"Retry-After": "10"})
    return Readiness(status="ready", parts=[PartHealth(name=part.name, found=part.found) for part in parts])


@router.get(
    "/metrics",
    dependencies=[Everyone],
    response_class=PlainTextResponse,
    responses=refusals(404),
    summary="Metrics for Prometheus",
)
def metrics(request: Request, core: CoreDep) -> Response:
    """For this machine, or with the token of SONOBENCH_METRICS_TOKEN_FILE; to anyone else there is nothing here."""
    if not may_read(request, core.settings):
        raise NotFound("not-found", "There is nothing at this address.")
    return Response(request.app.state.metrics.text(), media_type=CONTENT_TYPE)
