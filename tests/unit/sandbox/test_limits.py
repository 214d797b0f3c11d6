"""Every option of a run's container, as data."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sonobench_eval.challenge.model import Limits
from sonobench_eval.sandbox.limits import (
    ImageFacts,
    NodeFacts,
    Place,
    container_config,
    control_config,
    cpus_given,
    disk_volume_options,
    environment,
    in_group,
    keeper_config,
    memory_limit_bytes,
    output_on_disk,
    output_volume_options,
    place_volume_options,
    probe_config,
)
from sonobench_eval.sandbox.port import ImageIdentity, Mounts, RunSpec, container_name
from sonobench_eval.sandbox.seccomp import profile

MIB = 2**20
LIMITS = Limits(
    memory_bytes=1000 * MIB, shm_bytes=10 * MIB, scratch_bytes=100 * MIB, output_bytes=50 * MIB, output_files=200, cpus=4, pids=99
)
NODE = NodeFacts(cpus=2, memory_bytes=16 * 2**30)
IMAGE = ImageFacts("sha256:" + "a" * 64, {"HOME": "/myhome", "PATH": "/bin"}, "root", ("/data",))
PLACES = (Place("v0", "/app", scratch_bytes=100 * MIB, content_bytes=7 * MIB, content_files=12),)


def spec(**changes):
    given = {
        "name": container_name("r1", 2),
        "image": ImageIdentity("sha256:" + "a" * 64, ()),
        "mounts": Mounts(Path("/host/in"), "/input/", Path("/host/cases.json"), "/input_json", "/output"),
        "limits": LIMITS,
        "writable": ("/app",),
        "run_id": "r1",
        "attempt": 2,
        "node": "n",
    }
    return RunSpec(**{**given, **changes})


@pytest.fixture
def body():
    return container_config(spec(), node=NODE, image=IMAGE, home="/myhome", output_volume="out", places=PLACES)


@pytest.fixture
def host(body):
    return body["HostConfig"]


class TestContainerConfig:
    def test_it_runs_the_verified_id_with_the_images_own_command(self, body):
        assert body["Image"] == IMAGE.engine_id
        assert "Cmd" not in body
        assert "Entrypoint" not in body

    def test_it_runs_as_our_user_whatever_the_image_says(self, body):
        assert body["User"] == "10001:10001"

    def test_it_has_no_network_twice_over(self, body, host):
        assert body["NetworkDisabled"] is True
        assert host["NetworkMode"] == "none"

    def test_it_has_no_rights_and_cannot_gain_any(self, host):
        assert host["ReadonlyRootfs"] is True
        assert host["Privileged"] is False
        assert host["CapDrop"] == ["ALL"]
        assert "CapAdd" not in host
        assert "no-new-privileges" in host["SecurityOpt"]

    def test_system_calls_are_filtered_by_our_own_profile(self, host):
        (option,) = [option for option in host["SecurityOpt"] if option.startswith("seccomp=")]
        assert json.loads(option.removeprefix("seccomp=")) == profile()

    def test_no_device_of_the_host_is_given(self, host):
        assert "Devices" not in host
        assert host["DeviceRequests"] == []

    def test_memory_is_the_declared_memory_and_every_place_in_memory_and_no_swap(self, host):
        # declared 1000, /dev/shm 10, /tmp 100, /output 50, /app 100; the image's own 7 are not the program's
        assert host["Memory"] == (1000 + 10 + 100 + 50 + 100) * MIB
        assert host["MemorySwap"] == host["Memory"]

    def test_it_gets_no_more_cpus_than_the_node_has(self, host):
        assert host["NanoCpus"] == 2_000_000_000

    def test_fewer_cpus_than_the_node_has_are_kept(self):
        few = container_config(
            spec(limits=LIMITS.model_copy(update={"cpus": 1.5})), node=NODE, image=IMAGE, home="/", output_volume="o", places=()
        )
        assert few["HostConfig"]["NanoCpus"] == 1_500_000_000

    def test_processes_files_and_core_dumps_are_limited(self, host):
        assert host["PidsLimit"] == 99
        assert {"Name": "nofile", "Soft": 4096, "Hard": 4096} in host["Ulimits"]
        assert {"Name": "core", "Soft": 0, "Hard": 0} in host["Ulimits"]

    def test_the_log_is_bounded_and_uncompressed(self, host):
        assert host["LogConfig"]["Type"] == "local"
        assert host["LogConfig"]["Config"] == {"max-size": str(MIB), "max-file": "2", "compress": "false"}

    def test_nothing_restarts_or_removes_it_behind_our_back(self, host):
        assert host["RestartPolicy"] == {"Name": "no"}
        assert host["AutoRemove"] is False

    def test_the_images_healthcheck_never_runs(self, body):
        assert body["Healthcheck"] == {"Test": ["NONE"]}

    def test_inputs_are_read_only_binds_that_see_no_later_mounts(self, host):
        binds = [mount for mount in host["Mounts"] if mount["Type"] == "bind"]
        assert [(m["Source"], m["Target"]) for m in binds] == [("/host/in", "/input/"), ("/host/cases.json", "/input_json")]
        assert all(m["ReadOnly"] is True and m["BindOptions"] == {"Propagation": "rprivate"} for m in binds)

    def test_everything_writable_is_in_memory_and_filled_by_us_alone(self, host):
        volumes = [mount for mount in host["Mounts"] if mount["Type"] == "volume"]
        assert [(m["Source"], m["Target"]) for m in volumes] == [("out", "/output"), ("v0", "/app")]
        assert all(m["VolumeOptions"] == {"NoCopy": True} for m in volumes)
        assert set(host["Tmpfs"]) == {"/tmp"}

    def test_programs_in_tmp_may_run_for_models_that_compile_themselves(self, host):
        options = host["Tmpfs"]["/tmp"].split(",")
        assert {"exec", "nosuid", "nodev", f"size={100 * MIB}", "mode=1777"} <= set(options)

    def test_the_last_to_die_is_not_the_platform(self, host):
        assert host["OomScoreAdj"] > 0

    def test_labels_say_whose_it_is(self, body):
        assert body["Labels"] == {"org.sonobench.run": "r1", "org.sonobench.attempt": "2", "org.sonobench.node": "n"}

    def test_a_runtime_is_passed_on_by_name(self):
        made = container_config(spec(runtime="runsc"), node=NODE, image=IMAGE, home="/", output_volume="o", places=())
        assert made["HostConfig"]["Runtime"] == "runsc"

    def test_a_gpu_is_asked_for_by_its_uuid_alone(self):
        made = container_config(spec(gpu_uuid="GPU-1"), node=NODE, image=IMAGE, home="/", output_volume="o", places=())
        request = {"Driver": "nvidia", "DeviceIDs": ["GPU-1"], "Capabilities": [["gpu", "compute", "utility"]]}
        assert made["HostConfig"]["DeviceRequests"] == [request]
        assert "NVIDIA_VISIBLE_DEVICES=GPU-1" in made["Env"]


class TestCpus:
    def test_a_cpu_set_is_told_to_the_engine(self):
        made = container_config(spec(cpuset="0"), node=NODE, image=IMAGE, home="/", output_volume="o", places=())
        assert (made["HostConfig"]["CpusetCpus"], made["HostConfig"]["NanoCpus"]) == ("0", 10**9)

    def test_without_one_every_cpu_may_be_used(self, host):
        assert host["CpusetCpus"] == ""

    @pytest.mark.parametrize(("cpuset", "given"), [(None, 2), ("0-1", 2), ("1", 1)])
    def test_no_more_are_given_than_there_are(self, cpuset, given):
        assert cpus_given(spec(cpuset=cpuset), NODE) == given

    def test_no_more_are_given_than_the_challenge_allows(self):
        assert cpus_given(spec(limits=LIMITS.model_copy(update={"cpus": 0.5})), NODE) == 0.5


class TestInGroup:
    def test_the_engine_is_told_the_group_and_everything_else_stays(self, body, host):
        made = in_group(body, "/sonobench/n/x")
        assert made["HostConfig"] == {**host, "CgroupParent": "/sonobench/n/x"}
        assert "CgroupParent" not in host

    def test_without_one_nothing_changes(self, body):
        assert in_group(body, None) == body


class TestEnvironment:
    def test_what_hooks_of_the_host_read_is_taken_away(self):
        image = ImageFacts(
            "x", {"LD_PRELOAD": "/e.so", "LD_AUDIT": "/e.so", "NVIDIA_REQUIRE_CUDA": "cuda>=12", "NVIDIA_VISIBLE_DEVICES": "all"}
        )
        entries = environment(image, home="/tmp", gpu_uuid=None)
        assert {"LD_PRELOAD", "LD_AUDIT"} <= set(entries)  # without "=": the engine removes them
        assert "NVIDIA_REQUIRE_CUDA" in entries
        assert entries.index("NVIDIA_VISIBLE_DEVICES") < entries.index("NVIDIA_VISIBLE_DEVICES=void")

    @pytest.mark.parametrize(
        ("value", "given"),
        [
            ("/a:", ["LD_LIBRARY_PATH=/a"]),
            (":/a;;/b", ["LD_LIBRARY_PATH=/a:/b"]),
            (":", ["LD_LIBRARY_PATH"]),
            ("/a:/b", []),
            ("", []),
        ],
    )
    def test_an_empty_part_of_the_library_path_is_left_out(self, value: str, given: list[str]) -> None:
        entries = environment(ImageFacts("x", {"LD_LIBRARY_PATH": value}), home="/tmp", gpu_uuid=None)
        assert [entry for entry in entries if entry.startswith("LD_LIBRARY_PATH")] == given

    def test_the_images_own_user_name_stays(self):
        entries = environment(ImageFacts("x", {"USER": "team"}), home="/tmp", gpu_uuid=None)
        assert "USER=case" not in entries
        assert "LOGNAME=case" in entries


class TestVolumeOptions:
    def test_output_is_bounded_in_bytes_and_files_and_runs_nothing(self):
        options = output_volume_options(LIMITS, NODE)
        assert options["type"] == options["device"] == "tmpfs"
        parts = options["o"].split(",")
        assert {f"size={50 * MIB}", "nr_inodes=1224", "mode=0700", "noexec", "nosuid", "nodev", "uid=10001", "gid=10001"} == set(
            parts
        )

    def test_a_place_has_room_for_its_content_and_scratch(self):
        parts = place_volume_options(PLACES[0], NODE)["o"].split(",")
        assert f"size={107 * MIB}" in parts
        assert "nr_inodes=100012" in parts
        assert "noexec" not in parts

    def test_with_remapped_users_the_owner_is_the_mapped_one(self):
        node = NodeFacts(2, 2**30, uid_offset=231072, gid_offset=231072)
        assert "uid=241073,gid=241073" in output_volume_options(LIMITS, node)["o"]


class TestMemoryLimit:
    def test_without_places_it_is_memory_and_the_three_that_always_are(self):
        assert memory_limit_bytes(LIMITS, (), node=NODE) == (1000 + 10 + 100 + 50) * MIB

    def test_results_on_the_disk_are_not_charged(self):
        node = replace(NODE, output_in_memory_bytes=MIB)
        assert memory_limit_bytes(LIMITS, (), node=node) == (1000 + 10 + 100) * MIB


class TestOutputOnDisk:
    def test_up_to_half_of_the_memory_they_are_kept_in_memory(self):
        limits = LIMITS.model_copy(update={"output_bytes": 8 * 2**30})
        assert output_on_disk(limits, NODE) is None
        assert output_on_disk(limits.model_copy(update={"output_bytes": 8 * 2**30 + 1}), NODE) is not None

    def test_a_node_can_say_how_much_it_keeps_in_memory(self):
        assert output_on_disk(LIMITS, replace(NODE, output_in_memory_bytes=50 * MIB)) is None
        assert output_on_disk(LIMITS, replace(NODE, output_in_memory_bytes=50 * MIB - 1)) is not None

    def test_it_holds_the_results_and_what_the_file_system_needs_beside_them(self):
        plan = output_on_disk(LIMITS, replace(NODE, output_in_memory_bytes=0))
        assert plan.output_bytes == 50 * MIB
        assert 70 * MIB < plan.size_bytes < 90 * MIB
        assert plan.inodes == 200 + 1024

    def test_with_remapped_users_the_owner_is_the_mapped_one(self):
        plan = output_on_disk(LIMITS, replace(NODE, output_in_memory_bytes=0, uid_offset=231072, gid_offset=231073))
        assert (plan.uid, plan.gid) == (241073, 241074)

    def test_nothing_in_it_can_be_executed_or_is_a_device(self):
        options = disk_volume_options("/dev/loop7")
        assert (options["type"], options["device"]) == ("ext4", "/dev/loop7")
        assert {"nosuid", "nodev", "noexec"} <= set(options["o"].split(","))


class TestKeeperConfig:
    def test_it_runs_our_program_from_our_image_with_nothing_of_the_strangers_but_volumes(self):
        body = keeper_config(spec(), image="sha256:ours", command="/wait", volumes={"out": "/output"})
        assert (body["Image"], body["Entrypoint"]) == ("sha256:ours", ["/wait"])
        assert body["HostConfig"]["ReadonlyRootfs"] is True
        assert [mount["Type"] for mount in body["HostConfig"]["Mounts"]] == ["volume"]


class TestProbeConfig:
    def test_declared_volumes_are_covered_so_that_none_is_made_on_the_disk(self):
        body = probe_config(spec(), IMAGE)
        assert body["HostConfig"]["Tmpfs"] == {"/data": "size=65536"}

    def test_it_could_not_run_if_somebody_started_it(self):
        assert probe_config(spec(), IMAGE)["Entrypoint"] == ["/never-started"]


class TestContainerName:
    def test_it_is_made_of_run_and_attempt(self):
        assert container_name("01J9", 3) == "sonobench-01J9-a3"

    @pytest.mark.parametrize("run_id", ["", "a/b", "-x", "a b", "x" * 65, "é"])
    def test_ids_that_cannot_be_in_a_name_are_refused(self, run_id):
        with pytest.raises(ValueError, match="container's name"):
            container_name(run_id, 1)


class TestControlConfig:
    @pytest.fixture
    def control(self):
        return control_config(spec(runtime="runsc"), node=NODE, image="sha256:keeper", command="/wait")

    def test_it_is_our_image_with_nothing_of_the_strangers(self, control):
        assert (control["Image"], control["Entrypoint"]) == ("sha256:keeper", ["/wait"])
        assert not [entry for entry in control["Env"] if "myhome" in entry or entry.startswith("PATH")]

    def test_it_is_started_as_the_strangers_would_be(self, control):
        theirs = container_config(spec(runtime="runsc"), node=NODE, image=IMAGE, home="/", output_volume="o", places=())[
            "HostConfig"
        ]
        differing = {name for name in theirs if theirs[name] != control["HostConfig"][name]}
        assert differing == {"Mounts", "Tmpfs"}
        assert (control["HostConfig"]["Init"], control["HostConfig"]["Runtime"]) == (True, "runsc")
        assert [mount["Target"] for mount in control["HostConfig"]["Mounts"]] == ["/input/", "/input_json"]
        assert set(control["HostConfig"]["Tmpfs"]) == {"/tmp", "/output"}
