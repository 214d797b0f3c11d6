"""Whose fault was it: many outcomes, and the words real engines use."""

from __future__ import annotations

import pytest

from sonobench_eval.sandbox.failure import Blame, Category, classify, duration, size
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


# Engine 20.10.24 with runc 1.1.5 unless said otherwise.
_RUNC = "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: "
IMAGES_FAULT = [
    "No command specified",  # engine 20.10, at create
    "no command specified",  # engine 25
    _RUNC + 'exec: "/nope": stat /nope: no such file or directory: unknown',
    _RUNC + 'exec: "relative": executable file not found in $PATH: unknown',
    _RUNC + 'exec: "/vol": permission denied: unknown',
    _RUNC + "exec /app/run.sh: exec format error: unknown",
    "OCI runtime create failed: runc create failed: "
    'chdir to cwd ("/root/x") set in config.json failed: permission denied: unknown',
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
NOT_THE_IMAGES_FAULT = [
    _RUNC + 'exec: "docker-init": executable file not found in $PATH: unknown',
    'exec: "nvidia-container-runtime-hook": executable file not found in $PATH',
    "error running prestart hook #0: exit status 1, stdout: , "
    "stderr: nvidia-container-cli: initialization error: permission denied",
    "Unknown runtime specified runsc",
    "unknown or invalid runtime name: runsc",
    "mkdir /var/lib/docker/overlay2/abc: no space left on device",
    "No such image: sha256:0000",
    'could not select device driver "nvidia" with capabilities: [[gpu]]',
    "Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available",
    "cannot start a container that has stopped",
    'invalid mount config for type "bind": bind source path does not exist: /tmp/sonobench-staged-x/inputs',
    _RUNC + 'error during container init: error mounting "/tmp/staged/inputs" to rootfs at "/input": no such file or directory',
]


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
