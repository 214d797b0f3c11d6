"""Never answers and never ends; asked politely (SIGTERM, SIGINT), it goes on."""

from __future__ import annotations

import signal
import time


def main() -> None:
    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    while True:
        time.sleep(1)


if __name__ == "__main__":
    main()
