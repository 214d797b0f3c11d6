"""Build the example submissions and write them as `docker save` tars.

    python -m infra.examples [--tag-only] [NAME...]      prints NAME, TAG and TAR, tab-separated, one line each

Tags are a hash of what goes in, so a second call finds the images and ends at once. `unet_torch` is trained
on phantom pictures while it is built; these come from another seed than any test set.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.errors import DockerException

from infra.base_image import Kind, ensure_base, plain, with_torch
from infra.image_build import (
    ROOT,
    VAR,
    ImageBuildError,
    build,
    connect,
    digest_of,
    folder_files,
    image_exists,
    one_at_a_time,
    save,
    say,
    tag_also,
)
from sonobench_eval.challenge.phantom import RECIPE, make_phantom

FOLDER = ROOT / "submissions_example"
NOT_FOR_THE_IMAGE = {"README.md", "expected.json", "fit.py"}
TRAINING_SEED, TRAINING_CASES_PER_TASK = 1, 96


@dataclass(frozen=True, slots=True)
class Needs:
    """What an example is built from besides its own folder."""

    torch: bool = False
    training_set: bool = False

    @property
    def base(self) -> Kind:
        return with_torch() if self.torch else plain()


NEEDS = {"unet_torch": Needs(torch=True, training_set=True)}


def example_names() -> list[str]:
    """Every folder of submissions_example that holds a Dockerfile."""
    return sorted(path.parent.name for path in FOLDER.glob("*/Dockerfile"))


def build_example(name: str, *, client: docker.DockerClient) -> str:
    """The tag of an example image that this engine holds, built if need be.

    Raises:
        ImageBuildError: there is no such example, or it cannot be built; the message says why.
    """
    if name not in example_names():
        raise ImageBuildError(f"there is no example {name!r}; there are {', '.join(example_names())}")
    needs, repository = NEEDS.get(name, Needs()), f"sonobench/example-{name}"
    files: dict[str, Path | bytes] = {k: v for k, v in folder_files(FOLDER / name).items() if k not in NOT_FOR_THE_IMAGE}
    parts = {path: Path(str(content)).read_bytes() for path, content in files.items()}
    recipe = f"{needs.base.tag} {(RECIPE, TRAINING_SEED, TRAINING_CASES_PER_TASK) if needs.training_set else None}"
    tag = f"{repository}:{digest_of(parts | {'/recipe': recipe.encode()})}"
    if not image_exists(client, tag):
        with one_at_a_time(f"example-{name}"):
            if not image_exists(client, tag):
                _build(client, name, tag, needs, files)
    tag_also(client, tag, repository, "latest")
    return tag


def save_example(name: str, *, client: docker.DockerClient, folder: Path = VAR / "examples") -> Path:
    """The example as a `docker save` tar, as a team would upload it. Raises ImageBuildError."""
    tag = build_example(name, client=client)
    with one_at_a_time(f"example-{name}"):
        return save(client, tag, folder / f"{name}.tar")


def _build(client: docker.DockerClient, name: str, tag: str, needs: Needs, files: dict[str, Path | bytes]) -> None:
    base = ensure_base(client, needs.base)
    if needs.training_set:
        say(f"example {name}: training on phantom pictures (about a minute) ...")
        phantom = _training_set()
        files = files | {f"phantom/{path}": content for path, content in folder_files(phantom).items()}
        # A name for the stage that trains; without one it would stay behind as an image of no name.
        build(client, files, tag=tag.replace("/example-", "/training-"), buildargs={"BASE": base}, target="train")
    else:
        say(f"example {name}: building ...")
    build(client, files, tag=tag, buildargs={"BASE": base})


def _training_set() -> Path:
    """Phantom pictures to train on, made once."""
    folder = VAR / f"phantom-train-{RECIPE}-{TRAINING_SEED}-{TRAINING_CASES_PER_TASK}"
    if folder.exists() and not (folder / "challenge.yaml").exists():
        shutil.rmtree(folder)
    make_phantom(folder, seed=TRAINING_SEED, cases_per_task=TRAINING_CASES_PER_TASK)
    return folder


def main() -> int:
    """Build what is named on the command line (everything where nothing is named)."""
    parser = argparse.ArgumentParser(prog="python -m infra.examples", description="Build the example submissions.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(example_names())} (all where none is named)")
    parser.add_argument("--tag-only", action="store_true", help="build and tag only; write no tar")
    options = parser.parse_args()
    try:
        client = connect()
        for name in options.names or example_names():
            tag = build_example(name, client=client)
            print(name, tag, "" if options.tag_only else save_example(name, client=client), sep="\t", flush=True)
    except (ImageBuildError, DockerException, OSError) as error:
        print(f"examples: {error}", file=sys.stderr)
        return os.EX_SOFTWARE
    return os.EX_OK


if __name__ == "__main__":
    sys.exit(main())
