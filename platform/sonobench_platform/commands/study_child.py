"""Charts are made by a child of the score worker: what the renderer takes of memory ends with it, and so does a drawing
that nobody waits for any more.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Sequence

from sonobench_platform.config import Settings
from sonobench_platform.queue.child import end_child, is_running, start_child
from sonobench_platform.wiring import Platform

log = logging.getLogger(__name__)

AGAIN_AFTER_S = 300.0
"""Where the child failed, or left undone what was due."""
_COMMAND = (sys.executable, "-m", "sonobench_platform.commands", "admin", "studies")
_LOOK_EVERY_S = 0.2
_GRACE_S = 1.0


class StudyChild:
    """Starts the child where something is due, one at a time; call `look` every few seconds, from one thread."""

    def __init__(
        self, platform: Platform, settings: Settings, ending: threading.Event, *, command: Sequence[str] = _COMMAND
    ) -> None:
        self._platform = platform
        self._environment = {**os.environ, "SONOBENCH_HOME": str(settings.home)}
        self._ending = ending
        self._command = command
        self._not_before_s = 0.0

    def look(self) -> None:
        """Make what is due; returns when it is made, or when the worker is to end."""
        due = self._platform.due_studies()
        if not due or time.monotonic() < self._not_before_s:
            return
        status = self._run()
        if status != 0 or set(due) & set(self._platform.due_studies()):
            self._not_before_s = time.monotonic() + AGAIN_AFTER_S
            if not self._ending.is_set():
                log.warning("the charts of %d boards are not made; they are tried again in %.0f s", len(due), AGAIN_AFTER_S)

    def _run(self) -> int:
        child = start_child(self._command, environment=self._environment)
        try:
            while is_running(child) and not self._ending.wait(_LOOK_EVERY_S):
                pass
        finally:
            status = end_child(child, grace_s=_GRACE_S)
        return status
