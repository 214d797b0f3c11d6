"""Sonobench's evaluator: what a challenge is, running an image against it, measuring, scoring, ranking.

It knows nothing of the platform; `sonobench_platform` builds on it.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("sonobench")
except PackageNotFoundError:  # read from a folder, as infra/gpu_check.py can be on a machine with nothing but a GPU
    __version__ = "not installed"
