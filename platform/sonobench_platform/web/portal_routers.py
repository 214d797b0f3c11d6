"""The rooms of people who take part: the portal, their teams, their account."""

from __future__ import annotations

from sonobench_platform.web import account_own_pages, portal_pages, portal_upload, teams_pages

ROUTERS = (portal_pages.router, portal_upload.router, teams_pages.router, account_own_pages.router)
