"""Calls to the engine, and what their errors mean. Every call has a timeout: a wedged container can block an inspect.

docker-py lets errors of three libraries through (its own, requests', urllib3's). Nothing above this file sees them.
"""

from __future__ import annotations

import math
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import IO

import docker
import docker.errors
import requests
import urllib3
from docker.utils import kwargs_from_env

from sonobench_eval.sandbox.port import EngineMissing, ImageRefusedByEngine, SandboxTrouble
from sonobench_eval.sandbox.refusals import is_the_images_fault

DEFAULT_SOCKET = "unix:///var/run/docker.sock"
LIBRARY_ERRORS = (docker.errors.DockerException, requests.RequestException, urllib3.exceptions.HTTPError)

_INSTALL = (
    "Install one (`sudo apt-get install docker.io` on Debian and Ubuntu), start it (`sudo systemctl start docker`), "
    "or let DOCKER_HOST name the one to use."
)


class UnexplainedRefusal(SandboxTrouble):
    """The engine refused what was asked of an image, in `words` that leave open whether the image or the node is why."""

    def __init__(self, message: str, *, words: str) -> None:
        super().__init__(message)
        self.words = words


def open_client(*, timeout_s: float, version: str = "auto") -> docker.APIClient:
    """A client of the engine that DOCKER_HOST names, else of the local one.

    Raises:
        EngineMissing: nobody answers there, or this user may not ask.
    """
    host = os.environ.get("DOCKER_HOST") or DEFAULT_SOCKET
    try:
        _knock(host)
        return docker.APIClient(version=version, timeout=math.ceil(timeout_s), **kwargs_from_env())
    except (*LIBRARY_ERRORS, OSError) as error:
        raise EngineMissing(_why_missing(host, str(error))) from error


def _knock(host: str) -> None:
    """See whether somebody is behind a Unix socket; docker-py hides the reason where nobody is, and loses the socket."""
    if host.startswith("unix://"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
            door.connect(host.removeprefix("unix://"))


def _why_missing(host: str, error: str) -> str:
    if "permission denied" in error.lower():
        return (
            f"A Docker Engine is at {host}, but this user may not use it. Join the group `docker` "
            "(`sudo usermod -aG docker $USER`, then log in again) or run the command with sudo."
        )
    return f"No Docker Engine answers at {host}. {_INSTALL}"


@contextmanager
def engine_call(doing: str) -> Iterator[None]:
    """Turn the libraries' errors into `SandboxTrouble` with a sentence. `doing` is what was asked, e.g. `load an image`.

    Raises:
        SandboxTrouble: the engine failed or did not answer.
    """
    try:
        yield
    except docker.errors.APIError as error:
        raise SandboxTrouble(_refusal(doing, reason(error))) from error
    except LIBRARY_ERRORS as error:
        raise SandboxTrouble(
            f"The Docker Engine did not answer when asked to {doing} ({type(error).__name__}). "
            "See whether it still runs: `docker ps`, `systemctl status docker`."
        ) from error


@contextmanager
def image_may_be_refused(doing: str) -> Iterator[None]:
    """Like `engine_call`, where the engine's refusal can also be the image's own fault.

    Raises:
        ImageRefusedByEngine: it is; with the engine's words.
        UnexplainedRefusal: nobody knows.
        SandboxTrouble: it is not: the disk is full, or the engine did not answer.
    """
    with engine_call(doing):
        try:
            yield
        except docker.errors.APIError as error:
            if is_the_images_fault(reason(error)):
                raise ImageRefusedByEngine(reason(error)) from error
            if is_shortage(reason(error)):
                raise
            raise UnexplainedRefusal(_refusal(doing, reason(error)), words=reason(error)) from error


def load_error(api: docker.APIClient, image_tar: bytes | IO[bytes]) -> str:
    """Load an image and return the engine's words where it could not, which come amid its messages of progress."""
    words = ""
    for line in api.load_image(image_tar):  # type: ignore[no-untyped-call]
        words = str(line.get("error") or words)
    return words


def reason(error: docker.errors.APIError) -> str:
    """The engine's own words, without the URL that docker-py puts before them."""
    return str(error.explanation or error)


def is_out_of_space(words: str) -> bool:
    """True where the words end in what the system says then. Earlier in them it could be a path that an image chose."""
    return re.search(r"(?:no space left on device|disk quota exceeded)(?:: unknown)?\W*$", words, re.IGNORECASE) is not None


def is_shortage(words: str) -> bool:
    """True where the node ran out of something; trying another, smaller image would say nothing about this one."""
    return is_out_of_space(words) or re.search(r"cannot allocate memory(?:: unknown)?\W*$", words, re.IGNORECASE) is not None


def is_conflict(error: docker.errors.APIError) -> bool:
    return error.status_code == HTTPStatus.CONFLICT


def _refusal(doing: str, why: str) -> str:
    if is_out_of_space(why):
        return f"The Docker Engine's disk is full: it could not {doing}. Free some of it; `docker system df` shows what uses it."
    if "bind source path does not exist" in why.lower():
        return (
            f"The Docker Engine could not {doing}, as it does not see this machine's files: {why}. "
            "The folder that runs are staged in must have the same path for the engine as it has here."
        )
    return f"The Docker Engine could not {doing}: {why}"
