"""What an image's config may say."""

from __future__ import annotations

import json
from types import ModuleType
from typing import Any

import pytest

from sonobench_eval.intake.config import ImageConfig, read_config
from sonobench_eval.intake.records import ImageRefused, Refusal


@pytest.fixture
def judged(tars: ModuleType) -> Any:
    def judge(settings: dict[str, Any] | None = None, **fields: Any) -> ImageConfig:
        return read_config(tars.config([b"layer"], settings, **fields))

    return judge


def code_of(call: Any, *arguments: Any, **fields: Any) -> str:
    with pytest.raises(ImageRefused) as caught:
        call(*arguments, **fields)
    return caught.value.code


class TestWhatIsRead:
    def test_the_published_uusic25_dockerfile(self, judged: Any) -> None:
        config = judged(
            {
                "User": "",
                "Entrypoint": ["python"],
                "Cmd": ["model.py"],
                "WorkingDir": "/app",
                "Env": ["PATH=/usr/local/bin:/usr/bin", "HOME=/myhome"],
                "OnBuild": None,
                "Labels": {"maintainer": "a team"},
            }
        )
        assert config.entrypoint == ("python",)
        assert config.command == ("model.py",)
        assert config.working_dir == "/app"
        assert config.environment["HOME"] == "/myhome"
        assert config.warnings == ()

    def test_a_command_alone_is_enough(self, judged: Any) -> None:
        assert judged({"Cmd": ["/run"]}).command == ("/run",)

    def test_volumes_and_health_checks_are_told_in_warnings(self, judged: Any) -> None:
        config = judged({"Volumes": {"/data": {}, "/cache": {}}, "Healthcheck": {"Test": ["CMD", "true"], "Interval": 10}})
        assert config.volumes == ("/cache", "/data")
        assert ["VOLUME" in config.warnings[0], "HEALTHCHECK" in config.warnings[1]] == [True, True]

    @pytest.mark.parametrize("path", ["bin:/usr/bin", "/usr/bin:", ".:/bin"])
    def test_a_path_with_a_relative_part_is_a_warning(self, judged: Any, path: str) -> None:
        (warning,) = judged({"Env": [f"PATH={path}"]}).warnings
        assert warning.startswith("PATH has a relative or empty part")

    def test_the_last_of_a_variable_counts(self, judged: Any) -> None:
        assert judged({"Env": ["A=1", "A=2", "B=x=y"]}).environment == {"A": "2", "B": "x=y"}


class TestPlatform:
    @pytest.mark.parametrize(
        "fields", [{"architecture": "arm64"}, {"os": "windows"}, {"os": ""}, {"architecture": None}, {"os": "Linux"}]
    )
    def test_other_platforms_are_refused(self, judged: Any, fields: dict[str, Any]) -> None:
        assert code_of(judged, **fields) == Refusal.PLATFORM


