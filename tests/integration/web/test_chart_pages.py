"""The page of a board's charts and its files: for whom, with which headers, and harmless whatever teams call themselves."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import study_world as studies
from page_visitor import HTML

from sonobench_eval.report.charts import render
from sonobench_platform.db.models import PhaseRow

HOSTILE = "=cmd|'/c calc'!A1<script>alert(1)</script>"


@pytest.fixture
def world(make_world: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    """The drawing program takes seconds to make, and is tried in browsers; here it is a word."""
    monkeypatch.setattr(render, "browser_bundle", lambda: "draw()")
    return make_world(evaluator=studies.AnyImage())


def page(caller: Any, query: str = "") -> str:
    answer = caller.get(f"{studies.CHARTS}{query}", headers=HTML)
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def files(html: str) -> list[str]:
    """Every file of a chart that a page speaks of."""
    return sorted(set(re.findall(rf'"({studies.CHARTS}/[0-9a-f]{{64}}/[^"]+)"', html)))


def a_file(html: str, suffix: str) -> str:
    return next(each for each in files(html) if each.endswith(suffix))


def set_open(world: Any, is_open: bool) -> None:
    with world.platform.core.database.write() as work:
        work.session.query(PhaseRow).one().is_open = is_open


class TestThePage:
    def test_before_the_charts_are_drawn_it_says_so(self, world: Any) -> None:
        studies.scored(world, "A")
        assert "The charts of this ranking are being drawn." in page(world.anyone)

    def test_without_a_board_there_is_none(self, world: Any) -> None:
        assert world.anyone.get(studies.CHARTS, headers=HTML).status_code == 404
        assert world.anyone.get("/challenges/nothing/leaderboard/charts", headers=HTML).status_code == 404

    def test_every_chart_has_its_takeaway_its_picture_its_numbers_and_its_files(self, world: Any) -> None:
        studies.scored(world, "A", "B")
        studies.drawn(world)
        html = page(world.anyone)
        found = studies.study(world)
        assert found is not None
        for chart in found.charts:
            assert f'<h3 id="chart-{chart.id}-takeaway">' in html
            names = chart.files
            for name in (names.picture, names.picture_dark, names.svg, names.png, names.pdf, names.csv, names.spec):
                assert f"/{name}" in html
        assert html.count("<figure") == html.count("<details>") == len(found.charts) == 2
        assert "While the phase takes submissions" in html

    def test_a_section_has_all_its_charts(self, world: Any) -> None:
        studies.in_one_phase(world)
        studies.scored(world, "A", "B")
        studies.close(world)
        studies.drawn(world)
        html = page(world.anyone, "?section=significance")
        assert 'id="chart-significance-head-nsd"' in html
        assert 'id="chart-efficiency"' not in html
        overview = page(world.anyone)
        assert 'id="chart-significance-head-nsd"' not in overview
        assert re.search(r"section=significance\">All \d+ charts of this kind", overview)
        assert world.anyone.get(f"{studies.CHARTS}?section=secrets", headers=HTML).status_code == 422

    def test_an_earlier_snapshot_keeps_its_charts_at_its_own_address(self, world: Any) -> None:
        studies.scored(world, "A")
        studies.drawn(world)
        first = studies.digest(world)
        studies.scored(world, "B")
        studies.drawn(world)
        assert f"/{studies.digest(world)}/" in page(world.anyone)
        assert f"{studies.CHARTS}/{first}/" in page(world.anyone, f"?snapshot={first}")

    def test_without_the_drawing_program_nothing_is_offered_that_needs_it(self, world: Any) -> None:
        studies.scored(world, "A", "B")
        studies.drawn(world)
        bundle = world.platform.core.store.studies.bundle()
        assert bundle is not None
        assert f'data-bundle="/vega/{bundle.name}"' in page(world.anyone)
        bundle.unlink()
        html = page(world.anyone)
        assert "data-bundle" not in html
        assert "charts.js" not in html


class TestHostileNames:
    def test_they_are_text_on_the_page_and_no_formula_in_a_file(self, world: Any) -> None:
        studies.scored(world, HOSTILE, "B")
        studies.drawn(world)
        html = page(world.anyone)
        assert "<script>alert" not in html
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
        text = world.anyone.get(a_file(html, ".csv")).text
        assert "'=cmd|" in text
        assert not re.search(r'(^|\n|,)"?=cmd', text)


class TestWhoSees:
    def test_charts_of_a_hidden_board_are_for_its_organisers(self, world: Any) -> None:
        studies.in_one_phase(world, scores="organisers")
        studies.scored(world, "A", "B")
        studies.drawn(world)
        html = page(world.organiser)
        paths = [studies.CHARTS, f"{studies.CHARTS}?snapshot={studies.digest(world)}", *files(html)]
        assert {world.anyone.get(path).status_code for path in paths} == {404}
        assert {world.team("A").get(path).status_code for path in paths} == {404}
        assert {world.organiser.get(path).status_code for path in paths} == {200}

    def test_what_was_made_from_evaluations_is_not_shown_while_the_phase_is_open_again(self, world: Any) -> None:
        studies.in_one_phase(world)
        studies.scored(world, "A", "B")
        studies.close(world)
        studies.drawn(world)
        of_closed = files(page(world.anyone, "?section=stability"))
        exact = studies.digest(world)
        assert {world.anyone.get(path).status_code for path in of_closed} == {200}
        assert world.organiser.post("/api/v1/challenges/tiny/open").status_code == 200
        assert {world.anyone.get(path).status_code for path in of_closed} == {404}
        assert world.anyone.get(f"{studies.CHARTS}?snapshot={exact}").status_code == 404
        studies.drawn(world)
        assert "chart-blob-score" not in page(world.anyone)

    def test_a_study_of_an_open_phase_shows_no_evaluation_whatever_it_holds(self, world: Any) -> None:
        studies.in_one_phase(world)
        studies.scored(world, "A", "B")
        studies.close(world)
        studies.drawn(world)
        set_open(world, True)
        for caller in (world.anyone, world.organiser):
            assert "blob" not in caller.get(studies.CHARTS, headers=HTML).text


class TestFiles:
    @pytest.fixture
    def html(self, world: Any) -> str:
        studies.scored(world, "A", "B")
        studies.drawn(world)
        return page(world.anyone)

    @pytest.mark.parametrize(
        ("suffix", "media_type", "kind"),
        [
            (".svg", "image/svg+xml", "inline"),
            (".png", "image/png", "inline"),
            (".pdf", "application/pdf", "attachment"),
            (".csv", "text/csv; charset=utf-8", "attachment"),
            (".json", "application/json", "attachment"),
        ],
    )
    def test_each_has_its_type_runs_nothing_and_may_be_kept_for_ever(
        self, world: Any, html: str, suffix: str, media_type: str, kind: str
    ) -> None:
        answer = world.anyone.get(a_file(html, suffix))
        assert answer.status_code == 200
        assert answer.headers["content-type"] == media_type
        assert re.fullmatch(rf'{kind}; filename="tiny-[0-9a-f]{{12}}-[a-z0-9-]+\{suffix}"', answer.headers["content-disposition"])
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; sandbox;")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"

    def test_what_somebody_signed_in_is_given_lies_in_no_shared_cache(self, world: Any, html: str) -> None:
        answer = world.organiser.get(a_file(html, ".csv"))
        assert answer.headers["cache-control"] == "private, no-cache"

    @pytest.mark.parametrize("file", ["index.json", "..%2F..%2Findex.json", "efficiency.000000000000.svg", ".turn.lock"])
    def test_there_are_no_others(self, world: Any, html: str, file: str) -> None:
        assert world.anyone.get(f"{studies.CHARTS}/{studies.digest(world)}/{file}").status_code == 404

    def test_the_drawing_program_is_given_packed_to_whoever_unpacks(self, world: Any, html: str) -> None:
        found = re.search(r'data-bundle="([^"]+)"', html)
        assert found is not None
        packed = world.anyone.get(found[1], headers={"Accept-Encoding": "gzip"})
        plain = world.anyone.get(found[1], headers={"Accept-Encoding": "identity"})
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.content == plain.content
        assert plain.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert world.anyone.get("/vega/vega-0-000000000000.js").status_code == 404
