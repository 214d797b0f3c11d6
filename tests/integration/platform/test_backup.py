"""Backup and restore, rehearsed: what was lost comes back whole, and what cannot be trusted is refused."""

from __future__ import annotations

import json
import queue
import shutil
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import platform_fakes
import pytest
import typer
from platform_world import Http, report, right_answers
from sqlalchemy import select
from typer.testing import CliRunner

from sonobench_platform.app import create_app
from sonobench_platform.commands.plugin import register
from sonobench_platform.config import Settings
from sonobench_platform.db.dump import DumpTrouble
from sonobench_platform.db.models import PhaseRow, SnapshotRow, SubmissionRow
from sonobench_platform.desk.backup import BackupTrouble, back_up
from sonobench_platform.desk.restore import restore, verify
from sonobench_platform.leaderboards.publish import publish
from sonobench_platform.wiring import Platform


@pytest.fixture
def new_home(tmp_path: Path, new_database_url: str, backend: str) -> Settings:
    """Where a platform is to be made from a backup: an empty home, an empty database."""
    home = tmp_path / "new" / "home"
    url = "" if backend == "sqlite" else new_database_url
    return Settings(home=home, database_url=url, min_free_bytes=0)


@pytest.fixture
def opened(new_home: Settings) -> Iterator[Callable[[], Platform]]:
    """Starts the restored platform, on the same fakes as the lost one."""
    made: list[Platform] = []

    def start(world: Any) -> Platform:
        made.append(Platform(new_home, clock=world.clock, wake=platform_fakes.FakeWake(), evaluator=world.evaluator))
        made[-1].prepare()
        return made[-1]

    yield start  # type: ignore[misc]
    for platform in made:
        platform.close()


@pytest.fixture
def saved(world: Any, tmp_path: Path) -> Path:
    """A backup of a platform with two ranked teams and one that waits."""
    world.scored("A")
    world.scored("B")
    world.queued("C")
    back_up(world.platform.core, tmp_path / "backup")
    return tmp_path / "backup"


def _lose(world: Any) -> None:
    world.platform.close()
    shutil.rmtree(world.platform.settings.home)
    shutil.rmtree(world.folder)


class TestRehearsal:
    def test_the_board_rebuilt_from_a_backup_is_the_one_that_was_lost(
        self, world: Any, saved: Path, new_home: Settings, opened: Any
    ) -> None:
        before = world.anyone.get("/api/v1/challenges/tiny/leaderboard")
        _lose(world)
        restore(new_home, saved)
        platform = opened(world)
        after = Http(create_app(platform=platform)).get("/api/v1/challenges/tiny/leaderboard")
        assert (after.json(), after.headers["ETag"]) == (before.json(), before.headers["ETag"])
        with platform.core.database.write() as work:
            phase = work.session.scalars(select(PhaseRow)).one()
            for snapshot in work.session.scalars(select(SnapshotRow)):
                work.session.delete(snapshot)
            rebuilt = publish(platform.core, work, phase_id=phase.id)
        assert f'"{rebuilt.content_hash}"' == before.headers["ETag"]

    def test_tokens_still_open_their_doors(self, world: Any, saved: Path, new_home: Settings, opened: Any) -> None:
        _lose(world)
        restore(new_home, saved)
        app = create_app(platform=opened(world))
        for known in (world.team("A"), world.organiser, world.node):
            assert Http(app, known.token).get("/api/v1/me").status_code == 200

    def test_who_waited_is_run_and_scored_on_the_new_platform(
        self, world: Any, saved: Path, new_home: Settings, opened: Any
    ) -> None:
        _lose(world)
        restore(new_home, saved)
        platform = opened(world)
        world.platform, world.app = platform, create_app(platform=platform)
        world.organiser = Http(world.app, world.organiser.token)
        world.node = Http(world.app, world.node.token)
        claimed = world.claim()
        assert claimed is not None
        digest = claimed["image"]["config_digest"]
        assert world.node.get(f"/internal/v1/images/{digest}").status_code == 200
        assert world.node.get(f"/internal/v1/inputs/{claimed['inputs']['hash']}").status_code == 200
        world.hand_back(claimed, right_answers(claimed))
        world.tell(claimed, "finish", report=report())
        platform.score_run(claimed["run_id"])
        assert world.state(claimed["submission_id"]) == "scored"

    def test_challenges_find_their_data_in_the_new_home(self, world: Any, saved: Path, new_home: Settings, opened: Any) -> None:
        truth = (world.folder / "truth" / "head" / "1.png").read_bytes()
        _lose(world)
        restore(new_home, saved)
        with opened(world).core.database.read() as session:
            folder = Path(session.scalars(select(PhaseRow.folder)).one())
        assert folder.is_relative_to(new_home.home)
        assert (folder / "truth" / "head" / "1.png").read_bytes() == truth

    def test_a_folder_of_data_that_is_a_link_is_saved_as_what_it_leads_to(self, world: Any, tmp_path: Path) -> None:
        elsewhere = tmp_path / "archive"
        shutil.move(world.folder / "truth", elsewhere)
        (world.folder / "truth").symlink_to(elsewhere)
        (elsewhere / "circle").symlink_to(elsewhere)
        back_up(world.platform.core, tmp_path / "backup")
        assert (tmp_path / "backup" / "data" / "0" / "truth" / "head" / "1.png").is_file()


