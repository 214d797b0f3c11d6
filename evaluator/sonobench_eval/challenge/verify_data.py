"""Whether a challenge's data is what it was declared to be, all problems at once, row by row.

Files against the manifest; images against each other, for the same bytes in two cases are a leak where a phase is public; masks
against their images. What makes scores wrong is an error; what an organiser should look at is a warning.
"""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from sonobench_eval.challenge.check import DataProblem, check_case
from sonobench_eval.challenge.errors import ChallengeError
from sonobench_eval.challenge.load import LoadedChallenge
from sonobench_eval.challenge.manifest import WARM_UP, Manifest, ManifestRow, cases_of, expected_row, sha256_of
from sonobench_eval.challenge.model import Case
from sonobench_eval.challenge.tables import write_table

SCHEMA = "sonobench.dataset_report/1"
Level = Literal["error", "warning"]
Progress = Callable[[int, int], None]
COMPARED = ("task", "phase", "subject", "center", "role", "path", "mask")
_AT_ONCE = 4
_EXTRAS_TOLD = 1000


@dataclass(frozen=True, slots=True)
class DatasetFinding:
    """One problem. `code` is stable; `row` is the manifest's line, None where it is not about one."""

    level: Level
    code: str
    case: str
    phase: str
    path: str
    sentence: str
    row: int | None = None


FINDING_COLUMNS = ("level", "code", "row", "phase", "case", "path", "sentence")


@dataclass(frozen=True, slots=True)
class DatasetReport:
    """All that was found. The data is sound where nothing is an error."""

    challenge: str
    cases: int
    manifest_sha256: str | None
    findings: tuple[DatasetFinding, ...]

    @property
    def errors(self) -> int:
        return sum(finding.level == "error" for finding in self.findings)

    @property
    def warnings(self) -> int:
        return len(self.findings) - self.errors

    @property
    def is_sound(self) -> bool:
        return self.errors == 0

    def of_phase(self, phase: str) -> DatasetReport:
        """What concerns one phase: its own cases, and what is about no case."""
        own = tuple(finding for finding in self.findings if finding.phase in {phase, "", WARM_UP})
        return DatasetReport(self.challenge, self.cases, self.manifest_sha256, own)

    def to_json(self) -> str:
        counts = {"cases": self.cases, "errors": self.errors, "warnings": self.warnings}
        findings = [{name: getattr(finding, name) for name in FINDING_COLUMNS} for finding in self.findings]
        document = {"schema": SCHEMA, "challenge": self.challenge, "sound": self.is_sound, **counts}
        document |= {"manifest_sha256": self.manifest_sha256, "findings": findings}
        return json.dumps(document, indent=1, ensure_ascii=False) + "\n"

    def to_csv(self) -> str:
        return write_table(FINDING_COLUMNS, ([getattr(each, name) for name in FINDING_COLUMNS] for each in self.findings))


class _Seen(NamedTuple):
    """One case as it lies there; no hash where its image cannot be read."""

    expected: ManifestRow
    problems: list[DataProblem]
    sha256: str | None
    mask_sha256: str | None


def verify(loaded: LoadedChallenge, manifest: Manifest | None = None, *, progress: Progress | None = None) -> DatasetReport:
    """Read every file of the challenge and say everything that is wrong. Never raises for what is in the data.

    Args:
        manifest: what the files must be; None to check them against each other and the challenge alone.
        progress: called with (cases done, cases).
    """
    seen = _look_at_everything(loaded, progress)
    findings = [*_of_cases(seen), *_of_leaks(seen), *_of_subjects(seen), *_of_extras(loaded)]
    if manifest is not None:
        findings += _of_manifest(seen, manifest)
    order = {each.expected.case: number for number, each in enumerate(seen)}
    findings.sort(key=lambda each: (each.level, order.get(each.case, len(order)), each.row or 0, each.code))
    sha256 = None if manifest is None else manifest.sha256
    return DatasetReport(loaded.challenge.name, len(seen), sha256, tuple(findings))


def _look_at_everything(loaded: LoadedChallenge, progress: Progress | None) -> list[_Seen]:
    wanted, seen = list(cases_of(loaded)), []
    # Decoders and hashes let go of the interpreter while they work.
    with ThreadPoolExecutor(min(_AT_ONCE, os.cpu_count() or 1)) as pool:
        for done, found in enumerate(pool.map(lambda each: _look_at(loaded, *each), wanted), start=1):
            seen.append(found)
            if progress is not None:
                progress(done, len(wanted))
    return seen


def _look_at(loaded: LoadedChallenge, case: Case, phase: str) -> _Seen:
    challenge = loaded.challenge
    truth_dir = None if phase == WARM_UP else loaded.truth_dir
    problems = check_case(challenge, challenge.task(case.task), case, inputs_dir=loaded.inputs_dir, truth_dir=truth_dir)
    expected = expected_row(loaded, case, phase)
    mask = _hash_or_none(loaded.folder / expected.mask) if expected.mask else None
    return _Seen(expected, problems, _hash_or_none(loaded.folder / expected.path), mask)


def _hash_or_none(path: Path) -> str | None:
    try:
        return sha256_of(path)
    except ChallengeError:
        return None


def _of_cases(seen: Iterable[_Seen]) -> Iterator[DatasetFinding]:
    for each in seen:
        for problem in each.problems:
            of_mask = problem.code in {"mask", "empty-mask"}
            path = each.expected.mask if of_mask else each.expected.path
            level: Level = "warning" if problem.is_warning else "error"
            yield _finding(level, problem.code, each.expected, problem.sentence, path=path)


