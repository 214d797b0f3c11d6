"""Programs that look for a way out, for the host's disk, or for what another run left."""

from __future__ import annotations

import time

import pytest

pytestmark = pytest.mark.docker


class TestWaysOut:
    def test_no_switch_of_the_kernel_can_be_turned(self, run):
        targets = (
            "/proc/sys/kernel/core_pattern /proc/sys/vm/overcommit_memory /proc/sysrq-trigger /proc/irq/0/smp_affinity "
            "/sys/kernel/uevent_helper /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max "
            "/sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max /sys/fs/cgroup/cgroup.procs /proc/1/mem /dev/kmsg /dev/mem "
            "/sbin/docker-init /etc/passwd /etc/hosts /etc/hostname /etc/resolv.conf"
        )
        ran = run(f"for f in {targets}; do (echo 1 > $f) 2>/dev/null && echo wrote $f; done; echo done")
        assert ran.outcome.log_tail.split() == ["done"]

    def test_nothing_of_the_kernel_or_of_other_processes_can_be_read(self, run):
        secret = "/proc/kcore /proc/kmsg /dev/kmsg /dev/mem /proc/1/mem /proc/keys /proc/timer_list /proc/sched_debug"
        ran = run(f"for f in {secret}; do n=$(head -c 64 $f 2>/dev/null | wc -c); [ $n -eq 0 ] || echo read $f; done; echo done")
        assert ran.outcome.log_tail.split() == ["done"]

    @pytest.mark.parametrize(
        "attempt",
        [
            "unshare -U true",
            "unshare -m true",
            "unshare -n true",
            "mount -t tmpfs none /tmp",
            "mount -o remount,rw /input",
            "mount --bind /tmp /input",
            "umount /input",
            "chroot / true",
            "mknod /tmp/disk b 254 0",
            "nsenter -t 1 -m true",
            "hostname other",
            "dmesg",
            "swapoff -a",
            "ip link set lo down",
            "renice -n -5 -p 1",
            "insmod /bin/busybox",
            "chown 10001 /input",
            "chmod 777 /input/a.txt",
            "ln /input/a.txt /output/a",
            "su -c id",
        ],
    )
    def test_calls_that_need_rights_are_refused(self, run_together, attempt):
        assert run_together[attempt] != 0

    def test_it_cannot_make_the_kernel_end_the_platform_before_it(self, run):
        ran = run("for v in 0 -1 -1000; do (echo $v > /proc/self/oom_score_adj) 2>/dev/null && echo $v; done")
        assert ran.outcome.log_tail.split() == ["0"]

    def test_its_processes_are_all_it_sees(self, run):
        ran = run("cat /proc/[0-9]*/comm 2>/dev/null")
        assert set(ran.outcome.log_tail.split()) <= {"docker-init", "tini", "sh", "cat"}

    def test_the_environment_holds_nothing_of_the_host(self, run, monkeypatch):
        monkeypatch.setenv("SONOBENCH_SECRET", "a-secret-of-the-worker")
        ran = run("env; cat /proc/1/environ")
        assert "secret" not in ran.outcome.log_tail.lower()


@pytest.fixture(scope="module")
def run_together(engine, loaded, image_of, tmp_path_factory):
    """Exit codes of all attempts, made in one container: each is a line of its log."""
    from sonobench_eval.challenge.model import Limits
    from sonobench_eval.sandbox.port import Mounts, RunSpec, container_name

    marks = TestWaysOut.test_calls_that_need_rights_are_refused.pytestmark
    attempts = marks[0].args[1]
    script = "; ".join(f"/bin/busybox {each} >/dev/null 2>&1; echo $?" for each in attempts)
    folder = tmp_path_factory.mktemp("attempts")
    (folder / "inputs").mkdir()
    (folder / "inputs" / "a.txt").write_text("image")
    (folder / "cases.json").write_text("[]")
    run_id = f"attempts-{time.monotonic_ns()}"
    limits = Limits(time_s=60, memory_bytes=2**26, cpus=1, pids=64, scratch_bytes=2**23, output_bytes=2**22, shm_bytes=2**22)
    spec = RunSpec(
        name=container_name(run_id, 1),
        image=loaded(image_of(script=script)),
        mounts=Mounts(folder / "inputs", "/input/", folder / "cases.json", "/input_json", "/output"),
        limits=limits,
        writable=(),
        run_id=run_id,
        attempt=1,
        node="attempts",
    )
    outcome = engine.run(spec, folder / "results.tar")
    codes = [int(line) for line in outcome.log_tail.split()]
    assert len(codes) == len(attempts)
    return dict(zip(attempts, codes, strict=True))


