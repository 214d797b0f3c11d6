"""Runs of real images on a real engine: what a container gets, what it cannot do, how each limit ends."""

from __future__ import annotations

import dataclasses
import tarfile
import threading
import time

import pytest
from sandbox_bench import TestImage

from sonobench_eval.sandbox.docker_engine import run as run_module
from sonobench_eval.sandbox.docker_engine.calls import UnexplainedRefusal
from sonobench_eval.sandbox.failure import Category, classify
from sonobench_eval.sandbox.port import AlreadyRunning, SandboxTrouble

pytestmark = pytest.mark.docker
MIB = 2**20


def until(name):
    """Shell: wait until this test has laid a file of this name beside the inputs."""
    return f"until [ -e /input/{name} ]; do sleep 0.1; done;"


def category_of(outcome):
    failure = classify(outcome, time_limit_s=30, memory_limit_bytes=64 * MIB, output_limit_bytes=4 * MIB)
    return failure.category if failure else None


class TestWhatARunGets:
    def test_an_image_reads_its_inputs_and_leaves_results(self, run):
        ran = run("cat /input/a.txt /input_json > /output/seen; mkdir -p /output/x/y; echo hi > /output/x/y/z.txt")
        assert category_of(ran.outcome) is None
        assert ran.texts == {"seen": 'image a.txt["a.txt", "b.txt"]', "x/y/z.txt": "hi\n"}
        assert (ran.outcome.result_files, ran.outcome.result_bytes) == (2, 32)

    def test_its_log_is_told_while_it_runs_where_somebody_may_read_it(self, engine, loaded, make_spec, tmp_path):
        told: list[str] = []

        def hear(text: str) -> None:
            told.append(text)
            (tmp_path / "inputs" / "heard").touch()

        spec = make_spec(loaded(TestImage(script=f"echo early; {until('heard')} echo late; echo a > /output/f")))
        outcome = engine.run(dataclasses.replace(spec, tell_log=hear), tmp_path / "results.tar")
        assert told[0] == "early\n"
        assert "late" in outcome.log_tail

    def test_results_carry_no_owner_and_no_time(self, run):
        member = run("echo a > /output/f; chmod 000 /output/f 2>/dev/null; touch /output/f").members["f"]
        assert (member.uid, member.gid, member.mtime, member.mode) == (0, 0, 0, 0o644)

    def test_wall_time_is_the_containers_own(self, run):
        # The engine stamps a start some milliseconds late, on a busy machine more: what is held against it begins later.
        said_the_time = "read now rest < /proc/uptime; echo $now >> /output/times; "
        before = time.monotonic()
        ran = run(f"sleep 1; {said_the_time} sleep 1; {said_the_time}")
        whole_s, measured = time.monotonic() - before, ran.outcome.measurement
        began, ended = map(float, ran.texts["times"].split())
        assert ended - began <= measured.wall_time_s < whole_s - measured.phases.create_s - measured.phases.collect_s
        assert measured.clock_disagrees is False

    def test_it_is_a_user_without_rights(self, run):
        ran = run("id -u > /output/id; cat /proc/self/status > /output/status")
        assert ran.texts["id"] == "10001\n"
        assert "CapEff:\t0000000000000000" in ran.texts["status"]
        assert "NoNewPrivs:\t1" in ran.texts["status"]

    def test_there_is_no_network_but_its_own_loopback(self, run):
        assert run("ls /sys/class/net > /output/net").texts["net"].split() == ["lo"]

    def test_the_root_and_the_inputs_are_read_only(self, run):
        places = "/f /bin/f /etc/f /input/f /input/a.txt /input_json"
        ran = run(f"for f in {places}; do echo x >> $f && echo $f >> /output/wrote; done; echo > /output/end")
        assert set(ran.texts) == {"end"}

    def test_tmp_is_writable_and_programs_in_it_run(self, run):
        assert run("cp /bin/busybox /tmp/echo && /tmp/echo ran > /output/f").texts == {"f": "ran\n"}

    def test_output_holds_no_programs(self, run):
        assert run("cp /bin/busybox /output/echo && /output/echo ran > /output/f; rm -f /output/echo").texts == {"f": ""}


class TestMeasuring:
    def test_peak_memory_is_what_the_program_held(self, run, tells_what_is_seen):
        # 20 MiB of zeros in /tmp are 20 MiB of memory in files; the shell beside them is small.
        script = f"dd if=/dev/zero of=/tmp/z bs=1048576 count=20; {until('seen-20')} rm /tmp/z; echo > /output/f"
        ran = run(script, scratch_bytes=32 * MIB)
        measured = ran.outcome.measurement
        assert 20 * MIB <= measured.peak_host_memory_bytes < 30 * MIB
        assert "anon + shmem" in measured.host_memory_method
        assert measured.cpu_time_s > 0
        assert measured.peak_gpu_memory_bytes is None
        assert measured.gpu_memory_method == "not measured: the run had no GPU"

    def test_the_engines_statistics_serve_where_the_cgroup_is_hidden(self, run, monkeypatch, tells_what_is_seen):
        monkeypatch.setattr("sonobench_eval.meter.meter.find_cgroup", hidden_cgroup)
        ran = run(f"dd if=/dev/zero of=/tmp/z bs=1048576 count=6; {until('seen-6')} echo > /output/f")
        assert 6 * MIB <= ran.outcome.measurement.peak_host_memory_bytes < 16 * MIB
        assert "the engine's statistics" in ran.outcome.measurement.host_memory_method


