"""Whose fault was it: many outcomes, and the words real engines use."""

from __future__ import annotations

import pytest

from sonobench_eval.evaluation import CaseScore, Evaluation, Provenance
from sonobench_eval.sandbox.failure import Blame, Category, ReadResults, classify, duration, read_results, size
from sonobench_eval.sandbox.port import Measurement, RunOutcome
from sonobench_eval.sandbox.refusals import blaming, is_the_images_fault

GIB = 2**30
LIMITS = {"time_limit_s": 5400, "memory_limit_bytes": 8 * GIB, "output_limit_bytes": 3 * GIB // 2}

GOOD = {
    "exit_code": 0,
    "oom_killed": False,
    "timed_out": False,
    "cancelled": False,
    "output_full": False,
    "output_too_many_files": False,
    "log_truncated": False,
    "started_at": None,
    "finished_at": None,
    "measurement": Measurement(wall_time_s=10.0),
    "results": None,
    "result_files": 12,
}


def told(**changes):
    return classify(RunOutcome(**{**GOOD, **changes}), **LIMITS)


def verdict(**changes):
    failure = told(**changes)
    return (failure.category, failure.blame)


class TestClassify:
    def test_results_and_exit_0_are_no_failure(self):
        assert told() is None

    def test_a_cut_log_is_no_failure(self):
        assert told(log_truncated=True) is None

    @pytest.mark.parametrize(
        ("changes", "category", "blame"),
        [
            ({"exit_code": 1}, Category.CRASHED, Blame.PARTICIPANT),
            ({"exit_code": 139}, Category.CRASHED, Blame.PARTICIPANT),
            ({"exit_code": 126}, Category.CANNOT_START, Blame.PARTICIPANT),
            ({"exit_code": 127}, Category.CANNOT_START, Blame.PARTICIPANT),
            ({"exit_code": 137}, Category.UNDETERMINED, Blame.UNDETERMINED),
            ({"exit_code": 137, "oom_killed": True}, Category.MEMORY_LIMIT, Blame.PARTICIPANT),
            ({"exit_code": 0, "oom_killed": True}, Category.MEMORY_LIMIT, Blame.PARTICIPANT),
            ({"exit_code": 137, "timed_out": True}, Category.TIME_LIMIT, Blame.PARTICIPANT),
            ({"exit_code": 137, "timed_out": True, "oom_killed": True}, Category.TIME_LIMIT, Blame.PARTICIPANT),
            ({"exit_code": 137, "oom_killed": True, "output_full": True}, Category.OUTPUT_LIMIT, Blame.PARTICIPANT),
            ({"exit_code": 1, "output_full": True}, Category.OUTPUT_LIMIT, Blame.PARTICIPANT),
            ({"exit_code": 0, "output_full": True}, Category.OUTPUT_LIMIT, Blame.PARTICIPANT),
            ({"output_too_many_files": True}, Category.OUTPUT_LIMIT, Blame.PARTICIPANT),
            ({"result_files": 0}, Category.NO_OUTPUT, Blame.PARTICIPANT),
            ({"exit_code": 137, "cancelled": True}, Category.CANCELLED, Blame.UNDETERMINED),
            ({"exit_code": None}, Category.PLATFORM_TROUBLE, Blame.PLATFORM),
            ({"exit_code": None, "engine_error": "something new"}, Category.UNDETERMINED, Blame.UNDETERMINED),
        ],
    )
    def test_each_outcome_has_one_category_and_one_blame(self, changes, category, blame):
        assert verdict(**changes) == (category, blame)

    def test_sentences_name_the_limit_and_what_to_do(self):
        assert "time limit of 1 h 30 min. Make it faster" in told(timed_out=True).sentence
        assert "memory limit of 8 GiB. Use smaller batches" in told(oom_killed=True).sentence
        assert "more than the 1.5 GiB that fit into /output. Write only" in told(output_full=True).sentence

    def test_a_full_output_is_mentioned_beside_the_time_limit(self):
        assert "output place was full as well" in told(timed_out=True, output_full=True).sentence

    @pytest.mark.parametrize("exit_code", [1, 42, 126, 127, 137, 139, 255])
    def test_no_sentence_holds_the_exit_code(self, exit_code):
        # Hidden images could be encoded in it.
        assert str(exit_code) not in told(exit_code=exit_code).sentence

    def test_crashes_are_told_alike_whatever_the_exit_code(self):
        assert told(exit_code=1) == told(exit_code=42) == told(exit_code=139)

    def test_the_log_never_reaches_the_sentence(self):
        assert "secret" not in told(exit_code=1, log_tail="secret").sentence

    def test_the_engines_words_never_reach_the_sentence(self):
        error = 'OCI runtime create failed: runc create failed: exec: "/opt/secret/run": permission denied: unknown'
        failure = told(exit_code=None, engine_error=error)
        assert failure.category is Category.CANNOT_START
        assert "secret" not in failure.sentence


# Words of real engines. Those without a note were seen on Docker Engine 20.10.24 with runc 1.1.5; the others say where.
_RUNC = "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: "
_ENGINE_23 = "failed to create task for container: " + _RUNC  # 23.0 to 29
_RUNC_1_2 = _ENGINE_23 + "error during container init: "  # runc 1.2 and 1.3 say so of the program, too
_RUNC_1_0 = "OCI runtime create failed: container_linux.go:380: starting container process caused: "  # engine 20.10, runc 1.0
_RUNC_RC = 'OCI runtime create failed: container_linux.go:349: starting container process caused "'  # engine 19.03, runc 1.0-rc10
_HOOK = "error running hook #0: error running hook: exit status 1, stdout: , stderr: "
IMAGES_FAULT = [
    "No command specified",  # engine 20.10, at create
    "no command specified",  # engine 25
    "no command or entrypoint provided, and no CMD or ENTRYPOINT from image",  # podman 4
    _RUNC + 'exec: "/nope": stat /nope: no such file or directory: unknown',
    # github.com/whyour/qinglong/issues/2567, engine 27
    _ENGINE_23 + 'exec: "./docker/docker-entrypoint.sh": stat ./docker/docker-entrypoint.sh: no such file or directory: unknown',
    _RUNC_1_2 + 'exec: "/nope": stat /nope: no such file or directory: unknown',
    _RUNC_1_0 + 'exec: "/nope": stat /nope: no such file or directory: unknown',
    _RUNC_RC + 'exec: \\"nope\\": executable file not found in $PATH": unknown',
    # github.com/containers/crun/issues/1688: podman with runc, and with crun 1.18
    "runc: runc create failed: unable to start container process: error during container init: "
    'exec: "nonexistent": executable file not found in $PATH: OCI runtime attempted to invoke a command that was not found',
    "crun: executable file `nonexistent` not found in $PATH: No such file or directory: "
    "OCI runtime attempted to invoke a command that was not found",
    # github.com/containers/crun/issues/133: podman 1.6
    "executable file not found in $PATH: No such file or directory: OCI runtime command not found error",
    "crun: open executable: Permission denied: OCI permission denied",  # podman 4 with crun
    "crun: cannot chdir to `/root/x`: Permission denied: OCI permission denied",
    _RUNC + 'exec: "relative": executable file not found in $PATH: unknown',
    _RUNC + 'exec: "/vol": permission denied: unknown',
    _RUNC_1_2 + 'exec: "/vol": permission denied: unknown',
    _RUNC + "exec /app/run.sh: exec format error: unknown",
    _RUNC_1_0 + "exec: exec format error: unknown",
    "OCI runtime create failed: runc create failed: "
    'chdir to cwd ("/root/x") set in config.json failed: permission denied: unknown',
    _RUNC_1_0 + 'chdir to cwd (\\"/root/x\\") set in config.json failed: permission denied: unknown',
    "the image declares 40 volumes, more than the 16 allowed",
    "unable to find user 10001: read /var/lib/docker/overlay2/ab/merged/etc/passwd: is a directory",
    "failed to create shim task: OCI runtime create failed: runc create failed: Cwd must be an absolute path: unknown",
    _RUNC + "error during container init: mkdir /w: file exists: unknown",
    _RUNC
    + 'error during container init: error mounting "/var/lib/docker/volumes/sonobench-r-a1-place1/_data" to rootfs at "/app": '
    '"/var/lib/docker/overlay2/ab/merged/proc" cannot be mounted because it is inside /proc: unknown',
    _RUNC + "unable to setup user: stat /dev/null: no such file or directory: unknown",
    "evalSymlinksInScope: too many links in /var/lib/docker/overlay2/ab/merged/app",
    "Cannot mkdir: /bin/busybox is not a directory",
    "invalid volume specification: '/': "
    "invalid mount config for type \"volume\": invalid specification: destination can't be '/'",
]
NODES_FAULT = [
    _RUNC + 'exec: "docker-init": executable file not found in $PATH: unknown',
    _RUNC_1_2 + 'exec: "/sbin/docker-init": stat /sbin/docker-init: no such file or directory: unknown',
    # The GPU. First the engine itself, 19.03 to 29: github.com/hiyouga/LlamaFactory/issues/5268, infiniflow/ragflow/issues/9573
    'could not select device driver "" with capabilities: [[gpu]]',
    'could not select device driver "nvidia" with capabilities: [[gpu]]',
    'could not select device driver "cdi" with capabilities: []',  # engine 26: NVIDIA/nvidia-container-toolkit/issues/434
    'exec: "nvidia-container-runtime-hook": executable file not found in $PATH',
    "error running prestart hook #0: exit status 1, stdout: , "
    "stderr: nvidia-container-cli: initialization error: permission denied",
    # engine 19.03, runc 1.0-rc10: NVIDIA/nvidia-docker/issues/1252
    _RUNC_RC + 'process_linux.go:449: container init caused \\"process_linux.go:432: running prestart hook 1 caused '
    '\\\\\\"error running hook: exit status 1, stdout: , stderr: nvidia-container-cli: initialization error: driver error: '
    'failed to process request\\\\n\\\\\\"\\"": unknown',
    # engine 20.10, runc 1.0: dusty-nv/jetson-containers/issues/102
    "failed to create shim: " + _RUNC_1_0 + "process_linux.go:545: container init caused: Running hook #0:: error running hook: "
    "exit status 1, stdout: , stderr: nvidia-container-cli: initialization error: driver error: failed to process request: "
    "unknown",
    # engine 23, runc 1.1: NVIDIA/nvidia-container-toolkit/issues/131
    _RUNC + "error during container init: " + _HOOK + "Auto-detected mode as 'legacy'\n"
    "nvidia-container-cli: initialization error: cannot open shared object file: no such file or directory: unknown",
    _ENGINE_23 + "error during container init: " + _HOOK + "Auto-detected mode as 'legacy'\n"
    "nvidia-container-cli: initialization error: nvml error: driver not loaded: unknown",
    _ENGINE_23 + "error during container init: " + _HOOK + "Auto-detected mode as 'legacy'\n"
    "nvidia-container-cli: device error: GPU-5a1d0e0f-0000-0000-0000-000000000000: unknown device: unknown",
    # CDI. Toolkit 1.17.8: NVIDIA/nvidia-container-toolkit/issues/1239; engine 28: devnen/Chatterbox-TTS-Server/issues/5; podman
    "failed to create task for container: failed to create shim task: OCI runtime create failed: could not apply required "
    "modification to OCI specification: error modifying OCI spec: failed to inject CDI devices: unresolvable CDI devices "
    "management.nvidia.com/gpu=GPU-e78e68c0-4e6a-737e-f9cc-4223fe50aead",
    "CDI device injection failed: unresolvable CDI devices nvidia.com/gpu=all",
    "setting up CDI devices: unresolvable CDI devices nvidia.com/gpu=all",
    "crun: error executing hook `/usr/bin/nvidia-container-toolkit` (exit code: 1): OCI runtime error",
    "Failed to initialize NVML: Unknown Error",
    # The runtime
    "Unknown runtime specified runsc",  # engine 20.10
    "unknown or invalid runtime name: runsc",  # engine 23
    'default OCI runtime "crun" not found: invalid argument',  # podman: containers/crun/issues/1205
    "failed to create task for container: failed to start shim: start failed: : "
    "fork/exec /usr/bin/containerd-shim-runc-v2: resource temporarily unavailable: unknown",
    # getsentry/self-hosted/issues/3023: an old kernel
    _ENGINE_23 + "can't get final child's PID from pipe: EOF: unknown",
    # cym1102/nginxWebUI/issues/58: an engine in a container of its own
    _RUNC + "unable to apply caps: operation not permitted: unknown",
    # Disk, mounts, groups
    "mkdir /var/lib/docker/overlay2/abc: no space left on device",
    "failed to prepare extraction snapshot: failed to create temp dir: mkdir /var/lib/containerd/io.containerd.snapshotter.v1"
    ".overlayfs/snapshots/new-1: no space left on device: unknown",
    "mkdir /var/lib/docker/overlay2/abc-init: read-only file system",
    "error while mounting volume '/var/lib/docker/volumes/sonobench-r-a1-output/_data': failed to mount local volume: "
    "mount /dev/loop7:/var/lib/docker/volumes/sonobench-r-a1-output/_data: no such device or address",
    'invalid mount config for type "bind": bind source path does not exist: /tmp/sonobench-staged-x/inputs',
    _ENGINE_23 + "unable to apply cgroup configuration: mkdir /sys/fs/cgroup/memory/sonobench: cannot allocate memory: unknown",
    _ENGINE_23 + "unable to apply cgroup configuration: failed to write 4711: "
    "open /sys/fs/cgroup/sonobench/cgroup.procs: no such file or directory: unknown",
    "seccomp is not enabled in your kernel, cannot run a custom seccomp profile",
    # The engine, restarted
    'connection error: desc = "transport: Error while dialing dial unix /run/containerd/containerd.sock: connect: '
    'connection refused": unavailable',
    "ttrpc: closed: unknown",
    "context canceled",
    "cannot start a container that has stopped",
    "No such image: sha256:0000",
    "No such container: 0123456789ab",
]
NOT_THE_IMAGES_FAULT = [
    *NODES_FAULT,
    "Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available",
    _RUNC + 'error during container init: error mounting "/tmp/staged/inputs" to rootfs at "/input": no such file or directory',
]


class TestTroubleOfTheNode:
    @pytest.mark.parametrize("words", NODES_FAULT)
    def test_it_costs_the_team_nothing(self, words):
        failure = told(exit_code=None, engine_error=words)
        assert (failure.category, failure.blame) == (Category.PLATFORM_TROUBLE, Blame.PLATFORM)
        assert failure.sentence.endswith("The run is repeated; it costs the team nothing.")

    @pytest.mark.parametrize("words", [words for words in NODES_FAULT if "nvidia" in words or "gpu" in words or "NVML" in words])
    def test_a_gpu_that_vanished_is_told_as_that(self, words):
        assert "GPU" in told(exit_code=None, engine_error=words).sentence

    @pytest.mark.parametrize("words", [words for words in NODES_FAULT if "no space left" in words])
    def test_a_full_disk_is_told_as_that(self, words):
        assert "disk is full" in told(exit_code=None, engine_error=words).sentence

    def test_the_engines_words_stay_with_the_node(self):
        words = 'error mounting "/srv/hospital/patients" to rootfs: input/output error'
        assert "patients" not in told(exit_code=None, engine_error=words).sentence


class TestBadOutput:
    GOOD, NONE = ReadResults(cases=12, usable=1), ReadResults(cases=12, usable=0)

    def test_one_result_that_can_be_used_is_enough(self):
        assert classify(RunOutcome(**GOOD), **LIMITS, read=self.GOOD) is None

    def test_where_none_can_be_used_the_output_is_bad(self):
        failure = classify(RunOutcome(**GOOD), **LIMITS, read=self.NONE)
        assert (failure.category, failure.blame) == (Category.BAD_OUTPUT, Blame.PARTICIPANT)
        assert "counts as the challenge declares" in failure.sentence

    def test_the_number_of_cases_is_not_in_the_sentence(self):
        assert "12" not in classify(RunOutcome(**GOOD), **LIMITS, read=self.NONE).told

    @pytest.mark.parametrize(
        ("changes", "category"),
        [
            ({"exit_code": 1}, Category.CRASHED),
            ({"timed_out": True}, Category.TIME_LIMIT),
            ({"oom_killed": True}, Category.MEMORY_LIMIT),
            ({"output_full": True}, Category.OUTPUT_LIMIT),
            ({"result_files": 0}, Category.NO_OUTPUT),
            ({"exit_code": 137}, Category.UNDETERMINED),
            ({"exit_code": None}, Category.PLATFORM_TROUBLE),
        ],
    )
    def test_what_ended_the_run_comes_before_what_it_left(self, changes, category):
        assert classify(RunOutcome(**{**GOOD, **changes}), **LIMITS, read=self.NONE).category is category


class TestReadResults:
    def evaluation(self, *problems):
        made_from = Provenance(
            challenge="c",
            challenge_hash="0",
            dataset_hash="0",
            evaluator_version="0",
            engine="fast",
            resamples=0,
            confidence=0.95,
            seed=0,
        )
        cases = tuple(CaseScore(id=str(n), task="t", center="c", scores={}, problem=each) for n, each in enumerate(problems))
        return Evaluation(made_from=made_from, tasks=(), cases=cases)

    def test_missing_and_unusable_results_are_none(self):
        assert read_results(self.evaluation("missing_result", "unreadable_image", "invalid_json")) == ReadResults(3, 0)

    def test_a_result_with_a_note_or_an_empty_mask_is_one(self):
        assert read_results(self.evaluation(None, "not_normalised", "both_empty")) == ReadResults(3, 3)


class TestIsTheImagesFault:
    @pytest.mark.parametrize("words", IMAGES_FAULT)
    def test_what_the_image_is(self, words):
        assert is_the_images_fault(words)
        assert verdict(exit_code=None, engine_error=words) == (Category.CANNOT_START, Blame.PARTICIPANT)

    @pytest.mark.parametrize("words", NOT_THE_IMAGES_FAULT)
    def test_what_the_node_lacks(self, words):
        assert not is_the_images_fault(words)


class TestBlaming:
    @pytest.mark.parametrize("words", [*NOT_THE_IMAGES_FAULT, "something new", "", "x" * 10**6])
    def test_where_another_image_starts_it_is_the_images_whatever_the_words(self, words):
        error = blaming(words)
        assert verdict(exit_code=None, engine_error=error) == (Category.CANNOT_START, Blame.PARTICIPANT)
        assert len(error) < 2100

    def test_the_words_are_for_organisers_only(self):
        failure = told(exit_code=None, engine_error=blaming("mkdir /var/lib/docker/secret: odd"))
        assert "secret" not in failure.sentence
        assert "Check WORKDIR" in failure.sentence


class TestSize:
    @pytest.mark.parametrize(
        ("count", "text"), [(0, "0 bytes"), (1023, "1023 bytes"), (1024, "1 KiB"), (GIB * 3 // 2, "1.5 GiB"), (2**43, "8 TiB")]
    )
    def test_it_uses_the_largest_unit_that_fits(self, count, text):
        assert size(count) == text


class TestDuration:
    @pytest.mark.parametrize(
        ("seconds", "text"),
        [(1.5, "1.5 s"), (59, "59 s"), (60, "1 min"), (90, "1 min 30 s"), (3600, "1 h"), (5400, "1 h 30 min")],
    )
    def test_it_reads_as_people_write_it(self, seconds, text):
        assert duration(seconds) == text


class TestTold:
    def test_a_team_without_the_log_is_told_how_to_get_one(self):
        failure = told(exit_code=1)
        assert failure.sentence == "It ended with an error."
        assert failure.told == "It ended with an error. Run it with `sonobench test` on public cases to see its messages."

    def test_where_there_is_nothing_to_add_the_sentence_is_all(self):
        failure = told(timed_out=True)
        assert failure.told == failure.sentence
