"""Sonobench's evaluator: what a challenge is, running an image against it, measuring, scoring, ranking.

It knows nothing of the platform; `sonobench_platform` builds on it.
"""

from importlib.metadata import version

__version__ = version("sonobench")
