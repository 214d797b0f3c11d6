"""The registry program's configuration: one service, tokens of this platform, nothing deleted over the network."""

from __future__ import annotations

import json
import secrets
import shutil
from pathlib import Path
from typing import Any

from sonobench_platform.config import Settings
from sonobench_platform.registry.keys import SigningKey
from sonobench_platform.registry.tokens import ISSUER, SERVICE
from sonobench_platform.storage.store import replacing

PROGRAMS = ("docker-registry", "registry")
"""What Debian calls the CNCF distribution's program, and what its own image does."""


def program() -> str | None:
    """Where the registry program is; None where it is not installed."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


def configuration(*, address: str, storage: Path, certificate: Path, realm: str) -> dict[str, Any]:
    """For a registry that listens on `address` and sends clients to `realm` for tokens."""
    return {
        "version": 0.1,
        "log": {"level": "warn", "accesslog": {"disabled": True}},
        "storage": {
            "filesystem": {"rootdirectory": str(storage)},
            "delete": {"enabled": False},
            # Pushes that broke off; what was pushed whole is kept, so that the next push of it sends nothing.
            "maintenance": {"uploadpurging": {"enabled": True, "age": "24h", "interval": "1h", "dryrun": False}},
        },
        "http": {"addr": address, "secret": secrets.token_hex(32), "headers": {"X-Content-Type-Options": ["nosniff"]}},
        "auth": {"token": {"realm": realm, "service": SERVICE, "issuer": ISSUER, "rootcertbundle": str(certificate)}},
    }


def write_configuration(settings: Settings, *, address: str) -> Path:
    """The configuration of a private registry of this home, in a file for its owner alone (JSON is YAML)."""
    folder = settings.home / "registry"
    storage = folder / "storage"
    storage.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / "registry.yml"
    made = configuration(
        address=address,
        storage=storage,
        certificate=SigningKey(settings.home).certificate_file,
        realm=f"{settings.public_url.rstrip('/')}/registry/token",
    )
    with replacing(path) as temporary:
        temporary.touch(mode=0o600)
        temporary.write_text(json.dumps(made, indent=1))
    return path