def hidden_cgroup(container_id, pid):
    raise OSError("not to be seen")


class TestLimits:
    def test_a_program_that_needs_too_much_memory_is_told_so(self, run):
        ran = run("tail /dev/zero")
        assert ran.outcome.oom_killed
        assert category_of(ran.outcome) is Category.MEMORY_LIMIT

    def test_a_shell_that_survives_its_killed_child_is_found_out(self, run):
        ran = run("tail /dev/zero; echo fine > /output/f; exit 0")
        assert ran.outcome.exit_code == 0
        assert category_of(ran.outcome) is Category.MEMORY_LIMIT

    def test_a_fork_bomb_stops_at_the_number_of_processes(self, run):
        ran = run("bomb() { bomb | bomb & }; bomb; sleep 1; echo alive > /output/f", pids=32)
        assert "can't fork" in ran.outcome.log_tail
        assert not ran.outcome.timed_out

    def test_an_output_flood_reads_as_output_not_memory(self, run):
        ran = run("dd if=/dev/zero of=/output/big bs=65536 || exit 1")
        assert ran.outcome.output_full
        assert category_of(ran.outcome) is Category.OUTPUT_LIMIT

    def test_an_output_place_larger_than_memory_still_reads_as_output(self, run):
        ran = run("dd if=/dev/zero of=/output/big bs=65536; exit 0", memory_bytes=16 * MIB, output_bytes=48 * MIB)
        assert not ran.outcome.oom_killed
        assert category_of(ran.outcome) is Category.OUTPUT_LIMIT

    def test_too_many_files_are_an_output_limit(self, run):
        ran = run("mkdir /output/d; cd /output/d; i=0; while touch $i; do i=$((i+1)); done")
        assert ran.outcome.output_too_many_files
        assert category_of(ran.outcome) is Category.OUTPUT_LIMIT

    def test_a_sparse_file_cannot_flood_the_results(self, run):
        ran = run("echo a > /output/a; dd if=/dev/zero of=/output/b bs=1 count=1 seek=1000000000000")
        assert ran.outcome.output_full
        assert ran.outcome.results.stat().st_size < MIB

    def test_a_log_flood_is_cut_and_noted(self, run):
        ran = run("yes 'this is what it prints' | head -c 3000000; echo last words; echo > /output/f", log_bytes=65536)
        assert ran.outcome.log_truncated
        assert ran.outcome.log_tail.endswith("last words\n")
        assert len(ran.outcome.log_tail) <= 65536

    def test_a_short_log_is_whole(self, run):
        ran = run("echo first; echo second >&2; echo > /output/f")
        assert not ran.outcome.log_truncated
        assert sorted(ran.outcome.log_tail.split()) == ["first", "second"]

    def test_a_sleeper_that_ignores_signals_is_stopped_at_the_time_limit(self, run):
        # Of its ten minutes: how soon after the limit the engine has killed it is a matter of what else the machine does.
        ran = run("trap '' TERM INT; echo half > /output/f; sleep 600", time_s=1.5)
        assert ran.outcome.timed_out
        assert 1.4 < ran.outcome.measurement.wall_time_s < 60
        assert ran.texts == {"f": "half\n"}
        assert category_of(ran.outcome) is Category.TIME_LIMIT

    def test_cancelling_kills_it_and_keeps_the_reason(self, run):
        ran = run("sleep 600", should_stop=lambda: True, time_s=500)
        assert ran.outcome.cancelled
        assert not ran.outcome.timed_out
        assert ran.outcome.measurement.wall_time_s < 60
        assert category_of(ran.outcome) is Category.CANCELLED


class TestHowItEnds:
    def test_an_error_of_the_program_is_a_crash(self, run):
        assert category_of(run("echo > /output/f; exit 3").outcome) is Category.CRASHED

    def test_a_program_that_kills_itself_is_not_out_of_memory(self, run):
        ran = run("kill -9 $$")
        assert ran.outcome.exit_code == 137
        assert category_of(ran.outcome) is Category.UNDETERMINED

    def test_writing_nothing_is_told(self, run):
        assert category_of(run("true").outcome) is Category.NO_OUTPUT

    def test_a_command_that_does_not_exist_cannot_start(self, run, image_of):
        ran = run(image_of(config={"Cmd": ["/nowhere/python", "model.py"]}))
        assert category_of(ran.outcome) is Category.CANNOT_START

    def test_an_image_without_a_command_cannot_start(self, run, image_of):
        ran = run(image_of(config={"Cmd": None}))
        assert ran.outcome.results is None
        assert ran.outcome.started_at is None
        assert category_of(ran.outcome) is Category.CANNOT_START


