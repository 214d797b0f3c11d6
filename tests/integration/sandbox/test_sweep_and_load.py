"""Sweeping up after dead workers, and loading what intake wrote."""

from __future__ import annotations

import contextlib
import dataclasses
import tarfile
import uuid

import pytest

from sonobench_eval.sandbox.docker_engine import DockerEngine
from sonobench_eval.sandbox.docker_engine.images import _is_as_verified
from sonobench_eval.sandbox.failure import Blame, Category, classify
from sonobench_eval.sandbox.limits import labels
from sonobench_eval.sandbox.port import EngineMissing, ImageRefusedByEngine, SandboxTrouble, never_started

pytestmark = pytest.mark.docker


@pytest.fixture
def leftover(docker_api, loaded, image_of, make_spec):
    """Makes what a killed worker leaves: a running container and a volume, with our labels, under any name."""
    made = []

    def make(name=None, **changes):
        spec = dataclasses.replace(make_spec(loaded(image_of("sleep 60"))), **changes)
        name = name or spec.name
        body = {"Image": spec.image.engine_id, "Labels": labels(spec), "HostConfig": {"NetworkMode": "none"}}
        docker_api.start(docker_api.create_container_from_config(body, name)["Id"])
        docker_api.create_volume(f"{name}-output", labels=labels(spec))
        made.append(name)
        return spec

    yield make
    for name in made:
        with contextlib.suppress(Exception):
            docker_api.remove_container(name, force=True, v=True)
        with contextlib.suppress(Exception):
            docker_api.remove_volume(f"{name}-output", force=True)


class TestSweep:
    def test_what_a_dead_worker_left_is_removed(self, engine, leftover):
        spec = leftover()
        assert sorted(engine.sweep(spec.node, lambda run_id, attempt: False)) == [spec.name, f"{spec.name}-output"]

    def test_what_is_alive_stays(self, engine, leftover):
        alive = leftover()
        dead = leftover()
        removed = engine.sweep(alive.node, lambda run_id, attempt: (run_id, attempt) == (alive.run_id, 1))
        assert sorted(removed) == [dead.name, f"{dead.name}-output"]
        assert engine.sweep(alive.node, lambda run_id, attempt: False) != []

    def test_another_nodes_containers_are_not_touched(self, engine, leftover):
        leftover()
        assert engine.sweep(f"other-{uuid.uuid4().hex}", lambda run_id, attempt: False) == []

    def test_labels_alone_are_not_trusted(self, engine, leftover):
        spec = leftover(name=f"somebodys-{uuid.uuid4().hex[:8]}")
        assert engine.sweep(spec.node, lambda run_id, attempt: False) == []

    def test_a_run_that_was_cut_off_is_swept_whole(self, engine, loaded, make_spec, image_of, tmp_path, monkeypatch):
        # As a killed worker would leave it: every removal on the way out fails.
        monkeypatch.setattr("sonobench_eval.sandbox.docker_engine.owned.remove_container", lambda api, name: False)
        monkeypatch.setattr("sonobench_eval.sandbox.docker_engine.owned.remove_volume", lambda api, name: False)
        spec = make_spec(loaded(image_of("echo > /output/f")))
        engine.run(spec, tmp_path / "r.tar")
        removed = engine.sweep(spec.node, lambda run_id, attempt: False)
        endings = ["", "-image", "-keeper", "-output", "-place0", "-place1"]
        assert sorted(removed) == sorted(spec.name + ending for ending in endings)


