"""Images in the engine: loading what intake verified, and making sure that it is what runs."""

from __future__ import annotations

import hashlib
import json
import logging
import tarfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import docker
import docker.errors

from sonobench_eval.sandbox.docker_engine.calls import UnexplainedRefusal, engine_call, is_conflict, is_shortage, load_error
from sonobench_eval.sandbox.docker_engine.control import another_image_loads
from sonobench_eval.sandbox.limits import ImageFacts
from sonobench_eval.sandbox.port import ImageIdentity, ImageRefusedByEngine, SandboxTrouble
from sonobench_eval.sandbox.refusals import blaming_layers

log = logging.getLogger(__name__)

_MANIFEST_BYTES = 1 << 20
_NO_IMAGE = (OSError, KeyError, IndexError, TypeError, ValueError, tarfile.TarError)
"""What reading a tar that intake did not write can raise."""


def load_image(api: docker.APIClient, image_tar: Path, identity: ImageIdentity) -> ImageIdentity:
    """See `port.Sandbox.load`."""
    # A classic image store names an image by its config's digest, containerd's by its manifest's. Each says what is in it.
    digests = (identity.config_digest, identity.manifest_digest)
    own_tag = _own_tag(image_tar)
    present = _held(api, digests, identity)
    if present is not None:
        return _named(api, present, own_tag)
    _send_or_blame(api, image_tar, identity)
    # A tag says nothing of what is in it, so it comes last: where the manifest's digest is not known.
    loaded = _held(api, (*digests, own_tag), identity)
    if loaded is None:
        raise SandboxTrouble(f"The Docker Engine loaded {image_tar.name}, but holds no image with its verified layers.")
    return replace(loaded, tag=own_tag)


def _named(api: docker.APIClient, present: ImageIdentity, own_tag: str | None) -> ImageIdentity:
    """An image that was there already gets our tag beside the names it has: that is what is taken off it later."""
    if own_tag is None or present.engine_id is None:
        return present
    repository, _, tag = own_tag.rpartition(":")
    with engine_call("tag an image"):
        api.tag(present.engine_id, repository, tag)
    return replace(present, tag=own_tag)


def forget_image(api: docker.APIClient, identity: ImageIdentity) -> bool:
    """See `port.Sandbox.forget`. Takes our tag off; the last name takes the image with it.

    By its Id, an image would go together with the only name it has, be that somebody's own. Never forced: that would take
    all names off.
    """
    name = identity.engine_id or identity.config_digest
    if identity.tag is not None:
        _remove(api, identity.tag)
        left = _inspect(api, name)
        if left is None or left.get("RepoTags"):
            return left is None
    return _remove(api, name)


def _remove(api: docker.APIClient, name: str) -> bool:
    """True where nothing of that name is left; False where it is in use."""
    with engine_call("remove an image"):
        try:
            api.remove_image(name)
        except docker.errors.ImageNotFound:
            return True
        except docker.errors.APIError as error:
            if is_conflict(error):
                return False
            raise
    return True


def resolve_image(api: docker.APIClient, reference: str) -> ImageIdentity:
    """See `DockerEngine.resolve`."""
    image = _inspect(api, reference)
    if image is None:
        raise SandboxTrouble(
            f"The Docker Engine has no image {reference!r}. `docker images` lists those it has; "
            "a file made by `docker save` can be given by its path."
        )
    return ImageIdentity(config_digest=image["Id"], diff_ids=_layers(image), engine_id=image["Id"])


def verified_facts(api: docker.APIClient, identity: ImageIdentity) -> ImageFacts:
    """What the image asks for, after a look whether the engine still holds exactly the image that was verified.

    Raises:
        SandboxTrouble: it is gone, or has other layers.
    """
    name = identity.engine_id or identity.config_digest
    image = _inspect(api, name)
    if image is None:
        raise SandboxTrouble(f"The image {name} is no longer in the Docker Engine. Load it again.")
    if image["Id"] != name or _layers(image) != identity.diff_ids:
        raise SandboxTrouble(f"The Docker Engine holds another image under {name} than the one that was verified. Load it again.")
    config = image.get("Config") or {}
    return ImageFacts(
        engine_id=image["Id"],
        environment=_environment(config.get("Env") or ()),
        user=config.get("User") or "",
        volumes=tuple(sorted(config.get("Volumes") or ())),
        working_dir=config.get("WorkingDir") or "",
    )