class TestWhoseFaultItIsThatNothingStarts:
    @pytest.mark.parametrize("image_too", [False, True])
    def test_what_keeps_every_image_from_starting_is_the_platforms(
        self, engine, loaded, make_spec, image_of, tmp_path, image_too
    ):
        config = {"WorkingDir": "/input/sub"} if image_too else {}
        spec = dataclasses.replace(make_spec(loaded(image_of(config=config))), runtime="no-such-runtime")
        with pytest.raises(SandboxTrouble, match="no-such-runtime"):
            engine.run(spec, tmp_path / "r.tar")

    def test_inputs_that_the_engine_does_not_see_are_the_platforms(self, engine, loaded, make_spec, image_of, tmp_path):
        spec = make_spec(loaded(image_of()))
        spec = dataclasses.replace(spec, mounts=dataclasses.replace(spec.mounts, inputs_dir=tmp_path / "gone"))
        with pytest.raises(SandboxTrouble, match="does not see this machine's files"):
            engine.run(spec, tmp_path / "r.tar")

    def test_a_refusal_that_does_not_come_again_costs_nothing(self, run, monkeypatch):
        really, calls = run_module.execute, []

        def once_refused(*given, **named):
            calls.append(given)
            if len(calls) == 1:
                raise UnexplainedRefusal("The engine was busy.", words="busy")
            return really(*given, **named)

        monkeypatch.setattr(run_module, "execute", once_refused)
        assert run("echo x > /output/f").texts == {"f": "x\n"}
        assert len(calls) == 2


class TestOnlyOnce:
    def test_a_second_start_is_refused_and_the_first_goes_on(self, engine, loaded, make_spec, image_of, tmp_path):
        spec = make_spec(loaded(image_of(f"{until('refused')} echo done > /output/f")))
        outcomes, running = [], threading.Event()
        first = threading.Thread(
            target=lambda: outcomes.append(
                engine.run(spec, tmp_path / "1.tar", progress=lambda phase: phase == "run" and running.set())
            )
        )
        first.start()
        assert running.wait(120)
        with pytest.raises(AlreadyRunning, match="started before"):
            engine.run(spec, tmp_path / "2.tar")
        (tmp_path / "inputs" / "refused").touch()
        first.join()
        assert outcomes[0].result_files == 1
        assert not (tmp_path / "2.tar").exists()

    def test_a_name_that_is_not_the_attempts_own_is_refused(self, engine, loaded, make_spec, image_of, tmp_path):
        spec = dataclasses.replace(make_spec(loaded(image_of())), name="anything")
        with pytest.raises(ValueError, match="not the name of run"):
            engine.run(spec, tmp_path / "r.tar")


class TestCleaningUp:
    @pytest.mark.parametrize("phase", ["create", "run", "collect", "remove"])
    def test_an_interrupt_in_any_phase_leaves_nothing(self, engine, loaded, make_spec, image_of, tmp_path, phase):
        def interrupt(now):
            if now == phase:
                raise KeyboardInterrupt

        spec = make_spec(loaded(image_of("sleep 20")), time_s=1)
        with pytest.raises(KeyboardInterrupt):
            engine.run(spec, tmp_path / "r.tar", progress=interrupt)
        assert [path.name for path in tmp_path.iterdir() if "r.tar" in path.name] in ([], ["r.tar"])

    def test_an_error_while_it_runs_leaves_nothing(self, engine, loaded, make_spec, image_of, tmp_path):
        def fail():
            raise RuntimeError("the lease is lost")

        with pytest.raises(RuntimeError, match="lease is lost"):
            engine.run(make_spec(loaded(image_of("sleep 20"))), tmp_path / "r.tar", should_stop=fail)
        assert not (tmp_path / "r.tar").exists()


class TestOneFileOfTheResultsAtTheRoot:
    def test_it_is_written_there_and_collected_with_the_others(self, engine, loaded, make_spec, image_of, tmp_path):
        spec = make_spec(loaded(image_of(script="cat /more/x > /scores.json; cat /output/scores.json > /output/seen")))
        more = tmp_path / "more"
        more.mkdir(mode=0o755)
        (more / "x").write_text("from beside")
        mounts = dataclasses.replace(spec.mounts, beside=((more, "/more"),), output_file="scores.json")
        outcome = engine.run(dataclasses.replace(spec, mounts=mounts), tmp_path / "results.tar")
        assert outcome.exit_code == 0, outcome.log_tail
        with tarfile.open(tmp_path / "results.tar") as tar:
            texts = {member.name: tar.extractfile(member).read() for member in tar}
        assert texts == {"scores.json": b"from beside", "seen": b"from beside"}

    def test_it_is_bounded_as_all_results_are(self, engine, loaded, make_spec, image_of, tmp_path):
        spec = make_spec(
            loaded(image_of(script="dd if=/dev/zero of=/scores.json bs=65536; echo > /more/x && echo > /output/wrote"))
        )
        mounts = dataclasses.replace(spec.mounts, beside=((spec.mounts.inputs_dir, "/more"),), output_file="scores.json")
        outcome = engine.run(dataclasses.replace(spec, mounts=mounts), tmp_path / "results.tar")
        assert outcome.output_full
        assert not (spec.mounts.inputs_dir / "x").exists()
