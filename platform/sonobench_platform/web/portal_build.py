"""The pages of the portal from what the records say. The checklist's steps are made in `portal_steps`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple
from urllib.parse import urlencode

from sonobench_eval.report.figures import limit_bytes
from sonobench_platform.accounts.identity import Identity, OwnTeam
from sonobench_platform.config import Settings
from sonobench_platform.db.models import ChallengeRow
from sonobench_platform.teams.standing import Standing
from sonobench_platform.web.account_build import SIGN_IN, SIGN_UP, address
from sonobench_platform.web.contexts import Crumb, Page, Tab
from sonobench_platform.web.contexts_account import FormError, FormPage, HiddenField, InputField
from sonobench_platform.web.contexts_portal import (
    AliasLine,
    ChallengeLine,
    ChecklistPage,
    ChoiceForm,
    ChoiceLine,
    EntryForm,
    InvitedLine,
    NextStep,
    PortalPage,
    SubmissionLine,
    TeamCard,
    TokenForm,
    UploadForm,
    WelcomePage,
)
from sonobench_platform.web.phases import phase_title
from sonobench_platform.web.portal_commands import Place
from sonobench_platform.web.portal_quota import phase_choices, quota_lines, quota_notes
from sonobench_platform.web.portal_records import HandedIn, Mine, Part, PhaseStand, Stand
from sonobench_platform.web.portal_steps import Way, progress, steps
from sonobench_platform.web.portal_words import mark_of, moment, number_of, part_words, standing_words, state_words
from sonobench_platform.web.rendering import page_frame
from sonobench_platform.web.texts import _
from sonobench_platform.web.wording import joined, shortened, shown_name

PORTAL = "/portal"
_SHOWN_ON_CHECKLIST = 10


class Told(NamedTuple):
    """What a page says of a form that was sent: a note where it worked, what is wrong and what was typed where it did not."""

    note: str = ""
    errors: tuple[FormError, ...] = ()
    typed: str = ""


SILENT = Told()


def notes() -> dict[str, str]:
    """What the portal may be asked to say first, by the word in its address."""
    return {
        "confirmed": _("Your address is confirmed, and you are signed in."),
        "team-made": _("Your team is there, and you are its captain. Choose a challenge below."),
        "left": _("You have left the team."),
        "deleted": _("The team is deleted."),
        "entered": _("Your team has entered the challenge."),
        "withdrawn": _("Your team has withdrawn from the challenge."),
        "chosen": _("Your choice is kept: this submission counts."),
    }


def welcome_context(challenges: Iterable[ChallengeRow], settings: Settings) -> WelcomePage:
    """The portal for somebody who is not signed in."""
    return WelcomePage(
        page=frame(_("Take part")),
        sign_up_href=address(SIGN_UP, PORTAL) if settings.open_sign_up else "",
        sign_in_href=address(SIGN_IN, PORTAL),
        challenges=tuple(Crumb(shown_name(each.title), f"/challenges/{each.name}") for each in challenges),
    )


def portal_context(caller: Identity, mine: Mine, told: Told = SILENT) -> PortalPage:
    made = PortalPage(
        page=frame(_("Team portal")),
        note=told.note,
        errors=told.errors,
        next_step=_next_step(caller, mine),
        teams=tuple(team_card(team) for team in caller.teams),
        invitations=tuple(InvitedLine(shown_name(team.name), moment(row.expires_at)) for row, team in mine.invitations),
        challenges=tuple(_challenge_line(part) for part in mine.parts),
        submissions=submission_lines(mine.handed_in),
        team_field=team_field(told),
        csrf_token=caller.csrf or "",
    )
    return replace(made, page=with_error_title(made.page, told))


def team_field(told: Told) -> InputField:
    """The field for a new team's name."""
    hint = _("As boards will show it. It can be had once only.")
    error = next((each.sentence for each in told.errors if each.field == "name"), "")
    return InputField("name", _("The team's name"), "text", "off", typed_again(told), hint, error)


def typed_again(told: Told) -> str:
    """What was typed, to be mended: with what cannot be seen made visible."""
    return shown_name(told.typed[:200]) if told.typed.strip() else ""


def team_card(team: OwnTeam) -> TeamCard:
    return TeamCard(shown_name(team.name), f"/teams/{team.id}", part_words(is_captain=team.is_captain))


def checklist_href(challenge: str, **query: str) -> str:
    return f"{PORTAL}/challenges/{challenge}" + (f"?{urlencode(query)}" if query else "")


