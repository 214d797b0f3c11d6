"""What people send by mistake, and the sentence that helps each of them."""

from __future__ import annotations

from collections.abc import Collection

from sonobench_eval.intake.records import ImageRefused, Refusal
from sonobench_eval.intake.streams import READ_COMPRESSIONS, StreamUnsupportedError, compression_of
from sonobench_eval.intake.wording import SAVE_COMMAND

_SYSTEM_FOLDERS = frozenset({"bin", "etc", "lib", "usr", "sbin", "proc"})
_SYSTEM_FOLDERS_OF_AN_EXPORT = 3


def refuse_other_kinds(head: bytes) -> None:
    """Raises where the first bytes of an upload (4 KiB are enough) are those of something else than a tar, gzip or zstd."""
    if not head:
        raise ImageRefused(
            Refusal.EMPTY, f"The upload is empty. Save the image with `{SAVE_COMMAND}`; check that the disk was not full."
        )
    kind = _other_kind(head)
    if kind:
        raise ImageRefused(
            Refusal.NOT_AN_IMAGE_TAR,
            f"The upload is {kind}, not a Docker image. Save the image with `{SAVE_COMMAND}` and send that file.",
        )
    compression = compression_of(head)
    if compression is not None and compression not in READ_COMPRESSIONS:
        raise ImageRefused(
            Refusal.UNSUPPORTED_COMPRESSION,
            f"The upload is compressed with {compression}, which is not read here. Send it uncompressed, with zstd or with gzip: "
            "docker save NAME:TAG | gzip > image.tar.gz",
        )


def _other_kind(head: bytes) -> str | None:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:64].lower()
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return "a zip file"
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "a web page (perhaps the page of a download link)"
    if head.startswith((b"7z\xbc\xaf\x27\x1c", b"Rar!")):
        return "a 7z or rar file"
    if b"SIF_MAGIC" in head[:64] or head.startswith(b"hsqs"):
        return "a Singularity or squashfs image"
    if start.startswith((b"from ", b"# syntax", b"arg ")):
        return "a Dockerfile"
    return None


def not_a_tar() -> ImageRefused:
    return ImageRefused(
        Refusal.NOT_AN_IMAGE_TAR,
        f"The upload is not a tar archive, so it is not a Docker image. Save the image with `{SAVE_COMMAND}` and send that file.",
    )


def truncated() -> ImageRefused:
    return ImageRefused(
        Refusal.TRUNCATED, "The upload ends in its middle. Send it again, and compare the file's size with the original first."
    )


def damaged(compression: str) -> ImageRefused:
    return ImageRefused(
        Refusal.DAMAGED,
        f"The upload is damaged: it cannot be unpacked with {compression} to its end. "
        "Send the file again; compare its checksum first.",
    )


def unsupported(error: StreamUnsupportedError) -> ImageRefused:
    return ImageRefused(
        Refusal.UNSUPPORTED_COMPRESSION,
        f"The upload is compressed with {error.what}. {error.cure}: docker save NAME:TAG | gzip > image.tar.gz",
    )


def without_manifest(names: Collection[str]) -> ImageRefused:
    """Why a tar of these member names has no manifest."""
    exported = exported_file_system(names)
    if exported:
        return exported
    if "repositories" in names:
        return ImageRefused(
            Refusal.NO_MANIFEST,
            f"The upload was written by a Docker older than 1.10. Load it into a current Docker and use `{SAVE_COMMAND}` there.",
        )
    return ImageRefused(
        Refusal.NO_MANIFEST,
        f"The upload is a tar without manifest.json, so it is not a saved image. Save the image with `{SAVE_COMMAND}`.",
    )


def exported_file_system(names: Collection[str]) -> ImageRefused | None:
    """A refusal where the names are those of a root file system, else None."""
    tops = {name.partition("/")[0] for name in names}
    if "manifest.json" in tops or (".dockerenv" not in tops and len(tops & _SYSTEM_FOLDERS) < _SYSTEM_FOLDERS_OF_AN_EXPORT):
        return None
    return ImageRefused(
        Refusal.EXPORTED_FILE_SYSTEM,
        "The upload is a bare file system, as `docker export` writes it, without command or settings. "
        f"Use `{SAVE_COMMAND}` on the image instead.",
    )
