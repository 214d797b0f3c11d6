"""The parts of the engine room that need no engine."""

from __future__ import annotations

import hashlib
import io
import socket
import subprocess
import tarfile
import time

import docker.errors
import pytest
import requests
import urllib3

from sonobench_eval.challenge.model import Limits
from sonobench_eval.sandbox.docker_engine import fill
from sonobench_eval.sandbox.docker_engine.calls import UnexplainedRefusal, engine_call, image_may_be_refused, open_client
from sonobench_eval.sandbox.docker_engine.collect import _entry, _Tally
from sonobench_eval.sandbox.docker_engine.engine import node_facts
from sonobench_eval.sandbox.docker_engine.fill import Content, _count, _for_the_sandbox_user, refuse_odd_accounts
from sonobench_eval.sandbox.docker_engine.images import assert_made_of
from sonobench_eval.sandbox.docker_engine.keeper import keeper_tar, wait_program
from sonobench_eval.sandbox.docker_engine.statistics import sample_of
from sonobench_eval.sandbox.docker_engine.streams import ByteStream
from sonobench_eval.sandbox.docker_engine.sweep import _CONTAINER_ENDINGS, _VOLUME_ENDINGS, _is_dead
from sonobench_eval.sandbox.links import way_to
from sonobench_eval.sandbox.port import EngineMissing, ImageIdentity, ImageRefusedByEngine, SandboxTrouble


def api_error(status, words):
    response = requests.Response()
    response.status_code = status
    return docker.errors.APIError("failed", response=response, explanation=words)


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


class TestEngineCall:
    def test_the_engines_words_are_kept_without_the_url(self):
        with (
            pytest.raises(SandboxTrouble, match=r"could not start a container: device is busy$"),
            engine_call("start a container"),
        ):
            raise api_error(500, "device is busy")

    def test_a_full_disk_is_named(self):
        with pytest.raises(SandboxTrouble, match="disk is full: it could not load an image"), engine_call("load an image"):
            raise api_error(500, "write /var/lib/docker/x: no space left on device")

    def test_an_engine_that_sees_other_files_is_told_apart(self):
        words = 'invalid mount config for type "bind": bind source path does not exist: /tmp/x'
        with pytest.raises(SandboxTrouble, match="must have the same path for the engine"), engine_call("create a container"):
            raise api_error(400, words)

    @pytest.mark.parametrize(
        "error",
        [
            requests.exceptions.ConnectionError("gone"),
            requests.exceptions.ReadTimeout("silent"),
            requests.exceptions.ChunkedEncodingError("cut off"),
            urllib3.exceptions.ProtocolError("cut off"),
            urllib3.exceptions.ReadTimeoutError(None, None, "silent"),
            docker.errors.DockerException("odd"),
        ],
    )
    def test_errors_of_every_library_become_the_platforms_trouble(self, error):
        with pytest.raises(SandboxTrouble, match="did not answer when asked to wait"), engine_call("wait"):
            raise error

    def test_other_errors_pass_through(self):
        with pytest.raises(KeyError), engine_call("wait"):
            raise KeyError("a bug of ours")


class TestImageMayBeRefused:
    def test_the_images_fault_is_a_verdict(self):
        with pytest.raises(ImageRefusedByEngine, match="No command specified"), image_may_be_refused("create a container"):
            raise api_error(400, "No command specified")

    def test_what_nobody_knows_keeps_its_words(self):
        with (
            pytest.raises(UnexplainedRefusal, match="could not start a container") as raised,
            image_may_be_refused("start a container"),
        ):
            raise api_error(500, "something new")
        assert raised.value.words == "something new"

    def test_a_full_disk_is_never_the_images_but_its_own_paths_do_not_count(self):
        with pytest.raises(SandboxTrouble, match="disk is full") as raised, image_may_be_refused("create a container"):
            raise api_error(500, "mkdir /var/lib/docker/overlay2/abc: no space left on device")
        assert not isinstance(raised.value, UnexplainedRefusal)
        with pytest.raises(UnexplainedRefusal), image_may_be_refused("create a container"):
            raise api_error(500, "lstat /x/no space left on device: is odd")

    @pytest.mark.parametrize(
        "words", ["fork/exec /proc/self/exe: cannot allocate memory: unknown", "write /x: disk quota exceeded"]
    )
    def test_what_the_node_ran_out_of_is_never_the_images(self, words):
        with pytest.raises(SandboxTrouble) as raised, image_may_be_refused("start a container"):
            raise api_error(500, words)
        assert not isinstance(raised.value, UnexplainedRefusal)

    def test_silence_is_never_the_images(self):
        with pytest.raises(SandboxTrouble) as raised, image_may_be_refused("start a container"):
            raise requests.exceptions.ReadTimeout("silent")
        assert not isinstance(raised.value, UnexplainedRefusal)

    def test_anything_else_is_trouble(self):
        with pytest.raises(SandboxTrouble, match="unknown runtime"), image_may_be_refused("create a container"):
            raise api_error(400, "unknown runtime specified runsc")


