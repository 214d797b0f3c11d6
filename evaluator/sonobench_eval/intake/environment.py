"""The image's environment: which variables could make programs of the host load or run the image's files.

Before a container's program starts, hooks of GPU runtimes run for it: the host's own programs, as root, outside of its
confinement, in the image's root folder, and (CVE-2025-23266) with the image's environment. So a variable is judged by
what it does to any dynamically linked program or shell of the host:

- refused where it has a value: `LD_PRELOAD`, `LD_AUDIT` and `GCONV_PATH` load code, `LD_PROFILE`, `LD_PROFILE_OUTPUT` and
  `LD_DEBUG_OUTPUT` write files, `BASH_FUNC_...` gives any bash script functions in place of its commands. Some honest
  images set `LD_PRELOAD` for an allocator: in their start script it works as well, and only in the container.
- refused in `LD_LIBRARY_PATH`: relative parts, which mean the folder a program stands in, here the image's root, and
  parts that lie under /proc, /dev and /sys, or may once `..` is followed, which lead there too (/proc/self/cwd).
  Absolute parts are the host's own folders to a hook, and every CUDA image sets them. An empty part means the same as
  a relative one, but is mostly an honest `dir:$LD_LIBRARY_PATH` with nothing to append: it is a warning, and the
  sandbox takes it out before anything starts.
- refused in `BASH_ENV`: what bash would run to find the file's name. A plain path is common and harmless.
- refused in `GLIBC_TUNABLES`: what is not `name=value` pairs, the shape that overflows unmended loaders (CVE-2023-4911).

`NVIDIA_*` is taken, for every CUDA image has it; the sandbox overrides it. `PATH`, `PYTHONPATH` and their kind are read
by programs that a hook does not start; a relative `PATH` is a warning.
"""

from __future__ import annotations

import posixpath
import re

from sonobench_eval.intake.records import ImageRefused, Refusal
from sonobench_eval.intake.wording import quoted

REFUSED_VARIABLES = frozenset({"LD_PRELOAD", "LD_AUDIT", "GCONV_PATH", "LD_PROFILE", "LD_PROFILE_OUTPUT", "LD_DEBUG_OUTPUT"})
_BASH_FUNCTION = "BASH_FUNC_"
_TUNABLES = re.compile(r"[a-z0-9_.]+=[A-Za-z0-9_.,-]{0,100}(?::[a-z0-9_.]+=[A-Za-z0-9_.,-]{0,100})*")
_KERNEL_FOLDERS = frozenset({"proc", "sys", "dev"})
_VARIABLE_LIMIT_BYTES = 128 * 2**10  # Linux takes no longer string as argument or environment (MAX_ARG_STRLEN)
_ENVIRONMENT_LIMIT_BYTES = 2**20
_IN_THE_SCRIPT = "Remove the ENV line, and set the variable inside the program's start script if it is needed"


def read_environment(entries: tuple[str, ...]) -> dict[str, str]:
    """Variables by name, the last of a name counting; each of them is judged.

    Raises:
        ImageRefused: one that could reach the host, or more than a program can be started with.
    """
    if sum(len(entry.encode()) + 1 for entry in entries) > _ENVIRONMENT_LIMIT_BYTES:
        raise _refused("It has more than 1 MiB in all, with which no program starts. Keep data in files")
    environment: dict[str, str] = {}
    for entry in entries:
        name, _, value = entry.partition("=")
        _judge(name, value)
        if len(entry.encode()) >= _VARIABLE_LIMIT_BYTES:
            raise _refused(f"{quoted(name)} has more than 128 KiB, with which no program starts. Keep data in files")
        environment[name] = value
    return environment


def environment_warnings(environment: dict[str, str]) -> list[str]:
    """Sentences about what is taken and probably not meant."""
    warnings = []
    path, libraries = environment.get("PATH", ""), environment.get("LD_LIBRARY_PATH", "")
    if path and not all(part.startswith("/") for part in path.split(":")):
        warnings.append("PATH has a relative or empty part, so that programs are looked for in the working folder too.")
    if libraries and "" in _library_folders(libraries):
        warnings.append("LD_LIBRARY_PATH has an empty part (a colon at an end?), which is left out when the image runs.")
    return warnings


def _judge(name: str, value: str) -> None:
    if not name:
        what = f"The image's config has {quoted('=' + value)} in its environment, which has no name."
        raise ImageRefused(Refusal.BAD_CONFIG, f"{what} Remove that entry.")
    if not value:
        return
    if name in REFUSED_VARIABLES or name.startswith(_BASH_FUNCTION):
        raise _refused(f"It sets {quoted(name)}, which can make the host's own programs use the image's files. {_IN_THE_SCRIPT}")
    if name == "LD_LIBRARY_PATH":
        _judge_library_path(value)
    if name == "BASH_ENV" and ("$" in value or "`" in value):
        raise _refused(f"BASH_ENV holds a command, which any shell started for the container would run. {_IN_THE_SCRIPT}")
    if name == "GLIBC_TUNABLES" and not _TUNABLES.fullmatch(value):
        raise _refused(f"GLIBC_TUNABLES is not a list of name=value, as attacks on the loader have it. {_IN_THE_SCRIPT}")


def _judge_library_path(value: str) -> None:
    for part in filter(None, _library_folders(value)):
        if not part.startswith("/"):
            raise _refused(
                f"LD_LIBRARY_PATH has {quoted(part)}, so that libraries are looked for in whatever folder a program stands in. "
                "Use absolute folders only"
            )
        if _may_lead_to_the_kernels(part):
            raise _refused(f"LD_LIBRARY_PATH has {quoted(part)}; no libraries lie under /proc, /sys and /dev. Remove it")


def _may_lead_to_the_kernels(folder: str) -> bool:
    """With `..` in it only the host's links say where a folder lies: /var/run/../proc is /proc where /var/run is /run."""
    parts = folder.split("/")
    top = posixpath.normpath("/" + folder.lstrip("/")).split("/")[1]
    return top in _KERNEL_FOLDERS or (".." in parts and not _KERNEL_FOLDERS.isdisjoint(parts))


def _library_folders(value: str) -> list[str]:
    """The loader parts the variable at colons and semicolons alike."""
    return re.split("[:;]", value)


def _refused(what: str) -> ImageRefused:
    return ImageRefused(Refusal.UNSAFE_ENVIRONMENT, f"The image's environment is refused. {what}.")
