"""The registry over HTTP."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from sonobench_platform.domain.text import clean_line


class RegistryToken(BaseModel):
    """What Docker clients ask for; both names are in use."""

    token: str
    access_token: str
    expires_in: Annotated[int, Field(description="Seconds.")]
    issued_at: str


class PushHere(BaseModel):
    """Where the caller's teams push to."""

    host: Annotated[str, Field(description="What `docker login` and `docker push` are given.", examples=["bench.example.org"])]
    repositories: Annotated[list[str], Field(description="One prefix for each of the caller's teams: `team-.../`.")]


class PushedImage(BaseModel):
    """An image that was pushed, to be handed in."""

    model_config = ConfigDict(extra="forbid")

    image: Annotated[str, Field(min_length=1, max_length=500, description="`[host/]team-.../name:tag`, or `...@sha256:...`.")]
    note: Annotated[str, AfterValidator(clean_line), Field(max_length=200)] | None = None
    phase: Annotated[str, Field(max_length=64, description="Needed where several phases take images.")] | None = None
