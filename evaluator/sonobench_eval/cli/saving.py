"""An image as a tar on disk: one that is there, or one that the local engine saves."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sonobench_eval.cli.console import Progress, moving
from sonobench_eval.cli.exits import CommandError, ExitCode

_CHUNK_BYTES = 1 << 20
_SAVE_TIMEOUT_S = 600.0


@contextmanager
def work_folder() -> Iterator[Path]:
    """A private folder for tars on their way, gone afterwards."""
    with TemporaryDirectory(prefix="sonobench-") as folder:
        yield Path(folder)


def image_tar(image: str, folder: Path) -> Path:
    """The image as a tar: `image` itself where it is a file, else saved from the engine into `folder`.

    Raises:
        CommandError: it is neither, or there is no room for it.
        EngineMissing: it is no file, and no engine answers.
    """
    path = Path(image)
    if path.is_file():
        return path
    if path.is_dir():
        raise CommandError(f"{image} is a folder. Give a tag, or a tar made with `docker save`.")
    if image.endswith((".tar", ".tar.gz", ".tgz", ".tar.zst")) or image.startswith(("./", "../", "/", "~")):
        raise CommandError(f"There is no file {image}.")
    target = folder / "image.tar"
    with moving(f"Saving {image}") as progress:
        _save(image, target, progress)
    return target


def _save(reference: str, target: Path, progress: Progress) -> None:
    from sonobench_eval.sandbox.docker_engine.calls import engine_call, open_client
    from sonobench_eval.sandbox.docker_engine.images import resolve_image
    from sonobench_eval.sandbox.port import SandboxTrouble

    api = open_client(timeout_s=_SAVE_TIMEOUT_S)
    try:
        try:
            resolve_image(api, reference)
        except SandboxTrouble as unknown:
            raise CommandError(f"{unknown} There is no such file either.", ExitCode.NOT_FOUND) from unknown
        with engine_call(f"describe {reference}"):
            size_bytes = int(api.inspect_image(reference).get("Size", 0))  # type: ignore[no-untyped-call]
        _refuse_without_room(target.parent, size_bytes)
        done = 0
        with target.open("wb") as file, engine_call(f"save {reference}"):
            for chunk in api.get_image(reference, chunk_size=_CHUNK_BYTES):
                file.write(chunk)
                done += len(chunk)
                progress(done, max(size_bytes, done))
    finally:
        api.close()


def _refuse_without_room(folder: Path, size_bytes: int) -> None:
    from sonobench_eval.report.figures import measured_bytes

    free = shutil.disk_usage(folder).free
    if free < size_bytes:
        raise CommandError(
            f"Saving the image takes {measured_bytes(size_bytes)}, and {folder.parent} has {measured_bytes(free)} free. "
            "Free some space, or let TMPDIR name another disk."
        )
