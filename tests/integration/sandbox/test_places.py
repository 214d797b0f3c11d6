"""Writable places on a real engine: HOME, the challenge's places and declared volumes, with what the image has there."""

from __future__ import annotations

import tarfile

import pytest

pytestmark = pytest.mark.docker
MIB = 2**20
MODEL = b"""
cat weights.bin | head -c 4 > /output/weights
mkdir -p __pycache__ lib/__pycache__ && echo > lib/__pycache__/m.pyc && echo changed > lib/settings
mkdir -p ~/.cache/torch && echo > $HOME/.cache/torch/f && cat ~/.profile > /output/home
ls -l lib/run.sh | cut -c1-10 > /output/mode; lib/run.sh; pwd > /output/pwd
"""


@pytest.fixture(scope="session")
def kit_image(image_of, file_of):
    """The shape of the published kit's Dockerfile: a program and weights in /app, HOME at /myhome, made by root."""
    folder = file_of(mode=0o755, kind=tarfile.DIRTYPE)
    files = {
        "app": file_of(mode=0o777, kind=tarfile.DIRTYPE),
        "app/model.py": file_of(MODEL),
        "app/weights.bin": file_of(b"abcd" * MIB),
        "app/lib": folder,
        "app/lib/settings": file_of(b"root's", 0o600),
        "app/lib/run.sh": file_of(b"#!/bin/sh\necho ran > /output/ran\n", 0o4755),
        "app/same": file_of(kind=tarfile.LNKTYPE, link="app/lib/settings"),
        "app/shortcut": file_of(kind=tarfile.SYMTYPE, link="lib/settings"),
        "myhome": file_of(mode=0o777, kind=tarfile.DIRTYPE),
        "myhome/.profile": file_of(b"profile"),
        "bin/python": file_of(kind=tarfile.SYMTYPE, link="busybox"),
        "bin/cut": file_of(kind=tarfile.SYMTYPE, link="busybox"),
    }
    # busybox stands in for python: `sh model.py` is what `python model.py` is there
    config = {"Entrypoint": ["sh"], "Cmd": ["model.py"], "WorkingDir": "/app", "Env": ["HOME=/myhome", "PATH=/bin"]}
    return image_of(files=files, config=config)


class TestAnImageOfTheKitsShape:
    def test_it_runs_unchanged(self, run, kit_image):
        ran = run(kit_image)
        assert ran.outcome.exit_code == 0, ran.outcome.log_tail
        assert ran.texts == {"weights": "abcd", "home": "profile", "mode": "-rwxr-xr-x\n", "ran": "ran\n", "pwd": "/app\n"}
        assert ran.outcome.notes == ()

    def test_links_and_hard_links_still_lead_to_the_same_file(self, run, kit_image, image_of):
        script = "cat /app/same /app/shortcut > /output/both; echo new > /app/same; cat /app/lib/settings > /output/other"
        ran = run(image_of(script, kit_image.files, {"Env": ["HOME=/myhome"]}))
        assert ran.texts == {"both": "root'sroot's", "other": "new\n"}

    def test_nothing_it_writes_there_reaches_the_next_run(self, run, kit_image, image_of):
        script = "ls -a /app /myhome > /output/before; echo x > /app/left; echo x > /myhome/left"
        image = image_of(script, kit_image.files, {"Env": ["HOME=/myhome"]})
        assert run(image).texts == run(image).texts

    def test_a_place_has_the_declared_room_beyond_its_content(self, run, kit_image, image_of):
        script = "dd if=/dev/zero of=/app/fill bs=65536; stat -c %s /app/fill > /output/size"
        ran = run(image_of(script, kit_image.files, {"Env": ["HOME=/myhome"]}), memory_bytes=16 * MIB, scratch_bytes=8 * MIB)
        assert ran.texts["size"] == f"{8 * MIB}\n"
        assert not ran.outcome.oom_killed

    def test_content_does_not_count_against_the_memory_of_the_program(self, run, image_of, file_of):
        files = {"app": file_of(kind=tarfile.DIRTYPE, mode=0o755), "app/weights": file_of(b"\1" * (40 * MIB))}
        script = "cat /app/weights | wc -c > /output/n"
        ran = run(image_of(script, files), memory_bytes=16 * MIB, scratch_bytes=MIB, output_bytes=MIB, shm_bytes=MIB)
        assert ran.texts == {"n": f"{40 * MIB}\n"}
        assert ran.outcome.measurement.peak_host_memory_bytes is None or ran.outcome.measurement.peak_host_memory_bytes < 16 * MIB