class TestSettingsThatAreRefused:
    def test_a_preloaded_library_hidden_before_an_empty_one(self, judged: Any) -> None:
        assert code_of(judged, {"Env": ["LD_PRELOAD=/evil.so", "LD_PRELOAD="]}) == Refusal.UNSAFE_ENVIRONMENT

    def test_a_preloaded_library_under_a_key_of_other_case(self, tars: ModuleType) -> None:
        config = tars.config([b"layer"], {"eNV": ["LD_PRELOAD=/evil.so"]})
        assert code_of(read_config, config) == Refusal.UNSAFE_ENVIRONMENT

    def test_an_empty_preload_is_harmless(self, judged: Any) -> None:
        assert judged({"Env": ["LD_PRELOAD="]}).environment == {"LD_PRELOAD": ""}

    @pytest.mark.parametrize("entries", [["A=" + "x" * 2**17], [f"V{i}=" + "x" * 2**16 for i in range(17)]])
    def test_an_environment_with_which_no_program_starts(self, judged: Any, entries: list[str]) -> None:
        assert code_of(judged, {"Env": entries}) == Refusal.UNSAFE_ENVIRONMENT

    @pytest.mark.parametrize("label", ["org.sonobench.run", "org.sonobench.", "ORG.Sonobench.node"])
    def test_a_label_of_ours(self, judged: Any, label: str) -> None:
        assert code_of(judged, {"Labels": {"a": "b", label: "x"}}) == Refusal.RESERVED_LABEL

    def test_a_label_that_only_resembles_ours_is_fine(self, judged: Any) -> None:
        assert judged({"Labels": {"org.sonobenchmark": "x"}}).warnings == ()

    @pytest.mark.parametrize("settings", [{"Cmd": None}, {"Cmd": [], "Entrypoint": []}, {"Cmd": None, "Entrypoint": None}])
    def test_nothing_to_run(self, judged: Any, settings: dict[str, Any]) -> None:
        assert code_of(judged, settings) == Refusal.NO_COMMAND

    @pytest.mark.parametrize(
        "place", ["relative", "/proc/self/fd/7", "/a/../proc", "//sys", "/dev/shm", "/" + "x" * 256, "/x" * 600]
    )
    def test_places_where_no_container_can_start(self, judged: Any, place: str) -> None:
        assert code_of(judged, {"WorkingDir": place}) == Refusal.UNSAFE_PATH
        assert code_of(judged, {"Volumes": {"/data": {}, place: {}}}) == Refusal.UNSAFE_PATH
        if place.startswith("/"):
            assert code_of(judged, {"Env": [f"HOME={place}"]}) == Refusal.UNSAFE_PATH

    @pytest.mark.parametrize("place", ["/", "/..", "//"])
    def test_a_volume_at_the_root(self, judged: Any, place: str) -> None:
        assert code_of(judged, {"Volumes": {place: {}}}) == Refusal.UNSAFE_PATH
        assert judged({"WorkingDir": place}).working_dir == place

    @pytest.mark.parametrize("place", ["/process", "/devel", "/system/proc", "/home/dev"])
    def test_places_that_only_resemble_them_are_fine(self, judged: Any, place: str) -> None:
        assert judged({"WorkingDir": place, "Volumes": {place: {}}}).volumes == (place,)

    @pytest.mark.parametrize(
        "settings",
        [
            {"Env": "A=1"},
            {"Env": ["=x"]},
            {"Env": ["A=\0"]},
            {"Env": [1]},
            {"WorkingDir": ["/"]},
            {"Labels": ["a"]},
            {"Labels": {"a": 1}},
            {"User": 0},
            {"Volumes": {"/data": "x"}},
            {"StopTimeout": "5"},
            {"Healthcheck": {"Interval": "10s"}},
            {"Cmd": {"a": "b"}},
            {"Tty": 1},
        ],
    )
    def test_what_docker_itself_could_not_read(self, judged: Any, settings: dict[str, Any]) -> None:
        assert code_of(judged, settings) == Refusal.BAD_CONFIG


class TestDocument:
    @pytest.mark.parametrize(
        "fields",
        [
            {"rootfs": None},
            {"rootfs": {"type": "layers", "diff_ids": []}},
            {"rootfs": {"type": "layers+base", "diff_ids": ["sha256:" + "0" * 64]}},
            {"rootfs": {"type": "layers", "diff_ids": ["sha256:" + "A" * 64]}},
            {"rootfs": {"type": "layers", "diff_ids": ["sha512:" + "0" * 128]}},
            {"created": "yesterday"},
            {"history": [{}, {}]},
            {"history": {"created_by": "x"}},
            {"config": []},
        ],
    )
    def test_a_config_docker_would_refuse_is_refused_here(self, judged: Any, fields: dict[str, Any]) -> None:
        assert code_of(judged, **fields) == Refusal.BAD_CONFIG

    def test_empty_steps_of_the_history_need_no_layer(self, judged: Any) -> None:
        history = [{"created_by": "ENV a=b", "empty_layer": True}, {"created_by": "COPY", "created": "2025-01-01T00:00:00Z"}]
        assert len(judged(history=history).diff_ids) == 1

    @pytest.mark.parametrize(
        "twice", ['"os": "linux", "OS": "windows",', '"Rootfs": {}, "rootfs": {},', '"os": "linux", "os": "linux",']
    )
    def test_a_key_that_stands_twice_is_refused(self, tars: ModuleType, twice: str) -> None:
        document = tars.config([b"layer"]).replace(b"{", b"{" + twice.encode(), 1)
        assert code_of(read_config, document) == Refusal.BAD_CONFIG

    @pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"[]", b"null", b"[" * 100_000, json.dumps({"os": 1e999}).encode()])
    def test_what_is_no_config_at_all(self, data: bytes) -> None:
        assert code_of(read_config, data) in (Refusal.BAD_CONFIG, Refusal.PLATFORM)
