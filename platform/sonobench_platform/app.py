"""The FastAPI application: routes, errors, protection. It knows nothing of any noun beyond its router."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.responses import JSONResponse

from sonobench_eval import __version__
from sonobench_platform import openapi, problems
from sonobench_platform.accounts import api as accounts
from sonobench_platform.accounts.oidc_provider import OidcProvider
from sonobench_platform.accounts.rate_limits import RateLimits
from sonobench_platform.audit import api as audit
from sonobench_platform.challenges import api as challenges
from sonobench_platform.challenges import datasets_api as datasets
from sonobench_platform.challenges import organisers_api as organisers
from sonobench_platform.challenges import plan_api as plans
from sonobench_platform.config import Settings
from sonobench_platform.desk import exports_api as exports
from sonobench_platform.desk import people_api as privacy
from sonobench_platform.desk import removing_api as removing
from sonobench_platform.desk import service_api as service
from sonobench_platform.desk.idempotency import Idempotency
from sonobench_platform.desk.metrics import Measured, Metrics
from sonobench_platform.leaderboards import api as leaderboards
from sonobench_platform.nodes import api as nodes
from sonobench_platform.notices import api as notices
from sonobench_platform.protection import BodyLimit, HeadAsGet, PlainPaths, SecurityHeaders
from sonobench_platform.registry import api as registry
from sonobench_platform.runs import api as runs
from sonobench_platform.runs import organising_api as again
from sonobench_platform.submissions import api as submissions
from sonobench_platform.submissions import counting_api as counting
from sonobench_platform.submissions import public_api as public_words
from sonobench_platform.submissions import ranking_api as disqualifying
from sonobench_platform.teams import api as teams
from sonobench_platform.teams import entries_api as entries
from sonobench_platform.teams import invitations_api as invitations
from sonobench_platform.uploads import api as uploads
from sonobench_platform.uploads.envelope import TusEnvelope
from sonobench_platform.web import (
    account_pages,
    challenge_pages,
    charts_pages,
    compare_pages,
    desk_routers,
    desk_service_pages,
    difficulty_pages,
    history_pages,
    invitation_pages,
    pages,
    portal_routers,
    snapshot_pages,
    submission_events,
    submission_forms,
    submission_pages,
    what_if_pages,
)
from sonobench_platform.web.texts import ReadersLanguage
from sonobench_platform.wiring import Platform

ROUTERS = (
    service.router,
    *accounts.ROUTERS,
    teams.router,
    teams.mine,
    invitations.router,
    entries.router,
    organisers.router,
    privacy.router,
    challenges.router,
    plans.router,
    datasets.router,
    submissions.router,
    counting.router,
    disqualifying.router,
    public_words.router,
    uploads.router,
    registry.router,
    leaderboards.router,
    runs.router,
    again.router,
    nodes.router,
    nodes.internal,
    audit.router,
    notices.router,
    exports.router,
    removing.router,
)
"""Routers with JSON; pages are added after them and are not part of the API's description."""

PAGES = (
    pages.router,
    what_if_pages.router,
    compare_pages.router,
    difficulty_pages.router,
    charts_pages.router,
    history_pages.router,
    snapshot_pages.router,
    challenge_pages.router,
    *desk_service_pages.ROUTERS,
    *desk_routers.ROUTERS,
    submission_pages.router,
    submission_forms.router,
    submission_events.router,
    account_pages.router,
    invitation_pages.router,
    *portal_routers.ROUTERS,
)


def create_app(settings: Settings | None = None, *, platform: Platform | None = None) -> FastAPI:
    """The application on `settings`, or on a platform that was made already (whoever made it closes it)."""
    joined = platform if platform is not None else Platform(settings if settings is not None else Settings())

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        joined.prepare()
        yield
        if platform is None:
            joined.close()

    app = FastAPI(
        title="Sonobench",
        version=__version__,
        description="Runs a medical-imaging challenge: images in, a ranked leaderboard out.",
        lifespan=lifespan,
        # Their pages load scripts from elsewhere; hospitals are offline.
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.state.core = joined.core
    app.state.platform = joined
    app.state.rate_limits = RateLimits(joined.core.settings)
    app.state.oidc_provider = OidcProvider(joined.core.settings, joined.core.clock) if joined.core.settings.oidc_issuer else None
    app.state.metrics = Metrics(joined.core)
    app.state.error_page = pages.error_page
    for router in (*ROUTERS, *PAGES):
        app.include_router(router)
    app.add_api_route("/api/v1/openapi.json", lambda: JSONResponse(app.openapi()), include_in_schema=False)
    problems.install(app)
    openapi.install(app, ROUTERS)
    app.add_middleware(Idempotency)
    app.add_middleware(BodyLimit)
    app.add_middleware(PlainPaths)
    app.add_middleware(HeadAsGet)
    app.add_middleware(TusEnvelope)
    app.add_middleware(ReadersLanguage)
    app.add_middleware(SecurityHeaders, https=joined.core.settings.public_url.startswith("https://"))
    app.add_middleware(Measured, metrics=app.state.metrics)
    return app
