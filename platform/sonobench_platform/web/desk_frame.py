"""What the pages of the organizer desk share: whose challenge it is, the frame, and what a dangerous form must carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Query, Request
from sqlalchemy.orm import Session

from sonobench_platform.accounts.identity import Identity
from sonobench_platform.db.models import ChallengeRow
from sonobench_platform.domain.errors import Forbidden, NotFound, Refusal, Unprocessable
from sonobench_platform.domain.text import clean_line
from sonobench_platform.teams.visible import organised
from sonobench_platform.web.account_forms import Form, read_form
from sonobench_platform.web.contexts import Crumb, Page
from sonobench_platform.web.contexts_account import FormError
from sonobench_platform.web.contexts_desk import DeskFrame, Moment
from sonobench_platform.web.rendering import page_frame
from sonobench_platform.web.tabs import desk_tabs
from sonobench_platform.web.texts import _
from sonobench_platform.web.wording import date_words, shown_name

DESK = "/desk"
CONFIRM, REASON = "confirm", "reason"
"""The fields in which a form carries the name of what it is about, and why."""

_LONGEST_REASON = 1000

NoteQuery = Annotated[str, Query(max_length=40)]


@dataclass(frozen=True, slots=True)
class DeskForm(Form):
    """A form whose fields may come several times, as the boxes of a table that were checked do."""

    several: Mapping[str, tuple[str, ...]]

    def texts(self, name: str) -> tuple[str, ...]:
        """Each value of the field once, in the order in which they came."""
        return tuple(dict.fromkeys(self.several.get(name, ())))


async def read_desk_form(request: Request) -> DeskForm:
    """The fields of a form; of another kind of body, or of a very large one, none."""
    form = await read_form(request)
    if not form.values:
        return DeskForm({}, {})
    several: dict[str, tuple[str, ...]] = {}
    for name, value in (await request.form()).multi_items():
        if isinstance(value, str):
            several[name] = (*several.get(name, ()), value)
    return DeskForm(form.values, several)


DeskFormDep = Annotated[DeskForm, Depends(read_desk_form)]


def desk_challenge(session: Session, caller: Identity, name: str) -> ChallengeRow:
    """The challenge of this name, for those who organize it.

    Raises:
        NotFound: there is none, or others organize it: the same answer, so that nobody learns which.
    """
    try:
        return organised(session, caller, name)
    except (NotFound, Forbidden):
        raise NotFound("no-such-challenge", _("There is no challenge of that name that you organize.")) from None


def root_of(name: str) -> str:
    """The address of a challenge's desk."""
    return f"{DESK}/challenges/{name}"


def frame_of(
    challenge: ChallengeRow, caller: Identity, current: str, *, note: str = "", refused: Refusal | None = None
) -> DeskFrame:
    """The frame of a page of the challenge's desk.

    Args:
        current: the page's key in `tabs.desk_tabs`.
        note: what was done just before, in a sentence.
        refused: why what was asked for was not done.
    """
    return DeskFrame(
        name=challenge.name,
        title=shown_name(challenge.title),
        root=root_of(challenge.name),
        tabs=desk_tabs(challenge.name, current),
        csrf_token=caller.csrf or "",
        note=note,
        errors=errors_of(refused),
    )


def errors_of(refused: Refusal | None) -> tuple[FormError, ...]:
    return () if refused is None else (FormError("", refused.detail),)


def desk_page(title: str, challenge: ChallengeRow | None = None) -> Page:
    """The frame around a page of the desk: its title, and the way to it."""
    crumbs = [Crumb(_("Organizer desk"), DESK)]
    if challenge is None:
        return page_frame(f"{title} – Sonobench", *crumbs)
    shown = shown_name(challenge.title)
    return page_frame(f"{title} – {shown} – Sonobench", *crumbs, Crumb(shown, root_of(challenge.name)))


def confirmed(form: Form, name: str) -> None:
    """See that the name of what a dangerous action is about was typed in.

    Raises:
        Unprocessable: it was not, or is another one.
    """
    if form.text(CONFIRM).strip() != name:
        said = _("Nothing was done. Type the name {name} into the field for it, exactly as it is written, to confirm this.")
        raise Unprocessable("name-needed", said.format(name=name))


def reason_of(form: Form, *, shortest: int = 3) -> str:
    """The reason that was given, as one line of at least `shortest` and at most 1000 characters.

    Raises:
        Unprocessable: there is none, or it cannot be kept.
    """
    try:
        reason = clean_line(form.text(REASON))
    except ValueError as error:
        raise Unprocessable("bad-reason", _("Nothing was done. The reason {what}.").format(what=error)) from None
    if not shortest <= len(reason) <= _LONGEST_REASON:
        said = _("Nothing was done. Give a reason of {least} to {most} characters; it is kept with what was done.")
        raise Unprocessable("reason-needed", said.format(least=shortest, most=_LONGEST_REASON))
    return reason


def moment_of(at: datetime) -> Moment:
    """A moment for `<time>`: as ISO in UTC to the second, and in words."""
    return Moment(at.astimezone(UTC).isoformat(timespec="seconds"), date_words(at))


def moment_or_none(at: datetime | None) -> Moment | None:
    return None if at is None else moment_of(at)


def noted(notes: Mapping[str, str], note: str) -> str:
    """The sentence that an address asks for by its word; empty where there is no such word."""
    return notes.get(note, "")
