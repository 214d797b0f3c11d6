"""A private copy of the machine for set-up scripts: no engine of its own, a dockerd that only answers."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

FAKE_DOCKERD = f"""#!{sys.executable}
import os, socket, sys, time
if os.environ.get("FAKE_DOCKERD_NEEDS") and os.environ["FAKE_DOCKERD_NEEDS"] not in sys.argv:
    sys.exit("failed to start daemon: no packet filter")
listener = socket.socket(socket.AF_UNIX)
listener.bind("/run/docker.sock")
listener.listen()
print("started with", *sys.argv[1:], flush=True)
while True:
    connection, _ = listener.accept()
    try:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nOK")
    except OSError:
        pass  # whoever asked did not wait, as on a busy machine: the next one is answered
    connection.close()
"""

# Its own /run hides the machine's engine; its own process tree makes sure that nothing outlives the test.
PRIVATE = """
set -e
mount -t tmpfs none /run && mkdir -p /run/lock
mount -t tmpfs none /var/log
set +e
eval "$SCRIPT"
"""


@pytest.fixture
def engine_sh(repo_root: Path) -> Path:
    return repo_root / "infra" / "engine.sh"


@dataclass(frozen=True)
class Machine:
    """A machine without an engine, whose `dockerd` is a fake that answers and no more."""

    tools: Path
    engine_sh: Path

    def bash(self, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
        path = f"{self.tools}:{os.environ['PATH']}"
        environment = {**os.environ, **variables, "PATH": path, "SCRIPT": script, "ENGINE": str(self.engine_sh)}
        environment.pop("DOCKER_HOST", None)
        command = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "bash", "-c", PRIVATE]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)


@pytest.fixture
def machine(tmp_path: Path, engine_sh: Path) -> Machine:
    if os.geteuid() != 0:
        pytest.skip("hiding this machine's engine needs root")
    if subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine does not allow namespaces of one's own")
    (tmp_path / "dockerd").write_text(FAKE_DOCKERD)
    (tmp_path / "dockerd").chmod(0o755)
    return Machine(tmp_path, engine_sh)