def checklist_context(
    caller: Identity, stand: Stand, settings: Settings, *, token: str = "", told: Told = SILENT
) -> ChecklistPage:
    """The checklist of a challenge for the reader's team. `token` is one that was made just now, for the commands."""
    team, challenge = stand.team, stand.challenge
    way = Way(stand, place_of(stand, settings), token)
    made = steps(way)
    return ChecklistPage(
        page=with_error_title(_checklist_frame(challenge), told),
        note=told.note,
        errors=told.errors,
        name=challenge.name,
        title=shown_name(challenge.title),
        team="" if team is None else shown_name(team.name),
        team_id="" if team is None else team.id,
        team_href="" if team is None else f"/teams/{team.id}",
        teams=_team_tabs(caller, stand),
        aliases=_own_aliases(stand),
        progress=progress(made),
        steps=made,
        entry=_entry_form(stand, told),
        token=None if team is None else _token_form(team, token),
        team_field=team_field(told),
        quota=quota_lines(stand.phases),
        quota_notes=quota_notes(stand.phases),
        upload=_upload_form(stand, settings),
        choices=tuple(_choice_forms(stand)),
        submissions=submission_lines(stand.handed_in[:_SHOWN_ON_CHECKLIST]),
        withdraw_href=_withdraw_href(stand),
        csrf_token=caller.csrf or "",
    )


def place_of(stand: Stand, settings: Settings) -> Place:
    """Where this team hands in. A phase is named where several take images."""
    choices = phase_choices(stand.phases)
    first = next((each.name for each in choices if each.is_first), choices[0].name if choices else "")
    return Place(
        server=settings.public_url.rstrip("/"),
        registry=settings.registry_host if settings.registry_url else "",
        challenge=stand.challenge.name,
        phase=first if len(choices) > 1 else "",
        team_id="" if stand.team is None else stand.team.id,
    )


def withdraw_context(stand: Stand, csrf_token: str, errors: Sequence[FormError] = ()) -> FormPage:
    """The form to take a team out of a challenge, which asks for the challenge's name."""
    team, challenge = stand.team, stand.challenge
    name = "" if team is None else shown_name(team.name)
    return FormPage(
        page=page_frame(
            _("Withdraw – Sonobench"),
            Crumb(_("Team portal"), PORTAL),
            Crumb(shown_name(challenge.title), checklist_href(challenge.name)),
            Crumb(_("Withdraw"), "#content"),
        ),
        heading=_("Withdraw {team} from {challenge}").format(team=name, challenge=shown_name(challenge.title)),
        note="",
        sentences=(
            _("The team hands in no more. What it handed in stays, and so does its place on the board."),
            _("It can enter again while the challenge takes teams; organizers who approve teams then decide anew."),
        ),
        errors=tuple(errors),
        action=f"{PORTAL}/challenges/{challenge.name}/withdraw",
        hidden=(HiddenField("csrf_token", csrf_token), HiddenField("team_id", "" if team is None else team.id)),
        fields=(confirm_field(challenge.name, errors),),
        button=_("Withdraw the team"),
        links=(Crumb(_("Leave it as it is"), checklist_href(challenge.name)),),
    )


def confirm_field(name: str, errors: Sequence[FormError] = ()) -> InputField:
    """The field in which the name of a thing is typed before something is done to it that cannot be undone."""
    error = next((each.sentence for each in errors if each.field == "confirm"), "")
    return InputField("confirm", _("Type {name} to confirm").format(name=shown_name(name)), "text", "off", error=error)


def submission_lines(handed_in: Iterable[HandedIn]) -> tuple[SubmissionLine, ...]:
    return tuple(_submission_line(each) for each in handed_in)


def frame(title: str) -> Page:
    return page_frame(f"{title} – Sonobench", Crumb(title, PORTAL))


def with_error_title(page: Page, told: Told) -> Page:
    return replace(page, title=_("Error: {title}").format(title=page.title)) if told.errors else page


def _checklist_frame(challenge: ChallengeRow) -> Page:
    title = shown_name(challenge.title)
    here = Crumb(title, checklist_href(challenge.name))
    return page_frame(_("Your way into {challenge} – Sonobench").format(challenge=title), Crumb(_("Team portal"), PORTAL), here)


def _next_step(caller: Identity, mine: Mine) -> NextStep:
    """One thing to do, the first that is in the way of a score."""
    if not caller.teams and mine.invitations:
        said = _("You were invited into a team. Open the link in the invitation's mail, or form a team of your own.")
        return NextStep(said, _("Form a team"), "#form-a-team")
    if not caller.teams:
        return NextStep(
            _("Form a team: images are handed in by teams, and a team of one is a team."), _("Form a team"), "#form-a-team"
        )
    part = next((each for each in mine.parts if each.team is not None and each.standing is not Standing.PENDING), None)
    waits = next((each for each in mine.parts if each.standing is Standing.PENDING), None)
    if part is None and waits is not None:
        return NextStep(_("Your team waits for the organizers' approval; a mail tells its captain."), "", "")
    if part is None:
        return NextStep(_("Choose a challenge: its checklist leads to the first score."), _("See the challenges"), "#challenges")
    under_way = next((each for each in mine.handed_in if each.state.is_open), None)
    if under_way is not None:
        return NextStep(_("A submission is under way."), _("Watch it"), f"/submissions/{under_way.id}")
    title = shown_name(part.challenge.title)
    said = _("Go on in {challenge}.").format(challenge=title)
    return NextStep(said, _("Open its checklist"), checklist_href(part.challenge.name))


