"""Image configs made to confuse an engine: each is the team's failure in a sentence, or harmless; never the platform's."""

from __future__ import annotations

import tarfile

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

ODD_FILES = {
    "a pipe for /etc/passwd": {"etc/passwd": {"kind": tarfile.FIFOTYPE}},
    "a pipe for /etc/group": {"etc/group": {"kind": tarfile.FIFOTYPE}},
    "a folder for /etc/passwd": {"etc/passwd": {"kind": tarfile.DIRTYPE, "mode": 0o755}},
    "a link to a pipe for /etc/passwd": {
        "etc/passwd": {"kind": tarfile.SYMTYPE, "link": "../pipe"},
        "pipe": {"kind": tarfile.FIFOTYPE},
    },
    "a huge /etc/group": {"etc/group": {"data": b"x" * (2 << 20)}},
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

    @pytest.mark.parametrize("files", ODD_FILES.values(), ids=ODD_FILES.keys())
    def test_files_that_would_stop_the_engine_are_seen_first(self, run, image_of, file_of, files):
        etc = {"etc": file_of(mode=0o755, kind=tarfile.DIRTYPE)}
        image = image_of("echo x > /output/f", {**etc, **{name: file_of(**fields) for name, fields in files.items()}})
        failure = failure_of(run(image).outcome)
        assert (failure.category, failure.blame) == (Category.CANNOT_START, Blame.PARTICIPANT)

    def test_places_that_lead_in_circles_are_left_alone(self, run, image_of, file_of):
        files = {"app": file_of(kind=tarfile.SYMTYPE, link="app"), "h": file_of(kind=tarfile.SYMTYPE, link="/h")}
        ran = run(image_of("echo x > /output/f", files, {"Env": ["HOME=/h"]}))
        assert failure_of(ran.outcome) is None
        assert len(ran.outcome.notes) == 2

    def test_a_command_with_a_null_byte_is_a_crash(self, run, image_of):
        failure = failure_of(run(image_of(config={"Cmd": ["/bin/sh", "-c", "echo a\0b"]})).outcome)
        assert failure.blame is Blame.PARTICIPANT
