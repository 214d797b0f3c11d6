"""infra.examples and infra.base_image: tags by content, found again at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import docker
import pytest
from infra.image_build import ImageBuildError

from infra import base_image, examples


class TestKind:
    def test_the_tag_follows_what_goes_in(self) -> None:
        plain = base_image.plain()
        other = base_image.Kind(plain.repository, (*plain.requirements, "scipy==1.0"), with_torch=False)
        assert plain.tag == base_image.plain().tag != other.tag

    def test_another_index_for_torch_makes_another_image_and_leaves_the_plain_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        plain, torch = base_image.plain().tag, base_image.with_torch().tag
        monkeypatch.setenv("TORCH_INDEX", "https://example.org/cu126")
        assert base_image.plain().tag == plain
        assert base_image.with_torch().tag != torch
        assert base_image.with_torch().requirements[-1] == "torch==2.13.0"


class TestBuildExample:
    def test_an_example_that_is_not_there_is_named_with_those_that_are(self) -> None:
        with pytest.raises(ImageBuildError, match="there is no example 'nope'; there are constant, crash"):
            examples.build_example("nope", client=None)

    @pytest.mark.docker
    @pytest.mark.timeout(900)
    def test_a_second_call_builds_nothing(
        self, docker_client: docker.DockerClient, example_tag: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tag = example_tag("constant")
        monkeypatch.setattr(examples, "build", None)
        assert examples.build_example("constant", client=docker_client) == tag

    @pytest.mark.docker
    @pytest.mark.timeout(900)
    def test_what_only_the_repository_needs_stays_out_of_the_image(
        self, docker_client: docker.DockerClient, example_tag: Callable[[str], str]
    ) -> None:
        listing = docker_client.containers.run(
            example_tag("uusic25_shape"),
            ["-c", "import os; print(*sorted(os.listdir('/app')))"],
            network_mode="none",
            remove=True,
        )
        assert listing.decode().split() == ["Dockerfile", "model.py", "requirements.txt"]

    def test_every_example_has_a_line_of_its_own_in_the_table(self, repo_root: Path) -> None:
        table = (repo_root / "submissions_example" / "README.md").read_text()
        assert [name for name in examples.example_names() if f"| `{name}` |" not in table] == []
