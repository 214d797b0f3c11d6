"""The image's config: what Docker would take from it when a container starts, and what we don't let through."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import Any

from sonobench_eval.intake import go_json
from sonobench_eval.intake.environment import environment_warnings, read_environment
from sonobench_eval.intake.go_json import GoJsonError
from sonobench_eval.intake.records import ImageRefused, Refusal
from sonobench_eval.intake.wording import quoted

RESERVED_LABELS = "org.sonobench."
_PATH_LIMIT_BYTES, _NAME_LIMIT_BYTES = 1024, 255
_KERNEL_FOLDERS = frozenset({"proc", "sys", "dev"})
_DIFF_ID = re.compile(r"sha256:[0-9a-f]{64}")

_SETTINGS = go_json.struct(
    {
        "Hostname": go_json.text,
        "Domainname": go_json.text,
        "User": go_json.text,
        "AttachStdin": go_json.flag,
        "AttachStdout": go_json.flag,
        "AttachStderr": go_json.flag,
        "ExposedPorts": go_json.map_of(go_json.nothing),
        "Tty": go_json.flag,
        "OpenStdin": go_json.flag,
        "StdinOnce": go_json.flag,
        "Env": go_json.texts,
        "Cmd": go_json.command,
        "Healthcheck": go_json.struct(
            {
                "Test": go_json.texts,
                "Interval": go_json.whole,
                "Timeout": go_json.whole,
                "StartPeriod": go_json.whole,
                "StartInterval": go_json.whole,
                "Retries": go_json.whole,
            }
        ),
        "ArgsEscaped": go_json.flag,
        "Image": go_json.text,
        "Volumes": go_json.map_of(go_json.nothing),
        "WorkingDir": go_json.text,
        "Entrypoint": go_json.command,
        "NetworkDisabled": go_json.flag,
        "MacAddress": go_json.text,
        "OnBuild": go_json.texts,
        "Labels": go_json.map_of(go_json.text),
        "StopSignal": go_json.text,
        "StopTimeout": go_json.whole,
        "Shell": go_json.command,
    }
)

_IMAGE = go_json.struct(
    {
        "id": go_json.text,
        "parent": go_json.text,
        "comment": go_json.text,
        "created": go_json.time,
        "container": go_json.text,
        "container_config": _SETTINGS,
        "docker_version": go_json.text,
        "author": go_json.text,
        "config": _SETTINGS,
        "architecture": go_json.text,
        "variant": go_json.text,
        "os": go_json.text,
        "Size": go_json.whole,
        "os.version": go_json.text,
        "os.features": go_json.texts,
        "rootfs": go_json.struct({"type": go_json.text, "diff_ids": go_json.texts}),
        "history": go_json.list_of(
            go_json.struct(
                {
                    "created": go_json.time,
                    "author": go_json.text,
                    "created_by": go_json.text,
                    "comment": go_json.text,
                    "empty_layer": go_json.flag,
                }
            )
        ),
    }
)


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """What a container of this image would get. `warnings` are sentences for the team."""

    diff_ids: tuple[str, ...]
    user: str
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    working_dir: str
    environment: dict[str, str]
    volumes: tuple[str, ...]
    warnings: tuple[str, ...]


def read_config(data: bytes) -> ImageConfig:
    """Reads and judges a config's bytes.

    Raises:
        ImageRefused: not a config Docker would take, another platform than linux/amd64, settings we refuse.
    """
    try:
        image = go_json.read(data, _IMAGE, max_bytes=len(data))
    except GoJsonError as error:
        raise _bad(str(error)) from error
    settings: dict[str, Any] = image.get("config", {})
    _refuse_platform(image)
    _refuse_labels(settings.get("Labels", {}))
    environment = read_environment(settings.get("Env", ()))
    if environment.get("HOME", "").startswith("/"):
        _refuse_place(environment["HOME"], "ENV HOME")
    return ImageConfig(
        diff_ids=_diff_ids(image),
        user=settings.get("User", ""),
        entrypoint=settings.get("Entrypoint", ()),
        command=_command(settings),
        working_dir=_working_dir(settings),
        environment=environment,
        volumes=_volumes(settings),
        warnings=tuple(_warnings(settings, environment)),
    )


def _refuse_platform(image: dict[str, Any]) -> None:
    system, architecture = image.get("os", ""), image.get("architecture", "")
    if (system, architecture) != ("linux", "amd64"):
        raise ImageRefused(
            Refusal.PLATFORM,
            f"The image is for {quoted(f'{system}/{architecture}')}, and it would run on linux/amd64. "
            "Build it with `docker build --platform linux/amd64`.",
        )


def _diff_ids(image: dict[str, Any]) -> tuple[str, ...]:
    rootfs = image.get("rootfs", {})
    diff_ids: tuple[str, ...] = rootfs.get("diff_ids", ())
    if rootfs.get("type") != "layers" or not diff_ids:
        raise _bad("names no layers under rootfs")
    wrong = next((d for d in diff_ids if not _DIFF_ID.fullmatch(d)), None)
    if wrong is not None:
        raise _bad(f"has {quoted(wrong)} under rootfs.diff_ids, which is not a SHA-256 digest")
    filled = sum(not step.get("empty_layer", False) for step in image.get("history", ()))
    if filled > len(diff_ids):
        raise _bad("has more steps with content in its history than layers")
    return diff_ids


def _refuse_labels(labels: dict[str, str]) -> None:
    reserved = next((label for label in labels if label.casefold().startswith(RESERVED_LABELS)), None)
    if reserved is not None:
        raise ImageRefused(
            Refusal.RESERVED_LABEL,
            f"The image has the label {quoted(reserved)}; labels that begin with '{RESERVED_LABELS}' are this platform's own. "
            "Remove it from the Dockerfile.",
        )


def _command(settings: dict[str, Any]) -> tuple[str, ...]:
    """The command; with neither entry point nor command nothing could start."""
    command: tuple[str, ...] = settings.get("Cmd", ())
    if not (settings.get("Entrypoint", ()) or command):
        raise ImageRefused(
            Refusal.NO_COMMAND, "The image has neither ENTRYPOINT nor CMD, so nothing would run. Add one to the Dockerfile."
        )
    return command


def _working_dir(settings: dict[str, Any]) -> str:
    folder: str = settings.get("WorkingDir", "")
    if folder:
        _refuse_place(folder, "WORKDIR")
    return folder


def _volumes(settings: dict[str, Any]) -> tuple[str, ...]:
    volumes = tuple(sorted(settings.get("Volumes", {})))
    for place in volumes:
        _refuse_place(place, "VOLUME")
    return volumes


def _refuse_place(place: str, instruction: str) -> None:
    """A folder the engine would fail to enter or mount, which would look like a fault of the node's."""
    parts = place.encode().split(b"/")
    clean = posixpath.normpath("/" + place.lstrip("/"))
    too_long = len(place.encode()) > _PATH_LIMIT_BYTES or any(len(part) > _NAME_LIMIT_BYTES for part in parts)
    elsewhere = clean.split("/")[1] in _KERNEL_FOLDERS or (instruction == "VOLUME" and clean == "/")
    if not place.startswith("/") or too_long or elsewhere:
        raise ImageRefused(
            Refusal.UNSAFE_PATH,
            f"The image has {instruction} {quoted(place)}, where no container can start. "
            "Use an absolute path outside /proc, /sys and /dev, of ordinary length.",
        )


def _warnings(settings: dict[str, Any], environment: dict[str, str]) -> list[str]:
    found: list[str] = []
    if settings.get("Volumes"):
        places = ", ".join(quoted(place) for place in sorted(settings["Volumes"])[:3])
        found.append(f"VOLUME ({places}) becomes a place of bounded size in memory, thrown away after the run.")
    test = settings.get("Healthcheck", {}).get("Test", ())
    if test and test[0] != "NONE":
        found.append("HEALTHCHECK is not run.")
    return found + environment_warnings(environment)


def _bad(what: str) -> ImageRefused:
    return ImageRefused(
        Refusal.BAD_CONFIG, f"The image's config {what}. If you did not edit it, build the image again with `docker build`."
    )
