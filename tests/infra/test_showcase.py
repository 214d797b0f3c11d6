"""The showcase: made-up content for the pages, made through the platform's own doors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from infra.screenshots import LARGEST_FOLDER_BYTES, page_of_pictures, pictures_named_in
from infra.showcase import PEOPLE, Showcase, make_showcase, open_showcase
from infra.showcase_challenges import SMALL
from sqlalchemy import func, select

from sonobench_platform.accounts.passwords import check_password
from sonobench_platform.audit.verify import verify
from sonobench_platform.core import Core
from sonobench_platform.db.models import PersonRow, SnapshotRow, SubmissionRow, TeamRow
from sonobench_platform.domain.states import State
from sonobench_platform.leaderboards.service import published


@pytest.fixture(scope="module")
def showcase(tmp_path_factory: pytest.TempPathFactory) -> Showcase:
    return make_showcase(tmp_path_factory.mktemp("showcase") / "home", SMALL, teams=12)


@pytest.fixture(scope="module")
def core(showcase: Showcase) -> Iterator[Core]:
    with closing(open_showcase(showcase.home)) as platform:
        yield platform.core


class TestMakeShowcase:
    def test_has_a_submission_in_every_state(self, showcase: Showcase, core: Core) -> None:
        with core.database.read() as session:
            found = set(session.scalars(select(SubmissionRow.state)))
        assert found == set(State)

    def test_names_each_submission_by_the_state_it_is_in(self, showcase: Showcase, core: Core) -> None:
        with core.database.read() as session:
            for name, submission in showcase.submissions.items():
                state = re.split(r"[:, ]", name)[0]
                if state in set(State):
                    assert session.get_one(SubmissionRow, submission).state == state

    def test_has_failures_of_everybody_s_fault(self, core: Core) -> None:
        with core.database.read() as session:
            found = set(session.scalars(select(SubmissionRow.failure_blame).where(SubmissionRow.state == State.FAILED)))
        assert found == {"participant", "organiser", "platform", "undetermined"}

    def test_ranks_the_closed_challenge_exactly_and_by_skill(self, showcase: Showcase, core: Core) -> None:
        with core.database.read() as session:
            board = published(session, None, showcase.closed, phase=None, now=core.clock.now()).board
        assert board.exact
        assert len(board.rows) == 15
        assert len(board.rows[0].tasks) == 10
        assert [row.team for row in board.rows][-1] == "U-Vision"

    def test_has_a_history_of_snapshots(self, core: Core) -> None:
        with core.database.read() as session:
            assert (session.scalar(select(func.max(SnapshotRow.number))) or 0) > 15

    def test_has_as_many_teams_on_one_board_as_were_asked_for(self, showcase: Showcase, core: Core) -> None:
        with core.database.read() as session:
            board = published(session, None, str(showcase.crowded), phase=None, now=core.clock.now()).board
        assert len(board.rows) == 12

    def test_has_people_with_the_passwords_it_tells(self, core: Core) -> None:
        with core.database.read() as session:
            for each in PEOPLE.values():
                row = session.scalars(select(PersonRow).where(PersonRow.email == each.email)).one()
                assert check_password(row.password_hash, each.password).is_right

    def test_has_the_hostile_names(self, showcase: Showcase, core: Core) -> None:
        with core.database.read() as session:
            assert set(showcase.hostile) <= set(session.scalars(select(TeamRow.name)))

    def test_leaves_an_audit_log_that_holds(self, core: Core) -> None:
        with core.database.read() as session:
            assert verify(session).rows > 100

    def test_refuses_a_home_with_something_in_it(self, tmp_path: Path) -> None:
        (tmp_path / "somebody's").touch()
        with pytest.raises(FileExistsError, match="is not empty"):
            make_showcase(tmp_path, SMALL)


class TestScreenshots:
    def test_the_page_of_pictures_is_what_the_command_writes(self, repo_root: Path) -> None:
        assert (repo_root / "docs" / "pages.md").read_text() == page_of_pictures()

    def test_every_picture_is_there_and_no_other_and_all_are_small(self, repo_root: Path) -> None:
        folder = repo_root / "docs" / "screenshots"
        assert pictures_named_in(page_of_pictures()) == {path.name for path in folder.iterdir()}
        assert sum(path.stat().st_size for path in folder.iterdir()) <= LARGEST_FOLDER_BYTES
