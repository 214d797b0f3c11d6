"""An organiser's own metrics: an image that scores what built-in metrics cannot say, and what its values mean.

Pure records. The room that runs the image is `sonobench_eval/scoring_image`. Values come per case, and then go through the
undefined policy, the bootstrap and the ranking as those of any metric do; or one for the whole task, without an interval.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from sonobench_eval.challenge.record import Record, is_plain_relative_path
from sonobench_eval.challenge.sizes import Bytes, Seconds
from sonobench_eval.metrics.spec import Family, MetricSpec

NO_VALUE = "the organisers' scoring image was not run, or gave it no value"


class ScoringImage(Record):
    """The image that scores, and what it may use. `image` is its Id; `archive` a `docker save` of it beside the challenge."""

    image: str
    archive: str | None = None
    time_s: Seconds = 600.0
    memory_bytes: Bytes = 4 * 2**30
    cpus: Annotated[float, Field(gt=0, le=1024)] = 2.0
    pids: Annotated[int, Field(ge=16, le=100_000)] = 512
    shm_bytes: Bytes = 64 * 2**20
    scratch_bytes: Bytes = 1 * 2**30
    log_bytes: Bytes = 1 * 2**20
    with_images: bool = False
    """Whether it is given the cases' images as well."""

    @field_validator("image")
    @classmethod
    def _is_an_id(cls, value: str) -> str:
        if not re.fullmatch(r"sha256:[0-9a-f]{64}", value):
            raise ValueError("is not an image's Id; take it from `docker image inspect --format '{{.Id}}' NAME`: sha256:...")
        return value

    @field_validator("archive")
    @classmethod
    def _is_beside_the_challenge(cls, value: str | None) -> str | None:
        if value is not None and not is_plain_relative_path(value):
            raise ValueError(f"{value!r} is not a plain relative path (letters, digits, space and . _ - / only)")
        return value


class ImageMetric(Record):
    """What a value of the scoring image means: which is better, its range, and whether there is one per case or per task."""

    better: Literal["higher", "lower"]
    range: tuple[float, float]
    per: Literal["case", "task"] = "case"
    title: Annotated[str, Field(max_length=100)] | None = None

    @model_validator(mode="after")
    def _has_a_range(self) -> Self:
        if not self.range[0] < self.range[1]:
            raise ValueError("range is the lowest and the highest value, in this order")
        return self

    @property
    def definition(self) -> str:
        """What tells it apart beside its name: only what is defined alike is averaged over tasks."""
        return f"of the scoring image, {self.range[0]:g} to {self.range[1]:g}, {self.better} is better"

    def spec(self, name: str, family: Family) -> MetricSpec:
        """The metric as one of any other origin; it has no function."""
        return MetricSpec(
            name=name,
            title=self.title or name,
            family=family,
            function="",
            summary="computed by the organisers' scoring image",
            source="the organisers of the challenge",
            low=self.range[0],
            high=self.range[1],
            higher_is_better=self.better == "higher",
            why_undefined=NO_VALUE,
            intervals=("percentile", "bca") if self.per == "case" else (),
        )
