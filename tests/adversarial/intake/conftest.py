"""Image tars for these tests."""

from __future__ import annotations

from intake_fixtures import refusal, tars, verify

__all__ = ["refusal", "tars", "verify"]
