"""The Python base images that example submissions are built on, made without a registry where none answers.

    sonobench/base         Python 3, pip, numpy and Pillow
    sonobench/base-torch   the same with PyTorch (CPU build, unless TORCH_INDEX names another index)

The start is `python:3.11-slim` where a registry answers, else a root file system from distribution packages
(`infra/rootfs.sh`). Packages are fetched on this machine and copied in by a build without network. Tags are a
hash of the recipe, so a second call finds the image and ends at once.

Environment: SONOBENCH_BASE_FROM names an image to start from (a registry of the house); TORCH_INDEX an index of wheels.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import docker

from infra.image_build import (
    CACHE,
    ROOT,
    ImageBuildError,
    build,
    connect,
    digest_of,
    folder_files,
    image_exists,
    import_root,
    one_at_a_time,
    pull,
    say,
    tag_also,
)

REGISTRY_START = "python:3.11-slim"
REGISTRY_PROBE = "https://registry-1.docker.io/v2/"
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
PROBE_TIMEOUT_S = 3.0
PIP_TIMEOUT_S = 1800

PLAIN = ("pip==25.3", "numpy==2.2.6", "pillow==12.0.0")
TORCH_DEPENDENCIES = (
    "filelock==3.20.0",
    "fsspec==2025.10.0",
    "jinja2==3.1.6",
    "markupsafe==3.0.3",
    "mpmath==1.3.0",
    "networkx==3.4.2",
    "setuptools==80.9.0",
    "sympy==1.14.0",
    "typing-extensions==4.15.0",
)
TORCH_CPU = "torch==2.13.0+cpu"
TORCH_ANY = "torch==2.13.0"
TORCH_WHEEL_MB = 190

DOCKERFILE = """\
ARG START
FROM ${START}
ARG SITE
COPY pip /usr/local/bin/pip
COPY site ${SITE}
ARG IMPORTS
RUN python3 -c "import ${IMPORTS}" && { python3 -m compileall -q -j 2 ${SITE} || true; }
ENV PYTHONUNBUFFERED=1
"""
PIP = b'#!/bin/sh\nexec python3 -m pip "$@"\n'
NEEDLESS = re.compile(
    r"^(bin|torch/(include|share|test|bin/(?!torch_shm_manager$)[^/]*)|torch/lib/.*\.a$|(numpy|sympy|networkx|mpmath)/(.*/)?tests)(/|$)"
)


@dataclass(frozen=True, slots=True)
class Kind:
    """One base image: its repository and what is installed in it."""

    repository: str
    requirements: tuple[str, ...]
    with_torch: bool

    @property
    def tag(self) -> str:
        """The content hash: of the recipe, the packages and where they start from."""
        asked = [os.environ.get("SONOBENCH_BASE_FROM"), os.environ.get("TORCH_INDEX") if self.with_torch else None]
        recipe = {
            "dockerfile": DOCKERFILE.encode(),
            "rootfs": (ROOT / "infra" / "rootfs.sh").read_bytes(),
            "requirements": "\n".join(self.requirements).encode(),
            "machine": platform.machine().encode(),
            "left_out": NEEDLESS.pattern.encode(),
            "asked": repr(asked).encode(),
        }
        return digest_of(recipe)

    @property
    def reference(self) -> str:
        return f"{self.repository}:{self.tag}"


def plain() -> Kind:
    return Kind("sonobench/base", PLAIN, with_torch=False)


def with_torch() -> Kind:
    torch = TORCH_ANY if os.environ.get("TORCH_INDEX") else TORCH_CPU
    return Kind("sonobench/base-torch", (*PLAIN, *TORCH_DEPENDENCIES, torch), with_torch=True)


def ensure_base(client: docker.DockerClient, kind: Kind) -> str:
    """The tag of a base image that this engine holds, built if need be (about a minute; three on a slow machine).

    Raises:
        ImageBuildError: neither a registry nor distribution packages could be had, or the wheels could not.
    """
    if not image_exists(client, kind.reference):
        with one_at_a_time("base-image"):
            if not image_exists(client, kind.reference):
                _build_base(client, kind)
    tag_also(client, kind.reference, kind.repository, "latest")
    return kind.reference


def _build_base(client: docker.DockerClient, kind: Kind) -> None:
    start = _start_image(client)
    version, site = _python_of(client, start)
    packages = _fetch_packages(kind, python_version=version)
    say(f"base image: installing {', '.join(_names(kind))} ...")
    kept = {name: path for name, path in folder_files(packages).items() if not NEEDLESS.match(name)}
    files: dict[str, Path | bytes] = {f"site/{name}": path for name, path in kept.items()}
    files |= {"Dockerfile": DOCKERFILE.encode(), "pip": PIP}
    imports = "numpy, PIL, torch" if kind.with_torch else "numpy, PIL"
    build(client, files, tag=kind.reference, buildargs={"START": start, "SITE": site, "IMPORTS": imports})


def _names(kind: Kind) -> list[str]:
    return [name for name in ("numpy", "pillow", "torch") if any(each.startswith(name) for each in kind.requirements)]


# The start ----------------------------------------------------------------------------------------------------


def _start_image(client: docker.DockerClient) -> str:
    if asked := os.environ.get("SONOBENCH_BASE_FROM"):
        return asked if image_exists(client, asked) else pull(client, asked)
    if image_exists(client, REGISTRY_START):
        return REGISTRY_START
    if _answers(REGISTRY_PROBE):
        say(f"base image: pulling {REGISTRY_START} ...")
        try:
            return pull(client, REGISTRY_START)
        except ImageBuildError as error:
            say(f"base image: {error}; building it from distribution packages instead.")
    return _distribution_start(client)


def _distribution_start(client: docker.DockerClient) -> str:
    script = ROOT / "infra" / "rootfs.sh"
    tag = digest_of({"script": script.read_bytes(), "system": Path("/etc/os-release").read_bytes()})
    if image_exists(client, f"sonobench/rootfs:{tag}"):
        return f"sonobench/rootfs:{tag}"
    tar = CACHE / f"rootfs-{tag}.tar"
    if not tar.exists():
        as_root = [] if os.geteuid() == 0 else ["sudo"]
        if subprocess.run([*as_root, str(script), str(tar)], check=False).returncode != 0 or not tar.exists():
            raise ImageBuildError("the base image could not be built from distribution packages; the reason is above.")
    return import_root(client, tar, repository="sonobench/rootfs", tag=tag)


def _answers(url: str) -> bool:
    """Whether a web server answers there soon; a refusal (401, 403) is an answer too."""
    try:
        with urllib.request.urlopen(url, timeout=PROBE_TIMEOUT_S):  # noqa: S310 - constant https addresses
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


def _python_of(client: docker.DockerClient, image: str) -> tuple[str, str]:
    """The image's Python as `3.11`, and the folder its packages live in."""
    code = "import sys, sysconfig; print('%d.%d' % sys.version_info[:2], sysconfig.get_path('purelib'))"
    out = client.containers.run(image, ["-c", code], entrypoint=["python3"], network_mode="none", remove=True)
    version, site = out.decode().split()
    return version, site


