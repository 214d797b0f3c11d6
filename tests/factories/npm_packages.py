"""Programs from the npm registry that tests run, installed once for each lock file into a cache."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest


def npm_packages(source: Path) -> Path:
    """The folder in which the packages of `source`'s lock file lie, with `source`'s own scripts beside them.

    Without node or a registry the test is skipped, but on CI it fails.
    """
    lock = (source / "package-lock.json").read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "sonobench-tests"
    folder = cache / f"{source.name}-{hashlib.sha256(lock).hexdigest()[:16]}"
    if not (folder / "installed").is_file():
        _install(source, folder)
    for script in source.glob("*.mjs"):
        shutil.copy(script, folder)
    return folder


def _install(source: Path, folder: Path) -> None:
    if shutil.which("node") is None or shutil.which("npm") is None:
        _missing(f"{source.name} needs node and npm; install the packages nodejs and npm")
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(source / name, folder)
    command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240, check=False)
    if ended.returncode != 0:
        _missing(f"{source.name} could not be installed from the npm registry: {ended.stderr.strip()[-500:]}")
    (folder / "installed").touch()


def _missing(why: str) -> None:
    pytest.fail(why) if os.environ.get("CI") == "true" else pytest.skip(why)
