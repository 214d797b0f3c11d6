"""An image in the registry by its tag, pinned to its digest: what a tag means later is nobody's business."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, NamedTuple

import httpx

from sonobench_eval.intake.registry_access import Registry, RegistryImage
from sonobench_platform.core import Core
from sonobench_platform.domain.errors import NotFound, Unavailable
from sonobench_platform.registry.reference import Reference
from sonobench_platform.registry.tokens import own_token

_MANIFESTS = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
_INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_MOST_BYTES = 4 << 20
_PATIENCE_S = 20.0


class Found(NamedTuple):
    """An image's digest, and how many bytes the registry holds of it (packed, as they were pushed)."""

    repository: str
    digest: str
    size_bytes: int

    @property
    def name(self) -> str:
        return f"{self.repository}@{self.digest}"


def look_up(core: Core, reference: Reference) -> Found:
    """Find an image and pin it. The registry is asked; nothing else is waited for.

    Raises:
        NotFound: the repository has no such image, or something else under that name.
        Unavailable: the registry does not answer as one; or there is none here.
    """
    with _client(core, reference.repository) as http:
        manifest = _manifest(http, reference.repository, reference.version)
        document = _read(manifest)
        pinned = f"sha256:{hashlib.sha256(manifest).hexdigest()}"
        if "manifests" in document:
            document = _read(_manifest(http, reference.repository, _ours(document)))
    return Found(reference.repository, pinned, _size_bytes(document))


def image_at(core: Core, name: str) -> RegistryImage:
    """What intake reads: the registry with a token of our own, repository and digest.

    Args:
        name: `repository@sha256:...`, as `Found.name` has it.
    """
    repository, _, digest = name.partition("@")
    registry = Registry(url_of(core), token=own_token(core, repository), ca_file=core.settings.registry_ca_file)
    return RegistryImage(registry, repository, digest)


def url_of(core: Core) -> str:
    """Where this server reaches the registry.

    Raises:
        NotFound: there is none.
    """
    if not core.settings.registry_url:
        raise NotFound("no-registry", "This platform has no registry; upload the output of `docker save` instead.")
    return core.settings.registry_url.rstrip("/")


def _client(core: Core, repository: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {own_token(core, repository)}", "Accept": ", ".join((*_MANIFESTS, *_INDEXES))}
    trusted = core.settings.registry_ca_file
    verify: Any = True if trusted is None else str(trusted)
    return httpx.Client(base_url=url_of(core), headers=headers, timeout=_PATIENCE_S, verify=verify, trust_env=False)


def _manifest(http: httpx.Client, repository: str, version: str) -> bytes:
    try:
        with http.stream("GET", f"/v2/{repository}/manifests/{version}") as answer:
            if answer.status_code == httpx.codes.NOT_FOUND:
                raise NotFound("no-such-image", f"The registry has no image {version!r} in that repository; push it first.")
            answer.raise_for_status()
            body = b""
            for chunk in answer.iter_bytes():
                body += chunk
                if len(body) > _MOST_BYTES:
                    raise Unavailable("registry-trouble", "The registry's answer is no manifest; tell the organisers.")
            return body
    except httpx.HTTPError as error:
        raise Unavailable("registry-trouble", "The registry does not answer; try again, or tell the organisers.") from error


def _read(manifest: bytes) -> dict[str, Any]:
    """What a manifest says. A team wrote it, and a registry keeps what it does not know, and fields that are null."""
    try:
        document = json.loads(manifest)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise _no_image()
    return document


def _ours(index: dict[str, Any]) -> str:
    """The entry for linux/amd64; intake says what is wrong with an index that has none or several."""
    entries = [each for each in _list(index["manifests"]) if isinstance(each, dict)]
    ours = [each for each in entries if _is_amd64(each.get("platform"))]
    chosen = (ours or entries or [{}])[0].get("digest")
    if not isinstance(chosen, str) or not _DIGEST.fullmatch(chosen):
        raise _no_image()
    return chosen


def _is_amd64(platform: object) -> bool:
    return isinstance(platform, dict) and platform.get("architecture") == "amd64"


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _no_image() -> NotFound:
    return NotFound(
        "no-such-image", "What the registry has there is no image, nor an index that names one; push the image again."
    )


def _size_bytes(manifest: dict[str, Any]) -> int:
    if not isinstance(manifest.get("config"), dict):
        raise _no_image()
    parts = [manifest["config"], *_list(manifest.get("layers"))]
    sizes = [each.get("size") for each in parts if isinstance(each, dict)]
    return max(1, sum(size for size in sizes if isinstance(size, int) and size > 0))
