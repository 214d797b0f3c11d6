"""The heartbeat of one attempt: keeps its lease, and hears when the platform wants it stopped or has given it away.

An API that does not answer changes nothing: the run goes on, and the first answer says whether the attempt still owns
it. Only the platform's own word ends a run, since a lease that was lost unseen fences every write anyway.
"""

from __future__ import annotations

import logging
import threading
import time
from types import TracebackType

from sonobench_platform.node.client import ApiAway, LeaseLost, NodeApiError, NodeClient
from sonobench_platform.node.records import Assignment

log = logging.getLogger(__name__)


class Lease:
    """A `with` block in which the attempt is kept alive. `lost` and `stop_wanted` are read from other threads."""

    def __init__(self, api: NodeClient, assignment: Assignment) -> None:
        self._api = api
        self._assignment = assignment
        self._phase = "prepare"
        self._log: str | None = None
        self._beat_now = threading.Event()
        self._ended = False
        self._answered_at = time.monotonic()
        self._thread = threading.Thread(target=self._beat_until_ended, name=f"lease-{assignment.run_id}", daemon=True)
        self.lost = False
        self.stop_wanted = False

    @property
    def is_wanted(self) -> bool:
        """False once what this attempt makes will be thrown away."""
        return not (self.lost or self.stop_wanted)

    @property
    def unheard_s(self) -> float:
        """Seconds since the API last confirmed the lease."""
        return time.monotonic() - self._answered_at

    def enter(self, phase: str) -> None:
        """Tell the platform at once what the attempt is doing now."""
        if phase != self._phase:
            self._phase = phase
            self._beat_now.set()

    def note_log(self, text: str) -> None:
        """Send the end of the container's log with the next heartbeat."""
        self._log = text

    def __enter__(self) -> Lease:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ended = True
        self._beat_now.set()
        self._thread.join()

    def _beat_until_ended(self) -> None:
        interval_s = self._assignment.heartbeat_s
        while not self._ended and not self.lost:
            # Counted from before the beat, so that a slow API does not stretch the interval.
            next_beat = time.monotonic() + interval_s
            self._beat()
            self._beat_now.wait(max(interval_s / 4, next_beat - time.monotonic()))
            self._beat_now.clear()

    def _beat(self) -> None:
        log_tail, self._log = self._log, None
        try:
            stop = self._api.heartbeat(self._assignment.run_id, self._assignment.attempt, self._phase, log_tail=log_tail)
        except LeaseLost as error:
            log.warning("%s: the lease is lost (%s)", self._assignment.label, error)
            self.lost = True
        except ApiAway as error:
            log.warning("%s: no heartbeat for %.0f s: %s", self._assignment.label, self.unheard_s, error)
        except NodeApiError as error:
            log.warning("%s: no heartbeat: %s", self._assignment.label, error)
        except Exception:
            # A heartbeat that dies of a surprise would cost the run; the surprise is in the log, the next beat comes.
            log.exception("%s: the heartbeat failed", self._assignment.label)
        else:
            self._answered_at = time.monotonic()
            self.stop_wanted = self.stop_wanted or stop
