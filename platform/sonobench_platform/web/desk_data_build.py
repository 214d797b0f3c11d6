"""A phase's data as its organizers see it: whether it is sound, what was found, how many cases each center has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from urllib.parse import urlencode

from sonobench_eval.challenge.model import Challenge
from sonobench_eval.report import figures
from sonobench_platform.challenges.datasets_api import Dataset, Finding
from sonobench_platform.challenges.phases import rules_of
from sonobench_platform.db.models import ChallengeRow, PhaseRow
from sonobench_platform.web.contexts import Tab
from sonobench_platform.web.contexts_desk import DeskFrame
from sonobench_platform.web.contexts_desk_service import CountLine, DataPage, FindingLine, Said
from sonobench_platform.web.desk_frame import desk_page, moment_of
from sonobench_platform.web.phases import phase_title
from sonobench_platform.web.texts import _, ngettext
from sonobench_platform.web.wording import shown_name

MOST_FINDINGS = 200


def data_context(
    challenge: ChallengeRow,
    frame: DeskFrame,
    phase: PhaseRow,
    phases: Sequence[PhaseRow],
    *,
    known: Dataset | None,
    cases: Challenge,
) -> DataPage:
    """The page of one phase.

    Args:
        known: the last report; None: there is none.
        cases: the phase's part of the challenge, without references.
    """
    findings = [] if known is None else known.findings
    more = len(findings) - MOST_FINDINGS
    return DataPage(
        page=desk_page(_("Data"), challenge),
        frame=frame,
        phase=phase.name,
        phases=phase_tabs(frame.root, "data", phases, phase.name),
        verdict=_verdict(known),
        is_sound=known is not None and known.sound,
        facts=tuple(_facts(known, phase)),
        verified=None if known is None else moment_of(known.verified_at),
        tasks=tuple(shown_name(task.title or task.id) for task in cases.tasks),
        counts=tuple(_counts(cases)),
        findings=tuple(_finding(each) for each in findings[:MOST_FINDINGS]),
        more_findings=_more(more),
        report_href="" if known is None else _report_href(challenge, phase),
    )


def phase_tabs(root: str, page: str, phases: Sequence[PhaseRow], current: str) -> tuple[Tab, ...]:
    """The same page for each phase, where there are several."""
    if len(phases) < 2:
        return ()
    return tuple(
        Tab(phase_title(rules_of(each)), f"{root}/{page}?{urlencode({'phase': each.name})}", each.name == current)
        for each in phases
    )


def _report_href(challenge: ChallengeRow, phase: PhaseRow) -> str:
    return f"/api/v1/challenges/{challenge.name}/dataset/report.csv?{urlencode({'phase': phase.name})}"


def _verdict(known: Dataset | None) -> str:
    if known is None:
        return _("This data was never verified. Ask for a verification below.")
    if known.state != "verified":
        doing = _("It is being verified now.") if known.state == "verifying" else _("A verification waits for a score worker.")
        return f"{_sound(known)} {doing}"
    return _sound(known)


def _sound(known: Dataset) -> str:
    if known.trouble:
        return _("The last verification came to no end: {why}.").format(why=shown_name(known.trouble))
    if known.sound:
        one, many = _("The data is sound: {count} case, nothing wrong."), _("The data is sound: {count} cases, nothing wrong.")
        said = one if known.cases == 1 else many
        warned = ngettext("{count} warning.", "{count} warnings.", known.warnings).format(count=known.warnings)
        return said.format(count=f"{known.cases:,}") + (f" {warned}" if known.warnings else "")
    said = ngettext("The data is not sound: {count} error.", "The data is not sound: {count} errors.", known.errors)
    return said.format(count=f"{known.errors:,}")


def _facts(known: Dataset | None, phase: PhaseRow) -> Iterator[Said]:
    yield Said(_("Phase"), phase_title(rules_of(phase)))
    opens = _("yes") if phase.is_sound else _("no, until a verification finds its data sound")
    yield Said(_("May open on its date"), opens, is_bad=not phase.is_sound)
    yield Said(_("Data hash"), phase.dataset_hash)
    if known is None:
        return
    yield Said(_("Verified by"), shown_name(known.verified_by))
    if known.dataset_hash != phase.dataset_hash:
        yield Said(_("The report is about"), known.dataset_hash, is_bad=True)
    yield Said(_("Manifest"), known.manifest_sha256 or _("none is registered: files are held against the data hash alone"))


def _counts(cases: Challenge) -> Iterator[CountLine]:
    found = Counter((case.center, case.task) for case in cases.cases)
    for center in cases.centers:
        counts = [found[center.id, task.id] for task in cases.tasks]
        role = _("external") if center.role == "external" else _("internal")
        said = tuple(f"{count:,}" if count else figures.NOT_MEASURED for count in (*counts, sum(counts)))
        yield CountLine(shown_name(center.title or center.id), role, said)


def _finding(found: Finding) -> FindingLine:
    return FindingLine(
        level=_("Error") if found.level == "error" else _("Warning"),
        is_error=found.level == "error",
        row="" if found.row is None else f"{found.row:,}",
        case=shown_name(found.case) if found.case else "",
        path=shown_name(found.path) if found.path else "",
        sentence=shown_name(found.sentence),
    )


def _more(count: int) -> str:
    if count <= 0:
        return ""
    return ngettext("{count} more is in the CSV.", "{count} more are in the CSV.", count).format(count=f"{count:,}")