class TestOpenClient:
    def test_a_closed_socket_says_how_to_get_an_engine(self, monkeypatch, tmp_path):
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
        with pytest.raises(EngineMissing, match=r"Install one .* start it .* or let DOCKER_HOST name"):
            open_client(timeout_s=1)

    def test_a_socket_that_may_not_be_used_says_which_group_to_join(self, monkeypatch):
        def refuse(host):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("sonobench_eval.sandbox.docker_engine.calls._knock", refuse)
        with pytest.raises(EngineMissing, match=r"group `docker`.*usermod -aG docker"):
            open_client(timeout_s=1)

    def test_an_engine_that_stays_silent_is_not_waited_for(self, monkeypatch, tmp_path):
        with socket.socket(socket.AF_UNIX) as silent:
            silent.bind(str(tmp_path / "s"))
            silent.listen()
            monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/s")
            with pytest.raises(EngineMissing, match="No Docker Engine answers"):
                open_client(timeout_s=1)

    def test_a_host_that_makes_no_sense_is_missing_too(self, monkeypatch):
        monkeypatch.setenv("DOCKER_HOST", "nonsense://x")
        with pytest.raises(EngineMissing, match="nonsense"):
            open_client(timeout_s=1)


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


def member(name, kind=tarfile.REGTYPE, **fields):
    made = tarfile.TarInfo(name)
    made.type = kind
    for field, value in fields.items():
        setattr(made, field, value)
    return made


class TestForTheSandboxUser:
    def test_roots_file_becomes_ours_and_loses_its_special_bits(self):
        ours = _for_the_sandbox_user(member("./a/run.sh", uid=0, gid=0, uname="root", mode=0o6511))
        assert (ours.uid, ours.gid, ours.uname, ours.mode) == (10001, 10001, "", 0o711)

    def test_a_closed_folder_opens_for_us(self):
        assert _for_the_sandbox_user(member("./d", tarfile.DIRTYPE, mode=0o500)).mode == 0o700

    def test_the_time_stays_because_compiled_files_carry_it(self):
        assert _for_the_sandbox_user(member("./m.py", mtime=1234)).mtime == 1234

    @pytest.mark.parametrize(
        "odd",
        [
            member(".", tarfile.DIRTYPE),
            member("./../x"),
            member("/x"),
            member("./null", tarfile.CHRTYPE),
            member("./disk", tarfile.BLKTYPE),
            member("./pipe", tarfile.FIFOTYPE),
        ],
    )
    def test_what_is_no_plain_part_of_the_place_is_left_out(self, odd):
        assert _for_the_sandbox_user(odd) is None


class TestCount:
    def test_files_count_in_whole_pages(self):
        members = [
            member(".", tarfile.DIRTYPE),
            member("a", size=1),
            member("b", size=4096),
            member("l", tarfile.SYMTYPE, size=0),
        ]
        assert _count(iter(members), limit_bytes=10**6, limit_files=99) == Content("folder", 8192, 4)

    def test_a_long_link_takes_a_page(self):
        links = [member("s", tarfile.SYMTYPE, linkname="x" * 31), member("l", tarfile.SYMTYPE, linkname="x" * 32)]
        assert _count(iter(links), limit_bytes=10**6, limit_files=99) == Content("folder", 4096, 2)

    def test_counting_stops_at_the_limit(self):
        endless = (member(str(n), size=4096) for n in range(10**9))
        assert _count(endless, limit_bytes=40960, limit_files=99) == Content("too_large", 45056, 11)

    def test_many_empty_files_are_too_many(self):
        endless = (member(str(n)) for n in range(10**9))
        assert _count(endless, limit_bytes=1, limit_files=99).kind == "too_large"


PLAIN, FOLDER, DEVICE, PIPE, SOCKET = 0o644, 1 << 31 | 0o755, 1 << 26 | 1 << 21, 1 << 25, 1 << 24


