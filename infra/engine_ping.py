"""Does a Docker Engine answer? Standard library only, so that it works before anything is set up.

Exit status: 0 it answers, 13 it is there but this user may not open its socket, 1 nothing answers.
Looks where docker-py looks: DOCKER_HOST, else /var/run/docker.sock.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from urllib.parse import urlsplit

ANSWERS, NOTHING, NOT_ALLOWED = 0, 1, 13
TIMEOUT_S = 5.0
REQUEST = b"GET /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n"


def ping(host: str) -> int:
    """Ask the engine at `host` (`unix://...`, `tcp://...`; anything else through the docker client)."""
    url = urlsplit(host)
    if url.scheme == "unix":
        return _ping_socket(socket.AF_UNIX, url.netloc + url.path)
    if url.scheme in {"tcp", "http"} and not os.environ.get("DOCKER_TLS_VERIFY"):
        return _ping_socket(socket.AF_INET, (url.hostname or "localhost", url.port or 2375))
    return _ping_client()


def _ping_socket(family: socket.AddressFamily, address: str | tuple[str, int]) -> int:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as connection:
            connection.settimeout(TIMEOUT_S)
            connection.connect(address)
            connection.sendall(REQUEST)
            answer = connection.recv(64)
    except PermissionError:
        return NOT_ALLOWED
    except OSError:
        return NOTHING
    return ANSWERS if answer.startswith(b"HTTP/1.") and b" 200 " in answer else NOTHING


def _ping_client() -> int:
    command = ["docker", "version", "--format", "{{.Server.Version}}"]
    try:
        return ANSWERS if subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 0 else NOTHING
    except (OSError, subprocess.TimeoutExpired):
        return NOTHING


if __name__ == "__main__":
    sys.exit(ping(os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"))
