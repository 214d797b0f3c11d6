"""The charts of a published board: their page, their files, and the script with which browsers draw them anew."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from sonobench_platform.accounts.access import Visitor
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.core import Core, CoreDep
from sonobench_platform.db.models import SnapshotRow
from sonobench_platform.domain.errors import NotFound
from sonobench_platform.leaderboards.snapshots import FoundSnapshot, snapshot_of, snapshots_of
from sonobench_platform.leaderboards.study import SectionName, Study
from sonobench_platform.leaderboards.study_view import study_of
from sonobench_platform.web.charts_build import Asked, charts_context
from sonobench_platform.web.pages import PhaseQuery, RecordsDep
from sonobench_platform.web.rendering import SECURITY_HEADERS, page_response
from sonobench_platform.web.snapshot_pages import challenge_named, tagged

router = APIRouter(include_in_schema=False)

_FOREVER = "public, max-age=31536000, immutable"
_MEDIA_TYPES = {
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".pdf": "application/pdf",
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
}
_SHOWN_IN_PLACE = frozenset({".svg", ".png"})
_INERT = "default-src 'none'; sandbox; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""For files that browsers may open by themselves: nothing in them runs, loads or leads away."""

SnapshotQuery = Annotated[str | None, Query(max_length=64)]


@router.get("/challenges/{name}/leaderboard/charts")
def charts_page(
    request: Request,
    *,
    core: CoreDep,
    records: RecordsDep,
    reader: Visitor,
    name: str,
    phase: PhaseQuery = None,
    snapshot: SnapshotQuery = None,
    section: SectionName | None = None,
) -> Response:
    challenge = challenge_named(records, name)
    found, study = _found(core, reader, name, phase=phase, digest=snapshot)
    bundle = core.store.studies.bundle()
    address = "" if bundle is None else f"/vega/{bundle.name}"
    context = charts_context(challenge, found, study, Asked(phase, snapshot, section), bundle=address)
    return tagged(request, page_response(context, reader=reader))


@router.get("/challenges/{name}/leaderboard/charts/{digest}/{file}")
def chart_file(core: CoreDep, reader: Visitor, name: str, digest: str, file: str) -> Response:
    """A file of a chart, for whoever sees the board. Its name says its content, so that it may be kept."""
    found, study = _found(core, reader, name, phase=None, digest=digest)
    if study is None or file not in study.file_names():
        raise NotFound("no-such-chart", "There is no such file among this ranking's charts.")
    content = _read(core.store.studies.folder(study.phase_id, study.number) / file)
    suffix = Path(file).suffix
    kind = "inline" if suffix in _SHOWN_IN_PLACE else "attachment"
    headers = {
        "Content-Disposition": f'{kind}; filename="{name}-{found.line.digest[:12]}-{_without_hash(file)}"',
        "Content-Security-Policy": _INERT,
        "Cache-Control": _FOREVER if found.is_for_all and reader is None else "private, no-cache",
        "Vary": "Cookie, Authorization",
    }
    return Response(content, media_type=_MEDIA_TYPES[suffix], headers=SECURITY_HEADERS | headers)


@router.get("/vega/{file}")
def bundle(request: Request, core: CoreDep, file: str) -> Response:
    """The script that draws charts in browsers, made from the renderer that is installed here."""
    present = core.store.studies.bundle()
    if present is None or file != present.name:
        raise NotFound("not-found", "There is no such file.")
    headers = {"Cache-Control": _FOREVER, "Vary": "Accept-Encoding"}
    packed = present.with_suffix(".js.gz")
    if "gzip" in request.headers.get("accept-encoding", "") and packed.is_file():
        return _script(_read(packed), headers | {"Content-Encoding": "gzip"})
    return _script(_read(present), headers)


def _script(content: bytes, headers: Mapping[str, str]) -> Response:
    return Response(content, media_type="text/javascript; charset=utf-8", headers={**SECURITY_HEADERS, **headers})


def _found(
    core: Core, reader: Identity | None, name: str, *, phase: str | None, digest: str | None
) -> tuple[FoundSnapshot, Study | None]:
    """The snapshot of this hash, the one on show where None, as the reader may see it, with what was drawn of it.

    Raises:
        NotFound: there is none for this reader.
    """
    now = core.clock.now()
    with core.database.read() as session:
        if digest is None:
            lines = snapshots_of(session, reader, name, phase=phase, now=now)
            if not lines:
                raise NotFound("no-leaderboard", "Nothing has been scored here yet, so there is nothing to draw.")
            digest = lines[-1].digest
        found = snapshot_of(session, reader, name, digest=digest, now=now)
        for line in reversed(found.same):
            study = study_of(core, session, session.get_one(SnapshotRow, line.id))
            if study is not None:
                return found, study
    return found, None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise NotFound("no-such-chart", "These charts are being drawn anew; load the page again.") from None


def _without_hash(file: str) -> str:
    name, _hash, suffix = file.split(".")
    return f"{name}.{suffix}"
