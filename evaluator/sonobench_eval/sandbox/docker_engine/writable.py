"""Which places of an image are given as copies in memory, after a look at what the image has there."""

from __future__ import annotations

from dataclasses import replace

import docker

from sonobench_eval.sandbox.docker_engine.fill import Content, measure, read_passwd
from sonobench_eval.sandbox.docker_engine.links import way_in_image
from sonobench_eval.sandbox.failure import size
from sonobench_eval.sandbox.limits import ImageFacts, NodeFacts, Place
from sonobench_eval.sandbox.places import FALLBACK_HOME, declared_volumes, home_of, place_led_to, places_of
from sonobench_eval.sandbox.port import RunSpec

LARGEST_COPY_BYTES = 8 * 2**30
SHARE_OF_MEMORY_TO_COPY = 4
"""An image's places are copied up to this part (a quarter) of the node's memory, and never beyond the figure above."""
MOST_FILES_TO_COPY = 500_000


def taken_paths(spec: RunSpec) -> tuple[str, ...]:
    """Paths in the container that have a use of their own: input, case list, output."""
    return spec.mounts.taken


def writable_places(
    api: docker.APIClient, node: NodeFacts, spec: RunSpec, *, image: ImageFacts, probe: str
) -> tuple[str, tuple[Place, ...], tuple[str, ...]]:
    """HOME, the places that are given as copies in memory, and a note for each that could not be.

    The copies of all places share one allowance: they lie in the node's memory and are charged to no container.
    """
    home = home_of(image, passwd=read_passwd(api, probe), taken=taken_paths(spec))
    wanted, notes = _led_to(api, spec, image=image, home=home, probe=probe)
    most = left_bytes = min(LARGEST_COPY_BYTES, node.memory_bytes // SHARE_OF_MEMORY_TO_COPY)
    left_files = MOST_FILES_TO_COPY
    places: list[Place] = []
    for number, at in enumerate(wanted):
        found = measure(api, probe, at, limit_bytes=left_bytes, limit_files=left_files)
        place = Place(f"{spec.name}-place{number}", at, spec.limits.scratch_bytes)
        if found.kind in {"nothing", "folder"}:
            places.append(replace(place, content_bytes=found.size_bytes, content_files=found.files))
            left_bytes, left_files = left_bytes - found.size_bytes, left_files - found.files
            continue
        notes.append(_not_writable(at, found, most))
        if at in declared_volumes(image):
            places.append(place)  # left alone it would become a volume on the host's disk: it is covered, and empty
    return home, tuple(places), tuple(notes)


def _led_to(
    api: docker.APIClient, spec: RunSpec, *, image: ImageFacts, home: str, probe: str
) -> tuple[tuple[str, ...], list[str]]:
    """The folders to make writable, links on the way to them followed, and a note for each that leads where none may be.

    A place is mounted at the end of the links, never at a link: the engine would follow it once more, among mounts.
    Declared volumes keep their path, as the engine knows them by it; those of links that lead astray were refused.
    """
    taken, volumes = taken_paths(spec), declared_volumes(image)
    at = places_of(image, home=home, writable=spec.writable, taken=taken)
    ends = {path: place_led_to(way_in_image(api, probe, path), taken=taken) for path in at if path not in volumes}
    notes = [
        f"{path} of the image leads to where nothing may be writable, so it was left as it is." for path in ends if not ends[path]
    ]
    ended = tuple(end for end in ends.values() if end)
    # HOME is among the ends, or lies in one; a path that was not followed must not come back as a place.
    return places_of(image, home=FALLBACK_HOME, writable=ended, taken=taken), notes


def _not_writable(at: str, found: Content, most: int) -> str:
    if found.kind == "no_folder":
        return f"{at} is not a folder in the image, so it was left as it is."
    return (
        f"{at} of the image was not made writable: with it, more than {size(most)} or {MOST_FILES_TO_COPY:,} files "
        "would have to be copied into memory."
    )
