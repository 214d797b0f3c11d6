"""Data of phases on the platform: registering counts, organisers ask for more, and unsound data opens nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from sonobench_eval.challenge.load import load_challenge
from sonobench_eval.challenge.manifest import make_manifest
from sonobench_platform.challenges import datasets
from sonobench_platform.commands.score_worker import DueWorker
from sonobench_platform.db.models import AuditRow, DatasetRow, PhaseRow

URL = "/api/v1/challenges/tiny/dataset"


@pytest.fixture
def sound(world: Any) -> Any:
    """A world whose images are all different, registered as they are."""
    for number, path in enumerate(sorted((world.folder / "images").rglob("*.png"))):
        Image.new("L", (8, 8), number).save(path)
    world.platform.register_challenge(world.yaml)
    return world


def actions(world: Any) -> list[str]:
    with world.platform.core.database.read() as session:
        return list(session.scalars(select(AuditRow.action).order_by(AuditRow.number)))


def phase_id(world: Any) -> str:
    with world.platform.core.database.read() as session:
        return str(session.scalar(select(PhaseRow.id)))


def verify(world: Any, challenge: str = "tiny") -> dict[str, Any]:
    url = URL.replace("tiny", challenge)
    assert world.organiser.post(f"{url}/verify").status_code == 202
    for each in world.platform.due_work().datasets:
        world.platform.verify_data(each)
    found: dict[str, Any] = world.organiser.get(url).json()
    return found


class TestRegistering:
    def test_counts_as_the_first_verification(self, world: Any) -> None:
        found = world.organiser.get(URL).json()
        assert (found["sound"], found["may_open"], found["state"], found["cases"]) == (True, True, "verified", 4)
        assert found["dataset_hash"] == world.summary.dataset_hash
        with world.platform.core.database.read() as session:
            assert datasets.is_ready(session, phase_id(world))

    def test_of_the_same_data_keeps_what_was_found_since(self, world: Any) -> None:
        assert verify(world)["sound"] is False  # the tiny challenge has one picture four times
        world.platform.register_challenge(world.yaml)
        assert world.organiser.get(URL).json()["sound"] is False

    def test_of_other_data_starts_anew(self, world: Any) -> None:
        assert verify(world)["sound"] is False
        Image.new("L", (8, 8), 7).save(world.folder / "images/head/img/1.png")
        world.platform.register_challenge(world.yaml)
        found = world.organiser.get(URL).json()
        assert (found["sound"], found["may_open"], found["findings"]) == (True, True, [])


class TestAVerification:
    def test_is_asked_for_done_by_a_score_worker_and_read(self, sound: Any) -> None:
        asked = sound.organiser.post(f"{URL}/verify")
        assert (asked.status_code, asked.json()["state"]) == (202, "waiting")
        worker = DueWorker(sound.platform, jobs=1)
        worker.look()
        worker._pool.shutdown(wait=True)
        found = sound.organiser.get(URL).json()
        assert (found["state"], found["sound"], found["errors"], found["verified_by"]) == (
            "verified",
            True,
            0,
            "the organiser token",
        )
        assert sound.platform.due_work().datasets == ()

    def test_stands_in_the_audit_log_before_truth_is_read(self, sound: Any) -> None:
        verify(sound)
        assert actions(sound)[-3:] == ["dataset.ask", "truth.read", "dataset.verify"]

    def test_tells_row_by_row_in_json_and_csv(self, world: Any) -> None:
        found = verify(world)
        assert [(each["level"], each["code"], each["case"]) for each in found["findings"] if each["level"] == "error"] == [
            ("error", "same-image", "head/img/2.png"),
            ("error", "same-image", "breast/img/2.png"),
        ]
        text = world.organiser.get(f"{URL}/report.csv")
        assert text.headers["Content-Type"].startswith("text/csv")
        assert text.text.splitlines()[0] == "level,code,row,phase,case,path,sentence"
        assert len(text.text.splitlines()) == len(found["findings"]) + 1

    def test_finds_data_that_is_not_what_was_registered(self, sound: Any) -> None:
        Image.new("L", (8, 8), 99).save(sound.folder / "images/head/img/1.png")
        found = verify(sound)
        assert found["sound"] is False
        assert [each["code"] for each in found["findings"] if each["level"] == "error"] == ["not-registered"]

    def test_is_done_once_however_many_workers_come(self, sound: Any) -> None:
        sound.organiser.post(f"{URL}/verify")
        core, phase = sound.platform.core, phase_id(sound)
        with core.database.write() as work:
            work.session.get_one(DatasetRow, phase).worker_until = core.clock.now() + timedelta(seconds=60)
        assert sound.platform.due_work().datasets == ()
        sound.platform.verify_data(phase)
        assert sound.organiser.get(URL).json()["state"] == "verifying"
        sound.clock.advance(seconds=61)
        assert sound.platform.due_work().datasets == (phase,)
        sound.platform.verify_data(phase)
        assert sound.organiser.get(URL).json()["state"] == "verified"

    def test_that_breaks_off_says_why(self, sound: Any) -> None:
        core = sound.platform.core
        sound.organiser.post(f"{URL}/verify")
        core.store.definition(sound.summary.hash).write_text("sonobench: 1")
        sound.platform.verify_data(phase_id(sound))
        found = sound.organiser.get(URL).json()
        assert found["state"] == "verified"
        assert "ChallengeError" in found["trouble"]

    def test_is_for_organisers(self, sound: Any) -> None:
        for method, url in (("GET", URL), ("GET", f"{URL}/report.csv"), ("POST", f"{URL}/verify")):
            assert sound.team("A").request(method, url).status_code == 403
            assert sound.anyone.request(method, url).status_code == 401
            assert sound.organiser.request(method, url.replace("tiny", "other")).status_code == 404


class TestOpening:
    def test_unsound_data_opens_nothing_until_it_was_verified_again(self, make_world: Callable[..., Any], worlds: Any) -> None:
        world = make_world()
        later = (world.clock.now() + timedelta(hours=1)).isoformat()
        world.platform.register_challenge(
            worlds.write_challenge(world.folder, name="later", phases=[{"id": "test", "opens": later}])
        )
        assert verify(world, "later")["may_open"] is False
        world.clock.advance(hours=2)
        world.platform.sweep()
        answer = world.team("A").post("/api/v1/challenges/later/submissions", json={"size_bytes": 10})
        assert (answer.status_code, answer.json()["code"]) == (409, "challenge-closed")
        opened = world.organiser.post("/api/v1/challenges/later/open")
        assert (opened.status_code, opened.json()["code"]) == (409, "data-not-sound")
        for number, path in enumerate(sorted((world.folder / "images").rglob("*.png"))):
            Image.new("L", (8, 8), number).save(path)
        world.platform.register_challenge(world.yaml)
        assert verify(world, "later")["may_open"] is True
        answer = world.team("A").post("/api/v1/challenges/later/submissions", json={"size_bytes": 10})
        assert answer.status_code == 201, answer.text

    def test_a_phase_that_is_open_is_not_closed_by_a_verification(self, world: Any) -> None:
        assert verify(world)["sound"] is False
        assert world.create("A")["state"] == "uploading"


class TestTheCommandLine:
    def test_verifies_with_a_manifest_and_keeps_it(
        self, sound: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from sonobench_eval.cli.exits import CommandError
        from sonobench_platform.commands import admin_datasets

        monkeypatch.setattr(admin_datasets, "opened_core", _opened(sound))
        manifest = sound.folder / "manifest.csv"
        made = make_manifest(load_challenge(sound.yaml))
        manifest.write_text(made.to_csv(), newline="")
        admin_datasets.verify_data(sound.platform.settings, "tiny", phase=None, manifest=manifest, as_json=True)
        (found,) = json.loads(capsys.readouterr().out)
        assert (found["sound"], found["manifest_sha256"]) == (True, made.sha256)
        Image.new("L", (8, 8), 99).save(sound.folder / "images/head/img/1.png")
        with pytest.raises(CommandError, match="The data of test is not sound"):
            admin_datasets.verify_data(sound.platform.settings, "tiny", phase="test", manifest=None, as_json=False)
        assert "hash-differs" in capsys.readouterr().out


def _opened(world: Any) -> Any:
    from contextlib import contextmanager

    @contextmanager
    def opened(_settings: Any) -> Any:
        yield world.platform.core

    return opened
