"""A challenge of four cases with answers to it, an image that gives them, and the command line as a process."""

from __future__ import annotations

import hashlib
import io
import json
import os
import sys
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image
from remote_server import Server, serving

from sonobench_eval.cli.main import main

BUSYBOX = Path("/bin/busybox")
CENTERS = ("north", "south")


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it said."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def sonobench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Run the command line in `tmp_path`, without a terminal, with a home of its own."""
    for name in [name for name in os.environ if name.startswith("SONOBENCH_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / "config"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path, stdin: str = "", **environment: str) -> Ended:
        capsys.readouterr()
        with monkeypatch.context() as changed:
            changed.setattr(sys, "argv", ["sonobench", *map(str, arguments)])
            changed.setattr(sys, "stdin", io.StringIO(stdin))
            for name, value in environment.items():
                changed.setenv(name, value)
            try:
                main()
                code = 0
            except SystemExit as ended:
                code = int(ended.code or 0)
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    return run


def png(*, box: tuple[int, int, int, int] | None) -> bytes:
    image = Image.new("L", (32, 24), 0)
    if box is not None:
        image.paste(255, box)
    sink = io.BytesIO()
    image.save(sink, "PNG")
    return sink.getvalue()


MASK = png(box=(8, 6, 24, 18))


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


@pytest.fixture
def uusic_folder(tmp_path: Path) -> Path:
    """A folder in UUSIC25's layout: two segmentations, two classifications, one of each from each center."""
    folder = tmp_path / "data"
    entries = []
    for number, center in enumerate(CENTERS):
        head, breast = f"segmentation/Head/img/{number}.png", f"classification/Breast/img/{number}.png"
        _write(folder / "images" / head, png(box=None))
        _write(folder / "images" / breast, png(box=None))
        mask = head.replace("img", "mask")
        _write(folder / "truth" / mask, MASK)
        common = {"center": center, "subject": f"p{number}"}
        entries.append(
            {
                "img_path_relative": head,
                "task": "segmentation",
                "dataset_name": "Head",
                "organ": "Head",
                "mask_path_relative": mask,
                **common,
            }
        )
        entries.append(
            {
                "img_path_relative": breast,
                "task": "classification",
                "dataset_name": "Breast",
                "organ": "Breast",
                "label": number,
                **common,
            }
        )
    (folder / "ground_truth.json").write_text(json.dumps(entries))
    return folder


def _answers() -> dict[str, bytes]:
    """Perfect answers, by their path under /output."""
    classes = {
        f"classification/Breast/img/{number}.png": {"probability": [1.0 - number, float(number)], "prediction": number}
        for number in (0, 1)
    }
    masks = {f"segmentation/Head/mask/{number}.png": MASK for number in (0, 1)}
    return {"classification.json": json.dumps(classes).encode(), **masks}


@pytest.fixture
def server(tmp_path: Path, sonobench: Callable[..., Ended], uusic_folder: Path) -> Iterator[Server]:
    """The platform, with the challenge `small`."""
    assert sonobench("import", "uusic25", uusic_folder, "-o", "challenge.yaml", "--name", "small").returncode == 0
    with serving(tmp_path / "platform", tmp_path / "challenge.yaml") as made:
        yield made


@pytest.fixture
def tar(tmp_path: Path) -> Path:
    """Something to send that is no image."""
    path = tmp_path / "image.tar"
    path.write_bytes(b"\0" * 3_000_000)
    return path


@pytest.fixture
def results(tmp_path: Path) -> Path:
    for path, content in _answers().items():
        _write(tmp_path / "results" / path, content)
    return tmp_path / "results"


@pytest.fixture
def image(tmp_path: Path) -> Callable[[str], Path]:
    """A `docker save` tar of an image that runs a shell script; the perfect answers lie in /answers."""

    def make(script: str) -> Path:
        tools = ("sh", "cp", "true", "sleep", "rm", "cat")
        layer = _tar(
            {
                "bin/busybox": (BUSYBOX.read_bytes(), 0o755),
                **{f"answers/{path}": (data, 0o644) for path, data in _answers().items()},
            },
            links={f"bin/{tool}": "busybox" for tool in tools},
        )
        config = json.dumps(
            {
                "architecture": "amd64",
                "os": "linux",
                "config": {"Cmd": ["/bin/sh", "-c", script]},
                "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]},
            }
        ).encode()
        name = hashlib.sha256(config).hexdigest()
        manifest = json.dumps([{"Config": f"{name}.json", "RepoTags": None, "Layers": ["layer.tar"]}]).encode()
        files = {"manifest.json": (manifest, 0o644), f"{name}.json": (config, 0o644), "layer.tar": (layer, 0o644)}
        target = tmp_path / "image.tar"
        target.write_bytes(_tar(files))
        return target

    return make


def _tar(files: dict[str, tuple[bytes, int]], *, links: dict[str, str] | None = None) -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as archive:
        for name, (data, mode) in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), mode
            archive.addfile(member, io.BytesIO(data))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
    return whole.getvalue()
