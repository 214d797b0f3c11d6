"""Validates pages' HTML with html-validate, all of them in one process."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

from npm_packages import npm_packages

VALIDATOR = Path(__file__).resolve().parent.parent / "page_validator"


def problems_of(pages: Mapping[str, str]) -> list[str]:
    """What is wrong with the HTML of each page, from names to HTML; one line for each, empty where all are valid."""
    folder = npm_packages(VALIDATOR)
    command = ["node", str(folder / "validate.mjs")]
    ended = subprocess.run(command, input=json.dumps(dict(pages)), capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
    return [
        f"{each['page']}:{each['line']}:{each['column']} {each['rule']}: {each['message']}" for each in json.loads(ended.stdout)
    ]
