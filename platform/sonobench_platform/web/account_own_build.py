"""The pages on which people look after their own account: password, browsers, API tokens, what is kept of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sonobench_platform.accounts.identity import Identity, Role, Scope
from sonobench_platform.accounts.passwords import SHORTEST
from sonobench_platform.accounts.personal_tokens import LONGEST_DAYS
from sonobench_platform.db.models import SessionRow, TokenRow
from sonobench_platform.web.account_build import account_frame
from sonobench_platform.web.account_forms import ACCOUNT, Form
from sonobench_platform.web.contexts import Crumb
from sonobench_platform.web.contexts_account import FormPage, HiddenField, InputField
from sonobench_platform.web.contexts_portal import OwnDataPage, ScopeChoice, SessionLine, SessionsPage, TokenLine, TokensPage
from sonobench_platform.web.portal_build import SILENT, Told, with_error_title
from sonobench_platform.web.portal_words import moment
from sonobench_platform.web.team_build import token_line
from sonobench_platform.web.texts import _
from sonobench_platform.web.wording import shortened, shown_name

PASSWORD, SESSIONS, TOKENS = f"{ACCOUNT}/password", f"{ACCOUNT}/sessions", f"{ACCOUNT}/tokens"
DATA, EXPORT, ERASE = f"{ACCOUNT}/data", f"{ACCOUNT}/export", f"{ACCOUNT}/erase"
SCOPE = "scope-"
_USUAL_DAYS = "90"
_USUAL_SCOPES = frozenset({Scope.READ, Scope.SUBMIT})


def password_context(email: str, csrf_token: str) -> FormPage:
    """The form to change one's password. The address is in it for password managers."""
    hint = _("At least {n} characters. Four or five words that do not belong together are good.").format(n=SHORTEST)
    return FormPage(
        page=account_frame(_("Change your password"), PASSWORD),
        heading=_("Change your password"),
        note="",
        sentences=(_("Every other browser is signed out. API tokens go on working."),),
        errors=(),
        action=PASSWORD,
        hidden=(HiddenField("csrf_token", csrf_token),),
        fields=(
            InputField("email", _("Mail address"), "email", "username", shown_name(email), is_fixed=True),
            InputField("current", _("Present password"), "password", "current-password"),
            InputField("new", _("New password"), "password", "new-password", hint=hint),
        ),
        button=_("Change the password"),
        links=(Crumb(_("You have none, or forgot it: have a link sent"), f"{ACCOUNT}/forgotten"),),
    )


def erase_context(csrf_token: str) -> FormPage:
    """The form to erase oneself, which asks for the address and the password."""
    return FormPage(
        page=account_frame(_("Erase your account"), ERASE),
        heading=_("Erase your account"),
        note="",
        sentences=(
            _("Your name, address, sign-ins and tokens go at once and for good. Nobody can bring them back."),
            _("Your teams and their results stay, without you. Where you are captain, who joined first becomes it."),
        ),
        errors=(),
        action=ERASE,
        hidden=(HiddenField("csrf_token", csrf_token),),
        fields=(
            InputField("confirm", _("Type your mail address to confirm"), "email", "off"),
            InputField("password", _("Password"), "password", "current-password"),
        ),
        button=_("Erase the account"),
        links=(Crumb(_("Leave it as it is"), DATA),),
    )


def data_context(caller: Identity) -> OwnDataPage:
    return OwnDataPage(
        page=account_frame(_("Your data"), DATA),
        teams=tuple(shown_name(team.name) for team in caller.teams if team.is_captain),
    )


def sessions_context(rows: Sequence[SessionRow], this_sha256: str, csrf_token: str) -> SessionsPage:
    """The browsers in which the reader is signed in; this one first."""
    ordered = sorted(rows, key=lambda row: (row.sha256 != this_sha256, -row.seen_at.timestamp()))
    return SessionsPage(
        page=account_frame(_("Where you are signed in"), SESSIONS),
        sessions=tuple(_session(row, this_sha256) for row in ordered),
        csrf_token=csrf_token,
    )


def tokens_context(
    caller: Identity,
    rows: Sequence[TokenRow],
    now: datetime,
    *,
    form: Form | None = None,
    fresh_token: str = "",
    told: Told = SILENT,
) -> TokensPage:
    """The reader's tokens. `form` is what was typed, where a new one was refused."""
    errors = {each.field: each.sentence for each in told.errors}
    return TokensPage(
        page=with_error_title(account_frame(_("Your API tokens"), TOKENS), told),
        note=told.note,
        errors=told.errors,
        tokens=tuple(_token_line(row, now) for row in rows),
        name_field=_name_field(form, errors.get("name", "")),
        days_field=_days_field(form, errors.get("days", "")),
        scopes=tuple(_scope(scope, form) for scope in Scope if _may(caller, scope)),
        scopes_error=errors.get("scopes", ""),
        fresh_token=fresh_token,
        csrf_token=caller.csrf or "",
    )


def _name_field(form: Form | None, error: str) -> InputField:
    value = "" if form is None else form.text("name")[:200]
    return InputField("name", _("The token's name"), "text", "off", value, _("By which you will know it again."), error)


def _days_field(form: Form | None, error: str) -> InputField:
    value = _USUAL_DAYS if form is None else form.text("days")[:10]
    hint = _("From 1 to {most}; then it ends by itself.").format(most=LONGEST_DAYS)
    return InputField("days", _("For how many days"), "text", "off", value, hint, error)


def _scope(scope: Scope, form: Form | None) -> ScopeChoice:
    label, hint = _scope_words()[scope]
    is_checked = scope in _USUAL_SCOPES if form is None else bool(form.text(f"{SCOPE}{scope}"))
    return ScopeChoice(f"{SCOPE}{scope}", label, hint, is_checked)


def _scope_words() -> dict[Scope, tuple[str, str]]:
    return {
        Scope.READ: (_("Read"), _("what you see as somebody who takes part")),
        Scope.SUBMIT: (_("Hand in"), _("for your teams, and act for them")),
        Scope.ORGANISE: (_("Organize"), _("the challenges that you organize")),
        Scope.ADMINISTER: (_("Administer"), _("everything here")),
    }


def _token_line(row: TokenRow, now: datetime) -> TokenLine:
    kept = set((row.scopes or "").split())
    return replace(
        token_line(row, now), scopes=", ".join(words for scope, (words, _hint) in _scope_words().items() if scope in kept)
    )


def _may(caller: Identity, scope: Scope) -> bool:
    needed = {Scope.ORGANISE: Role.ORGANISER, Scope.ADMINISTER: Role.ADMINISTRATOR}.get(scope)
    return needed is None or needed in caller.roles


def _session(row: SessionRow, this_sha256: str) -> SessionLine:
    browser = shortened(row.agent, 90) if row.agent.strip() else _("a browser that does not say which")
    return SessionLine(browser, row.sha256 == this_sha256, moment(row.created_at), moment(row.seen_at))
