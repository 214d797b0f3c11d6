"""What a list of submissions was asked for in its address: read, put into words for the search, and written again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qsl, urlencode

from sonobench_platform.db.models import PhaseRow
from sonobench_platform.domain.states import OPEN, State
from sonobench_platform.submissions.searching import Order, Wanted
from sonobench_platform.web.contexts_desk import Option, SelectField, SortColumn, TextField
from sonobench_platform.web.desk_words import cause_title, state_title
from sonobench_platform.web.texts import _

AT_A_TIME = 50
UNDER_WAY = "under-way"

_LONGEST = 200
_LAST_PAGE = 10_000


@dataclass(frozen=True, slots=True)
class Query:
    """As it stands in the address; empty: not asked for. `since` and `until` are days in UTC, both included; pages begin at 1."""

    state: str = ""
    phase: str = ""
    team: str = ""
    cause: str = ""
    since: str = ""
    until: str = ""
    image: str = ""
    q: str = ""
    out: str = ""
    order: str = ""
    page: str = ""


def query_of(asked: Mapping[str, str]) -> Query:
    """What is known of the address's words; a day or a number that is none is left out."""
    said = {each.name: asked.get(each.name, "").strip()[:_LONGEST] for each in fields(Query)}
    query = Query(**said)
    return replace(
        query,
        since=query.since if _day(query.since) else "",
        until=query.until if _day(query.until) else "",
        order=query.order if query.order in set(Order) else "",
        page=str(_page(query)) if _page(query) > 1 else "",
    )


def read(text: str) -> Query:
    """A query as `written`."""
    return query_of(dict(parse_qsl(text, max_num_fields=50)))


def written(query: Query) -> str:
    """As in an address; empty words are left out."""
    return urlencode({name: value for name, value in asdict(query).items() if value})


def href(root: str, query: Query) -> str:
    said = written(query)
    return f"{root}/submissions?{said}" if said else f"{root}/submissions"


def order_of(query: Query) -> Order:
    return Order(query.order) if query.order else Order.NEWEST


def page_of(query: Query) -> int:
    return _page(query)


def wanted_of(query: Query, phases: Sequence[PhaseRow]) -> Wanted:
    """What is searched for. A phase or a state that there is not finds nothing."""
    since, until = _day(query.since), _day(query.until)
    return Wanted(
        states=_states(query.state),
        phase_id=_phase_id(query.phase, phases),
        team=query.team,
        cause=query.cause,
        since=since,
        until=None if until is None else until + timedelta(days=1),
        image=query.image.removeprefix("sha256:"),
        words=query.q,
        is_disqualified={"yes": True, "no": False}.get(query.out),
    )


def selects(query: Query, phases: Sequence[PhaseRow], causes: Sequence[str]) -> tuple[SelectField, ...]:
    """The fields in which one chooses most often."""
    states = [("", _("All")), (UNDER_WAY, _("All under way")), *((each.value, state_title(each)) for each in State)]
    return (
        _select("state", _("State"), states, query.state),
        _select("phase", _("Phase"), [("", _("All")), *((each.name, each.name) for each in phases)], query.phase),
        _select("cause", _("Cause of failure"), [("", _("All")), *((each, cause_title(each)) for each in causes)], query.cause),
    )


def more_selects(query: Query) -> tuple[SelectField, ...]:
    """The fields in which one chooses now and then."""
    outs = [("", _("All")), ("yes", _("Disqualified")), ("no", _("Not disqualified"))]
    orders = [
        (Order.NEWEST.value, _("Newest first")),
        (Order.OLDEST.value, _("Oldest first")),
        (Order.CHANGED.value, _("Last changed first")),
        (Order.TEAM.value, _("By team")),
        (Order.STATE.value, _("By state")),
    ]
    return (
        _select("out", _("In the ranking"), outs, query.out),
        _select("order", _("Order"), orders, order_of(query).value),
    )


def texts(query: Query) -> tuple[TextField, ...]:
    """The fields in which one types most often."""
    return (
        TextField("team", _("Team, or part of its name"), query.team),
        TextField("q", _("Words in id, note, cause"), query.q),
    )


def more_texts(query: Query) -> tuple[TextField, ...]:
    """The fields in which one types now and then."""
    return (
        TextField("since", _("Handed in from (UTC)"), query.since, "date"),
        TextField("until", _("Handed in until (UTC)"), query.until, "date"),
        TextField("image", _("Image digest, or a part"), query.image),
    )


def columns(root: str, query: Query) -> tuple[SortColumn, ...]:
    """The headings; what is sorted by is a link that sorts by it, or the other way round."""
    order = order_of(query)
    down = {Order.NEWEST: "descending", Order.OLDEST: "ascending"}
    turned = Order.OLDEST if order is Order.NEWEST else Order.NEWEST
    return (
        SortColumn(_("Submission")),
        SortColumn(_("Team"), _by(root, query, Order.TEAM), "ascending" if order is Order.TEAM else ""),
        SortColumn(_("Phase")),
        SortColumn(_("State"), _by(root, query, Order.STATE), "ascending" if order is Order.STATE else ""),
        SortColumn(_("Handed in"), _by(root, query, turned), down.get(order, "")),
        SortColumn(_("Run time")),
        SortColumn(_("Cause, note")),
    )


def _by(root: str, query: Query, order: Order) -> str:
    return href(root, replace(query, order="" if order is Order.NEWEST else order.value, page=""))


def _select(name: str, label: str, options: Sequence[tuple[str, str]], chosen: str) -> SelectField:
    return SelectField(name, label, tuple(Option(value, title, value == chosen) for value, title in options))


def _states(state: str) -> frozenset[str]:
    if state == UNDER_WAY:
        return frozenset(each.value for each in OPEN)
    return frozenset({state}) if state else frozenset()


def _phase_id(name: str, phases: Sequence[PhaseRow]) -> str | None:
    if not name:
        return None
    return next((row.id for row in phases if row.name == name), "")


def _day(text: str) -> datetime | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return datetime(day.year, day.month, day.day, tzinfo=UTC) if 1900 <= day.year <= 9000 else None


def _page(query: Query) -> int:
    text = query.page
    return min(max(int(text), 1), _LAST_PAGE) if text.isascii() and text.isdigit() and len(text) < 6 else 1
