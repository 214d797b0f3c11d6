"""What is kept of people, over HTTP: each sees and erases their own; administrators act for those who cannot."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from sonobench_platform.accounts.access import AdministratorCaller, LimitsDep, PersonCaller, SignedInCaller
from sonobench_platform.accounts.rate_limits import SIGN_IN_HERE
from sonobench_platform.audit.log import record
from sonobench_platform.core import CoreDep
from sonobench_platform.desk import erasure, person_export
from sonobench_platform.domain.text import clean_line
from sonobench_platform.problems import refusals

router = APIRouter(prefix="/api/v1", tags=["privacy"])

PersonId = Annotated[str, Path(description="The person's id.", examples=["pers-k3jw5xq2m7ud4n6a"])]


class KeptRows(BaseModel):
    """The rows of one table that are of a person."""

    table: str
    rows: list[dict[str, str | int | float | bool | None]]


class KeptData(BaseModel):
    """All that is kept of a person, without the digests of their secrets."""

    items: list[KeptRows]


class ErasingOneself(BaseModel):
    model_config = ConfigDict(extra="forbid")

    password: Annotated[SecretStr, Field(max_length=1000, description="Once more, so that nobody erases you at your desk.")]


class Erasing(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, AfterValidator(clean_line), Field(min_length=1, max_length=1000, description="For the audit log.")]


@router.get("/account/export", responses=refusals(401, 403), summary="All that is kept of you")
def export_oneself(core: CoreDep, caller: PersonCaller) -> KeptData:
    with core.database.read() as session:
        return _shown(person_export.export(session, caller.person_id or ""))


@router.post("/account/erase", status_code=204, responses=refusals(401, 403, 409, 429), summary="Erase yourself")
def erase_oneself(core: CoreDep, limits: LimitsDep, caller: SignedInCaller, body: ErasingOneself) -> None:
    """Your name, address, sign-ins and tokens go, at once and for good. Your teams and their results stay."""
    limits.take(SIGN_IN_HERE, caller.person_id or "")
    erasure.erase_oneself(core, caller, body.password.get_secret_value())


@router.get("/people/{person_id}/export", responses=refusals(401, 403, 404), summary="All that is kept of a person")
def export_person(core: CoreDep, caller: AdministratorCaller, person_id: PersonId) -> KeptData:
    """For a person who asks for it and cannot sign in. It is noted in the audit log."""
    with core.database.write() as work:
        kept = person_export.export(work.session, person_id)
        record(core, work, caller, "person.export", person_id)
    return _shown(kept)


@router.post("/people/{person_id}/erase", status_code=204, responses=refusals(401, 403, 404, 409), summary="Erase a person")
def erase_person(core: CoreDep, caller: AdministratorCaller, person_id: PersonId, body: Erasing) -> None:
    """Their name, address, sign-ins and tokens go, at once and for good. Their teams and their results stay."""
    with core.database.write() as work:
        erasure.erase(core, work, caller, person_id, reason=body.reason)


def _shown(kept: list[person_export.Kept]) -> KeptData:
    return KeptData(items=[KeptRows(table=each.table, rows=each.rows) for each in kept])
