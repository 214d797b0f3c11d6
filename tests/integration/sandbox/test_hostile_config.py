"""Image configs made to confuse an engine: each is the team's failure in a sentence, or harmless; never the platform's."""

from __future__ import annotations

import pytest

from sonobench_eval.sandbox.failure import Blame, Category, classify

pytestmark = pytest.mark.docker

CANNOT_START = {
    "a volume at the root": {"Volumes": {"/": {}}},
    "a volume over /proc": {"Volumes": {"/proc": {}}},
    "a volume below the case list": {"Volumes": {"/input_json/x": {}}},
    "a volume at a file": {"Volumes": {"/bin/busybox": {}}},
    "a working folder that is a file": {"WorkingDir": "/bin/busybox"},
    "a working folder through an open descriptor": {"WorkingDir": "/proc/self/fd/8"},
    "a variable without a name": {"Env": ["=x"]},
    "an empty entry point": {"Entrypoint": [""], "Cmd": None},
}
HARMLESS = {
    "a volume that looks like a bind": {"Volumes": {"/etc/shadow:/stolen:ro": {}}},
    "a volume above the root": {"Volumes": {"/../../x": {}}},
    "names the engine cannot use": {"Domainname": "bad domain!", "Hostname": "bad host!", "StopSignal": "SIGNONSENSE"},
    "a terminal and a network": {"Tty": True, "OpenStdin": True, "NetworkDisabled": False, "ExposedPorts": {"99999/tcp": {}}},
}


def failure_of(outcome):
    return classify(outcome, time_limit_s=1, memory_limit_bytes=1, output_limit_bytes=1)


class TestHostileConfig:
    @pytest.mark.parametrize("config", CANNOT_START.values(), ids=CANNOT_START.keys())
    def test_it_cannot_start_and_that_is_the_teams(self, run, image_of, config):
        failure = failure_of(run(image_of("echo x > /output/f", config=config)).outcome)
        assert (failure.category, failure.blame) == (Category.CANNOT_START, Blame.PARTICIPANT)

    @pytest.mark.parametrize("config", HARMLESS.values(), ids=HARMLESS.keys())
    def test_it_runs_as_any_other(self, run, image_of, config):
        ran = run(image_of("ls /sys/class/net > /output/net; ls /stolen >> /output/net 2>/dev/null", config=config))
        assert failure_of(ran.outcome) is None or ran.outcome.exit_code == 1
        assert ran.texts == {"net": "lo\n"}

    def test_a_command_with_a_null_byte_is_a_crash(self, run, image_of):
        failure = failure_of(run(image_of(config={"Cmd": ["/bin/sh", "-c", "echo a\0b"]})).outcome)
        assert failure.blame is Blame.PARTICIPANT
