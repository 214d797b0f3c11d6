from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
import tarfile
import threading
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from sonobench_eval.cli.exits import CommandError, ExitCode
from sonobench_platform.commands.demo import _counts
from sonobench_platform.commands.demo_scene import find_checkout, image_digest, set_the_test
from sonobench_platform.commands.demo_server import listen
from sonobench_platform.commands.opening import opened
from sonobench_platform.commands.plugin import register
from sonobench_platform.commands.run_worker import broker_address, node_name, read_token
from sonobench_platform.commands.score_worker import DueWorker
from sonobench_platform.commands.settings import settings_with
from sonobench_platform.commands.trouble import told_in_a_sentence
from sonobench_platform.config import Settings
from sonobench_platform.domain.errors import NotFound
from sonobench_platform.repeating import repeat
from sonobench_platform.runs.sweep import DueWork


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SONOBENCH_")]:
        monkeypatch.delenv(name)


def _app() -> typer.Typer:
    app = typer.Typer()
    register(app)
    return app


class TestRegister:
    @pytest.mark.parametrize(
        "words",
        [
            ["serve"],
            ["demo"],
            ["worker"],
            ["worker", "run"],
            ["worker", "score"],
            ["admin"],
            ["admin", "challenge", "add"],
            ["admin", "challenge", "close"],
            ["admin", "challenge", "open"],
            ["admin", "team", "add"],
            ["admin", "nodes"],
            ["admin", "submissions"],
        ],
    )
    def test_every_command_explains_itself(self, words: list[str]) -> None:
        shown = CliRunner().invoke(_app(), [*words, "--help"])
        assert shown.exit_code == 0
        assert "Usage" in shown.output

    def test_help_of_a_run_worker_imports_no_database(self) -> None:
        code = (
            "import sys, typer; from sonobench_platform.commands.plugin import register; register(typer.Typer());"
            "import sonobench_platform.commands.run_worker; print('sqlalchemy' in sys.modules, 'fastapi' in sys.modules)"
        )
        printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        assert printed.strip() == "False False"


