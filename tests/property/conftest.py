"""Property tests run on busy machines: how long one example takes is no property of the code."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("sonobench", deadline=None)
settings.load_profile("sonobench")
