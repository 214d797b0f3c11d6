"""What a run is for, as its row says it."""

from __future__ import annotations

FIRST = "first"
AGAIN = "again"
"""Organisers had it run again: its result takes the place of the one before."""
BASELINE = "baseline"
"""It is timed, to see whether its node has drifted; no score and no board changes by it."""
