"""What is made of the engine's words and of its silence: whose fault it is, in a sentence."""

from __future__ import annotations

import socket

import docker.errors
import pytest
import requests
import urllib3

from sonobench_eval.sandbox.docker_engine.calls import UnexplainedRefusal, engine_call, image_may_be_refused, open_client
from sonobench_eval.sandbox.port import EngineMissing, ImageRefusedByEngine, SandboxTrouble


def api_error(status, words):
    response = requests.Response()
    response.status_code = status
    return docker.errors.APIError("failed", response=response, explanation=words)


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
