"""The commands that push an image: right for every name, harmless whatever a server says."""

from __future__ import annotations

import shlex

import pytest

from sonobench_eval.cli.pushing import push_commands


class TestPushCommands:
    @pytest.mark.parametrize(
        ("image", "name"),
        [
            ("my-model", "my-model:latest"),
            ("my-model:v2", "my-model:v2"),
            ("registry.example.org:5000/lab/my-model:v2", "my-model:v2"),
            ("3f2a9c1b7d4e", "3f2a9c1b7d4e:latest"),
            ("sha256:3f2a", "sha256:3f2a"),
            ("My_Model:v2", "image:v2"),
            ("my..model:v2", "image:v2"),
            ("model@sha256:3f2a", "image:3f2a"),
        ],
    )
    def test_an_image_keeps_its_name_where_a_registry_takes_it(self, image: str, name: str) -> None:
        _, tag, push, submit = push_commands("bench.example.org", "team-a/", image).splitlines()
        assert shlex.split(tag) == ["docker", "tag", image, f"bench.example.org/team-a/{name}"]
        assert shlex.split(push)[-1] == f"bench.example.org/team-a/{name}"
        assert f"--pushed team-a/{name} " in submit

    def test_a_server_cannot_slip_in_a_command(self) -> None:
        lines = push_commands("a; rm -rf ~", "team-a/$(id)/", "my-model").splitlines()
        assert [shlex.split(line)[0] for line in lines] == ["docker", "docker", "docker", "sonobench"]
        assert shlex.split(lines[0])[2] == "a; rm -rf ~"

    def test_a_server_cannot_draw_a_line_of_its_own(self) -> None:
        shown = push_commands("a\nrm -rf ~\x1b[2J", "team-a/", "my-model")
        assert len(shown.splitlines()) == 4
        assert "\x1b" not in shown
