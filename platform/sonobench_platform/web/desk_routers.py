"""The routers of the organizer desk's pages about one challenge's people and submissions, and of its front page."""

from __future__ import annotations

from sonobench_platform.web import (
    desk_failures_pages,
    desk_pages,
    desk_quota_pages,
    desk_submissions_pages,
    desk_teams_bulk,
    desk_teams_organizers,
    desk_teams_pages,
)

ROUTERS = (
    desk_pages.router,
    desk_teams_bulk.router,
    desk_teams_pages.router,
    desk_teams_organizers.router,
    desk_submissions_pages.router,
    desk_failures_pages.router,
    desk_quota_pages.router,
)