class TestPlaces:
    def test_a_place_the_image_does_not_have_is_an_empty_folder(self, run):
        assert run("ls -A /app > /output/ls; echo x > /app/f && cat /app/f >> /output/ls").texts == {"ls": "x\n"}

    def test_what_was_made_for_root_can_be_read_and_written_in_roots_home(self, run, image_of, file_of):
        files = {
            "root": file_of(kind=tarfile.DIRTYPE, mode=0o700),
            "root/.cache": file_of(kind=tarfile.DIRTYPE, mode=0o700),
            "root/.cache/weights": file_of(b"weights", 0o600),
        }
        ran = run(image_of("cat ~/.cache/weights > /output/w; echo x > ~/.cache/new && echo $HOME $USER > /output/home", files))
        assert ran.texts == {"w": "weights", "home": "/root case\n"}

    def test_a_named_users_home_comes_from_the_images_passwd(self, run, image_of, file_of):
        files = {
            "etc": file_of(kind=tarfile.DIRTYPE, mode=0o755),
            "etc/passwd": file_of(b"root:x:0:0::/root:/bin/sh\nteam:x:500:500::/srv/team:/bin/sh\n"),
        }
        assert run(image_of("echo $HOME > /output/h; echo > $HOME/f", files, {"User": "team"})).texts == {"h": "/srv/team\n"}

    def test_a_home_at_the_root_becomes_tmp(self, run, image_of):
        assert run(image_of("echo $HOME > /output/h; echo > $HOME/f", config={"Env": ["HOME=/"]})).texts == {"h": "/tmp\n"}

    def test_a_declared_volume_is_bounded_memory_with_its_content(self, run, image_of, file_of):
        files = {"data": file_of(kind=tarfile.DIRTYPE, mode=0o755), "data/f": file_of(b"content")}
        script = (
            "cat /data/f > /output/f; dd if=/dev/zero of=/data/z bs=65536; stat -c %s /data/z > /output/z; "
            "while read -r device at rest; do case $at in /data|/other) echo $at $device;; esac; done < /proc/mounts > /output/fs"
        )
        ran = run(image_of(script, files, {"Volumes": {"/data": {}, "/other/": {}}}), scratch_bytes=2 * MIB)
        assert ran.texts["f"] == "content"
        assert ran.texts["z"] == f"{2 * MIB}\n"
        assert sorted(ran.texts["fs"].splitlines()) == ["/data tmpfs", "/other tmpfs"]

    def test_volumes_declared_at_input_and_output_change_nothing(self, run, image_of):
        volumes = {"Volumes": {"/input": {}, "/output": {}, "/output/deep": {}, "/app/cache": {}, "/tmp": {}}}
        ran = run(
            image_of(
                "cat /input/a.txt > /output/f; echo x > /app/cache/f; echo x > /tmp/f; echo x > /output/deep/f", config=volumes
            )
        )
        assert ran.outcome.exit_code == 0
        assert ran.texts == {"f": "image a.txt"}

    def test_content_too_large_to_copy_stays_readable_and_is_noted(self, run, image_of, file_of, monkeypatch):
        monkeypatch.setattr("sonobench_eval.sandbox.docker_engine.writable.LARGEST_COPY_BYTES", 1 * MIB)
        files = {"app": file_of(kind=tarfile.DIRTYPE, mode=0o777), "app/weights": file_of(b"w" * 2 * MIB)}
        ran = run(image_of("head -c 1 /app/weights > /output/w; echo x > /app/f || echo no > /output/no", files))
        assert ran.texts == {"w": "w", "no": "no\n"}
        assert ran.outcome.notes[0].startswith("/app of the image was not made writable: with it, more than 1 MiB")

    def test_all_places_share_one_allowance_and_volumes_are_covered_anyway(self, run, image_of, file_of, monkeypatch):
        # Else sixteen volumes could fill the node's memory, or its disk.
        monkeypatch.setattr("sonobench_eval.sandbox.docker_engine.writable.LARGEST_COPY_BYTES", 3 * MIB)
        files = {}
        for name in ("v1", "v2"):
            files |= {name: file_of(kind=tarfile.DIRTYPE, mode=0o777), f"{name}/f": file_of(b"w" * 2 * MIB)}
        image = image_of("ls /v1 > /output/1; ls /v2 > /output/2; echo x > /v2/new", files, {"Volumes": {"/v1/": {}, "/v2/": {}}})
        ran = run(image)
        assert ran.texts == {"1": "f\n", "2": ""}
        assert ran.outcome.exit_code == 0
        assert ran.outcome.notes[0].startswith("/v2 of the image")

    def test_a_place_that_is_a_file_is_left_alone(self, run, image_of, file_of):
        ran = run(image_of("cat /app > /output/f", {"app": file_of(b"a file")}))
        assert ran.texts == {"f": "a file"}
        assert "not a folder" in ran.outcome.notes[0]

    def test_a_place_that_is_a_link_is_followed_inside_the_image_only(self, run, image_of, file_of):
        files = {
            "app": file_of(kind=tarfile.SYMTYPE, link="../../../../etc"),
            "etc": file_of(kind=tarfile.DIRTYPE, mode=0o755),
            "etc/mine": file_of(b"mine"),
        }
        ran = run(image_of("cat /app/mine > /output/mine; cat /app/hostname /app/shadow > /output/host", files))
        assert ran.texts["mine"] == "mine"
        assert ran.texts["host"] in {"", "case\n"}


class TestEnvironment:
    def test_what_reaches_hooks_of_the_host_is_taken_away(self, run, image_of):
        env = [
            "LD_PRELOAD=/evil.so",
            "LD_AUDIT=/evil.so",
            "NVIDIA_VISIBLE_DEVICES=all",
            "NVIDIA_REQUIRE_CUDA=cuda>=12",
            "nvidia_odd=1",
            "KEPT=yes",
            "PATH=/bin",
        ]
        lines = run(image_of("env > /output/env", config={"Env": env})).texts["env"].splitlines()
        assert not [line for line in lines if line.startswith("LD_") or "REQUIRE" in line or "odd" in line]
        assert "NVIDIA_VISIBLE_DEVICES=void" in lines
        assert "KEPT=yes" in lines

    def test_the_images_user_healthcheck_and_labels_have_no_say(self, run, image_of, docker_api):
        config = {
            "User": "0:0",
            "Healthcheck": {"Test": ["CMD-SHELL", "echo checked >> /tmp/checked"], "Interval": 1_000_000_000},
            "Labels": {"org.sonobench.node": "another", "org.sonobench.run": "another"},
        }
        ran = run(image_of("id -u > /output/id; sleep 2; ls /tmp > /output/tmp", config=config))
        assert ran.texts == {"id": "10001\n", "tmp": ""}
