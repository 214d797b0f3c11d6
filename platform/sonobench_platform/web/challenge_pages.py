"""Files of a challenge: its definition as YAML, without what is hidden, and the picture that links to it show."""

from __future__ import annotations

from typing import Any

import yaml
from fastapi import APIRouter, Request, Response

from sonobench_eval.challenge.public import public_part
from sonobench_platform.accounts.access import Visitor
from sonobench_platform.core import CoreDep
from sonobench_platform.web.challenge_build import challenge_context
from sonobench_platform.web.pages import RecordsDep
from sonobench_platform.web.rendering import SECURITY_HEADERS
from sonobench_platform.web.snapshot_card import card_png
from sonobench_platform.web.snapshot_pages import EVERYWHERE, VARY, challenge_named, tagged
from sonobench_platform.web.snapshot_social import challenge_card
from sonobench_platform.web.source import PublicChallenge

router = APIRouter(include_in_schema=False)


@router.get("/challenges/{name}/definition.yaml")
def definition(request: Request, *, records: RecordsDep, reader: Visitor, name: str) -> Response:
    """The whole definition but the cases, of which it says how many there are."""
    content = definition_yaml(challenge_named(records, name)).encode()
    headers = {
        **SECURITY_HEADERS,
        "Cache-Control": "no-cache" if reader is None else "private, no-cache",
        "Content-Disposition": f'attachment; filename="{name}-public.yaml"',
    }
    return tagged(request, Response(content, media_type="application/yaml; charset=utf-8", headers=headers))


@router.get("/challenges/{name}/card.png")
def card(request: Request, *, core: CoreDep, records: RecordsDep, reader: Visitor, name: str) -> Response:
    """The picture beside a link to the challenge's page."""
    server = records.public_url()
    page = challenge_context(challenge_named(records, name), has_board=False, server=server, now=core.clock.now())
    caching = "public, max-age=3600" if reader is None else "private, no-cache"
    headers = {**SECURITY_HEADERS, **EVERYWHERE, "Cache-Control": caching, "Vary": VARY}
    content = card_png(challenge_card(page, address=f"{server}/challenges/{name}"))
    return tagged(request, Response(content, media_type="image/png", headers=headers))


def definition_yaml(challenge: PublicChallenge) -> str:
    """The definition without its cases, their folders and everything that tells of them."""
    shown = public_part(challenge.definition, challenge.hash)
    told = challenge.definition.model_dump(mode="json", include={"phases", "entry"}, exclude_defaults=True)
    head = (
        f"# The public part of a challenge. The whole of it, with cases and references, has the hash\n# {challenge.hash}\n"
        "# Cases are hidden; how many each task has stands under `cases_of_tasks`.\n"
    )
    document: dict[str, Any] = {**shown.settings, **told, "cases_of_tasks": shown.cases}
    return head + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
