"""The sandbox's test bench, for attacks in place of honest work."""

from __future__ import annotations

from sandbox_bench import docker_api, engine, file_of, image_of, loaded, make_spec, nothing_is_left_behind, run

__all__ = ["docker_api", "engine", "file_of", "image_of", "loaded", "make_spec", "nothing_is_left_behind", "run"]
