"""The manifest of a data set: every file of a challenge with its SHA-256, and which case, subject, center and phase it is of.

Made once when the data is final, and kept apart from it: what was changed, lost or added afterwards is then found by
`verify_data.verify`. CSV for people, JSON for programs; both hold the same rows.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from sonobench_eval.challenge.digest import file_sha256
from sonobench_eval.challenge.errors import ChallengeError, Problem
from sonobench_eval.challenge.load import LoadedChallenge
from sonobench_eval.challenge.model import Case
from sonobench_eval.challenge.tables import read_table, write_table
from sonobench_eval.io.strict_json import StrictJsonError, loads

SCHEMA = "sonobench.manifest/1"
WARM_UP = "(warm-up)"
"""The phase of warm-up cases: no phase can be called so."""
MAX_JSON_BYTES = 512 * 2**20

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """One case. Paths are relative to the challenge file; `mask` and its hash are empty where there is none."""

    case: str
    task: str
    phase: str
    subject: str
    center: str
    role: str
    path: str
    sha256: str
    mask: str = ""
    mask_sha256: str = ""


COLUMNS = tuple(ManifestRow.__dataclass_fields__)
REQUIRED = ("case", "path", "sha256")


@dataclass(frozen=True, slots=True)
class Manifest:
    """All rows, each with the line of the file that it stood on (0: none)."""

    rows: tuple[ManifestRow, ...]
    lines: tuple[int, ...] = ()
    columns: tuple[str, ...] = COLUMNS
    """Which were there: what was left out is not compared."""

    @property
    def sha256(self) -> str:
        """Of what it says, in whatever order and form it was written."""
        rows = sorted(json.dumps(asdict(row), sort_keys=True, ensure_ascii=False) for row in self.rows)
        return hashlib.sha256("\n".join(rows).encode()).hexdigest()

    def line_of(self, number: int) -> int | None:
        return self.lines[number] if number < len(self.lines) else None

    def to_csv(self) -> str:
        return write_table(COLUMNS, (tuple(asdict(row).values()) for row in self.rows))

    def to_json(self, challenge: str) -> str:
        document = {"schema": SCHEMA, "challenge": challenge, "rows": [asdict(row) for row in self.rows]}
        return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def make_manifest(loaded: LoadedChallenge, *, progress: Progress | None = None) -> Manifest:
    """Hash every image and every mask that the challenge names.

    Raises:
        ChallengeError: files are missing or cannot be read; one line for each.
    """
    wanted = list(cases_of(loaded))
    rows: list[ManifestRow] = []
    problems: list[Problem] = []
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        for done, made in enumerate(pool.map(lambda each: _hashed(loaded, *each), wanted), start=1):
            if isinstance(made, ManifestRow):
                rows.append(made)
            else:
                problems.append(Problem((), made))
            if progress is not None:
                progress(done, len(wanted))
    if problems:
        raise ChallengeError.of(loaded.path.name, problems)
    return Manifest(tuple(rows))


def cases_of(loaded: LoadedChallenge) -> Iterator[tuple[Case, str]]:
    """Every case with the name of its phase, those of the warm-up last."""
    challenge = loaded.challenge
    for phase in challenge.all_phases:
        for case in challenge.of_phase(phase.id).cases:
            yield case, phase.id
    yield from ((case, WARM_UP) for case in challenge.warm_up)


def expected_row(loaded: LoadedChallenge, case: Case, phase: str) -> ManifestRow:
    """What the challenge says of a case; hashes are empty."""
    challenge = loaded.challenge
    return ManifestRow(
        case=case.id,
        task=case.task,
        phase=phase,
        subject=case.subject or "",
        center=case.center,
        role=challenge.center(case.center).role,
        path=f"{challenge.inputs}/{case.id}",
        sha256="",
        mask="" if case.mask is None else f"{challenge.truth}/{case.mask}",
    )


def read_manifest(path: Path) -> Manifest:
    """A manifest in CSV or, by its ending, in JSON.

    Raises:
        ChallengeError: it cannot be read or is none; one line for each problem.
    """
    if path.suffix.lower() == ".json":
        return _of_json(path)
    rows = read_table(path, required=REQUIRED, known=COLUMNS)
    made = tuple(ManifestRow(**{name: row.cells.get(name, "") for name in COLUMNS}) for row in rows)
    return Manifest(made, tuple(row.line for row in rows), tuple(name for name in COLUMNS if name in rows[0].cells))


def _of_json(path: Path) -> Manifest:
    try:
        document = loads(path.read_bytes(), max_bytes=MAX_JSON_BYTES)
    except OSError as error:
        raise ChallengeError(f"{path}: cannot be read: {error.strerror}") from error
    except StrictJsonError as error:
        raise ChallengeError(f"{path}: is not usable JSON: {error}") from error
    rows = document.get("rows") if isinstance(document, dict) and document.get("schema") == SCHEMA else None
    if not isinstance(rows, list):
        raise ChallengeError(f'{path}: is no manifest; it needs "schema": "{SCHEMA}" and a list of rows')
    problems = [Problem((f"rows.{number}",), said) for number, row in enumerate(rows) if (said := _row_problem(row))]
    if problems:
        raise ChallengeError.of(path.name, problems)
    named = {name for row in rows for name in row}
    return Manifest(tuple(ManifestRow(**dict.fromkeys(COLUMNS, "") | row) for row in rows), (), tuple(sorted(named)))


def _row_problem(row: object) -> str | None:
    if not isinstance(row, dict):
        return "is not an object"
    if strange := [name for name in row if name not in COLUMNS]:
        return f"has {strange[0]!r}, which is not known; known are {', '.join(COLUMNS)}"
    if missing := [name for name in REQUIRED if name not in row]:
        return f"lacks {missing[0]}"
    if odd := [name for name, value in row.items() if not isinstance(value, str)]:
        return f"{odd[0]} must be text"
    return None


def _hashed(loaded: LoadedChallenge, case: Case, phase: str) -> ManifestRow | str:
    row = expected_row(loaded, case, phase)
    try:
        image = sha256_of(loaded.folder / row.path)
        mask = sha256_of(loaded.folder / row.mask) if row.mask else ""
    except ChallengeError as error:
        return str(error)
    return ManifestRow(**{**asdict(row), "sha256": image, "mask_sha256": mask})


def sha256_of(path: Path) -> str:
    """64 hexadecimal digits.

    Raises:
        ChallengeError: it is missing or cannot be read.
    """
    return file_sha256(path).removeprefix("sha256:")


def total(rows: Sequence[ManifestRow]) -> int:
    """How many files the rows name."""
    return sum(2 if row.mask else 1 for row in rows)
