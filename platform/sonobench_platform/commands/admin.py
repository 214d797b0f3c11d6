"""`sonobench admin`: for organisers on the server itself, straight on its database."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.table import Table

from sonobench_eval.challenge.load import ChallengeError
from sonobench_eval.cli.console import show
from sonobench_eval.cli.render import plain
from sonobench_platform.accounts.identity import SERVER
from sonobench_platform.accounts.service import TokenFileError
from sonobench_platform.commands.opening import opened
from sonobench_platform.commands.run_worker import broker_address
from sonobench_platform.commands.trouble import told_in_a_sentence
from sonobench_platform.config import Settings
from sonobench_platform.domain.errors import Refusal
from sonobench_platform.submissions.schemas import Submission
from sonobench_platform.submissions.view import view_newest
from sonobench_platform.wiring import Platform

_SHOWN = 500


def list_submissions(settings: Settings, *, challenge: str | None, as_json: bool) -> None:
    """The newest submissions."""
    with _platform(settings) as platform:
        with platform.core.database.read() as session:
            found = view_newest(session, SERVER, challenge=challenge, limit=_SHOWN, now=platform.core.clock.now())
        if as_json:
            print(json.dumps([each.model_dump(mode="json", by_alias=True) for each in found], indent=1, ensure_ascii=False))
        else:
            show(_table(found))


def _table(found: Sequence[Submission]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("Submission", "Team", "Challenge", "State", "Since", "Why"):
        table.add_column(heading, no_wrap=heading in {"Submission", "State", "Since"}, overflow="fold")
    for each in found:
        why = each.failure.sentence if each.failure else each.trouble or ""
        since = f"{each.state_since:%Y-%m-%d %H:%M}"
        table.add_row(each.id, plain(each.team.name), each.challenge, each.state.value, since, plain(why))
    return table


@contextmanager
def _platform(settings: Settings) -> Iterator[Platform]:
    settings = settings.model_copy(update={"broker_url": broker_address(settings)})
    with told_in_a_sentence(ChallengeError, Refusal, TokenFileError), opened(settings) as platform:
        yield platform