class TestSettingsWith:
    def test_what_is_said_wins_over_the_environment_and_what_is_not_said_does_not(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SONOBENCH_PORT", "8200")
        monkeypatch.setenv("SONOBENCH_HOST", "127.0.0.9")
        settings = settings_with(home=tmp_path, host="127.0.0.2", port=None)
        assert (settings.home, settings.host, settings.port) == (tmp_path, "127.0.0.2", 8200)

    def test_nonsense_is_one_sentence_and_exit_code_1(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("SONOBENCH_LEASE_S", "soon")
        with pytest.raises(typer.Exit) as ended:
            settings_with(home=tmp_path)
        assert ended.value.exit_code == 1
        said = capsys.readouterr().err
        assert said.startswith("sonobench: the configuration")
        assert "lease_s" in said
        assert said.count("\n") == 1


class TestToldInASentence:
    def test_a_command_error_keeps_its_exit_code(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(typer.Exit) as ended, told_in_a_sentence():
            raise CommandError("try later", ExitCode.RETRY)
        assert ended.value.exit_code == 8
        assert capsys.readouterr().err == "sonobench: try later\n"

    def test_what_is_not_there_has_the_exit_code_for_that(self) -> None:
        with pytest.raises(typer.Exit) as ended, told_in_a_sentence(NotFound):
            raise NotFound("no-challenge", "There is no such challenge.")
        assert ended.value.exit_code == 5

    def test_a_full_disk_is_told(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(typer.Exit), told_in_a_sentence():
            raise OSError(28, "No space left on device")
        assert "The disk is full" in capsys.readouterr().err

    def test_a_mistake_of_ours_is_not_hidden(self) -> None:
        with pytest.raises(ZeroDivisionError), told_in_a_sentence(ValueError):
            raise ZeroDivisionError


class TestNodeName:
    def test_two_homes_on_one_machine_never_share_a_name(self, tmp_path: Path) -> None:
        first, second = (node_name(Settings(home=tmp_path / name), slot=0) for name in "ab")
        assert first != second
        assert node_name(Settings(home=tmp_path / "a"), slot=0) == first

    def test_a_configured_name_stays_as_it_is(self, tmp_path: Path) -> None:
        assert node_name(Settings(home=tmp_path, node_name="gpu-7"), slot=0) == "gpu-7"

    def test_slots_differ(self, tmp_path: Path) -> None:
        assert node_name(Settings(home=tmp_path, node_name="n" * 64), slot=3) == "n" * 60 + "-3"


class TestReadToken:
    def test_a_missing_token_says_where_to_get_one(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match=r"there is no node token at .*node-token; start `sonobench serve` once"):
            read_token(tmp_path / "node-token")


class TestBrokerAddress:
    def test_the_configured_broker_comes_first(self, tmp_path: Path) -> None:
        assert broker_address(Settings(home=tmp_path, broker_url="redis://queue:6379/0")) == "redis://queue:6379/0"

    def test_without_redis_there_is_none(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        assert broker_address(Settings(home=tmp_path)) is None


class _FakePlatform:
    """Everything stays due until it was done."""

    def __init__(self) -> None:
        self.due = DueWork(runs=0, checks=("sub-1",), scores=("run-1", "run-bad"))
        self.done: list[str] = []
        self.go_on = threading.Event()

    def due_work(self) -> DueWork:
        return self.due

    def check_submission(self, submission_id: str) -> None:
        self.go_on.wait(60)
        self.done.append(submission_id)

    def score_run(self, run_id: str) -> None:
        if run_id == "run-bad":
            raise RuntimeError("cannot be scored")
        self.done.append(run_id)


class TestDueWorker:
    def test_what_is_in_hand_is_not_started_again_and_a_failure_holds_up_nothing(self) -> None:
        platform: Any = _FakePlatform()
        worker = DueWorker(platform, jobs=2)
        worker.look()
        worker.look()
        platform.go_on.set()
        worker.close()
        assert platform.done.count("sub-1") == 1
        assert "run-1" in platform.done


class TestRepeat:
    def test_a_round_that_fails_is_followed_by_the_next(self) -> None:
        ending, rounds = threading.Event(), []

        def fail() -> None:
            rounds.append(1)
            if len(rounds) == 3:
                ending.set()
            raise RuntimeError("this round")

        repeat(fail, 0.001, ending)
        assert len(rounds) == 3


class TestListen:
    def test_a_taken_port_that_was_asked_for_is_one_sentence(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            with pytest.raises(CommandError, match=f"port {port} is taken on this machine; choose another with --port"):
                listen(port)

    def test_where_none_is_asked_for_each_gets_a_free_one(self) -> None:
        with listen(None) as first, listen(None) as second:
            ports = first.getsockname()[1], second.getsockname()[1]
        assert min(ports) >= 8100  # which of them is higher depends on who else gives one up meanwhile
        assert ports[0] != ports[1]


class TestScene:
    def test_the_tests_run_in_a_checkout(self) -> None:
        assert (find_checkout() / "pyproject.toml").is_file()

    def test_a_missing_data_folder_is_one_sentence(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match=r"there is no folder .*absent; name one in the UUSIC25 layout"):
            set_the_test(tmp_path, tmp_path / "absent")

    @pytest.mark.parametrize("config", ["{digest}.json", "blobs/sha256/{digest}"], ids=["classic", "oci"])
    def test_the_digest_of_an_image_is_read_from_its_tar(self, tmp_path: Path, config: str) -> None:
        digest = "a" * 64
        content = json.dumps([{"Config": config.format(digest=digest), "Layers": []}]).encode()
        with tarfile.open(tmp_path / "image.tar", "w") as archive:
            member = tarfile.TarInfo("manifest.json")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        assert image_digest(tmp_path / "image.tar") == f"sha256:{digest}"

    def test_something_else_than_an_image_is_one_sentence(self, tmp_path: Path) -> None:
        (tmp_path / "image.tar").write_bytes(b"noise")
        with pytest.raises(CommandError, match="is not an image made with `docker save`"):
            image_digest(tmp_path / "image.tar")


class TestCounts:
    @pytest.mark.parametrize(
        ("state", "blame", "counts"),
        [
            ("scored", None, True),
            ("running", None, True),
            ("failed", "participant", True),
            ("failed", "platform", False),
            ("cancelled", None, False),
            ("uploading", None, False),
            ("rejected", "participant", False),
        ],
    )
    def test_an_old_submission_counts_where_a_new_one_would_say_the_same(
        self, state: str, blame: str | None, counts: bool
    ) -> None:
        failure = None if blame is None else {"blame": blame}
        assert _counts({"state": state, "failure": failure}) is counts


class TestOpened:
    def test_a_database_of_another_kind_is_one_sentence(self, tmp_path: Path) -> None:
        settings = Settings(home=tmp_path, database_url="mysql://root:secret@db/x")
        with pytest.raises(CommandError, match="SONOBENCH_DATABASE_URL makes no sense") as told, opened(settings):
            pass
        assert "secret" not in str(told.value)

    def test_a_database_that_is_away_is_one_sentence_without_its_password(self, tmp_path: Path) -> None:
        settings = Settings(home=tmp_path, database_url="postgresql://sonobench:secret@127.0.0.1:1/sonobench")
        with pytest.raises(CommandError, match="the database cannot be used") as told, opened(settings):
            pass
        assert "secret" not in str(told.value)
        assert "\n" not in str(told.value)
