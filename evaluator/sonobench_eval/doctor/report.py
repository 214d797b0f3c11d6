"""What the doctor found out about a node: one check per question, and whether hidden data may come here.

A node is safe where every isolation and limit check was made and held, and no fact is known to be an open door.
What could not be found out about isolation or a limit counts as not held.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal, cast, get_args

SCHEMA = "sonobench.node_report/1"

NOT_SAID = "the probe did not say"
ASK_AGAIN = "Run `sonobench doctor` again; where it stays so, see the engine's log, and report it."

Verdict = Literal["ok", "warn", "bad", "unknown"]
Kind = Literal["fact", "isolation", "limit"]


class ReportUnreadable(ValueError):
    """A document is not a node report of this version."""


@dataclass(frozen=True, slots=True)
class Check:
    """One question and its answer. `found` says what is so, `cure` what to do about it; empty where nothing needs doing.

    `warn` is worth an administrator's time but lets nothing out; `bad` is an open door or a limit that does not bite.
    """

    name: str
    verdict: Verdict
    found: str
    cure: str = ""
    kind: Kind = "fact"

    @property
    def holds(self) -> bool:
        """False where hidden data must stay away because of this check."""
        return self.verdict in {"ok", "warn"} or (self.kind == "fact" and self.verdict == "unknown")


@dataclass(frozen=True, slots=True)
class NodeReport:
    """All checks of one examination. `fingerprint` changes with everything that could change an answer."""

    checks: tuple[Check, ...]
    engine: str
    runtime: str
    made_at: datetime
    fingerprint: str
    probed: bool = True
    """False where only facts were looked at; nothing is known of isolation and limits then."""

    @property
    def is_safe(self) -> bool:
        """Whether strangers' images may run beside hidden data here."""
        return self.probed and not self.open_doors

    @property
    def open_doors(self) -> tuple[Check, ...]:
        """The checks that keep hidden data away."""
        return tuple(check for check in self.checks if not check.holds)

    def to_document(self) -> dict[str, Any]:
        """The report as JSON data, schema `sonobench.node_report/1`."""
        return {
            "schema": SCHEMA,
            "is_safe": self.is_safe,
            "probed": self.probed,
            "engine": self.engine,
            "runtime": self.runtime,
            "made_at": self.made_at.astimezone(UTC).isoformat(timespec="seconds"),
            "fingerprint": self.fingerprint,
            "checks": [asdict(check) for check in self.checks],
        }

    def to_json(self) -> str:
        return json.dumps(self.to_document(), indent=1, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> NodeReport:
        """The report in a document. `is_safe` is worked out anew and never believed.

        Raises:
            ReportUnreadable: it is something else.
        """
        try:
            document = json.loads(text)
            if document["schema"] != SCHEMA:
                raise ReportUnreadable(f"The document has schema {document['schema']!r}; this version reads {SCHEMA}.")
            return cls(
                checks=tuple(_check(each) for each in document["checks"]),
                engine=_text(document["engine"]),
                runtime=_text(document["runtime"]),
                made_at=datetime.fromisoformat(document["made_at"]).astimezone(UTC),
                fingerprint=_text(document["fingerprint"]),
                probed=document["probed"] is True,
            )
        except ReportUnreadable:
            raise
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ReportUnreadable(f"This is not a node report ({type(error).__name__}: {error}).") from error


def _check(document: dict[str, Any]) -> Check:
    verdict, kind = document["verdict"], document["kind"]
    if verdict not in get_args(Verdict) or kind not in get_args(Kind):
        raise ReportUnreadable(f"A check has verdict {verdict!r} and kind {kind!r}, which this version does not know.")
    return Check(
        name=_text(document["name"]),
        verdict=cast(Verdict, verdict),
        found=_text(document["found"]),
        cure=_text(document["cure"]),
        kind=cast(Kind, kind),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ReportUnreadable(f"There is {type(value).__name__} where text is expected.")
    return value
