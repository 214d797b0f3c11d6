"""`sonobench init`: what it writes is a submission as it stands."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker
import pytest

Run = Callable[..., Any]
WRITTEN = {"Dockerfile", "predict.py", "requirements.txt", "README.md", ".dockerignore"}


class TestInit:
    def test_it_writes_the_template_and_says_what_comes_next(self, sonobench: Run, tmp_path: Path) -> None:
        made = sonobench("init", "My Algorithm")
        assert made.returncode == 0, made.stderr
        assert {path.name for path in (tmp_path / "My Algorithm").iterdir()} == WRITTEN
        assert "sonobench test my-algorithm challenge.yaml" in made.stderr

    @pytest.mark.parametrize("name", sorted(WRITTEN))
    def test_nothing_is_ever_replaced(self, sonobench: Run, tmp_path: Path, name: str) -> None:
        (tmp_path / name).write_text("mine")
        refused = sonobench("init")
        assert refused.returncode == 2
        assert name in refused.stderr
        assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [name]
        assert (tmp_path / name).read_text() == "mine"

    def test_a_full_disk_leaves_no_half_of_it(self, sonobench: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        from sonobench_eval.cli import starting

        whole, calls = starting.write_whole, []

        def fill_up(target: Path, content: bytes) -> None:
            calls.append(target)
            if len(calls) == 3:
                raise OSError(28, "No space left on device", str(target))
            whole(target, content)

        monkeypatch.setattr(starting, "write_whole", fill_up)
        assert sonobench("init", "here").returncode == 1
        assert list((tmp_path / "here").iterdir()) == []

    def test_the_dockerfile_builds_with_internet_too(self, sonobench: Run, tmp_path: Path) -> None:
        sonobench("init")
        lines = (tmp_path / "Dockerfile").read_text().splitlines()
        assert "ARG BASE=python:3.12-slim" in lines
        assert "FROM ${BASE}" in lines


@pytest.mark.docker
class TestTheTemplate:
    def test_it_passes_sonobench_test_unchanged(self, sonobench: Run, tmp_path: Path, docker_client: docker.DockerClient) -> None:
        from infra.base_image import ensure_base, plain
        from infra.image_build import build

        from sonobench_eval.challenge.phantom import make_phantom

        base = ensure_base(docker_client, plain())
        assert sonobench("init", "mine").returncode == 0
        context = {path.name: path for path in (tmp_path / "mine").iterdir() if path.name != ".dockerignore"}
        tag = build(docker_client, context, tag=f"sonobench-init-test:{os.getpid()}", buildargs={"BASE": base})
        try:
            challenge = make_phantom(tmp_path / "set", seed=7, cases_per_task=12, size=96)
            tested = sonobench("test", tag, challenge, "--json", "report.json")
        finally:
            docker_client.images.remove(tag)
        assert tested.returncode == 0, tested.stdout + tested.stderr
        report = json.loads((tmp_path / "report.json").read_text())
        assert report["pseudonym_key"] is not None
        checks = [check for check in report["checks"] if check["name"] != "This machine"]
        assert {check["state"] for check in checks} == {"ok"}, checks
        assert report["image"]["warnings"] == []
        assert report["findings"] == []
