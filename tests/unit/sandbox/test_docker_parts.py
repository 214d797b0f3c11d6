"""The parts of the engine room that need no engine."""

from __future__ import annotations

import hashlib
import io
import subprocess
import tarfile
import time

import docker.errors
import pytest

from sonobench_eval.sandbox.docker_engine.engine import node_facts
from sonobench_eval.sandbox.docker_engine.images import assert_made_of
from sonobench_eval.sandbox.docker_engine.keeper import keeper_tar, wait_program
from sonobench_eval.sandbox.docker_engine.statistics import sample_of
from sonobench_eval.sandbox.docker_engine.sweep import _CONTAINER_ENDINGS, _VOLUME_ENDINGS, _is_dead
from sonobench_eval.sandbox.port import EngineMissing, ImageIdentity, SandboxTrouble


class TestAssertMadeOf:
    IDENTITY = ImageIdentity("sha256:config", ("sha256:1", "sha256:2"), engine_id="sha256:index")

    class Engine:
        """An engine with one container and the image behind its Id; None for an image that is gone."""

        def __init__(self, layers, made_of="sha256:index"):
            self._layers, self._made_of = layers, made_of

        def inspect_container(self, container_id):
            return {"Image": self._made_of}

        def inspect_image(self, name):
            if self._layers is None:
                raise docker.errors.ImageNotFound("no such image")
            return {"Id": name, "RootFS": {"Layers": self._layers}}

    def test_the_verified_layers_behind_another_stores_id_are_right(self):
        assert_made_of(self.Engine(["sha256:1", "sha256:2"]), "c", self.IDENTITY, engine_id="sha256:index")

    def test_another_id_is_refused(self):
        with pytest.raises(SandboxTrouble, match="made a container of sha256:other where sha256:index was asked for"):
            assert_made_of(self.Engine(["sha256:1", "sha256:2"], "sha256:other"), "c", self.IDENTITY, engine_id="sha256:index")

    @pytest.mark.parametrize("layers", [["sha256:2", "sha256:1"], ["sha256:1"], ["sha256:1", "sha256:2", "sha256:3"], [], None])
    def test_other_layers_behind_the_right_id_are_refused(self, layers):
        with pytest.raises(SandboxTrouble, match="not of the layers that were verified"):
            assert_made_of(self.Engine(layers), "c", self.IDENTITY, engine_id="sha256:index")


class TestKeeper:
    def test_its_program_waits_until_it_is_killed_and_uses_no_time(self, tmp_path):
        path = tmp_path / "wait"
        path.write_bytes(wait_program())
        path.chmod(0o755)
        with subprocess.Popen([path]) as process:
            time.sleep(0.2)
            assert process.poll() is None
            process.kill()
            assert process.wait(5) == -9

    def test_it_is_as_small_as_its_comment_says(self):
        assert len(wait_program()) == 129

    def test_its_image_is_the_same_bytes_every_time(self):
        assert keeper_tar() == keeper_tar()

    def test_its_layer_is_the_one_that_is_promised(self):
        data, diff_id = keeper_tar()
        with tarfile.open(fileobj=io.BytesIO(data)) as image:
            layer = image.extractfile("layer.tar").read()
        assert diff_id == "sha256:" + hashlib.sha256(layer).hexdigest()


INFO = {"OSType": "linux", "Architecture": "x86_64", "NCPU": 8, "MemTotal": 2**34, "DockerRootDir": "/var/lib/docker"}


class TestNodeFacts:
    def test_it_tells_cpus_and_memory(self):
        facts = node_facts(INFO)
        assert (facts.cpus, facts.memory_bytes, facts.uid_offset) == (8, 2**34, 0)

    def test_remapped_users_begin_where_the_engines_folder_says(self):
        info = {**INFO, "SecurityOptions": ["name=userns"], "DockerRootDir": "/var/lib/docker/231072.300000"}
        assert (node_facts(info).uid_offset, node_facts(info).gid_offset) == (231072, 300000)

    def test_another_architecture_is_refused_in_a_sentence(self):
        with pytest.raises(EngineMissing, match=r"linux/aarch64; images here are for linux/amd64"):
            node_facts({**INFO, "Architecture": "aarch64"})


class TestSampleOf:
    def test_version_2_tells_anonymous_and_shared_memory(self):
        sample = sample_of(
            {"memory_stats": {"stats": {"anon": 10, "shmem": 5}}, "cpu_stats": {"cpu_usage": {"total_usage": 2 * 10**9}}},
            limit_bytes=2**30,
        )
        assert (sample.anon_shmem_bytes, sample.cpu_time_s) == (15, 2.0)

    def test_version_1_leaves_shared_memory_to_be_worked_out(self):
        stats = {"total_rss": 10, "total_cache": 100, "total_active_file": 60, "total_inactive_file": 10}
        assert sample_of({"memory_stats": {"stats": stats, "max_usage": 200}}, limit_bytes=2**30).anon_shmem_bytes == 10 + 30

    def test_an_ended_container_has_none(self):
        with pytest.raises(ValueError, match="no statistics"):
            sample_of({"memory_stats": {}}, limit_bytes=2**30)

    @pytest.mark.parametrize(("limit", "ours"), [(2**30, True), (2**30 - 4096, True), (2**34, False), (2**63 - 4096, False)])
    def test_figures_of_a_group_with_another_limit_are_not_the_containers(self, limit, ours):
        document = {"memory_stats": {"limit": limit, "stats": {"anon": 10, "shmem": 5}}}
        if ours:
            assert sample_of(document, limit_bytes=2**30).anon_shmem_bytes == 15
        else:
            with pytest.raises(ValueError, match="no control group of its own"):
                sample_of(document, limit_bytes=2**30)


LABELS = {"org.sonobench.run": "r", "org.sonobench.attempt": "1", "org.sonobench.node": "n"}


class TestIsDead:
    def dead(self, name, *, labels=None, ending=_CONTAINER_ENDINGS, alive=False):
        return _is_dead(name, {"Labels": labels or LABELS}, ending=ending, is_alive=lambda run_id, attempt: alive)

    @pytest.mark.parametrize(
        "name", ["sonobench-r-a1", "sonobench-r-a1-image", "sonobench-r-a1-keeper", "sonobench-r-a1-control"]
    )
    def test_our_names_with_our_labels_are(self, name):
        assert self.dead(name)
        assert not self.dead(name, alive=True)

    @pytest.mark.parametrize("name", ["sonobench-r-a11", "sonobench-r-a1-other", "database", "", "xsonobench-r-a1"])
    def test_other_names_are_not_whatever_their_labels_say(self, name):
        assert not self.dead(name)

    def test_volumes_have_their_own_endings(self):
        assert self.dead("sonobench-r-a1-output", ending=_VOLUME_ENDINGS)
        assert self.dead("sonobench-r-a1-place0", ending=_VOLUME_ENDINGS)
        assert not self.dead("sonobench-r-a1", ending=_VOLUME_ENDINGS)

    @pytest.mark.parametrize("attempt", ["", "x", "-1", "1" * 30, "１"])
    def test_labels_that_make_no_sense_are_nobodys(self, attempt):
        assert not self.dead("sonobench-r-a1", labels={**LABELS, "org.sonobench.attempt": attempt})
