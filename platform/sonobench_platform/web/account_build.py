"""The forms of accounts as page contexts. No title and no link of these pages holds the secret of a mailed link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import quote

from sonobench_platform.accounts.identity import OwnTeam
from sonobench_platform.accounts.passwords import SHORTEST
from sonobench_platform.accounts.schemas import Account
from sonobench_platform.problems import Problem
from sonobench_platform.web.account_forms import ACCOUNT, Form
from sonobench_platform.web.build import not_found_context
from sonobench_platform.web.contexts import Crumb, MessagePage, Page
from sonobench_platform.web.contexts_account import AccountPage, FormError, FormPage, HiddenField, InputField, TeamLine
from sonobench_platform.web.rendering import page_frame
from sonobench_platform.web.texts import _
from sonobench_platform.web.wording import shown_name

SIGN_IN, SIGN_UP, FORGOTTEN = f"{ACCOUNT}/sign-in", f"{ACCOUNT}/sign-up", f"{ACCOUNT}/forgotten"
CONFIRM, RESET, SIGN_OUT = f"{ACCOUNT}/confirm", f"{ACCOUNT}/reset", f"{ACCOUNT}/sign-out"

_LONGEST_SHOWN = 500


def notes() -> dict[str, str]:
    """What a page may be asked to say first, by the word in its address."""
    return {
        "confirmed": _("Your address is confirmed, and you are signed in."),
        "password-set": _("Your new password is set, and you are signed in. Every other browser was signed out."),
        "password-changed": _("Your password is changed. Every other browser was signed out."),
        "erased": _("Your account is erased."),
        "joined": _("You have joined the team."),
        "signed-out": _("You are signed out."),
    }


def _requirements() -> str:
    return _(
        "At least {characters} characters; any will do, spaces too. Four or five words that do not belong together are good. "
        "Well-known passwords, patterns, and your own name or address are refused."
    ).format(characters=SHORTEST)


def sign_in_context(
    form: Form, errors: Sequence[FormError] = (), *, next_: str, note: str = "", ways: Sequence[Crumb] = ()
) -> FormPage:
    """The form to sign in. `ways` are the other ways in."""
    fields = (_email(form, autocomplete="username"), _password(_("Password"), autocomplete="current-password"))
    made = FormPage(
        page=account_frame(_("Sign in"), SIGN_IN),
        heading=_("Sign in"),
        note=note,
        sentences=(),
        errors=(),
        action=SIGN_IN,
        hidden=(HiddenField("next", next_),),
        fields=fields,
        button=_("Sign in"),
        links=(*ways, Crumb(_("Set a new password, if you forgot yours"), FORGOTTEN)),
    )
    return with_errors(made, errors)


def sign_up_context(form: Form, errors: Sequence[FormError] = (), *, next_: str) -> FormPage:
    """The form to make an account."""
    name = InputField("name", _("Name"), "text", "name", _shown(form, "name"), _("As teams and organizers will see it."))
    made = FormPage(
        page=account_frame(_("Make an account"), SIGN_UP),
        heading=_("Make an account"),
        note="",
        sentences=(_("A mail with a link confirms the address; until then the account can do nothing."),),
        errors=(),
        action=SIGN_UP,
        hidden=(HiddenField("next", next_),),
        fields=(
            _email(form, autocomplete="email"),
            name,
            _password(_("Password"), autocomplete="new-password", hint=_requirements()),
        ),
        button=_("Make the account"),
        links=(Crumb(_("Sign in to an account that you have"), address(SIGN_IN, next_)),),
    )
    return with_errors(made, errors)


def forgotten_context(form: Form, errors: Sequence[FormError] = ()) -> FormPage:
    """The form that asks for a link to set a new password."""
    made = FormPage(
        page=account_frame(_("Set a new password"), FORGOTTEN),
        heading=_("Set a new password"),
        note="",
        sentences=(_("A mail with a link goes to your address; the link works once, within the hour."),),
        errors=(),
        action=FORGOTTEN,
        hidden=(),
        fields=(_email(form, autocomplete="username"),),
        button=_("Send the link"),
        links=(Crumb(_("Sign in"), SIGN_IN),),
    )
    return with_errors(made, errors)


def confirm_context(token: str, email: str, errors: Sequence[FormError] = ()) -> FormPage:
    """The form that a link to confirm an address leads to."""
    password = _password(
        _("Password"), autocomplete="current-password", hint=_("The one that you chose when you made the account.")
    )
    made = FormPage(
        page=account_frame(_("Confirm your address"), "#content"),
        heading=_("Confirm your address"),
        note="",
        sentences=(_("The link and the password together show that the address and the account are yours."),),
        errors=(),
        action=CONFIRM,
        hidden=(HiddenField("token", token),),
        fields=(_own_email(email), password),
        button=_("Confirm and sign in"),
        links=(),
    )
    return with_errors(made, errors)


def reset_context(token: str, email: str, errors: Sequence[FormError] = ()) -> FormPage:
    """The form that a link to set a password leads to."""
    made = FormPage(
        page=account_frame(_("Set your password"), "#content"),
        heading=_("Set your password"),
        note="",
        sentences=(_("You will be signed in here, and signed out in every other browser."),),
        errors=(),
        action=RESET,
        hidden=(HiddenField("token", token),),
        fields=(_own_email(email), _new_password(_("New password"))),
        button=_("Set the password and sign in"),
        links=(),
    )
    return with_errors(made, errors)


def account_context(account: Account, teams: Sequence[OwnTeam], *, csrf_token: str, note: str = "") -> AccountPage:
    return AccountPage(
        page=page_frame(_("Your account – Sonobench"), Crumb(_("Account"), ACCOUNT)),
        note=note,
        name=shown_name(account.name),
        email=shown_name(account.email),
        teams=tuple(_team_line(team) for team in teams),
        csrf_token=csrf_token,
    )


def _team_line(team: OwnTeam) -> TeamLine:
    return TeamLine(shown_name(team.name), _("captain") if team.is_captain else _("member"), f"/teams/{team.id}")


def spent_confirm_context(sentence: str) -> MessagePage:
    ways = (
        Crumb(_("Sign in, if the address is confirmed already"), SIGN_IN),
        Crumb(_("Sign up again for a new link"), SIGN_UP),
    )
    return MessagePage(account_frame(_("Confirm your address"), "#content"), _("This link does not work"), (sentence,), ways)


def spent_reset_context(sentence: str) -> MessagePage:
    ways = (Crumb(_("Have a new link sent"), FORGOTTEN), Crumb(_("Sign in"), SIGN_IN))
    return MessagePage(account_frame(_("Set your password"), "#content"), _("This link does not work"), (sentence,), ways)


def mail_sent_context(sentences: Sequence[str]) -> MessagePage:
    ways = (Crumb(_("Sign in"), SIGN_IN), Crumb(_("All challenges"), "/"))
    return MessagePage(account_frame(_("Look into your mail"), "#content"), _("Look into your mail"), tuple(sentences), ways)


def refused_context(problem: Problem) -> MessagePage:
    """What these pages say where a request does not even reach its form."""
    if problem.status == HTTPStatus.NOT_FOUND:
        return not_found_context(problem.detail)
    sentence, ways = problem.detail, (Crumb(_("Your account"), ACCOUNT),)
    if problem.status == HTTPStatus.UNAUTHORIZED:
        sentence, ways = _("You are signed out, and nothing was changed; sign in and try again."), (Crumb(_("Sign in"), SIGN_IN),)
    elif problem.code == "csrf":
        sentence = _(
            "Nothing was changed: this form is from before you signed in, or from another site. Open its page again here."
        )
    return MessagePage(account_frame(_("This did not work"), "#content"), _("This did not work"), (sentence,), ways)


def account_frame(title: str, href: str) -> Page:
    """The frame of a page beneath the account."""
    return page_frame(f"{title} – Sonobench", Crumb(_("Account"), ACCOUNT), Crumb(title, href))


def address(path: str, next_: str) -> str:
    """The address of a page that goes on to another one."""
    return path if next_ == ACCOUNT else f"{path}?next={quote(next_, safe='/')}"


def provider_address(next_: str) -> str:
    """Where signing in with the identity provider begins."""
    return f"/api/v1/account/oidc/start?return_to={quote(next_, safe='/')}"


def with_errors(made: FormPage, errors: Sequence[FormError]) -> FormPage:
    """The page with what is wrong, above and beside the fields; its title says so first."""
    if not errors:
        return made
    beside = {error.field: error.sentence for error in errors}
    return replace(
        made,
        page=replace(made.page, title=_("Error: {title}").format(title=made.page.title)),
        errors=tuple(errors),
        fields=tuple(replace(field, error=beside.get(field.name, "")) for field in made.fields),
    )


def _email(form: Form, *, autocomplete: str) -> InputField:
    return InputField("email", _("Mail address"), "email", autocomplete, _shown(form, "email"))


def _own_email(email: str) -> InputField:
    """Of whom the link is, so that they and their password manager know."""
    return InputField("email", _("Mail address"), "email", "username", shown_name(email), is_fixed=True)


def _new_password(label: str) -> InputField:
    return _password(label, autocomplete="new-password", hint=_requirements())


def _password(label: str, *, autocomplete: str, hint: str = "") -> InputField:
    return InputField("password", label, "password", autocomplete, hint=hint)


def _shown(form: Form, name: str) -> str:
    return form.text(name)[:_LONGEST_SHOWN]
