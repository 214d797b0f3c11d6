"""Teams over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from sonobench_platform.domain.text import clean_line
from sonobench_platform.teams.standing import Standing

TeamName = Annotated[str, AfterValidator(clean_line), Field(min_length=1, max_length=80)]
Reason = Annotated[str, AfterValidator(clean_line), Field(min_length=1, max_length=1000, description="Is told to the team.")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewTeam(_Body):
    name: Annotated[TeamName, Field(description="As the board will show it.", examples=["U-Vision"])]


class Team(BaseModel):
    id: str
    name: str
    created_at: datetime


class TeamWithToken(Team):
    token: Annotated[str, Field(description="The team's API token. It is shown this once and kept nowhere.")]


class Teams(BaseModel):
    items: list[Team]
    next: Annotated[str | None, Field(description="Where further ones are; null on the last page.")] = None


class OwnedTeam(Team):
    """A team that the caller is in."""

    is_captain: Annotated[bool, Field(description="Whether the caller is its captain.")]


class OwnTeams(BaseModel):
    items: list[OwnedTeam]


class Member(BaseModel):
    """A person in a team. Mail addresses are for the organisers of a challenge that the team entered."""

    id: str
    name: str
    is_captain: bool
    joined_at: datetime
    email: Annotated[str | None, Field(description="For organisers only.")] = None


class InChallenge(BaseModel):
    challenge: Annotated[str, Field(description="The challenge's name.")]
    standing: Standing


class TeamDetail(Team):
    """A team with its people, for those in it."""

    members: Annotated[list[Member], Field(description="The captain first. Empty for a team that only has a token.")]
    entries: Annotated[list[InChallenge], Field(description="The challenges it entered.")]


class Captain(_Body):
    person_id: Annotated[str, Field(max_length=32, description="The member who is to be captain.")]


class NewInvitation(_Body):
    email: Annotated[str, Field(max_length=254, description="Whom to invite.", examples=["a.person@example.org"])]


class Invitation(BaseModel):
    """An invitation that was neither accepted nor revoked. Its secret went out by mail and is kept nowhere."""

    id: str
    email: str
    created_at: datetime
    expires_at: Annotated[datetime, Field(description="From then on it does not work.")]


class Invitations(BaseModel):
    items: list[Invitation]


class InvitationSecret(_Body):
    secret: Annotated[str, Field(max_length=200, description="The last part of the link in the mail.")]


class InvitationShown(BaseModel):
    """What the holder of an invitation sees before accepting it."""

    team: Annotated[str, Field(description="The team's name.")]
    email: Annotated[str, Field(description="The address that was invited; the account that accepts must have it.")]
    expires_at: datetime


class NewTeamToken(_Body):
    name: Annotated[str, Field(min_length=1, max_length=100, description="What it is for.", examples=["our build server"])]


class TeamToken(BaseModel):
    """A team's token, without the token itself."""

    id: str
    name: str | None
    hint: Annotated[str, Field(description="Its first characters.")]
    created_at: datetime
    last_used_at: datetime | None


class TeamTokens(BaseModel):
    items: list[TeamToken]


class MadeTeamToken(TeamToken):
    token: Annotated[str, Field(description="The token. It is shown this once and kept nowhere.")]


class TermsShown(BaseModel):
    """What a team agrees to when it enters."""

    text: str
    sha256: Annotated[str, Field(description="Of the text in UTF-8; a team signs by sending it.")]


class EntryWish(_Body):
    team_id: Annotated[str | None, Field(max_length=32, description="Which of your teams, where you are in several.")] = None
    terms_sha256: Annotated[Sha256 | None, Field(description="Of the terms you read and agree to, where there are any.")] = None


class Entry(BaseModel):
    """A team's standing in a challenge."""

    challenge: str
    team_id: str
    team: Annotated[str, Field(description="The team's name.")]
    standing: Annotated[
        Standing,
        Field(
            description="`in`: it may hand in. `absent`: it has to enter first. `unsigned`: the terms as they are now are not "
            "signed. `pending`: it waits for approval. `refused`, `withdrawn`: it takes no part."
        ),
    ]
    entered_at: datetime | None
    decided_at: datetime | None
    reason: Annotated[str | None, Field(description="What the organisers said.")]
    terms_sha256: Annotated[str | None, Field(description="Of the terms that were signed last.")]
    terms_signed_at: datetime | None


class EntryDetail(Entry):
    """A team in a challenge, as its organisers see it."""

    members: list[Member]
    decided_by: Annotated[str | None, Field(description="The person's id, or what acted.")]
    terms_signed_by: Annotated[str | None, Field(description="The person's id, or whose token it was.")]


class Entries(BaseModel):
    items: list[EntryDetail]
    next: Annotated[str | None, Field(description="Where further ones are; null on the last page.")] = None


class WithReason(_Body):
    reason: Reason


class SeatToFree(_Body):
    person_id: Annotated[str, Field(max_length=32)]
    reason: Reason
