"""Registering challenges and teams."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest

from sonobench_eval.challenge.load import ChallengeError, load_challenge
from sonobench_eval.presets.catalogue import PRESETS, Preset
from sonobench_eval.presets.making import make_preset
from sonobench_platform.domain.errors import Conflict, DefinitionRefused


class TestRegisterChallenge:
    def test_twice_is_harmless(self, world: Any) -> None:
        assert world.platform.register_challenge(world.yaml) == world.summary
        assert len(world.anyone.get("/api/v1/challenges").json()["items"]) == 1

    def test_twice_does_the_long_work_once(self, world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        from sonobench_platform.challenges import preparing

        def never(*_arguments: Any) -> None:
            raise AssertionError("the data was checked again")

        monkeypatch.setattr(preparing, "check_data", never)
        world.platform.register_challenge(world.yaml)

    def test_again_after_its_stored_copies_were_lost_mends_them(self, world: Any) -> None:
        store = world.platform.core.store
        copies = (store.definition(world.summary.hash), store.inputs(world.summary.dataset_hash))
        before = [copy.read_bytes() for copy in copies]
        for copy in copies:
            copy.unlink()
            world.platform.register_challenge(world.yaml)
        assert [copy.read_bytes() for copy in copies] == before

    def test_images_of_the_warm_up_are_kept_for_the_nodes(self, world: Any, worlds: Any) -> None:
        warm_up = [{"id": "warm/1.png", "task": "breast", "center": "north"}]
        image = world.folder / "images" / "warm" / "1.png"
        image.parent.mkdir(parents=True)
        shutil.copy(world.folder / "images" / "breast" / "img" / "1.png", image)
        worlds.write_challenge(world.folder, warm_up=warm_up)
        summary = world.platform.register_challenge(world.yaml)
        with tarfile.open(world.platform.core.store.inputs(summary.dataset_hash)) as tar:
            assert "warm/1.png" in tar.getnames()
        assert summary.cases == 4

    def test_a_change_without_submissions_is_taken(self, world: Any, worlds: Any) -> None:
        worlds.write_challenge(world.folder, title="Renamed")
        assert world.platform.register_challenge(world.yaml).title == "Renamed"

    def test_a_change_with_submissions_is_refused_and_changes_nothing(self, world: Any, worlds: Any) -> None:
        world.create("A")
        worlds.write_challenge(world.folder, title="Renamed")
        with pytest.raises(Conflict, match="is frozen: it has opened or has submissions") as refused:
            world.platform.register_challenge(world.yaml)
        assert "under another name" in refused.value.detail
        assert world.anyone.get("/api/v1/challenges/tiny").json()["title"] == "Tiny challenge"

    def test_changed_data_with_submissions_is_refused(self, world: Any) -> None:
        world.create("A")
        (world.folder / "truth/head/1.png").write_bytes((world.folder / "truth/head/1.png").read_bytes() + b"\0")
        with pytest.raises(Conflict, match="or has submissions, and its definition or its data is not what it was"):
            world.platform.register_challenge(world.yaml)

    def test_missing_data_is_named_case_by_case(self, world: Any) -> None:
        (world.folder / "truth/head/1.png").unlink()
        with pytest.raises(DefinitionRefused, match=r"head/img/1\.png"):
            world.platform.register_challenge(world.yaml)

    def test_a_case_without_reference_cannot_be_scored_and_is_refused(self, world: Any, worlds: Any) -> None:
        cases = [dict(case) for case in worlds.CHALLENGE["cases"]]
        del cases[0]["mask"]
        worlds.write_challenge(world.folder, cases=cases, name="other")
        with pytest.raises(DefinitionRefused, match="have no reference"):
            world.platform.register_challenge(world.yaml)

    @pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
    def test_challenges_of_every_kind_are_taken_and_shown(self, world: Any, tmp_path: Path, preset: Preset) -> None:
        made = make_preset(preset, tmp_path / "made")
        summary = world.platform.register_challenge(made)
        shown = world.anyone.get(f"/api/v1/challenges/{summary.name}").json()
        assert {task["kind"] for task in shown["tasks"]} == {task.kind for task in load_challenge(made).challenge.tasks}
        assert world.anyone.get(f"/api/v1/challenges/{summary.name}/public").status_code == 200
        page = world.anyone.get(f"/challenges/{summary.name}")
        assert page.status_code == 200
        assert "is best" in page.text

    def test_a_broken_file_says_what_the_loader_says(self, world: Any) -> None:
        world.yaml.write_text("sonobench: 1\nnonsense: 2\n")
        with pytest.raises(ChallengeError, match="nonsense"):
            world.platform.register_challenge(world.yaml)

    def test_it_is_scored_from_the_stored_copy(self, world: Any) -> None:
        world.yaml.unlink()
        assert world.state(world.scored("A")) == "scored"

    def test_the_stored_definition_is_for_its_owner_alone(self, world: Any) -> None:
        assert world.platform.core.store.definition(world.summary.hash).stat().st_mode & 0o777 == 0o600


class TestReadChallenge:
    def test_nothing_hidden_is_shown(self, world: Any) -> None:
        answer = world.anyone.get("/api/v1/challenges/tiny")
        shown = answer.json()
        assert [(task["id"], task["cases"]) for task in shown["tasks"]] == [("head", 2), ("breast", 2)]
        assert [(center["id"], center["role"], center["cases"]) for center in shown["centers"]] == [
            ("north", "internal", 2),
            ("south", "external", 2),
        ]
        assert shown["limits"]["time_s"] == 60
        assert ".png" not in answer.text
        assert str(world.folder) not in answer.text

    def test_hidden_truth_is_not_in_the_database(self, world: Any) -> None:
        from sqlalchemy import select

        from sonobench_platform.db.models import ChallengeRow

        with world.platform.core.database.read() as session:
            row = session.scalars(select(ChallengeRow)).one()
        assert '"label":1' not in row.public_definition
        assert "head/1.png" not in row.public_definition.replace("head/img/1.png", "")

    @pytest.mark.parametrize("name", ["other", "TINY", "x%00y", "..%2f.."])
    def test_an_unknown_one_is_404(self, world: Any, name: str) -> None:
        assert world.anyone.get(f"/api/v1/challenges/{name}").status_code == 404


class TestTeams:
    def test_a_name_is_taken_once_whatever_its_case(self, world: Any) -> None:
        world.team("U-Vision")
        answer = world.organiser.post("/api/v1/teams", json={"name": " u-vision"})
        assert (answer.status_code, answer.json()["code"]) == (409, "team-exists")

    @pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\u202eb", "a\nb", 7, None])
    def test_a_name_that_cannot_be_shown_is_refused(self, world: Any, name: Any) -> None:
        assert world.organiser.post("/api/v1/teams", json={"name": name}).status_code == 422

    def test_the_list_shows_no_tokens(self, world: Any) -> None:
        token = world.team("A").token
        answer = world.organiser.get("/api/v1/teams")
        assert [team["name"] for team in answer.json()["items"]] == ["A"]
        assert token not in answer.text
