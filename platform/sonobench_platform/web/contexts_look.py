"""What every page is given that looks into a board by a form. See `contexts.py` for the rules."""

from __future__ import annotations

from dataclasses import dataclass

from sonobench_platform.web.contexts import Page, Tab


@dataclass(frozen=True, slots=True)
class LookPage:
    """Where it stands, and its form: the address that it asks, and what it carries along.

    `phase` is a title; empty where the challenge declares none. `sentences` say what was asked for in vain, and why there is
    nothing to see where that is so.
    """

    page: Page
    tabs: tuple[Tab, ...]
    title: str
    phase: str
    action: str
    hidden: tuple[tuple[str, str], ...]
    sentences: tuple[str, ...]
