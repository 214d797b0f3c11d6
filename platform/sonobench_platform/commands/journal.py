"""What long-running commands write to stderr: one line per event, with time, level and process."""

from __future__ import annotations

import logging
import sys


def start_journal(process: str, *, level: int = logging.INFO) -> None:
    """Send the platform's log records, and the warnings of everything else, to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(f"%(asctime)s %(levelname)-7s {process} %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for ours in ("sonobench_platform", "sonobench_eval", "celery.worker", "celery.apps"):
        logging.getLogger(ours).setLevel(level)
    for chatty in ("httpx", "celery.worker.strategy", "celery.app.trace"):  # a line for every request and every message
        logging.getLogger(chatty).setLevel(logging.WARNING)
