"""Whether this node may have hidden data. No run is claimed before the doctor's probes have shown that every limit bites.

What they found holds for a day, and for as long as nothing changes that could change it: the engine, its start, its
options, the kernel, the runtime. It is kept beside the node's id, so that a restart does not ask again. On a node that
is not safe the worker stays and looks again every few minutes: an organiser who mends the node at night need not
remember that something must be started anew, and a service manager has nothing to restart in a circle.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from sonobench_eval.doctor.report import NodeReport, ReportUnreadable
from sonobench_platform.node.client import ApiRefused, NodeClient

log = logging.getLogger(__name__)

HOLDS_FOR = timedelta(hours=24)
LOOKS_AGAIN_AFTER = timedelta(minutes=5)
ACCEPTED = "accepted_unsafe"
MACHINE = "machine"


@dataclass(frozen=True, slots=True)
class Machine:
    """What organizers are told of a node's hardware beside the doctor's findings; None: it has no GPU, or does not say."""

    gpu: str | None = None
    driver: str | None = None


class Doctor(Protocol):
    """Looks at the node that this worker is on."""

    def fingerprint(self) -> str:
        """What a report holds for. Cheap.

        Raises:
            SandboxTrouble: no engine answers.
        """

    def examine(self) -> NodeReport:
        """Run the probes: some seconds.

        Raises:
            SandboxTrouble: no engine answers.
        """


class Safety:
    """The node's own gate before each claim. `accept_unsafe` is its operator's word against the doctor's."""

    def __init__(
        self,
        doctor: Doctor,
        api: NodeClient,
        *,
        kept: Path,
        accept_unsafe: bool = False,
        machine: Machine | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._doctor = doctor
        self._api = api
        self._kept = kept
        self._accept_unsafe = accept_unsafe
        self._machine = machine or Machine()
        self._now = now
        self._report: NodeReport | None = None
        self._told = False

    def allows_claims(self) -> bool:
        """True where this node may have the next run; the platform knows by then what was found.

        Raises:
            SandboxTrouble: no engine answers.
            ApiAway: the platform could not be told.
        """
        report = self._report_for(self._doctor.fingerprint())
        if not self._told:
            self._tell(report)
        return report.is_safe or self._accept_unsafe

    def tell_again(self) -> None:
        """The platform seems to know nothing of this node, or something else: say it anew before the next claim."""
        self._told = False

    def _report_for(self, fingerprint: str) -> NodeReport:
        if self._report is not None and self._holds(self._report, fingerprint):
            return self._report
        report = _read(self._kept) if self._report is None else None
        if report is None or not self._holds(report, fingerprint):
            log.info("looking whether every limit bites on this node: hostile probe containers, some seconds")
            report = self._doctor.examine()
            self._keep(report)
        self._report, self._told = report, False
        _say(report, accept_unsafe=self._accept_unsafe)
        return report

    def _holds(self, report: NodeReport, fingerprint: str) -> bool:
        age = self._now() - report.made_at
        return report.fingerprint == fingerprint and timedelta(0) <= age < (HOLDS_FOR if report.is_safe else LOOKS_AGAIN_AFTER)

    def _keep(self, report: NodeReport) -> None:
        """Losing it costs the probes of the next start, no more."""
        try:
            self._kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, temporary = tempfile.mkstemp(dir=self._kept.parent, prefix=f".{self._kept.name}.")
            try:
                with os.fdopen(handle, "w") as file:
                    file.write(report.to_json())
                Path(temporary).replace(self._kept)
            except BaseException:
                with suppress(OSError):
                    Path(temporary).unlink()
                raise
        except OSError as error:
            log.warning("what the doctor found cannot be kept at %s: %s", self._kept, error.strerror or error)

    def _tell(self, report: NodeReport) -> None:
        document: dict[str, Any] = report.to_document()
        document[ACCEPTED] = self._accept_unsafe and not report.is_safe
        document[MACHINE] = asdict(self._machine)
        try:
            self._api.report_node(is_safe=report.is_safe, report=document)
        except ApiRefused as error:
            log.warning("the platform does not take this node's report: %s", error)
        self._told = True


def _say(report: NodeReport, *, accept_unsafe: bool) -> None:
    if report.is_safe:
        log.info("every limit bites on this node (%s, runtime %s)", report.engine, report.runtime)
        return
    for check in report.open_doors:
        log.error("%s: %s. %s", check.name, check.found, check.cure)
    if accept_unsafe:
        log.error(
            "STRANGERS' IMAGES RUN BESIDE HIDDEN DATA ON A NODE THAT IS NOT SAFE, as SONOBENCH_ACCEPT_UNSAFE_NODE is set; "
            "organisers see it in the list of nodes"
        )
    else:
        log.error(
            "no run is claimed, as this node is not safe for hidden data; see the lines above and `sonobench doctor`. "
            "It is looked at again every %d minutes, and when the engine is started anew",
            LOOKS_AGAIN_AFTER.total_seconds() / 60,
        )


def _read(kept: Path) -> NodeReport | None:
    try:
        return NodeReport.from_json(kept.read_text())
    except (OSError, UnicodeDecodeError, ReportUnreadable):
        return None
