"""What a thread does again and again, whatever goes wrong in one round."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)


def repeat(do: Callable[[], object], every_s: float, ending: threading.Event) -> None:
    """Call `do` now and every `every_s` until `ending`; what goes wrong is logged and tried again."""
    while True:
        try:
            do()
        except Exception:
            log.exception("a round failed; the next comes in %.0f s", every_s)
        if ending.wait(every_s):
            return
