"""What the portal's forms ask before they do something: that terms are agreed to, that the name of a thing was typed."""

from __future__ import annotations

from sonobench_platform.domain.errors import Refusal, Unprocessable
from sonobench_platform.domain.text import name_key
from sonobench_platform.web.account_forms import Form, Said
from sonobench_platform.web.contexts_account import FormError
from sonobench_platform.web.texts import _
from sonobench_platform.web.wording import shown_name


def agreed(form: Form) -> None:
    """See that the box beside the terms is ticked, where the form showed any.

    Raises:
        Unprocessable: `not-agreed`.
    """
    if form.text("terms_sha256") and not form.text("agree"):
        raise Unprocessable("not-agreed", _("Tick the box if you agree to the terms; without that the team cannot enter."))


def confirmed(form: Form, *names: str) -> None:
    """See that one of the thing's names was typed, as it is shown or as it is kept.

    Raises:
        Unprocessable: `not-confirmed`.
    """
    typed = _key(form.text("confirm"))
    if typed not in {_key(name) for name in names} | {_key(shown_name(name)) for name in names}:
        raise Unprocessable(
            "not-confirmed", _("Type {name} as it stands here; nothing was changed.").format(name=shown_name(names[0]))
        )


def said_at(field: str, refused: Refusal) -> Said:
    """A refusal whose sentence stands beside this field; empty: it is about the form as a whole."""
    return Said(refused.status, refused.headers, (FormError(field, refused.detail),))


def _key(text: str) -> str:
    try:
        return name_key(text)
    except ValueError:
        return text.strip()
