"""Image tars for these tests."""

from __future__ import annotations

from intake_fixtures import tars

__all__ = ["tars"]
