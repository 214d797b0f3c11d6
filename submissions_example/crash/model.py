"""Reads the case list, then fails the way programs do: with an exception and exit code 1, before it has any answer."""

from __future__ import annotations

import json
from pathlib import Path

CASES = Path("/input_json")


def main() -> None:
    cases = json.loads(CASES.read_text())
    raise RuntimeError(f"the weights and the network do not fit each other ({len(cases)} cases wait)")


if __name__ == "__main__":
    main()
