"""Control groups of both versions, as files."""

from __future__ import annotations

import pytest

from sonobench_eval.meter.cgroup import Cgroup, NoCgroup, anon_shmem_v1, find_cgroup

ID = "ab" * 32
V1_STAT = "cache 900\nrss 1\ntotal_cache 500\ntotal_rss 100\ntotal_shmem 50\ntotal_active_file 300\ntotal_inactive_file 100\n"


@pytest.fixture
def v1(tmp_path):
    """A host with version 1, cgroupfs driver: `/docker/<id>` under each controller."""
    for controller in ("memory", "cpuacct"):
        (tmp_path / "cgroup" / controller / "docker" / ID).mkdir(parents=True)
    memory, cpu = (tmp_path / "cgroup" / controller / "docker" / ID for controller in ("memory", "cpuacct"))
    (memory / "memory.stat").write_text(V1_STAT)
    (memory / "memory.max_usage_in_bytes").write_text("4096\n")
    (memory / "memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 3\n")
    (cpu / "cpuacct.usage").write_text("2500000000\n")
    (tmp_path / "proc" / "7").mkdir(parents=True)
    (tmp_path / "proc" / "7" / "cgroup").write_text(f"4:memory:/docker/{ID}\n2:cpu,cpuacct:/docker/{ID}\n0::/docker/{ID}\n")
    return tmp_path


@pytest.fixture
def v2(tmp_path):
    """A host with version 2, systemd driver: one scope."""
    scope = f"system.slice/docker-{ID}.scope"
    group = tmp_path / "cgroup" / scope
    group.mkdir(parents=True)
    (group / "memory.stat").write_text("anon 100\nfile 900\nshmem 50\n")
    (group / "cpu.stat").write_text("usage_usec 2500000\nuser_usec 2000000\n")
    (group / "memory.peak").write_text("4096\n")
    (group / "memory.events").write_text("low 0\noom 1\noom_kill 3\n")
    (tmp_path / "proc" / "7").mkdir(parents=True)
    (tmp_path / "proc" / "7" / "cgroup").write_text(f"0::/{scope}\n")
    return tmp_path


def find(host, container_id=ID, pid=7):
    return find_cgroup(container_id, pid, proc=host / "proc", root=host / "cgroup")


class TestSample:
    @pytest.mark.parametrize("version", ["v1", "v2"])
    def test_both_versions_tell_the_same(self, request, version):
        sample = find(request.getfixturevalue(version)).sample()
        assert (sample.anon_shmem_bytes, sample.cpu_time_s, sample.peak_cgroup_bytes) == (150, 2.5, 4096)
        assert sample.oom_kills == 3

    def test_page_cache_is_never_counted(self, v2):
        group = find(v2)
        (group.memory / "memory.stat").write_text("anon 100\nfile 999999999\nshmem 0\n")
        assert group.sample().anon_shmem_bytes == 100

    def test_an_old_kernel_without_memory_peak_leaves_it_out(self, v2):
        group = find(v2)
        (group.memory / "memory.peak").unlink()
        assert group.sample().peak_cgroup_bytes is None

    def test_a_cgroup_that_is_gone_raises(self, tmp_path):
        with pytest.raises(OSError, match="No such file"):
            Cgroup(2, tmp_path / "gone", None).sample()


class TestFindCgroup:
    def test_it_tells_the_version(self, v1):
        assert find(v1).version == 1

    def test_it_tells_version_2(self, v2):
        assert find(v2).version == 2

    def test_the_cpu_controllers_folder_may_have_either_name(self, v1):
        (v1 / "cgroup" / "cpuacct").rename(v1 / "cgroup" / "cpu,cpuacct")
        assert find(v1).sample().cpu_time_s == 2.5

    def test_a_hybrid_host_is_version_1(self, v1):
        (v1 / "cgroup" / "docker" / ID).mkdir(parents=True)
        assert find(v1).version == 1

    def test_another_containers_process_is_never_measured(self, v1):
        with pytest.raises(NoCgroup):
            find(v1, container_id="cd" * 32)

    def test_a_process_that_is_not_there(self, v1):
        with pytest.raises(NoCgroup, match="process 8"):
            find(v1, pid=8)

    def test_a_path_out_of_our_own_namespace_is_not_followed(self, v2):
        (v2 / "proc" / "7" / "cgroup").write_text(f"0::/../../docker-{ID}.scope\n")
        with pytest.raises(NoCgroup):
            find(v2)


class TestAnonShmemV1:
    def test_shared_memory_is_told_where_the_kernel_tells_it(self):
        assert anon_shmem_v1({"total_rss": 100, "total_shmem": 50, "total_cache": 500}) == 150

    def test_else_it_is_the_cache_that_is_on_no_list_of_files(self):
        assert anon_shmem_v1({"total_rss": 100, "total_cache": 500, "total_active_file": 300, "total_inactive_file": 150}) == 150

    def test_counters_read_at_different_moments_never_make_it_smaller_than_anonymous(self):
        assert anon_shmem_v1({"total_rss": 100, "total_cache": 10, "total_active_file": 300}) == 100
