"""`python -m infra.openapi` writes the API's description, docs/openapi.json; a test fails where it is not what the code says."""

from __future__ import annotations

import json
import tempfile
from contextlib import closing
from pathlib import Path

from sonobench_platform.app import create_app
from sonobench_platform.config import Settings
from sonobench_platform.wiring import Platform

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "openapi.json"


def described() -> str:
    """The description as it is to be committed. Nothing is started, and no database is made."""
    with tempfile.TemporaryDirectory() as home, closing(Platform(Settings(home=Path(home)))) as platform:
        document = create_app(platform=platform).openapi()
    return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(described(), encoding="utf-8")
    print(f"{DOCUMENT} is written.")
