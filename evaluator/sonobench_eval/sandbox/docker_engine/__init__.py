"""The sandbox on a Docker Engine, one file per verb. The only room that imports `docker`."""

from sonobench_eval.sandbox.docker_engine.engine import DockerEngine

__all__ = ["DockerEngine"]
