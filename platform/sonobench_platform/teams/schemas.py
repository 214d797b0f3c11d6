"""Teams over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from sonobench_platform.domain.text import clean_line

TeamName = Annotated[str, AfterValidator(clean_line), Field(min_length=1, max_length=80)]


class NewTeam(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[TeamName, Field(description="As the board will show it.", examples=["U-Vision"])]


class Team(BaseModel):
    id: str
    name: str
    created_at: datetime


class TeamWithToken(Team):
    token: Annotated[str, Field(description="The team's API token. It is shown this once and kept nowhere.")]


class Teams(BaseModel):
    items: list[Team]