def _challenge_line(part: Part) -> ChallengeLine:
    challenge, phases = part.challenge, [phase_title(each) for each in part.open_phases]
    return ChallengeLine(
        title=shown_name(challenge.title),
        href=checklist_href(challenge.name),
        rules_href=f"/challenges/{challenge.name}",
        team="" if part.team is None else shown_name(part.team.name),
        phases=_("Takes images in {phases}.").format(phases=joined(phases)) if phases else _("Takes no images now."),
        standing="" if part.team is None else standing_words(part.standing),
        aliases=tuple(AliasLine(phase_title(each.phase), each.alias) for each in part.aliases),
    )


def _own_aliases(stand: Stand) -> tuple[AliasLine, ...]:
    """None for a team that does not take part: it is on no board."""
    if stand.entry is None:
        return ()
    return tuple(AliasLine(phase_title(each.rules), each.alias) for each in stand.phases if each.alias)


def _submission_line(each: HandedIn) -> SubmissionLine:
    return SubmissionLine(
        number=number_of(each.id),
        href=f"/submissions/{each.id}",
        challenge=shown_name(each.challenge),
        phase=shown_name(each.phase),
        team=shown_name(each.team),
        alias=each.alias,
        state=state_words(each.state),
        mark=mark_of(each.state),
        at=moment(each.created_at),
        note=shortened(each.note, 60) if each.note else "",
    )


def _team_tabs(caller: Identity, stand: Stand) -> tuple[Tab, ...]:
    """The reader's teams, to choose among; none where there is nothing to choose."""
    if len(caller.teams) < 2:
        return ()
    shown, name = stand.team, stand.challenge.name
    return tuple(Tab(shown_name(each.name), checklist_href(name, team=each.id), each == shown) for each in caller.teams)


def _entry_form(stand: Stand, told: Told) -> EntryForm | None:
    if stand.team is None:
        return None
    error = next((each.sentence for each in told.errors if each.field == "agree"), "")
    has_signed = stand.terms is None or (stand.entry is not None and stand.entry.terms_sha256 == stand.terms.sha256)
    if stand.terms is None or has_signed:
        return EntryForm("", "", _("Enter the team"), error)
    button = _("Sign the terms") if stand.standing is Standing.UNSIGNED else _("Sign, and enter the team")
    return EntryForm(stand.terms.text, stand.terms.sha256, button, error)


def _token_form(team: OwnTeam, token: str) -> TokenForm:
    if team.is_captain:
        said = _("A token of the team hands in and reads for it. The team's page lists and revokes them.")
        return TokenForm(said, _("Make a token of the team"), bool(token))
    said = _("A token of your own may read and hand in for 90 days. Your account's page lists and revokes them.")
    return TokenForm(said, _("Make a token of your own"), bool(token))


def _upload_form(stand: Stand, settings: Settings) -> UploadForm | None:
    choices = phase_choices(stand.phases)
    if stand.team is None or not stand.is_ready or not choices:
        return None
    return UploadForm(
        action=f"{PORTAL}/challenges/{stand.challenge.name}/upload",
        phases=choices,
        most_bytes=settings.max_upload_bytes,
        most_words=limit_bytes(settings.max_upload_bytes),
        hidden=(HiddenField("team_id", stand.team.id),),
    )


def _choice_forms(stand: Stand) -> Iterable[ChoiceForm]:
    for phase in stand.phases:
        scored = [each for each in stand.handed_in if each.phase_name == phase.name and each.has_score]
        if phase.rules.counts == "chosen" and scored:
            yield _choice_form(phase, scored)


def _choice_form(phase: PhaseStand, scored: Sequence[HandedIn]) -> ChoiceForm:
    chosen = any(each.is_chosen for each in scored)
    said = _("The last choice before the phase closes counts.") if phase.is_open else _("The phase has closed: this is settled.")
    lines = tuple(
        ChoiceLine(
            number=number_of(each.id),
            submission_id=each.id if phase.is_open else "",
            at=moment(each.created_at),
            note=shown_name(each.note) if each.note else "",
            is_chosen=each.is_chosen if chosen else each is scored[0],
        )
        for each in scored
    )
    return ChoiceForm(phase_title(phase.rules), f"choice-{phase.name}", said, lines)


def _withdraw_href(stand: Stand) -> str:
    team = stand.team
    if team is None or not team.is_captain or stand.entry is None or stand.entry.status in {"refused", "withdrawn"}:
        return ""
    return f"{PORTAL}/challenges/{stand.challenge.name}/withdraw?{urlencode({'team': team.id})}"