class TestWhileItRuns:
    def test_whatever_the_saved_database_speaks_of_is_saved_with_it(
        self, world: Any, tmp_path: Path, new_home: Settings, opened: Any
    ) -> None:
        stop = threading.Event()
        failed: list[BaseException] = []
        handed_in: queue.Queue[str] = queue.Queue()

        def hand_in() -> None:
            number = 0
            while not stop.is_set():
                number += 1
                try:
                    handed_in.put(world.queued(f"Team {number}", f"image {number}".encode() * 1000))
                except BaseException as error:
                    failed.append(error)
                    return

        world.scored("A")
        busy = threading.Thread(target=hand_in)
        busy.start()
        try:
            for number in range(3):
                handed_in.get(timeout=60)  # the last backup has something that came after the first, however slow it came
                back_up(world.platform.core, tmp_path / f"backup-{number}")
        finally:
            stop.set()
            busy.join()
        assert failed == []
        restore(new_home, tmp_path / "backup-2")
        platform = opened(world)
        with platform.core.database.read() as session:
            digests = session.scalars(select(SubmissionRow.image_digest).where(SubmissionRow.image_digest.is_not(None))).all()
        assert len(digests) > 1
        assert [digest for digest in digests if not platform.core.store.image(digest).is_file()] == []


class TestSecrets:
    def test_everything_in_a_backup_is_for_its_owner_alone(self, saved: Path) -> None:
        assert stat.S_IMODE(saved.stat().st_mode) == 0o700
        modes = {stat.S_IMODE(path.stat().st_mode) for path in saved.rglob("*") if path.is_file()}
        assert modes == {0o600}

    def test_token_files_come_back_with_0600(self, world: Any, saved: Path, new_home: Settings) -> None:
        restore(new_home, saved)
        for name in ("node-token", "organiser-token"):
            assert (new_home.home / name).read_text() == (world.platform.settings.home / name).read_text()
            assert stat.S_IMODE((new_home.home / name).stat().st_mode) == 0o600

    def test_logs_and_what_is_made_again_stay_behind(self, world: Any, tmp_path: Path) -> None:
        home = world.platform.settings.home
        for name in ("logs/serve.log", "run/redis.lock", "node/inputs/x.tar", "images/.incoming-half"):
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_text("x")
        manifest = back_up(world.platform.core, tmp_path / "backup")
        names = {each.path for each in manifest.files}
        assert not any(part in name for name in names for part in ("logs", "redis", "node/", ".incoming", "sqlite", ".lock"))
        assert "home/organiser-token" in names


