"""A team's page from what the records say, and the forms that ask for a name before something is done that cannot be undone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sonobench_platform.db.models import ChallengeRow, EntryRow, InvitationRow, TeamRow, TokenRow
from sonobench_platform.teams.repository import Member
from sonobench_platform.teams.standing import rules_of, standing_of
from sonobench_platform.web.contexts import Crumb, Page
from sonobench_platform.web.contexts_account import FormPage, HiddenField, InputField
from sonobench_platform.web.contexts_portal import MemberLine, PendingLine, TeamEntryLine, TeamPage, TokenLine
from sonobench_platform.web.portal_build import PORTAL, SILENT, Told, checklist_href, confirm_field, typed_again, with_error_title
from sonobench_platform.web.portal_words import moment, part_words, standing_words
from sonobench_platform.web.rendering import page_frame
from sonobench_platform.web.texts import _
from sonobench_platform.web.wording import shown_name

INVITE, TOKEN = "email", "token_name"
"""The fields of the page's two forms."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads a team's page. A captain runs the team; an administrator who is not in it only looks."""

    person_id: str | None
    is_captain: bool
    is_member: bool
    csrf_token: str


@dataclass(frozen=True, slots=True)
class Of:
    """A team with all that its page shows. Invitations and tokens are empty for those who may not see them."""

    team: TeamRow
    members: Sequence[Member]
    entries: Sequence[tuple[EntryRow, ChallengeRow]]
    invitations: Sequence[InvitationRow]
    tokens: Sequence[TokenRow]
    now: datetime


def notes() -> dict[str, str]:
    """What a team's page may be asked to say first, by the word in its address."""
    return {
        "invited": _("The invitation is on its way. Its link works once, for seven days."),
        "invitation-revoked": _("The invitation is revoked: its link works no more."),
        "token-revoked": _("The token is revoked: it works no more."),
        "handed-over": _("The team has a new captain."),
        "removed": _("The member was removed, and told by mail."),
    }


def team_href(team_id: str, *rest: str) -> str:
    return "/".join(("/teams", team_id, *rest))


def team_context(of: Of, reader: Reader, *, fresh_token: str = "", told: Told = SILENT) -> TeamPage:
    """The team's page. `fresh_token` is one that was made just now, to be shown this once."""
    team = of.team
    return TeamPage(
        page=with_error_title(_frame(team), told),
        note=told.note,
        errors=told.errors,
        team_id=team.id,
        name=shown_name(team.name),
        is_captain=reader.is_captain,
        members=tuple(_member(team.id, each, reader) for each in of.members),
        invitations=tuple(_pending(row, of.now) for row in of.invitations),
        invite_field=_invite_field(told),
        tokens=tuple(token_line(row, of.now) for row in of.tokens),
        token_field=_token_field(told),
        fresh_token=fresh_token,
        entries=tuple(_entry(entry, challenge) for entry, challenge in of.entries),
        leave_href=team_href(team.id, "leave") if reader.is_member and not reader.is_captain else "",
        delete_href=team_href(team.id, "delete") if reader.is_captain else "",
        csrf_token=reader.csrf_token,
    )


def token_line(row: TokenRow, now: datetime) -> TokenLine:
    """A token without the token itself."""
    return TokenLine(
        token_id=row.id,
        name=shown_name(row.name or _("first token")),
        hint=row.hint,
        made=moment(row.created_at),
        used=moment(row.last_used_at),
        scopes="",
        ends=moment(row.expires_at),
        is_over=row.expires_at is not None and row.expires_at <= now,
    )


def leave_context(team: TeamRow, csrf_token: str) -> FormPage:
    made = _asking(team, _("Leave {team}"), csrf_token, "leave")
    return replace(
        made,
        sentences=(
            _("You see its submissions no more, and the team's tokens that you made stop working."),
            _("Where it handed something in, your place in that challenge stays with it."),
        ),
        button=_("Leave the team"),
    )


