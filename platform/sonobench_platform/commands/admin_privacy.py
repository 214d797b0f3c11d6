"""`sonobench admin people export` and `erase`: for people who ask for it, straight on the database."""

from __future__ import annotations

import json

from sonobench_platform.accounts.identity import SERVER
from sonobench_platform.audit.log import record
from sonobench_platform.challenges.organisers import find_person
from sonobench_platform.commands.admin_teams import opened_core
from sonobench_platform.config import Settings
from sonobench_platform.desk import erasure, person_export


def export_person(settings: Settings, who: str) -> None:
    """Print all that is kept of a person, table by table."""
    with opened_core(settings) as core, core.database.write() as work:
        person = find_person(work.session, who)
        kept = person_export.export(work.session, person.id)
        record(core, work, SERVER, "person.export", person.id)
    print(json.dumps({each.table: each.rows for each in kept}, indent=1, ensure_ascii=False))


def erase_person(settings: Settings, who: str, *, reason: str) -> None:
    """Erase a person for good."""
    with opened_core(settings) as core:
        with core.database.write() as work:
            person_id = find_person(work.session, who).id
            erasure.erase(core, work, SERVER, person_id, reason=reason)
        print(f"Person {person_id} is erased. What backups hold of them goes with the backups.")