class TestTheHostsDisk:
    def test_every_place_it_can_write_to_is_in_memory(self, run, image_of):
        script = (
            "while read dev at type rest; do (: > $at/probe) 2>/dev/null && echo $type $at; done < /proc/mounts; "
            "find / -xdev -type d 2>/dev/null | while read d; do (: > $d/probe) 2>/dev/null && echo root $d; done"
        )
        ran = run(image_of(script=script, config={"Volumes": {"/data": {}, "/bin": {}, "/tmp/inner": {}}}))
        found = [line.split() for line in ran.outcome.log_tail.splitlines()]
        mounted = {at: kind for kind, at in found if kind != "root"}
        assert set(mounted.values()) <= {"tmpfs", "mqueue"}
        assert {at for kind, at in found if kind == "root"} <= set(mounted)
        assert {"/output", "/tmp", "/app", "/root", "/data", "/bin", "/tmp/inner", "/dev/shm"} <= set(mounted)

    def test_shared_memory_ends_at_its_size(self, run):
        ran = run("dd if=/dev/zero of=/dev/shm/flood bs=1M count=64 2>/dev/null; stat -c %s /dev/shm/flood")
        assert ran.outcome.log_tail.splitlines()[-1] == str(4 * 2**20)
        assert not ran.outcome.oom_killed

    def test_filling_every_place_at_once_stays_within_the_limit(self, run):
        places = "/tmp /dev/shm /app /root /output"
        ran = run(f"for p in {places}; do dd if=/dev/zero of=$p/flood bs=1M count=64 2>/dev/null; done; echo survived")
        assert "survived" in ran.outcome.log_tail
        assert ran.outcome.output_full
        assert not ran.outcome.oom_killed


class TestAfterwards:
    def test_processes_left_in_the_background_end_with_the_run(self, run):
        began = time.monotonic()
        ran = run(
            "for i in 1 2 3; do (trap '' TERM HUP INT; exec setsid sleep 600) >/dev/null 2>&1 & done; "
            "(while true; do sleep 1; echo more >> /output/late; done) & echo x > /output/x"
        )
        assert ran.outcome.exit_code == 0
        assert time.monotonic() - began < 20
        assert "x" in ran.members

    def test_nothing_it_leaves_anywhere_reaches_the_next_run(self, run, image_of):
        leave = image_of(
            script="for p in /tmp /dev/shm /dev/mqueue /app /root /output /data; do echo kept > $p/kept; done; find / -name kept"
        )
        leave.config["Volumes"] = {"/data": {}}
        first = run(leave).outcome.log_tail.split()
        assert {"/tmp/kept", "/dev/shm/kept", "/app/kept", "/root/kept", "/output/kept", "/data/kept"} <= set(first)
        look = image_of(script="find / -name kept 2>/dev/null; cat /proc/sysvipc/* | wc -l")
        look.config["Volumes"] = {"/data": {}}
        second = run(look).outcome.log_tail.split()
        assert second == ["3"]  # the three head lines of an empty table each

    def test_it_cannot_end_init_or_outlive_its_time(self, run):
        ran = run("kill -9 1; kill -STOP 1; trap '' TERM; while true; do sleep 1; done", time_s=2)
        assert ran.outcome.timed_out
        assert ran.outcome.measurement.wall_time_s < 10