class TestRefuseOddAccounts:
    """Never on an engine: a start of some of these would read without end, as root on the host."""

    @pytest.fixture
    def look(self, monkeypatch):
        def refused(files, links=None):
            def path_stat(api, container_id, path):
                return {"mode": files[path], "size": 100, "linkTarget": ""} if path in files else None

            def way_in_image(api, container_id, path):
                return way_to(path, (links or {}).get)

            monkeypatch.setattr(fill, "path_stat", path_stat)
            monkeypatch.setattr(fill, "way_in_image", way_in_image)
            refuse_odd_accounts(None, "probe")

        return refused

    def test_plain_files_links_to_them_and_none_at_all_are_fine(self, look):
        look({"/etc/passwd": PLAIN, "/etc/group": PLAIN})
        look({"/usr/passwd": PLAIN}, {"/etc/passwd": "../usr/passwd"})
        look({})

    @pytest.mark.parametrize("name", ["/etc/passwd", "/etc/group"])
    @pytest.mark.parametrize("mode", [FOLDER, DEVICE, PIPE, SOCKET])
    def test_nodes_like_dev_zero_are_refused(self, look, name, mode):
        with pytest.raises(ImageRefusedByEngine, match=f"{name} that is not a plain small file"):
            look({name: mode})

    @pytest.mark.parametrize("name", ["/etc/passwd", "/etc/group"])
    @pytest.mark.parametrize("target", ["/dev/zero", "../dev/zero", "/proc/kmsg", "/sys/x", "/l", "/c", "/a/../dev/zero"])
    def test_links_to_what_only_the_container_has_are_refused(self, look, name, target):
        links = {"/l": "/proc/self/x", "/proc/self": "/ok", "/c": "c"}
        with pytest.raises(ImageRefusedByEngine, match=f"{name} that is not a plain small file"):
            look({}, links | {name: target})

    def test_a_link_to_a_device_of_the_image_is_refused(self, look):
        with pytest.raises(ImageRefusedByEngine, match="not a plain small file"):
            look({"/srv/zero": DEVICE}, {"/etc/group": "/srv/zero"})


class TestTally:
    LIMITS = Limits(output_bytes=10 * 4096 + 16 * 4096, output_files=3)

    def tally(self, *members):
        tally = _Tally(self.LIMITS)
        assert [tally.add(each) for each in members] == [True] * len(members)
        return tally.collected()

    def test_a_few_small_files_are_no_limit(self):
        collected = self.tally(member("a", size=10), member("b", size=20))
        assert (collected.files, collected.size_bytes, collected.bytes_full, collected.too_many) == (2, 30, False, False)

    def test_a_place_with_less_than_64_kib_left_is_full(self):
        assert not self.tally(member("a", size=10 * 4096)).bytes_full
        assert self.tally(member("a", size=10 * 4096 + 1)).bytes_full

    def test_one_file_more_than_declared_is_too_many(self):
        assert not self.tally(*(member(str(n)) for n in range(3))).too_many
        assert self.tally(*(member(str(n)) for n in range(4))).too_many

    def test_folders_count_as_inodes(self):
        assert self.tally(*(member(str(n), tarfile.DIRTYPE) for n in range(1020))).too_many

    def test_a_sparse_giant_ends_the_reading(self):
        tally = _Tally(self.LIMITS)
        assert tally.add(member("a", size=2**50)) is False
        assert tally.collected().bytes_full
        assert tally.collected().files == 0


class TestEntry:
    def test_the_output_folder_itself_is_cut_off(self):
        assert _entry(member("output/x/y.png", size=3)).name == "x/y.png"

    def test_folders_and_the_root_are_left_out(self):
        assert _entry(member("output", tarfile.DIRTYPE)) is None
        assert _entry(member("output/x", tarfile.DIRTYPE)) is None

    def test_a_link_is_a_header_without_a_body(self):
        entry = _entry(member("output/l", tarfile.SYMTYPE, linkname="/etc/shadow", size=99))
        assert (entry.type, entry.size, entry.linkname) == (tarfile.SYMTYPE, 0, "/etc/shadow")

    def test_nothing_of_the_writer_is_kept(self):
        entry = _entry(
            member("output/f", uid=7, gid=7, uname="me", mtime=99, mode=0o7777, pax_headers={"SCHILY.xattr.user.x": "y"})
        )
        assert (entry.uid, entry.gid, entry.uname, entry.mtime, entry.mode, entry.pax_headers) == (0, 0, "", 0, 0o644, {})


class TestByteStream:
    def test_chunks_of_any_size_read_as_one_file(self):
        stream = ByteStream(iter([b"ab", b"", b"cdef"]))
        assert [stream.read(3), stream.read(3), stream.read(3), stream.read(3)] == [b"ab", b"cde", b"f", b""]

    def test_whole_reads_span_chunks_and_end_with_the_stream(self):
        stream = ByteStream(iter([b"ab", b"cd", b"e"]))
        assert [stream.read_whole(3), stream.read_whole(9), stream.read_whole(1)] == [b"abc", b"de", b""]


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