# Packages -----------------------------------------------------------------------------------------------------


def _fetch_packages(kind: Kind, *, python_version: str) -> Path:
    """The packages of `kind`, unpacked for the image's Python: from the cache, or through this machine's pip."""
    asked = f"{kind.requirements} {python_version} {platform.machine()} {os.environ.get('TORCH_INDEX')}"
    folder = CACHE / "packages" / f"{kind.repository.rpartition('/')[2]}-{digest_of({'asked': asked.encode()})}"
    if not folder.exists():
        if kind.with_torch:
            say(f"base image: fetching PyTorch (about {TORCH_WHEEL_MB} MB unless it is on this machine already) ...")
        unfinished = folder.with_name(folder.name + ".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.parent.mkdir(parents=True, exist_ok=True)
        _pip_unpack(kind, python_version, unfinished)
        unfinished.replace(folder)
    return folder


def _pip_unpack(kind: Kind, python_version: str, folder: Path) -> None:
    machine = platform.machine()
    platforms = [
        f"--platform=manylinux_2_28_{machine}",
        f"--platform=manylinux_2_17_{machine}",
        f"--platform=manylinux2014_{machine}",
    ]
    command = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-input", "--no-compile"]
    command += ["--only-binary=:all:", f"--python-version={python_version}", *platforms, *_torch_index(kind)]
    command += ["--target", str(folder), *kind.requirements]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PIP_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise ImageBuildError(f"base image: the packages did not arrive within {PIP_TIMEOUT_S // 60} minutes") from error
    if done.returncode != 0:
        last = "\n".join(line for line in done.stderr.splitlines() if line.startswith("ERROR"))
        raise ImageBuildError(
            f"{last}\nbase image: pip could not fetch {', '.join(_names(kind))} for Python {python_version}. "
            "Without internet, name your own index or folder: PIP_INDEX_URL, PIP_FIND_LINKS, and TORCH_INDEX for PyTorch."
        )


def _torch_index(kind: Kind) -> list[str]:
    if not kind.with_torch:
        return []
    if asked := os.environ.get("TORCH_INDEX"):
        return [f"--index-url={asked}"]
    return [f"--extra-index-url={TORCH_CPU_INDEX}"] if _answers(f"{TORCH_CPU_INDEX}/torch/") else []


if __name__ == "__main__":
    engine = connect()
    for wanted in (plain(), with_torch()):
        print(ensure_base(engine, wanted))
