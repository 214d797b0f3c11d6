"""The sandbox's test bench: tiny images on a real engine, and a look that nothing is left."""

from __future__ import annotations

from sandbox_bench import docker_api, engine, file_of, image_of, loaded, nothing_is_left_behind

__all__ = ["docker_api", "engine", "file_of", "image_of", "loaded", "nothing_is_left_behind"]
