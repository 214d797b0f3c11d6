"""Who may push and pull what, and how people name images. No registry."""

from __future__ import annotations

import pytest

from sonobench_platform.domain.errors import Unprocessable
from sonobench_platform.registry.reference import Reference, parse_reference
from sonobench_platform.registry.scopes import granted

MINE, OTHER = "team-aaaaaaaaaaaaaaaa", "team-bbbbbbbbbbbbbbbb"


class TestGranted:
    def test_a_team_reads_and_writes_its_own(self) -> None:
        grants = granted([f"repository:{MINE}/model:pull,push"], team_ids=[MINE], may_write=True)
        assert [(each.repository, each.actions) for each in grants] == [(f"{MINE}/model", ("pull", "push"))]

    def test_a_token_that_may_only_read_does_not_write(self) -> None:
        grants = granted([f"repository:{MINE}/model:pull,push"], team_ids=[MINE], may_write=False)
        assert [each.actions for each in grants] == [("pull",)]

    @pytest.mark.parametrize(
        "scope",
        [
            f"repository:{OTHER}/model:pull,push",
            f"repository:{MINE}:push",
            f"repository:{MINE}x/model:push",
            f"repository:{MINE}/../{OTHER}/model:push",
            f"repository:{MINE}//model:push",
            f"repository:{MINE}/Model:push",
            f"repository:{MINE}/model:delete",
            f"repository:{MINE}/model:*",
            f"repository(plugin):{MINE}/model:push",
            "registry:catalog:*",
            "",
            f"repository:{MINE}/{'a' * 300}:push",
        ],
    )
    def test_nothing_else_is_given(self, scope: str) -> None:
        assert granted([scope], team_ids=[MINE], may_write=True) == []

    def test_a_layer_cannot_be_taken_over_from_another_team(self) -> None:
        both = f"repository:{MINE}/model:pull,push repository:{OTHER}/secret:pull"
        assert [each.repository for each in granted([both], team_ids=[MINE], may_write=True)] == [f"{MINE}/model"]


class TestParseReference:
    @pytest.mark.parametrize(
        ("text", "version"),
        [
            (f"{MINE}/model", "latest"),
            (f"{MINE}/model:v2", "v2"),
            (f"bench.example.org/{MINE}/model:v2", "v2"),
            (f"{MINE}/model@sha256:{'0' * 64}", f"sha256:{'0' * 64}"),
            (f"{MINE}/model:v2@sha256:{'0' * 64}", f"sha256:{'0' * 64}"),
        ],
    )
    def test_reads_what_people_write(self, text: str, version: str) -> None:
        assert parse_reference(text, host="bench.example.org") == Reference(f"{MINE}/model", version)

    def test_knows_whose_it_is(self) -> None:
        assert parse_reference(f"{MINE}/a/b:c", host="x").team_id == MINE

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "model",
            f"{MINE}/Model",
            f"{MINE}/model:",
            f"{MINE}/model@sha256:12",
            f"other.org:5000/{MINE}/m",
            "a/../b",
            "a/b c",
        ],
    )
    def test_refuses_what_is_no_name_here(self, text: str) -> None:
        with pytest.raises(Unprocessable, match="not the name of an image here"):
            parse_reference(text, host="bench.example.org")
