"""`sonobench admin notices` and `webhook`: what was sent, and where to."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pydantic import BaseModel
from rich.table import Table
from sqlalchemy.orm import Session

from sonobench_eval.cli.console import say, show
from sonobench_eval.cli.render import plain
from sonobench_platform.accounts.identity import SERVER
from sonobench_platform.accounts.service import TokenFileError
from sonobench_platform.challenges import repository as challenges
from sonobench_platform.commands.admin_export import one_of
from sonobench_platform.commands.opening import opened
from sonobench_platform.commands.trouble import told_in_a_sentence
from sonobench_platform.config import Settings
from sonobench_platform.core import Core
from sonobench_platform.domain.errors import Refusal
from sonobench_platform.notices import ledger, webhooks
from sonobench_platform.notices.schemas import Delivery, delivery_of, notice_of, webhook_of


def list_notices(settings: Settings, *, fate: str | None, limit: int, as_json: bool) -> None:
    """The newest, with what went wrong."""
    with _core(settings) as core, core.database.read() as session:
        wanted = None if fate is None else one_of(ledger.Fate, fate)
        found = [notice_of(row) for row in ledger.newest(session, fate=wanted, limit=limit)]
    if as_json:
        _print(found)
    else:
        show(_table(found, [each.to for each in found]))


def retry_notice(settings: Settings, notice_id: str) -> None:
    """Have it sent at once."""
    with _core(settings) as core, core.database.write() as work:
        ledger.try_again(core, work, SERVER, notice_id)
    print(f"Notice {notice_id} is sent again; `sonobench admin notices list` tells what came of it.")


def add_webhook(settings: Settings, url: str, *, challenge: str | None, events: Sequence[str]) -> None:
    """Make one. Its secret goes to stdout, alone."""
    with _core(settings) as core, core.database.write() as work:
        made = webhooks.create(core, work, SERVER, challenge_id=_challenge(work.session, challenge), url=url, events=events)
    print(f"Webhook {made.id}. Its secret, which is shown only now:", file=sys.stderr)
    print(made.secret)


def list_webhooks(settings: Settings, *, challenge: str | None, as_json: bool) -> None:
    """Those of a challenge, or of all."""
    with _core(settings) as core, core.database.read() as session:
        found = [webhook_of(row) for row in webhooks.everything(session, _challenge(session, challenge))]
    if as_json:
        _print(found)
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("Webhook", "Address", "Events", "State"):
        table.add_column(heading, no_wrap=heading in {"Webhook", "State"}, overflow="fold")
    for each in found:
        table.add_row(each.id, plain(each.url), " ".join(each.events), "off" if each.disabled_at else "on")
    show(table)


def remove_webhook(settings: Settings, webhook_id: str) -> None:
    """Remove one with its messages."""
    with _core(settings) as core, core.database.write() as work:
        webhooks.remove(core, work, SERVER, webhook_id)
    print(f"Webhook {webhook_id} is removed.")


def try_webhook(settings: Settings, webhook_id: str) -> None:
    """Have a test message sent."""
    with _core(settings) as core, core.database.write() as work:
        sent = webhooks.send_test(core, work, SERVER, webhook_id)
    say(f"Message {sent.id} is on its way; `sonobench admin webhook deliveries {webhook_id}` tells what came of it.")


def list_deliveries(settings: Settings, webhook_id: str, *, as_json: bool) -> None:
    """Its newest messages."""
    with _core(settings) as core, core.database.read() as session:
        hook = webhooks.get(session, SERVER, webhook_id)
        found = [delivery_of(row) for row in webhooks.deliveries(session, hook, limit=100)]
    if as_json:
        _print(found)
    else:
        show(_table(found, [hook.url] * len(found)))


def _table(found: Sequence[Delivery], to: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("Notice", "Written (UTC)", "Event", "To", "Fate", "Tries", "Trouble"):
        table.add_column(heading, no_wrap=heading in {"Notice", "Written (UTC)", "Fate"}, overflow="fold")
    for each, address in zip(found, to, strict=True):
        when = f"{each.created_at:%Y-%m-%d %H:%M:%S}"
        words = (each.event, plain(address), each.fate.value, str(each.tries), plain(each.trouble or ""))
        table.add_row(each.id, when, *words)
    return table


def _challenge(session: Session, name: str | None) -> str | None:
    return None if name is None else challenges.get(session, name).id


def _print(found: Sequence[BaseModel]) -> None:
    print(json.dumps([each.model_dump(mode="json") for each in found], indent=1, ensure_ascii=False))


@contextmanager
def _core(settings: Settings) -> Iterator[Core]:
    with told_in_a_sentence(TokenFileError, Refusal), opened(settings) as platform:
        yield platform.core
