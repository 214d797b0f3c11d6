"""`sonobench admin studies`: on the server itself, with its database and its store. Score workers start it as a child."""

from __future__ import annotations

import os
from collections.abc import Callable

from sonobench_eval.cli.exits import ExitCode
from sonobench_eval.report.charts import render
from sonobench_platform.commands.journal import start_journal
from sonobench_platform.commands.opening import opened
from sonobench_platform.commands.trouble import CommandError, told_in_a_sentence
from sonobench_platform.config import Settings
from sonobench_platform.core import Core
from sonobench_platform.leaderboards.study_making import Made, make_due_studies, make_studies_again

_NICE = 10
"""Whoever scores, or answers pages, goes first."""


def make_missing_studies(settings: Settings) -> None:
    """Those of boards on show that have none."""
    _make(settings, make_due_studies)


def make_all_studies(settings: Settings) -> None:
    """Those of all boards on show."""
    _make(settings, make_studies_again)


def _make(settings: Settings, make: Callable[[Core], Made]) -> None:
    start_journal("studies")
    os.nice(_NICE)
    with told_in_a_sentence(), opened(settings) as platform:
        made = make(platform.core)
        if made.is_elsewhere:
            raise CommandError("another process draws charts now; try again when it is done", ExitCode.RETRY)
        if made.failed:
            raise CommandError(f"the charts of {made.failed} boards could not be made; the lines above say why")
    without = "" if render.version() else " There are numbers and no drawings: install the extra sonobench[report]."
    print(f"Made the charts of {made.made} boards.{without}", flush=True)
