"""Links of an image, read from a container that is never started."""

from __future__ import annotations

import re
from functools import partial

import docker
import docker.errors

from sonobench_eval.sandbox.docker_engine.calls import image_may_be_refused, reason
from sonobench_eval.sandbox.docker_engine.streams import archive, path_stat
from sonobench_eval.sandbox.limits import ImageFacts
from sonobench_eval.sandbox.links import Way, way_to
from sonobench_eval.sandbox.places import paths_to_follow, why_astray
from sonobench_eval.sandbox.port import ImageRefusedByEngine

_GO_SYMLINK = 1 << 27
_NOWHERE = re.compile(r"not a directory|too many (?:links|levels of symbolic links)|file name too long", re.IGNORECASE)


def leads_nowhere(words: str) -> bool:
    """True where the engine says that a path runs in circles or through a file."""
    return _NOWHERE.search(words) is not None


def way_in_image(api: docker.APIClient, container_id: str, path: str) -> Way | None:
    """Where a path of the image leads; None where that cannot be followed.

    Raises:
        SandboxTrouble: the engine failed.
    """
    with image_may_be_refused(f"follow {path} of an image"):
        try:
            return way_to(path, partial(_link_at, api, container_id))
        except docker.errors.APIError as error:
            if leads_nowhere(reason(error)):
                return None
            raise


def refuse_paths_astray(api: docker.APIClient, container_id: str, image: ImageFacts, *, taken: tuple[str, ...]) -> None:
    """Refuse an image that leads what is mounted or entered by its path to where this would do something else.

    Raises:
        ImageRefusedByEngine: it does.
        SandboxTrouble: the engine failed.
    """
    ways = {path: way_in_image(api, container_id, path) for path in paths_to_follow(image, taken=taken)}
    if why := why_astray(image, ways, taken=taken):
        raise ImageRefusedByEngine(why)


def _link_at(api: docker.APIClient, container_id: str, path: str) -> str | None:
    stat = path_stat(api, container_id, path)
    if stat is None or not stat["mode"] & _GO_SYMLINK:
        return None
    # The stat gives a link's last end only; the tar gives its text.
    with archive(api, container_id, path) as members:
        return next((member.linkname for member, _ in members if member.issym()), None)
