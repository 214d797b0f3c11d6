"""The second half of the organizer desk: what concerns machines, data and records rather than teams."""

from __future__ import annotations

from sonobench_platform.web import desk_audit_pages, desk_data_pages, desk_exports_pages, desk_nodes_pages, desk_publish_pages

ROUTERS = (
    desk_nodes_pages.router,
    desk_data_pages.router,
    desk_publish_pages.router,
    desk_audit_pages.router,
    desk_exports_pages.router,
)
