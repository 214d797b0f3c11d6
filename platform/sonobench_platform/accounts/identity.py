"""Who asks, and what that person or machine may do. Pure.

A team's token is its team; the organiser token, made at the first start, and administrators may organise everything; a person
takes part with the teams they are in and organises the challenges they were made organisers of.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from sonobench_platform.accounts.tokens import TokenKind


class Role(StrEnum):
    """What a route may ask of its caller. An organiser organises at least one challenge; services ask which."""

    PARTICIPANT = "participant"
    ORGANISER = "organiser"
    ADMINISTRATOR = "administrator"
    NODE = "node"
    PERSON = "person"
    SIGNED_IN = "signed-in"
    """A person in a browser, not a token of theirs: what guards an account is not for tokens to change."""


class Scope(StrEnum):
    """What a personal token may be limited to. Each lets its holder read what the person sees as a participant."""

    READ = "read"
    SUBMIT = "submit"
    ORGANISE = "organise"
    ADMINISTER = "administer"


class OwnTeam(NamedTuple):
    """A team that the caller is, or is in."""

    id: str
    name: str
    is_captain: bool


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks. `name` is what the audit log calls them.

    Args:
        teams: the one of a team's token, or those that a person is in.
        organises: ids of the challenges that a person organises; an administrator organises all.
        scopes: what a personal token is limited to; None: no limit of its own.
        csrf: the secret that a signed-in browser's requests must carry; None for tokens.
        shown_as: how a person is called on their own pages; the audit log does without names.
    """

    kind: TokenKind
    name: str
    person_id: str | None = None
    teams: tuple[OwnTeam, ...] = ()
    organises: frozenset[str] = frozenset()
    is_administrator: bool = False
    scopes: frozenset[Scope] | None = None
    csrf: str | None = None
    shown_as: str | None = None

    @property
    def team_ids(self) -> frozenset[str]:
        return frozenset(team.id for team in self.teams)

    @property
    def roles(self) -> frozenset[Role]:
        """What it may do at all, its scopes taken into account."""
        if self.kind == TokenKind.NODE:
            return frozenset({Role.NODE})
        roles = set()
        if self.kind == TokenKind.PERSON:
            roles.add(Role.PERSON)
            if self.csrf is not None:
                roles.add(Role.SIGNED_IN)
        if self.kind in {TokenKind.PERSON, TokenKind.TEAM}:
            roles.add(Role.PARTICIPANT)
        if (self.organises or self.is_administrator) and self._has(Scope.ORGANISE):
            roles.add(Role.ORGANISER)
        if self.is_administrator and self._has(Scope.ADMINISTER):
            roles.add(Role.ADMINISTRATOR)
        return frozenset(roles)

    @property
    def changing_roles(self) -> frozenset[Role]:
        """What it may change things as: a personal token without the scope `submit` only reads as a participant."""
        return self.roles if self._has(Scope.SUBMIT) else self.roles - {Role.PARTICIPANT, Role.PERSON}

    def may_organise(self, challenge_id: str) -> bool:
        """Whether this challenge is the caller's to run: its hidden things are shown, its settings may be changed."""
        return Role.ORGANISER in self.roles and (self.is_administrator or challenge_id in self.organises)

    def _has(self, scope: Scope) -> bool:
        return self.scopes is None or scope in self.scopes


SERVER = Identity(TokenKind.ORGANISER, "the server itself", is_administrator=True)
"""Who acts where nobody asked: commands on the server, and what the clock brings about."""