class TestRefusals:
    def test_a_home_with_something_in_it_is_left_as_it_is(self, saved: Path, new_home: Settings) -> None:
        new_home.home.mkdir(parents=True)
        (new_home.home / "precious").write_text("x")
        with pytest.raises(BackupTrouble, match="is not empty; restore into a new home"):
            restore(new_home, saved)
        assert [path.name for path in new_home.home.iterdir()] == ["precious"]

    def test_a_database_with_tables_is_left_as_it_is(self, world: Any, saved: Path, tmp_path: Path, backend: str) -> None:
        if backend == "sqlite":
            used = f"sqlite:///{world.platform.settings.home / 'sonobench.sqlite'}"
        else:
            used = world.platform.settings.database_url
        with pytest.raises(DumpTrouble, match=r"already|tables"):
            restore(Settings(home=tmp_path / "other", database_url=used), saved)
        assert world.state(world.create("D")["id"]) == "uploading"

    @pytest.mark.parametrize("name", ["database", "home/organiser-token"])
    def test_a_file_that_changed_is_named_and_nothing_is_restored(self, saved: Path, new_home: Settings, name: str) -> None:
        content = bytearray((saved / name).read_bytes())
        content[-1] ^= 1
        (saved / name).write_bytes(content)
        with pytest.raises(BackupTrouble, match=f"1 files of .* are missing or damaged: {name}"):
            restore(new_home, saved)
        assert not new_home.home.exists()

    def test_a_file_that_is_missing_is_named(self, saved: Path) -> None:
        next((saved / "home" / "images").iterdir()).unlink()
        with pytest.raises(BackupTrouble, match="missing or damaged: home/images/"):
            verify(saved)

    def test_a_backup_that_was_broken_off_is_none(self, saved: Path, new_home: Settings) -> None:
        (saved / "manifest.json").unlink()
        with pytest.raises(BackupTrouble, match="it is no backup, or one that was broken off"):
            restore(new_home, saved)

    @pytest.mark.parametrize("path", ["../../etc/cron.d/x", "/etc/passwd", "home/../../x", "elsewhere/x", "", ".", 5])
    def test_a_manifest_that_leads_outside_is_refused(self, saved: Path, new_home: Settings, path: object) -> None:
        manifest = json.loads((saved / "manifest.json").read_text())
        manifest["files"][0]["path"] = path
        (saved / "manifest.json").write_text(json.dumps(manifest))
        with pytest.raises(BackupTrouble, match="names a file outside the backup"):
            restore(new_home, saved)

    def test_a_manifest_opens_no_file_to_others(self, saved: Path, new_home: Settings) -> None:
        """Whoever wrote it, secrets and references are for their owner alone."""
        manifest = json.loads((saved / "manifest.json").read_text())
        for each in manifest["files"]:
            each["mode"] = 0o6777
        (saved / "manifest.json").write_text(json.dumps(manifest))
        restore(new_home, saved)
        token = new_home.home / "organiser-token"
        assert stat.S_IMODE(token.stat().st_mode) & 0o7077 == 0

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"sonobench_backup": 1, "files": [1]}'])
    def test_what_is_no_manifest_is_said_to_be_none(self, saved: Path, text: str) -> None:
        (saved / "manifest.json").write_text(text)
        with pytest.raises(BackupTrouble, match="is not a manifest of a backup"):
            verify(saved)

    def test_one_of_a_later_release_is_refused(self, saved: Path) -> None:
        manifest = json.loads((saved / "manifest.json").read_text())
        (saved / "manifest.json").write_text(json.dumps(manifest | {"sonobench_backup": 2}))
        with pytest.raises(BackupTrouble, match="has format 2, and this release reads 1"):
            verify(saved)

    def test_a_dump_of_the_other_kind_of_database_is_refused(self, saved: Path, tmp_path: Path, backend: str) -> None:
        other = "postgresql://x@127.0.0.1:1/x" if backend == "sqlite" else f"sqlite:///{tmp_path}/other.sqlite"
        with pytest.raises(BackupTrouble, match="the backup is of a"):
            restore(Settings(home=tmp_path / "other", database_url=other), saved)

    def test_a_folder_that_is_used_is_refused(self, world: Any, saved: Path) -> None:
        with pytest.raises(BackupTrouble, match="is not empty; name a new folder"):
            back_up(world.platform.core, saved)

    def test_a_folder_inside_the_home_is_refused(self, world: Any) -> None:
        with pytest.raises(BackupTrouble, match="lies inside the home it would save"):
            back_up(world.platform.core, world.platform.settings.home / "backup")


class TestCommands:
    def test_saved_checked_and_restored_from_the_command_line(
        self, world: Any, tmp_path: Path, new_home: Settings, backend: str
    ) -> None:
        world.scored("A")
        app = typer.Typer()
        register(app)

        def run(*words: str, settings: Settings) -> Any:
            url = settings.database_url
            return CliRunner().invoke(
                app, ["admin", *words], env={"SONOBENCH_HOME": str(settings.home), "SONOBENCH_DATABASE_URL": url}
            )

        taken = run("backup", str(tmp_path / "backup"), "--json", settings=world.platform.settings)
        assert taken.exit_code == 0, taken.output
        assert json.loads(taken.stdout)["database"] == backend
        checked = run("restore", str(tmp_path / "backup"), "--check", settings=new_home)
        assert "is whole: " in checked.stdout
        assert not new_home.home.exists()
        restored = run("restore", str(tmp_path / "backup"), settings=new_home)
        assert restored.exit_code == 0, restored.output
        assert "Restored " in restored.stdout
        again = run("restore", str(tmp_path / "backup"), settings=new_home)
        assert again.exit_code == 1
        assert "is not empty" in again.stderr

    def test_without_data_the_references_stay_where_they_are(self, world: Any, tmp_path: Path) -> None:
        manifest = back_up(world.platform.core, tmp_path / "backup", with_data=False)
        assert manifest.folders == ()
        assert not (tmp_path / "backup" / "data").exists()