def delete_context(team: TeamRow, csrf_token: str) -> FormPage:
    made = _asking(team, _("Delete {team}"), csrf_token, "delete")
    return replace(
        made,
        sentences=(
            _("The team goes with its entries, invitations and tokens. Its name is free then."),
            _("A team that has other members, or that handed something in, cannot be deleted."),
        ),
        button=_("Delete the team"),
    )


def captain_context(team: TeamRow, member: Member, csrf_token: str) -> FormPage:
    made = _asking_about(team, member, csrf_token, "captain")
    return replace(
        made,
        heading=_("Make {name} the captain").format(name=shown_name(member.person.name)),
        sentences=(
            _("The captain invites and removes members, enters challenges, signs terms and makes tokens."),
            _("There is one at a time: you stay in the team as a member."),
        ),
        button=_("Hand the team over"),
    )


def remove_context(team: TeamRow, member: Member, csrf_token: str) -> FormPage:
    made = _asking_about(team, member, csrf_token, "remove")
    return replace(
        made,
        heading=_("Remove {name} from {team}").format(name=shown_name(member.person.name), team=shown_name(team.name)),
        sentences=(
            _("They see the team's submissions no more, and the team's tokens that they made stop working."),
            _("They are told by mail."),
        ),
        button=_("Remove the member"),
    )


def _asking(team: TeamRow, heading: str, csrf_token: str, verb: str) -> FormPage:
    """A form that asks for the team's name."""
    name = shown_name(team.name)
    return FormPage(
        page=_frame(team, Crumb(heading.format(team=name), "#content")),
        heading=heading.format(team=name),
        note="",
        sentences=(),
        errors=(),
        action=team_href(team.id, verb),
        hidden=(HiddenField("csrf_token", csrf_token),),
        fields=(confirm_field(team.name),),
        button="",
        links=(Crumb(_("Leave it as it is"), team_href(team.id)),),
    )


def _asking_about(team: TeamRow, member: Member, csrf_token: str, verb: str) -> FormPage:
    """A form that asks for a member's name."""
    made = _asking(team, "{team}", csrf_token, f"members/{member.person.id}/{verb}")
    return replace(made, fields=(confirm_field(member.person.name),))


def _frame(team: TeamRow, *beneath: Crumb) -> Page:
    name = shown_name(team.name)
    return page_frame(f"{name} – Sonobench", Crumb(_("Team portal"), PORTAL), Crumb(name, team_href(team.id)), *beneath)


def _member(team_id: str, each: Member, reader: Reader) -> MemberLine:
    membership, person = each
    may_change = reader.is_captain and not membership.is_captain
    return MemberLine(
        name=shown_name(person.name),
        part=part_words(is_captain=membership.is_captain),
        is_reader=person.id == reader.person_id,
        since=moment(membership.joined_at),
        captain_href=team_href(team_id, "members", person.id, "captain") if may_change else "",
        remove_href=team_href(team_id, "members", person.id, "remove") if may_change else "",
    )


def _pending(row: InvitationRow, now: datetime) -> PendingLine:
    return PendingLine(row.id, shown_name(row.email), moment(row.expires_at), row.expires_at <= now)


def _entry(entry: EntryRow, challenge: ChallengeRow) -> TeamEntryLine:
    standing = standing_words(standing_of(entry, rules_of(challenge)))
    return TeamEntryLine(shown_name(challenge.title), checklist_href(challenge.name, team=entry.team_id), standing)


def _invite_field(told: Told) -> InputField:
    error = _error(told, INVITE)
    hint = _("A mail with a link goes there. Whoever has an account with this address, or makes one, can join.")
    return InputField(INVITE, _("Mail address"), "email", "off", typed_again(told) if error else "", hint, error)


def _token_field(told: Told) -> InputField:
    error = _error(told, TOKEN)
    hint = _("What it is for, by which you will know it again: our build server.")
    return InputField(TOKEN, _("The token's name"), "text", "off", typed_again(told) if error else "", hint, error)


def _error(told: Told, field: str) -> str:
    return next((each.sentence for each in told.errors if each.field == field), "")
