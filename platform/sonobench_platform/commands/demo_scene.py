"""What the demo shows: a test set, and the example images as teams would hand them in. Needs a checkout."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

from sonobench_eval.challenge.import_uusic25 import slug
from sonobench_eval.challenge.phantom import make_phantom
from sonobench_eval.cli.importing import import_uusic25_command
from sonobench_platform.commands.trouble import CommandError

TEAMS = {
    "threshold": "Threshold",
    "unet_torch": "Small U-Net",
    "partial": "Half done",
    "constant": "Always the same",
    "crash": "Crash on purpose",
}
"""Example -> the team that hands it in. The last one shows how a failure looks."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One team's image: the `docker save` tar and the digest that names the image in it."""

    team: str
    tar: Path
    digest: str


def find_checkout() -> Path:
    """The folder of the repository that this program runs from.

    Raises:
        CommandError: it was installed as a package, without the examples.
    """
    root = Path(__file__).resolve().parents[3]
    if not (root / "infra" / "examples.py").is_file() or not (root / "submissions_example").is_dir():
        raise CommandError(
            "the demo builds its example images from the repository, and this Sonobench was installed without it; "
            "clone the repository and run `make demo` there"
        )
    return root


def set_the_test(home: Path, data: Path | None) -> Path:
    """The challenge file: of the phantom, made once, or of the real images in the folder `data`.

    Raises:
        CommandError, ChallengeError, PhantomError: the data cannot be used; the message says why.
    """
    if data is None:
        return make_phantom(home / "challenges" / "phantom")
    if not data.is_dir():
        raise CommandError(f"there is no folder {data}; name one in the UUSIC25 layout, with ground_truth.json and images/ in it")
    file = home / "challenges" / slug(data.resolve().name) / "challenge.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    import_uusic25_command(data, output=file, force=True)
    return file


def build_entries(checkout: Path) -> list[Entry]:
    """Build the example images, or find them built. Progress goes to stderr.

    Raises:
        CommandError: one of them cannot be built; why was said on stderr.
    """
    command = [sys.executable, "-m", "infra.examples", *TEAMS]
    built = subprocess.run(command, cwd=checkout, stdout=subprocess.PIPE, text=True, check=False)
    if built.returncode != 0:
        raise CommandError("the example images could not be built; the lines above say why")
    return [_entry(*line.split("\t")) for line in built.stdout.splitlines()]


def image_digest(tar: Path) -> str:
    """The config digest of the image in a `docker save` tar of our own making: its name says it.

    Raises:
        CommandError: it is no such tar.
    """
    try:
        with tarfile.open(tar) as archive:
            manifest = archive.extractfile("manifest.json")
            config = json.load(manifest)[0]["Config"] if manifest is not None else ""
    except (tarfile.TarError, KeyError, ValueError, LookupError) as error:
        raise CommandError(f"{tar} is not an image made with `docker save` ({error}); remove it and start again") from None
    return f"sha256:{Path(config).name.removesuffix('.json')}"


def _entry(name: str, _tag: str, tar: str) -> Entry:
    return Entry(TEAMS[name], Path(tar), image_digest(Path(tar)))