def _of_leaks(seen: Iterable[_Seen]) -> Iterator[DatasetFinding]:
    """The same bytes under two cases. Told at each case but the first, with the worst of what it is to those before it."""
    same: dict[str, list[ManifestRow]] = defaultdict(list)
    for each in seen:
        if each.sha256 is not None:
            same[each.sha256].append(each.expected)
    for first, *others in same.values():
        before = {(first.phase, first.task): first}
        for other in others:
            yield _leak(before, other)
            before.setdefault((other.phase, other.task), other)


def _leak(before: Mapping[tuple[str, str], ManifestRow], other: ManifestRow) -> DatasetFinding:
    elsewhere = next((row for (phase, _), row in before.items() if phase != other.phase), None)
    if elsewhere is not None:
        sentence = f"is the very image of {elsewhere.case} in {elsewhere.phase}: what one phase shows of it helps in the other"
        return _finding("error", "leak", other, sentence)
    twin = before.get((other.phase, other.task))
    if twin is not None:
        return _finding("error", "same-image", other, f"is the very image of {twin.case}: it would count twice")
    another = next(iter(before.values()))
    return _finding("warning", "same-image", other, f"is the very image of {another.case}, under another task")


def _of_subjects(seen: Iterable[_Seen]) -> Iterator[DatasetFinding]:
    """A subject in two phases, told once for each further phase. Subjects are told apart by center, as in the bootstrap."""
    first: dict[tuple[str, str], ManifestRow] = {}
    told: set[tuple[str, str, str]] = set()
    for each in seen:
        row = each.expected
        if not row.subject:
            continue
        known = first.setdefault((row.center, row.subject), row)
        if known.phase != row.phase and (row.center, row.subject, row.phase) not in told:
            told.add((row.center, row.subject, row.phase))
            sentence = f"is of subject {row.subject!r}, who is in {known.phase} too ({known.case}); split by subject"
            yield _finding("warning", "same-subject", row, sentence)


def _of_extras(loaded: LoadedChallenge) -> Iterator[DatasetFinding]:
    """Files in the folders of the images and the masks that no case names."""
    challenge = loaded.challenge
    used = {loaded.folder / row.path for row in (expected_row(loaded, case, phase) for case, phase in cases_of(loaded))}
    used |= {loaded.folder / challenge.truth / case.mask for case in challenge.cases if challenge.truth and case.mask}
    for folder in dict.fromkeys(filter(None, (loaded.inputs_dir, loaded.truth_dir))):
        extra = (path for path in _files(folder) if path not in used)
        for number, path in enumerate(extra):
            if number == _EXTRAS_TOLD:
                yield DatasetFinding("warning", "extra-file", "", "", str(folder), "holds more files that no case names")
                break
            yield DatasetFinding("warning", "extra-file", "", "", _shown(path, loaded.folder), "is named by no case")


def _files(folder: Path) -> Iterator[Path]:
    for here, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(here) / name for name in sorted(names))


def _shown(path: Path, folder: Path) -> str:
    return os.path.relpath(path, folder).encode("utf-8", "backslashreplace").decode()


def _of_manifest(seen: Iterable[_Seen], manifest: Manifest) -> Iterator[DatasetFinding]:
    rows: dict[str, int] = {}
    for number, row in enumerate(manifest.rows):
        if row.case in rows:
            sentence = f"is in the manifest twice (first in line {manifest.line_of(rows[row.case])})"
            yield _of_row("doubled-row", manifest, number, sentence)
        else:
            rows[row.case] = number
    by_case = {each.expected.case: each for each in seen}
    for case, number in rows.items():
        if case not in by_case:
            yield _of_row("not-in-challenge", manifest, number, "is no case of the challenge")
    for case, each in by_case.items():
        if case in rows:
            yield from _differences(each, manifest, rows[case])
        else:
            yield _finding("error", "not-in-manifest", each.expected, "is not in the manifest")


def _differences(seen: _Seen, manifest: Manifest, number: int) -> Iterator[DatasetFinding]:
    row, expected = manifest.rows[number], asdict(seen.expected)
    for name in COMPARED:
        said = getattr(row, name)
        if name in manifest.columns and said != expected[name]:
            sentence = f"has {name} {said!r} in the manifest and {expected[name]!r} in the challenge"
            yield _of_row("differs", manifest, number, sentence)
    hashes: Mapping[str, tuple[str, str | None, str]] = {
        "hash-differs": (row.sha256, seen.sha256, seen.expected.path),
        "mask-hash-differs": (row.mask_sha256, seen.mask_sha256, seen.expected.mask),
    }
    for code, (declared, found, path) in hashes.items():
        if code.startswith("mask") and "mask_sha256" not in manifest.columns:
            continue
        if not (path or declared):
            continue
        if not re.fullmatch(r"[0-9a-f]{64}", declared):
            yield _of_row(code, manifest, number, f"has no SHA-256 of {path} in the manifest")
        elif found is not None and found != declared:
            sentence = f"{path} is not the file that the manifest names: its SHA-256 is {found[:12]}..., not {declared[:12]}..."
            yield _of_row(code, manifest, number, sentence)
        elif found is None:
            yield _of_row("missing-file", manifest, number, f"{path} is not there, or cannot be read")


def _of_row(code: str, manifest: Manifest, number: int, sentence: str) -> DatasetFinding:
    row = manifest.rows[number]
    return DatasetFinding("error", code, row.case, row.phase, row.path, sentence, manifest.line_of(number))


def _finding(level: Level, code: str, row: ManifestRow, sentence: str, *, path: str | None = None) -> DatasetFinding:
    return DatasetFinding(level, code, row.case, row.phase, row.path if path is None else path, sentence)
