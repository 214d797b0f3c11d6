"""What a team may hold of a challenge: everything but the cases. Fetched from a platform, used by `sonobench test --sample`.

Names of hidden cases, their folders and their references are not in it; how many cases each task has is.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from sonobench_eval.challenge.errors import ChallengeError
from sonobench_eval.challenge.explain import problems_of
from sonobench_eval.challenge.model import Case, Center, Challenge, Record, Task
from sonobench_eval.contract.registry import contract_of

SCHEMA = "sonobench.public-challenge/1"
MAX_BYTES = 4 * 2**20
_OF_THE_CASES = {"cases", "warm_up", "inputs", "truth"}
_OF_THE_PLATFORM = {"phases", "entry"}
"""Of no use to whoever scores other cases, and phases without any of these cases would be none."""


class PublicChallenge(Record):
    """A challenge without its cases, as `GET /api/v1/challenges/{name}/public` gives it."""

    schema_: Annotated[Literal["sonobench.public-challenge/1"], Field(alias="schema")] = "sonobench.public-challenge/1"
    hash: Annotated[str, Field(description="Of the whole definition, references included.")]
    cases: Annotated[dict[str, int], Field(description="How many cases each task has.")]
    settings: Annotated[dict[str, Any], Field(description="Every other key of the challenge but `phases` and `entry`.")]

    @property
    def name(self) -> str:
        return str(self.settings.get("name", ""))

    @property
    def case_count(self) -> int:
        return sum(self.cases.values())

    def to_json(self) -> str:
        return self.model_dump_json(by_alias=True, indent=1)


def public_part(challenge: Challenge, definition_hash: str) -> PublicChallenge:
    """The challenge without its cases."""
    counts = {task.id: len(challenge.cases_of(task.id)) for task in challenge.tasks}
    return PublicChallenge(
        hash=definition_hash,
        cases=counts,
        settings=challenge.model_dump(mode="json", exclude=_OF_THE_CASES | _OF_THE_PLATFORM, exclude_none=True),
    )


def load_public(path: Path) -> PublicChallenge | None:
    """The public challenge in a file, or None where the file is something else (a challenge's YAML).

    Raises:
        ChallengeError: it says that it is one, and cannot be used.
    """
    try:
        data = path.read_bytes() if path.is_file() and path.stat().st_size <= MAX_BYTES else b""
    except OSError as error:
        raise ChallengeError(f"{path}: cannot be read: {error.strerror}") from error
    if not data.lstrip().startswith(b"{") or SCHEMA.encode() not in data:
        return None
    try:
        return PublicChallenge.model_validate_json(data)
    except ValidationError as error:
        raise ChallengeError(f"{path}: is damaged; fetch it again with `sonobench challenge get NAME`") from error


def with_cases(public: PublicChallenge, cases: Sequence[Case], *, centers: Sequence[Center], name: str) -> Challenge:
    """The challenge with other cases in place of its own. Tasks that none of them belongs to are left out.

    Args:
        centers: the centers of these cases, in place of the challenge's own.
        name: what messages call the file that the cases came from.

    Raises:
        ChallengeError: the cases do not fit the challenge.
    """
    used = {case.task for case in cases}
    document = {
        **public.settings,
        "centers": [center.model_dump(exclude_none=True) for center in centers],
        "tasks": [task for task in public.settings["tasks"] if task["id"] in used],
        "cases": [case.model_dump(exclude_none=True, by_alias=True) for case in cases],
        "inputs": "images",
        "truth": "truth",
    }
    try:
        challenge = Challenge.model_validate(document)
    except ValidationError as error:
        raise ChallengeError.of(name, problems_of(error, document)) from error
    if misfits := contract_of(challenge).misfits(challenge):
        raise ChallengeError(f"{name}: case {misfits[0].loc}: {misfits[0].sentence}")
    return challenge


def tasks_of(public: PublicChallenge) -> list[Task]:
    """The tasks.

    Raises:
        ChallengeError: one of them makes no sense; the file was changed or comes from a newer version.
    """
    try:
        return [Task.model_validate(task) for task in public.settings["tasks"]]
    except (KeyError, TypeError, ValidationError) as error:
        raise ChallengeError(
            f"{public.name}: its tasks cannot be read; fetch it again, or bring this command line up to date"
        ) from error
