"""Image tars for these tests."""

from __future__ import annotations

from intake_fixtures import pull, refusal, registry, tars, verify

__all__ = ["pull", "refusal", "registry", "tars", "verify"]