def assert_made_of(api: docker.APIClient, container_id: str, identity: ImageIdentity, *, engine_id: str) -> None:
    """Make sure that a created container is of the verified image: the Id it was made of, and the layers behind that Id.

    The Id alone says it on a classic image store, where it is the hash of the configuration. On containerd's it is that
    of an index, so what lies behind it is looked at once more, now that the container keeps the image from being removed.

    Raises:
        SandboxTrouble: it is of another one.
    """
    with engine_call("look at a container"):
        made_of = str(api.inspect_container(container_id)["Image"])
    if made_of != engine_id:
        raise SandboxTrouble(f"The Docker Engine made a container of {made_of} where {engine_id} was asked for.")
    image = _inspect(api, made_of)
    if image is None or _layers(image) != identity.diff_ids:
        raise SandboxTrouble(f"The Docker Engine made a container of {made_of}, but not of the layers that were verified.")


def _send_or_blame(api: docker.APIClient, image_tar: Path, identity: ImageIdentity) -> None:
    """What fails before and after another image was loaded, from a file that is as it was verified, is the image's doing."""
    try:
        return _send(api, image_tar)
    except UnexplainedRefusal as refusal:
        log.warning("%s", refusal)
        if not (_is_as_verified(image_tar, identity) and another_image_loads(api)):
            raise
    try:
        return _send(api, image_tar)
    except UnexplainedRefusal as refusal:
        raise ImageRefusedByEngine(blaming_layers(refusal.words)) from refusal


def _send(api: docker.APIClient, image_tar: Path) -> None:
    try:
        with image_tar.open("rb") as data, engine_call("load an image"):
            words = load_error(api, data)
    except OSError as error:
        raise SandboxTrouble(f"The image file {image_tar.name} cannot be read: {error.strerror or error}.") from error
    if not words:
        return
    message = f"The Docker Engine could not load {image_tar.name}: {words}"
    raise SandboxTrouble(message) if is_shortage(words) else UnexplainedRefusal(message, words=words)


def _is_as_verified(image_tar: Path, identity: ImageIdentity) -> bool:
    """True where the layers in the file have the hashes that intake computed: it was not damaged on its way here."""
    try:
        with tarfile.open(image_tar, mode="r:") as tar:
            return tuple(_hash(tar, name) for name in _manifest(tar)["Layers"]) == identity.diff_ids
    except _NO_IMAGE:
        return False


def _hash(tar: tarfile.TarFile, name: str) -> str:
    layer, digest = tar.extractfile(name), hashlib.sha256()
    while layer and (chunk := layer.read(1 << 20)):
        digest.update(chunk)
    return f"sha256:{digest.hexdigest()}"


def _manifest(tar: tarfile.TarFile) -> dict[str, Any]:
    manifest = tar.extractfile("manifest.json")
    return dict(json.loads(manifest.read(_MANIFEST_BYTES))[0]) if manifest else {}


def _own_tag(image_tar: Path) -> str | None:
    """The tag in the manifest that intake wrote; None for a tar of another shape."""
    try:
        with tarfile.open(image_tar, mode="r:") as tar:
            return str(_manifest(tar)["RepoTags"][0])
    except _NO_IMAGE:
        return None


def _inspect(api: docker.APIClient, name: str) -> dict[str, Any] | None:
    with engine_call("look at an image"):
        try:
            image: dict[str, Any] = api.inspect_image(name)  # type: ignore[no-untyped-call]
        except docker.errors.ImageNotFound:
            return None
    return image


def _held(api: docker.APIClient, names: Iterable[str | None], identity: ImageIdentity) -> ImageIdentity | None:
    """The identity with the Id under which the engine holds an image of these layers, looked for by each name in turn."""
    for name in filter(None, names):
        image = _inspect(api, name)
        if image is not None and _layers(image) == identity.diff_ids:
            return replace(identity, engine_id=image["Id"])
    return None


def _layers(image: dict[str, Any]) -> tuple[str, ...]:
    return tuple((image.get("RootFS") or {}).get("Layers") or ())


def _environment(entries: list[str] | tuple[str, ...]) -> dict[str, str]:
    pairs = (entry.partition("=") for entry in entries)
    return {name: value for name, _, value in pairs}
