from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from ranking_world import World, make_world

from sonobench_eval.evaluation import CenterScore
from sonobench_eval.ranking.build import build_leaderboard
from sonobench_eval.ranking.entries import Entry
from sonobench_eval.report import folder
from sonobench_eval.report.charts import render
from sonobench_eval.report.folder import File, FolderError, Report, check_place, report_files, write_folder

HOSTILE = "<script>alert(1)</script> ../\u202e=cmd() \\input{x} & 50%"
PAGE = File("index.html", b'<meta name="generator" content="Sonobench report">')


class Tags(HTMLParser):
    """Every tag with its attributes, and every heading's level."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def report_of(world: World, entries: tuple[Entry, ...], **more: object) -> Report:
    made = datetime(2026, 1, 2, tzinfo=UTC)
    board = build_leaderboard(world.challenge, entries, dataset_hash="sha256:data", generated_at=made)
    by_team = {entry.team: entry for entry in entries}
    ordered = tuple(by_team[row.team] for row in board.rows)
    report = Report(board, "1.2", world.challenge, ordered, formats=())
    return replace(report, **more)  # type: ignore[arg-type]


def with_far(entry: Entry) -> Entry:
    """The first task also at two centers and roles, of which the external one has six cases."""
    head = entry.evaluation.tasks[0]
    scores = {n: (head.metrics[0].model_copy(update={"value": value, "n": n}),) for n, value in ((12, 0.75), (6, 0.4321))}
    near = CenterScore(id="Near", role="internal", metrics=scores[12])
    far = CenterScore(id="Far", role="external", metrics=scores[6])
    changed = head.model_copy(update={"centers": (near, far), "roles": (near, far)})
    tasks = (changed, *entry.evaluation.tasks[1:])
    return replace(entry, evaluation=entry.evaluation.model_copy(update={"tasks": tasks}))


@pytest.fixture(scope="module")
def world() -> World:
    return make_world({"good": 2.0, "poor": 0.0, "worse": -1.0}, cases=12)


@pytest.fixture(scope="module")
def hostile(world: World) -> dict[str, bytes]:
    first, second, third = world.entries
    entries = (replace(first, team=HOSTILE), replace(second, team="=1+1"), replace(third, team="=1 1"))
    return dict(report_files(report_of(world, entries, formats=("svg",))))


class TestReportFiles:
    def test_has_every_table_in_three_forms_and_the_exports(self, hostile: dict[str, bytes]) -> None:
        tables = {path.rpartition(".")[0] for path in hostile if path.startswith("tables/")}
        assert {"tables/ranking", "tables/runs", "tables/task-head", "tables/task-breast"} <= tables
        assert all(f"{table}.{form}" in hostile for table in tables for form in ("csv", "tex", "html"))
        assert {"data/case-scores.csv", "data/challenger-dsc.csv", "methods.txt", "methods.bib", "board.json"} <= set(hostile)

    def test_names_of_files_are_plain_and_all_different(self, hostile: dict[str, bytes]) -> None:
        assert all(each.replace("/", "").replace(".", "").replace("-", "").isalnum() and each.isascii() for each in hostile)
        assert all(".." not in each and not each.startswith("/") for each in hostile)
        assert len({each.casefold() for each in hostile}) == len(hostile)
        assert {"data/scores-1-1.csv", "data/scores-1-1-2.csv"} <= set(hostile)

    def test_a_hostile_name_brings_no_element_and_no_attribute_to_the_page(self, hostile: dict[str, bytes]) -> None:
        page = hostile["index.html"].decode()
        tags = Tags(page).tags
        assert not [tag for tag, _ in tags if tag in {"script", "iframe", "object", "embed", "link", "foreignobject"}]
        assert not [name for _, attributes in tags for name in attributes if name.startswith("on")]
        assert "\u202e" not in page
        assert "&lt;script&gt;" in page

    def test_the_page_fetches_nothing(self, hostile: dict[str, bytes]) -> None:
        tags = Tags(hostile["index.html"].decode()).tags
        assert not [attributes for _, attributes in tags if "src" in attributes]
        local = [str(attributes["href"]) for tag, attributes in tags if tag == "a"]
        assert all(each.startswith("#") or each in hostile for each in local)
        policy = next(attributes["content"] for tag, attributes in tags if attributes.get("http-equiv"))
        assert str(policy).startswith("default-src 'none'")

    def test_headings_never_skip_a_level_and_ids_are_unique(self, hostile: dict[str, bytes]) -> None:
        tags = Tags(hostile["index.html"].decode()).tags
        levels = [int(tag[1]) for tag, _ in tags if tag in {"h1", "h2", "h3", "h4"}]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
        ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
        assert len(set(ids)) == len(ids)

    def test_every_chart_has_its_sentence_and_its_numbers(self, hostile: dict[str, bytes]) -> None:
        page = hostile["index.html"].decode()
        drawn = page.count('<div class="drawing" role="img"')
        assert drawn == page.count("<svg") == page.count("<details>") > 0
        assert drawn == len([each for each in hostile if each.startswith("charts/") and each.endswith(".svg")])

    def test_cells_that_begin_like_a_formula_are_guarded_in_every_table(self, hostile: dict[str, bytes]) -> None:
        for path, content in hostile.items():
            if path.endswith(".csv"):
                cells = [cell for line in csv.reader(io.StringIO(content.decode(), newline="")) for cell in line]
                assert not [cell for cell in cells if cell.startswith(("=", "@", "+"))], path

    def test_says_what_it_was_made_from(self, hostile: dict[str, bytes], world: World) -> None:
        page = hostile["index.html"].decode()
        board = json.loads(hostile["board.json"])
        for fact in (board["challenge_hash"], "sha256:data", str(world.challenge.bootstrap.seed), "Sonobench 1.2", "fast engine"):
            assert fact in page

    def test_for_the_public_there_is_nothing_of_single_cases(self, world: World) -> None:
        files = dict(report_files(report_of(world, world.entries, is_public=True)))
        assert not [each for each in files if each.startswith(("data/", "charts/cases-"))]
        assert not [each for each, content in files.items() if b"Head/0.png" in content]
        assert b"For organizers" not in files["index.html"]

    def test_for_the_public_there_is_no_figure_of_few_cases(self, world: World) -> None:
        def far(**more: object) -> tuple[str, str]:
            files = dict(report_files(report_of(world, tuple(with_far(each) for each in world.entries), **more)))
            return files["tables/centers-head.csv"].decode(), files["board.json"].decode()

        for organizers, public in zip(far(), far(is_public=True), strict=True):
            assert "0.4321" in organizers
            assert "0.4321" not in public

    def test_for_the_public_reliability_diagrams_have_no_bin_of_few_cases(self, world: World) -> None:
        many = make_world({"good": 2.0, "poor": 0.0}, cases=60)

        def fewest(**more: object) -> int:
            files = dict(report_files(report_of(many, many.entries, **more)))
            lines = csv.DictReader(io.StringIO(files["charts/reliability-breast.csv"].decode()))
            return min(int(line["cases"]) for line in lines)

        assert fewest() < world.challenge.subgroups.fewest_cases <= fewest(is_public=True)

    def test_for_organizers_it_says_that_it_is(self, world: World) -> None:
        files = dict(report_files(report_of(world, world.entries)))
        assert b"For organizers" in files["index.html"]
        assert [each for each in files if each.startswith("charts/cases-")]

    def test_without_the_renderer_the_numbers_are_there_and_how_to_install_it(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def missing(_: object) -> str:
            raise render.ReportNotInstalledError

        monkeypatch.setattr(render, "svg", missing)
        files = dict(report_files(report_of(world, world.entries, formats=("svg", "png"))))
        assert b"sonobench[report]" in files["index.html"]
        assert b"<svg" not in files["index.html"]
        charts = {each.rpartition(".")[2] for each in files if each.startswith("charts/")}
        assert charts == {"csv"}

    def test_a_board_alone_brings_its_own_tables(self, world: World) -> None:
        board = report_of(world, world.entries).board
        files = dict(report_files(Report(board, "1.2", formats=())))
        assert "tables/ranking.csv" in files
        assert not [each for each in files if each.startswith(("data/", "methods"))]
        assert b"For organizers" not in files["index.html"]


class TestWriteFolder:
    def test_writes_every_file(self, tmp_path: Path) -> None:
        assert write_folder(tmp_path / "out", [File("a/b.txt", b"x"), PAGE]) == 2
        assert (tmp_path / "out/a/b.txt").read_bytes() == b"x"
        assert [each.name for each in tmp_path.iterdir()] == ["out"]

    def test_an_empty_folder_is_used(self, tmp_path: Path) -> None:
        (tmp_path / "out").mkdir()
        write_folder(tmp_path / "out", [PAGE])
        assert (tmp_path / "out/index.html").exists()

    def test_the_present_folder_is_used_where_it_is_empty(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "here").mkdir()
        monkeypatch.chdir(tmp_path / "here")
        write_folder(Path(), [PAGE])
        assert (tmp_path / "here/index.html").exists()

    def test_nothing_is_left_where_a_file_cannot_be_made(self, tmp_path: Path) -> None:
        def broken() -> object:
            yield PAGE
            raise RuntimeError("the renderer broke")

        with pytest.raises(RuntimeError):
            write_folder(tmp_path / "out", broken())  # type: ignore[arg-type]
        assert list(tmp_path.iterdir()) == []

    def test_an_older_report_is_replaced_whole_with_force(self, tmp_path: Path) -> None:
        write_folder(tmp_path / "out", [File("old.txt", b"x"), PAGE])
        write_folder(tmp_path / "out", [PAGE], force=True)
        assert [each.name for each in (tmp_path / "out").iterdir()] == ["index.html"]
        assert [each.name for each in tmp_path.iterdir()] == ["out"]

    def test_an_older_report_stays_where_the_new_one_fails(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write_folder(tmp_path / "out", [File("old.txt", b"x"), PAGE])
        rename = Path.rename

        def full(self: Path, target: Path) -> Path:
            if self.name.startswith(".out."):
                raise OSError("the disk is full")
            return rename(self, target)

        monkeypatch.setattr(Path, "rename", full)
        with pytest.raises(OSError, match="full"):
            write_folder(tmp_path / "out", [PAGE], force=True)
        assert (tmp_path / "out/old.txt").read_bytes() == b"x"
        assert [each.name for each in tmp_path.iterdir()] == ["out"]


class TestCheckPlace:
    def test_a_folder_that_is_not_empty_needs_force(self, tmp_path: Path) -> None:
        (tmp_path / "index.html").write_bytes(PAGE.content)
        with pytest.raises(FolderError, match="not empty"):
            check_place(tmp_path, force=False)
        check_place(tmp_path, force=True)

    def test_force_replaces_nothing_but_reports(self, tmp_path: Path) -> None:
        (tmp_path / "thesis.tex").write_text("years of work")
        with pytest.raises(FolderError, match="something else"):
            check_place(tmp_path, force=True)

    def test_a_file_or_a_link_is_no_folder(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("x")
        (tmp_path / "link").symlink_to(tmp_path)
        for name in ("file", "link"):
            with pytest.raises(FolderError, match="not a folder"):
                check_place(tmp_path / name, force=True)

    def test_the_sentence_of_the_page_is_what_the_check_looks_for(self, tmp_path: Path) -> None:
        from sonobench_eval.report.html_page import html_document

        (tmp_path / "index.html").write_text(html_document("T", ""))
        assert folder.check_place(tmp_path, force=True) is None
