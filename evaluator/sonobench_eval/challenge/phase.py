"""Phases of a challenge: when it takes images, for which cases, how many, and who sees what came of them.

Pure records. A challenge without phases has one, `test`, which is open until an organiser closes it. Every phase has its own
cases: `Challenge.of_phase` makes of a challenge what a run in one phase needs, with a hash and a data set of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BeforeValidator, Field, field_validator, model_validator

from sonobench_eval.challenge.errors import Problem
from sonobench_eval.challenge.record import Record, Slug

PhaseKind = Literal["sample", "validation", "test"]
Counting = Literal["best", "last", "chosen"]
Visibility = Literal["all", "own", "organisers", "sealed"]
Names = Literal["teams", "aliases"]

WHOLE = "test"
"""The name of the one phase of a challenge that declares none."""

_EXAMPLE = "2026-09-01T12:00:00+02:00"


def _moment(value: object) -> datetime:
    """A date with a time and a time zone, as the file says it. A number is none, though it could be seconds since 1970."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError as error:
            raise ValueError(f"{value!r} is no date with a time; write it like {_EXAMPLE}") from error
    if not isinstance(value, datetime):
        raise ValueError(f"must be a date with a time and its time zone, like {_EXAMPLE}")  # noqa: TRY004 - for pydantic
    if value.utcoffset() is None:
        raise ValueError(f"{value.isoformat()} has no time zone, and would mean another moment elsewhere; write {_EXAMPLE}")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]
"""A date with a time and a time zone; quotes around it are not needed."""


class Quota(Record):
    """How many submissions a team may hand in. None: no limit of the phase's own.

    A day is a calendar day in `time_zone` (an IANA name). What failed for the platform's own reasons, was rejected, or crashed
    on the public samples is given back.
    """

    daily: Annotated[int, Field(ge=1, le=10_000)] | None = None
    total: Annotated[int, Field(ge=1, le=100_000)] | None = None
    concurrent: Annotated[int, Field(ge=1, le=1000)] | None = None
    time_zone: Annotated[str, Field(min_length=1, max_length=64)] = "UTC"

    @field_validator("time_zone")
    @classmethod
    def _time_zone_is_known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        # What `ZoneInfo` raises depends on what lies where it looks: nothing, a folder, another file.
        except (LookupError, ValueError, OSError) as error:
            raise ValueError(f"{value!r} is no time zone that is known here; write one like Europe/Berlin") from error
        return value


class Phase(Record):
    """One phase. Moments carry a time zone (`2026-09-01T12:00:00+02:00`); it is open from `opens` until just before `closes`.

    `requires` names phases in which the team must have a scored submission. `counts` is which of a team's submissions is on
    the board. `scores` is who sees scores and the board: `sealed` is organisers alone until `sealed_until`, then everyone.
    `names` is what teams are called on the board: by their names, or each by an alias that only its team and organisers know.
    `logs` is who reads a run's log (None: what the challenge says; for a sample phase the team, because its data is public).
    Runs of a phase with a higher `priority` go first. With `canary`, an image runs on the challenge's public cases first.
    With `case_dots`, once the phase is closed, whoever sees its board sees the score of every case as a dot, without its name;
    else quartiles alone.
    """

    id: Slug
    kind: PhaseKind = "test"
    title: Annotated[str, Field(max_length=200)] = ""
    opens: Moment | None = None
    closes: Moment | None = None
    requires: tuple[Slug, ...] = ()
    counts: Counting = "last"
    scores: Visibility = "all"
    sealed_until: Moment | None = None
    names: Names = "teams"
    logs: Literal["organisers", "team"] | None = None
    quota: Quota = Quota()
    priority: Annotated[int, Field(ge=-100, le=100)] = 0
    canary: bool = True
    case_dots: bool = False

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.opens is not None and self.closes is not None and not self.opens < self.closes:
            raise ValueError("closes must be later than opens")
        if (self.scores == "sealed") != (self.sealed_until is not None):
            raise ValueError("sealed_until goes with scores: sealed, and the other way round")
        return self

    def is_open(self, now: datetime) -> bool:
        """Whether its dates let it take images at `now`, which has a time zone."""
        return (self.opens is None or self.opens <= now) and (self.closes is None or now < self.closes)

    def shows_scores_to(self, *, own: bool, organiser: bool, now: datetime) -> bool:
        """Whether someone sees a submission's scores: of the submission's team (`own`), an organiser, or anyone."""
        if organiser or self.scores == "all":
            return True
        if self.scores == "sealed":
            return self.sealed_until is not None and now >= self.sealed_until
        return own and self.scores == "own"


class EntryRules(Record):
    """What a team must do before it can hand in: be approved by an organiser, and sign `terms`, a text, where there is one."""

    approval: bool = False
    terms: Annotated[str, Field(max_length=100_000)] | None = None


def phases_problems(phases: Sequence[Phase]) -> Iterator[Problem]:
    """What is wrong between phases: doubled names, and requirements that no team could meet."""
    known = [phase.id for phase in phases]
    for at, phase in enumerate(phases):
        if phase.id in known[:at]:
            yield Problem(("phases", at, "id"), f"{phase.id!r} is declared twice")
        for required in phase.requires:
            if required not in known[:at]:
                yield Problem(("phases", at, "requires"), f"{required!r} is no phase declared before this one")
