"""`sonobench admin retention` and `submission erase`: on the server itself, straight on its database."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rich.table import Table

from sonobench_eval.cli.console import say, show
from sonobench_platform.accounts.identity import SERVER
from sonobench_platform.commands.opening import opened
from sonobench_platform.commands.trouble import told_in_a_sentence
from sonobench_platform.config import Settings
from sonobench_platform.desk import retention, submission_erasure
from sonobench_platform.desk.retention import Found
from sonobench_platform.domain.errors import Refusal

_NO_RULE = "No rule is set: nothing is ever removed. Set for example SONOBENCH_RETENTION_IMAGES_DAYS=180 for the server."


def show_retention(settings: Settings, *, as_json: bool) -> None:
    """What the rules would remove now."""
    with told_in_a_sentence(), opened(settings) as platform:
        found = retention.look(platform.core)
    _tell(found, as_json=as_json)
    if found and not as_json:
        say("Nothing was removed; --apply removes it.")


def apply_retention(settings: Settings, *, as_json: bool) -> None:
    """Remove it."""
    with told_in_a_sentence(), opened(settings) as platform:
        found = retention.apply(platform.core)
    _tell(found, as_json=as_json)
    if found and not as_json:
        say("This was removed; the audit log has a row of it.")


def erase_submission(settings: Settings, submission_id: str, *, reason: str) -> None:
    """Erase one submission, and publish its board anew."""
    with told_in_a_sentence(Refusal), opened(settings) as platform, platform.core.database.write() as work:
        submission_erasure.erase_submission(platform.core, work, submission_id, caller=SERVER, reason=reason)
    print(f"Submission {submission_id} is erased: its image, predictions, evaluations and logs are gone.")


def _tell(found: Sequence[Found], *, as_json: bool) -> None:
    if as_json:
        rows = [{"rule": each.rule, "days": each.days, "items": list(each.items), "bytes": each.size_bytes} for each in found]
        print(json.dumps(rows, indent=1))
        return
    if not found:
        print(_NO_RULE)
        return
    table = Table("Rule", "After days", "Items", "Bytes", box=None, pad_edge=False)
    for each in found:
        table.add_row(each.rule, f"{each.days:g}", f"{len(each.items):,}", f"{each.size_bytes:,}")
    show(table)
