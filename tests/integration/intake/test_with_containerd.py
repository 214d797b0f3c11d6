"""The second digest: a containerd image store names what intake wrote as intake said it would."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest
import zstandard
from intake_fixtures import tars

from sonobench_eval.intake.verify import verify_image

__all__ = ["tars"]

pytestmark = [
    pytest.mark.skipif(
        shutil.which("containerd") is None or shutil.which("ctr") is None, reason="containerd and ctr are not installed"
    ),
    pytest.mark.docker,  # where an engine may run, so may its containerd
]


@contextmanager
def containerd(folder: Path) -> Iterator[str]:
    """A store of its own, apart from any engine's; gives its socket."""
    socket = str(folder / "c.sock")
    (folder / "config.toml").write_text(
        f'version = 2\nroot = "{folder}/root"\nstate = "{folder}/state"\n'
        f'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\n  address = "{socket}"\n'
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(["containerd", "--config", str(folder / "config.toml")], stdout=log, stderr=log)
    try:
        for _ in range(100):
            if ctr(socket, "version", check=False).returncode == 0:
                break
            time.sleep(0.1)
        yield socket
    finally:
        process.terminate()
        process.wait(timeout=20)


def ctr(socket: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["ctr", "--address", socket, *arguments], capture_output=True, text=True, check=check, timeout=60)


def test_the_manifests_digest_is_the_images_id_there(tmp_path: Path, tars: ModuleType) -> None:
    upload = tmp_path / "upload.tar"
    layers = [tars.layer(a=b"1"), tars.layer(b=b"2")]
    upload.write_bytes(tars.saved_image(layers, stored=[zstandard.compress(each) for each in layers]).tar())
    image = verify_image(upload, tmp_path / "verified.tar", tag="sonobench/test:1")
    with containerd(tmp_path) as socket:
        ctr(socket, "images", "import", "--no-unpack", str(image.tar))
        listed = ctr(socket, "images", "list").stdout
    assert [line.split()[2] for line in listed.splitlines()[1:]] == [image.manifest_digest]
    assert "docker.io/sonobench/test:1" in listed
