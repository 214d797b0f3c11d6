"""A challenge of four cases, and images of a few hundred kilobytes that bring their answers along: a run takes a second.

For end-to-end tests, `make soak` and benchmarks of the platform itself.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from PIL import Image

BUSYBOX = Path("/bin/busybox")
HEADS = ("heads/img1.png", "heads/img2.png")
BREASTS = ("breasts/img1.png", "breasts/img2.png")
GO_ON = "SIGCONT"
"""What a waiting image's container is told to go on with: a signal that changes nothing where nobody listens to it yet."""
_WAIT = "trap told=1 CONT; sleep 280 & wait; test $told || exit 70"


class SmallImage(NamedTuple):
    """A `docker save` tar and the digest of its config."""

    digest: str
    tar: bytes


def png(size: tuple[int, int], *, box: tuple[int, int, int, int] | None = None) -> bytes:
    """A black 8-bit image, with a white box where one is asked for."""
    image = Image.new("L", size, 0)
    if box is not None:
        image.paste(255, box)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


MASK = png((32, 24), box=(8, 6, 24, 18))


def write_small_challenge(folder: Path, **changes: Any) -> Path:
    """Two segmentations and two classifications, one case of each in an external center; the path of its YAML."""
    cases: list[dict[str, Any]] = []
    for number, (head, breast) in enumerate(zip(HEADS, BREASTS, strict=True)):
        center = ("inside", "outside")[number]
        mask = head.replace("img", "mask")
        cases.append({"id": head, "task": "head", "center": center, "mask": mask})
        cases.append({"id": breast, "task": "breast", "center": center, "label": number})
        for path, content in ((folder / "images" / head, png((32, 24))), (folder / "images" / breast, png((16, 16)))):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        (folder / "truth" / mask).parent.mkdir(parents=True, exist_ok=True)
        (folder / "truth" / mask).write_bytes(MASK)
    (folder / "challenge.yaml").write_text(yaml.safe_dump({**_definition(cases), **changes}, sort_keys=False))
    return folder / "challenge.yaml"


def _definition(cases: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "sonobench": 1,
        "name": "small",
        "title": "Small",
        "limits": {
            "memory_bytes": "128M",
            "scratch_bytes": "16M",
            "output_bytes": "16M",
            "cpus": 1,
            "time_s": "300s",
            "shm_bytes": "8M",
        },
        "bootstrap": {"resamples": 50},
        # The images here bring their answers along under the cases' names, which pseudonyms are there to defeat.
        "pseudonyms": False,
        "centers": [{"id": "inside", "role": "internal"}, {"id": "outside", "role": "external"}],
        "tasks": [
            {
                "id": "head",
                "kind": "segmentation",
                "dataset_name": "Heads",
                "organ": "Head",
                "labels": {"head": "nonzero"},
                "metrics": [{"name": "dsc"}, {"name": "nsd", "convention": "pixel", "tolerance": 2, "unit": "px"}],
            },
            {
                "id": "breast",
                "kind": "binary",
                "dataset_name": "Breast",
                "organ": "Breast",
                "classes": ["benign", "malignant"],
                "metrics": [{"name": "auc"}, {"name": "acc"}],
            },
        ],
        "cases": cases,
    }


def answers(*, certainty: float = 0.9) -> dict[str, bytes]:
    """What /output should hold: right masks, and right classes with this probability."""
    classes = {
        breast: {"probability": [1 - p, p], "prediction": int(p > 0.5)}
        for breast, p in zip(BREASTS, (1 - certainty, certainty), strict=True)
    }
    masks = {head.replace("img", "mask"): MASK for head in HEADS}
    return {**masks, "classification.json": json.dumps(classes).encode()}


def small_image(
    *, seconds: float = 0, certainty: float = 0.9, status: int = 0, label: str = "small", do: str = "", waits: bool = False
) -> SmallImage:
    """An image whose container does `do` (a line of shell), waits `seconds`, writes its answers and ends with `status`.

    With `waits` it first waits until it is sent `GO_ON`; where that never comes it crashes shortly before the challenge's limit.
    No two are the same image.
    """
    script = f"{_WAIT if waits else ':'}; {do or ':'}; sleep {seconds}; cp -r /answers/. /output/; exit {status}"
    return _image_tar(script, answers(certainty=certainty), label=label)


def _image_tar(script: str, files: dict[str, bytes], *, label: str) -> SmallImage:
    tools = {f"bin/{tool}": "busybox" for tool in ("sh", "sleep", "cp")}
    layer = _tar({"bin/busybox": BUSYBOX.read_bytes(), **{f"answers/{k}": v for k, v in files.items()}}, links=tools)
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "created": "2026-01-01T00:00:00Z",
            "config": {
                "Entrypoint": ["/bin/sh", "-c"],
                "Cmd": [script],
                "Env": [f"LABEL={label}-{os.getpid()}-{time.time_ns()}"],
            },
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        }
    ).encode()
    digest = hashlib.sha256(config).hexdigest()
    manifest = json.dumps([{"Config": f"{digest}.json", "RepoTags": ["team/image:latest"], "Layers": ["layer.tar"]}]).encode()
    return SmallImage(f"sha256:{digest}", _tar({"manifest.json": manifest, f"{digest}.json": config, "layer.tar": layer}))


def _tar(files: dict[str, bytes], *, links: dict[str, str] | None = None) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o755
            archive.addfile(member, io.BytesIO(content))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
    return buffer.getvalue()