class TestLoad:
    def test_loading_again_is_harmless(self, loaded, image_of):
        image = image_of("echo twice")
        assert loaded(image) == loaded(image)

    def test_an_image_whose_layers_are_not_the_verified_ones_is_refused(self, engine, loaded, image_of, tmp_path, docker_api):
        honest = loaded(image_of("echo honest"))
        claimed = dataclasses.replace(honest, diff_ids=("sha256:" + "0" * 64,))
        data = tmp_path / "image.tar"
        data.write_bytes(b"".join(docker_api.get_image(honest.engine_id)))
        with pytest.raises(SandboxTrouble, match="verified layers"):
            engine.load(data, claimed)

    def test_a_file_that_is_no_image_is_refused_in_a_sentence(self, engine, make_identity, tmp_path):
        (tmp_path / "x.tar").write_bytes(b"no image at all")
        with pytest.raises(SandboxTrouble):
            engine.load(tmp_path / "x.tar", make_identity("a"))

    @pytest.mark.parametrize(
        "files",
        [
            {"a": {"kind": tarfile.LNKTYPE, "link": "nothing"}},
            {"a": {}, "a/b": {}},
            {"x" * 300: {}},
        ],
        ids=["a hard link to nothing", "a file below a file", "a name too long"],
    )
    def test_layers_that_cannot_be_unpacked_are_the_teams(self, loaded, image_of, file_of, files, docker_api):
        before = {image["Id"] for image in docker_api.images()}
        with pytest.raises(ImageRefusedByEngine) as refused:
            loaded(image_of(files={name: file_of(**fields) for name, fields in files.items()}))
        failure = classify(never_started(str(refused.value)), time_limit_s=1, memory_limit_bytes=1, output_limit_bytes=1)
        assert (failure.blame, failure.category) == (Blame.PARTICIPANT, Category.CANNOT_START)
        assert "cannot be unpacked" in failure.sentence
        assert not [image for image in docker_api.images("sonobench/control") if image["Id"] not in before]

    @pytest.mark.parametrize("why", ["_is_as_verified", "another_image_loads"])
    def test_they_are_not_where_the_file_is_damaged_or_no_image_can_be_loaded(self, loaded, image_of, file_of, monkeypatch, why):
        monkeypatch.setattr(f"sonobench_eval.sandbox.docker_engine.images.{why}", lambda *given: False)
        with pytest.raises(SandboxTrouble, match="could not load"):
            loaded(image_of(files={"a": file_of(kind=tarfile.LNKTYPE, link="nothing")}))

    def test_a_damaged_file_is_told_by_its_layers(self, engine, image_of, loaded, docker_api, tmp_path):
        honest = loaded(image_of("echo damaged"))
        whole = tmp_path / "image.tar"
        whole.write_bytes(b"".join(docker_api.get_image(honest.engine_id)))
        assert _is_as_verified(whole, honest)
        assert not _is_as_verified(whole, dataclasses.replace(honest, diff_ids=honest.diff_ids[::-1]))
        whole.write_bytes(whole.read_bytes()[:5000])
        assert not _is_as_verified(whole, honest)

    def test_a_missing_file_is_named(self, engine, make_identity, tmp_path):
        with pytest.raises(SandboxTrouble, match=r"gone\.tar cannot be read"):
            engine.load(tmp_path / "gone.tar", make_identity("a"))

    def test_an_image_that_is_gone_is_the_platforms_trouble(self, engine, make_identity, make_spec, tmp_path):
        with pytest.raises(SandboxTrouble, match="no longer in the Docker Engine"):
            engine.run(make_spec(make_identity("b")), tmp_path / "r.tar")

    def test_an_image_that_changed_after_it_was_verified_does_not_run(self, engine, loaded, image_of, make_spec, tmp_path):
        changed = dataclasses.replace(loaded(image_of()), diff_ids=("sha256:" + "1" * 64,))
        with pytest.raises(SandboxTrouble, match="another image"):
            engine.run(make_spec(changed), tmp_path / "r.tar")


class TestForget:
    def test_an_image_in_use_stays(self, engine, leftover):
        spec = leftover()
        assert engine.forget(spec.image) is False
        assert engine.resolve(spec.image.engine_id).diff_ids == spec.image.diff_ids

    def test_an_image_with_another_name_keeps_that_one(self, engine, loaded, image_of, docker_api):
        identity = loaded(image_of("echo named twice"))
        docker_api.tag(identity.engine_id, "sonobench-test/second", "1")
        assert engine.forget(identity) is False
        assert docker_api.inspect_image(identity.engine_id)["RepoTags"] == ["sonobench-test/second:1"]

    def test_one_that_was_there_before_under_somebodys_own_name_is_not_taken_from_them(
        self, engine, loaded, image_of, docker_api
    ):
        first = loaded(image_of("echo built here"))
        docker_api.tag(first.engine_id, "sonobench-test/theirs", "1")
        docker_api.remove_image(first.tag)
        again = loaded(image_of("echo built here"))
        assert engine.forget(again) is False
        assert docker_api.inspect_image(again.engine_id)["RepoTags"] == ["sonobench-test/theirs:1"]


class TestResolve:
    def test_a_tag_and_an_id_are_the_same_image(self, engine, loaded, image_of, docker_api):
        identity = loaded(image_of("echo resolve"))
        tag = docker_api.inspect_image(identity.engine_id)["RepoTags"][0]
        assert engine.resolve(tag) == engine.resolve(identity.engine_id)
        assert engine.resolve(tag).diff_ids == identity.diff_ids

    def test_an_unknown_reference_says_how_to_find_one(self, engine):
        with pytest.raises(SandboxTrouble, match="docker images"):
            engine.resolve("no/such:image")


class TestConnect:
    def test_a_missing_engine_says_how_to_get_one(self, monkeypatch, tmp_path):
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
        with pytest.raises(EngineMissing, match=r"No Docker Engine answers at unix://.*apt-get install docker\.io"):
            DockerEngine.connect()


@pytest.fixture
def make_identity():
    from sonobench_eval.sandbox.port import ImageIdentity

    return lambda digit: ImageIdentity("sha256:" + digit * 64, ())
