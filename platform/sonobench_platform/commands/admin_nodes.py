"""`sonobench admin nodes`: what each node last said of itself."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rich.table import Table

from sonobench_eval.cli.console import say, show
from sonobench_eval.cli.render import plain
from sonobench_eval.report import figures
from sonobench_platform.accounts.identity import SERVER
from sonobench_platform.accounts.service import TokenFileError
from sonobench_platform.commands.opening import opened
from sonobench_platform.commands.trouble import CommandError, told_in_a_sentence
from sonobench_platform.config import Settings
from sonobench_platform.domain.errors import Refusal
from sonobench_platform.nodes import draining, repository, service
from sonobench_platform.nodes.admission import ACCEPTED
from sonobench_platform.nodes.schemas import Node
from sonobench_platform.nodes.view import node_of

DRIFT_WORTH_A_LOOK_PERCENT = 5.0
"""As much as repeated runs may differ by default; a node that drifts further measures something else than it did."""


def list_nodes(settings: Settings, *, as_json: bool) -> None:
    """Every node, by name."""
    with told_in_a_sentence(TokenFileError), opened(settings) as platform, platform.core.database.read() as session:
        found = [node_of(session, row) for row in repository.everything(session)]
    if as_json:
        print(json.dumps([each.model_dump(mode="json") for each in found], indent=1, ensure_ascii=False))
    elif not found:
        say("No node has made itself known yet. `sonobench worker run` does, when it starts.")
    else:
        show(nodes_table(found))


def forget_node(settings: Settings, name: str) -> None:
    """Drop what is known of a node; its drift is then told from the next time on.

    Raises:
        CommandError: there is no such node.
    """
    with told_in_a_sentence(TokenFileError), opened(settings) as platform, platform.core.database.write() as work:
        if not service.forget(work, name):
            raise CommandError(f"there is no node {name!r}; `sonobench admin nodes` lists them")
    print(f"Node {name} is forgotten. It makes itself known again when its run worker starts.")


def drain_node(settings: Settings, name: str, *, reason: str) -> None:
    """Give a node no new run.

    Raises:
        CommandError: there is no such node, or no reason was given.
    """
    if not reason.strip():
        raise CommandError("say why with --reason; the audit log keeps it")
    with told_in_a_sentence(TokenFileError, Refusal), opened(settings) as platform, platform.core.database.write() as work:
        draining.drain(platform.core, work, SERVER, name, reason=reason.strip())
    print(f"Node {name} is given no new run. What it runs now goes on to its end; `--take-back {name}` undoes this.")


def take_back_node(settings: Settings, name: str) -> None:
    """Give a drained node runs again.

    Raises:
        CommandError: there is no such node.
    """
    with told_in_a_sentence(TokenFileError, Refusal), opened(settings) as platform, platform.core.database.write() as work:
        draining.take_back(platform.core, work, SERVER, name)
    print(f"Node {name} is given runs again.")


def nodes_table(nodes: Sequence[Node]) -> Table:
    """Name, when it was last heard of, whether it is safe and has runs, its reference time and how that has drifted."""
    table = Table(box=None, pad_edge=False)
    for heading in ("Node", "Seen", "Safe for hidden data", "Has runs", "Reference", "First", "Drift", "Baselines"):
        table.add_column(heading, no_wrap=True)
    for each in nodes:
        table.add_row(
            plain(each.name),
            f"{each.seen_at:%Y-%m-%d %H:%M}",
            _safety(each),
            "yes" if each.drained_at is None else "no, drained",
            _seconds(each.reference_s),
            _seconds(each.first_reference_s),
            _drift(each.drift_percent),
            _drift(each.baseline_drift_percent),
        )
    return table


def _safety(node: Node) -> str:
    if node.is_safe:
        return "yes"
    return "[red]no, accepted by its operator[/red]" if node.report.get(ACCEPTED) is True else "[red]no[/red]"


def _seconds(seconds: float | None) -> str:
    return figures.NOT_MEASURED if seconds is None else f"{seconds:.3f} s"


def _drift(percent: float | None) -> str:
    if percent is None:
        return figures.NOT_MEASURED
    said = f"{percent:+.1f} %"
    return f"[yellow]{said}[/yellow]" if abs(percent) > DRIFT_WORTH_A_LOOK_PERCENT else said
