"""What long-running commands write to stderr: one line per event, with time, level and process."""

from __future__ import annotations

import logging
import sys


def start_journal(process: str, *, level: int = logging.INFO) -> None:
    """Send the platform's log records, and the warnings of everything else, to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(f"%(asctime)s %(levelname)-7s {process} %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("sonobench_platform").setLevel(level)
    logging.getLogger("sonobench_eval").setLevel(level)
