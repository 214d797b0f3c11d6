"""Intake against `docker load` of the same tar, and its memory for two sizes. Part of `make bench`.

The verifier runs in a process of its own, which tells its time without start-up and its peak memory. Both sides end with the
image on the disk: intake syncs the tar it wrote, the engine has unpacked the layers. Each is the best of two runs.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import random
import subprocess
import sys
import tarfile
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

import docker
import docker.errors
import zstandard

TAG = "sonobench-bench/intake:1"
SIZES_MIB = (64, 384)
REPEATS = 2
_SMALL_FILES_PER_MIB = 20
_LAYERS = 4


class Verified(NamedTuple):
    """One run of the verifier."""

    seconds: float
    peak_mib: float


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for size_mib in SIZES_MIB:
            plain = Path(folder) / "image.tar"
            write_image(plain, size_mib)
            for name, upload in compressed_copies(plain):
                show(f"{size_mib} MiB, {name}", upload, plain)


def show(name: str, upload: Path, plain: Path) -> None:
    """One line: both times, their ratio as throughput, and the verifier's peak memory.

    Engines before 23.0 load no zstd: there the peer is the same engine with the same image uncompressed.
    """
    runs = [verified(upload) for _ in range(REPEATS)]
    seconds, peak_mib = min(run.seconds for run in runs), max(run.peak_mib for run in runs)
    peer, loading = "docker load", load_seconds(upload)
    if loading is None:
        peer, loading = "docker load of the plain tar", load_seconds(plain)
    told = "no engine to compare with" if loading is None else f"{peer} {loading:.2f} s, ratio {loading / seconds:.1f}"
    print(f"intake of {name}: {seconds:.2f} s, {told}, peak memory {peak_mib:.0f} MiB")


def verified(upload: Path) -> Verified:
    """Verifies in a new process."""
    said = subprocess.run(
        [sys.executable, "-m", "infra.bench_intake", str(upload), str(upload.with_name("verified.tar"))],
        check=True,
        capture_output=True,
        text=True,
    )
    return Verified(*json.loads(said.stdout))


def verify_and_tell(upload: Path, target: Path) -> None:
    """What the new process does."""
    from sonobench_eval.intake.verify import verify_image

    started = time.perf_counter()
    verify_image(upload, target, tag=TAG)
    seconds = time.perf_counter() - started
    target.unlink()
    print(json.dumps([seconds, peak_memory_mib()]))


def peak_memory_mib() -> float:
    """Of this program. (`getrusage` would tell that of the process it was started from where that is larger.)"""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM:"))


def load_seconds(upload: Path) -> float | None:
    """Seconds the engine takes; None where there is no engine or it does not read this. The image is removed again."""
    try:
        with closing(docker.from_env(timeout=600)) as client:
            return min(_load_seconds(client, upload) for _ in range(REPEATS))
    except docker.errors.DockerException:
        return None


def _load_seconds(client: docker.DockerClient, upload: Path) -> float:
    try:
        started = time.perf_counter()
        with upload.open("rb") as file:
            client.images.load(file)
        return time.perf_counter() - started
    finally:
        with suppress(docker.errors.ImageNotFound):
            client.images.remove(TAG, force=True)


def write_image(path: Path, size_mib: int) -> None:
    """A saved image of a few layers; of its bytes half are noise and half compress, as in images of models and programs."""
    rng = random.Random(size_mib)  # noqa: S311
    config_diff_ids: list[str] = []
    with tarfile.open(path, "w") as tar:
        for number in range(_LAYERS):
            layer = _layer(rng, size_mib // _LAYERS, number)
            config_diff_ids.append(f"sha256:{_sha256(layer)}")
            _add(tar, f"{number}/layer.tar", layer)
        config = json.dumps(
            {
                "architecture": "amd64",
                "os": "linux",
                "config": {"Cmd": ["/none"]},
                "rootfs": {"type": "layers", "diff_ids": config_diff_ids},
            }
        ).encode()
        name = f"{_sha256(config)}.json"
        _add(tar, name, config)
        layers = [f"{number}/layer.tar" for number in range(_LAYERS)]
        _add(tar, "manifest.json", json.dumps([{"Config": name, "RepoTags": [TAG], "Layers": layers}]).encode())


def compressed_copies(plain: Path) -> list[tuple[str, Path]]:
    """The tar as it is, in gzip and in zstd, at the levels the usual programs take."""
    packed, small = plain.with_suffix(".tar.gz"), plain.with_suffix(".tar.zst")
    with plain.open("rb") as source, gzip.open(packed, "wb", compresslevel=6) as target:
        while block := source.read(1 << 20):
            target.write(block)
    with plain.open("rb") as source, small.open("wb") as file:
        zstandard.ZstdCompressor(level=3).copy_stream(source, file)
    return [("plain", plain), ("gzip", packed), ("zstd", small)]


def _layer(rng: random.Random, size_mib: int, number: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for index in range(size_mib):
            noise = rng.randbytes(1 << 19)
            _add(tar, f"opt/{number}/{index}", noise + noise[:4096] * 112)
            for small in range(_SMALL_FILES_PER_MIB):
                _add(tar, f"usr/{number}/{index}-{small}", noise[small : small + 3000])
    return buffer.getvalue()


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


if __name__ == "__main__":
    if len(sys.argv) == 3:
        verify_and_tell(Path(sys.argv[1]), Path(sys.argv[2]))
    else:
        main()
