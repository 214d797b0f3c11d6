"""Ratios against named peers, measured in the same run:   make bench   or some of it:   make bench ONLY="masks ranking"

Each part is a program of its own (`python -m infra.bench_masks`) that prints a table and asserts nothing, for time on a
shared machine proves nothing.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PARTS = {
    "masks": "metrics of one pair of masks, against MONAI, surface-distance, MedPy, SciPy",
    "files": "a folder of results, against OpenCV and nibabel only decoding it",
    "classes": "metrics of classes over 1,000 resamples, against scikit-learn",
    "statistics": "resampling, intervals and tests, against SciPy",
    "ranking": "bootstraps of a whole ranking, against pandas and scikit-learn",
    "what_if": "ranking a board by other weights, against pandas",
    "engines": "scoring a challenge, against the reference engine",
    "intake": "verifying an image, against docker load",
    "measuring": "what measuring a container costs and how exact it is",
    "overhead": "what the platform adds to a run, against docker run",
    "pages": "the pages of a leaderboard, against pandas writing the same table",
    "api": "requests that the API answers, against one that does nothing",
}


def main(wanted: Sequence[str]) -> int:
    """Run the named parts, or all; returns the worst exit status."""
    if unknown := [name for name in wanted if name not in PARTS]:
        print(f"bench: there is no part {unknown[0]}; choose from {', '.join(PARTS)}", file=sys.stderr)
        return 2
    print(f"{processor()}, {os.cpu_count()} cores, Python {platform.python_version()}", flush=True)
    return max(run(name) for name in wanted or PARTS)


def run(name: str) -> int:
    print(f"\n== {name}: {PARTS[name]}", flush=True)
    return subprocess.run([sys.executable, "-m", f"infra.bench_{name}"], check=False).returncode


def processor() -> str:
    """The processor's name, as the kernel tells it."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
