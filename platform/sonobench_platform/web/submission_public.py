"""A submission as everybody sees it: its line on the board, and what its team says of it where it does."""

from __future__ import annotations

from sonobench_eval.ranking.leaderboard import Row
from sonobench_eval.report import figures
from sonobench_platform.web.contexts import Crumb, Fact
from sonobench_platform.web.contexts_submission import PublicLink, PublicSubmissionPage
from sonobench_platform.web.rendering import page_frame
from sonobench_platform.web.submission_build import here_of
from sonobench_platform.web.submission_scores import columns_of, metric_lines
from sonobench_platform.web.submission_source import PublicFacts
from sonobench_platform.web.texts import _
from sonobench_platform.web.wording import percent, shown_name


def public_context(facts: PublicFacts) -> PublicSubmissionPage:
    """The public page. The team's name is the board's, which may be an alias."""
    board, row, name = facts.board, facts.row, facts.challenge.name
    team = shown_name(row.team)
    challenge = Crumb(shown_name(facts.challenge.title), f"/challenges/{name}")
    title = _("{team} in {challenge}").format(team=team, challenge=challenge.title)
    query = f"?phase={facts.rules.id}"
    here = here_of(row.submission or "")
    return PublicSubmissionPage(
        page=page_frame(f"{title} – Sonobench", challenge, Crumb(team, here)),
        team=team,
        challenge=challenge,
        phase=shown_name(facts.rules.title) if facts.rules.title else "",
        board=Crumb(_("Leaderboard"), f"/challenges/{name}/leaderboard{query}"),
        lead=_lead(row, len(board.rows)),
        facts=_facts(row),
        columns=columns_of(row.tasks),
        lines=metric_lines(row.tasks),
        caption=_caption(board.confidence, exact=board.exact),
        summary=shown_name(facts.words.summary) if facts.words.show and facts.words.summary else "",
        links=_links(facts),
        digest=(row.image_digest or "") if facts.words.show else "",
        own_href=here if facts.is_own else "",
    )


def _lead(row: Row, rows: int) -> str:
    if row.rank is None:
        return _("It was scored, and has no rank; the leaderboard's notes say why.")
    span = figures.rank_range(row.rank_low, row.rank_high)
    if not span or row.rank_low == row.rank_high:
        return _("It is ranked {rank} of {rows}.").format(rank=row.rank, rows=rows)
    said = _("It is ranked {rank} of {rows}; its rank range is {span}.")
    return said.format(rank=row.rank, rows=rows, span=span)


def _facts(row: Row) -> tuple[Fact, ...]:
    scores = ((row.score, _("score")), (row.performance, _("performance")), (row.efficiency, _("efficiency")))
    found = [Fact(figures.fixed(value, 3), words) for value, words in scores if value is not None]
    if row.time_s is not None:
        found.append(Fact(figures.duration(row.time_s), _("wall time")))
    for count, words in ((row.host_memory_bytes, _("peak host memory")), (row.gpu_memory_bytes, _("peak GPU memory"))):
        if count is not None:
            found.append(Fact(figures.measured_bytes(count), words))
    return tuple(found)


def _caption(confidence: float, *, exact: bool) -> str:
    said = _("Each metric with its {confidence} confidence interval.").format(confidence=percent(confidence))
    return said if exact else f"{said} " + _("Times and memory are rounded until the phase closes.")


def _links(facts: PublicFacts) -> tuple[PublicLink, ...]:
    words = facts.words
    if not words.show:
        return ()
    named = ((_("Paper"), words.paper_url), (_("Code"), words.code_url))
    return tuple(PublicLink(title, href) for title, href in named if href)
