"""What people send by mistake gets a sentence of its own."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from sonobench_eval.intake.records import ImageRefused, Refusal
from sonobench_eval.intake.verify import verify_image

Refused = Callable[..., ImageRefused]


class TestOtherFiles:
    def test_an_empty_file(self, refusal: Refused) -> None:
        refused = refusal(b"")
        assert refused.code == Refusal.EMPTY
        assert "docker save" in refused.sentence

    def test_a_zip_file(self, refusal: Refused) -> None:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("model.py", "print()")
        refused = refusal(buffer.getvalue())
        assert refused.code == Refusal.NOT_AN_IMAGE_TAR
        assert "a zip file" in refused.sentence

    @pytest.mark.parametrize("page", [b"<!DOCTYPE html><html>", b"\n  <HTML><body>Sign in", b"\xef\xbb\xbf<?xml version='1.0'?>"])
    def test_the_page_of_a_download_link(self, refusal: Refused, page: bytes) -> None:
        refused = refusal(page + b"x" * 5000)
        assert refused.code == Refusal.NOT_AN_IMAGE_TAR
        assert "a web page" in refused.sentence

    def test_a_dockerfile(self, refusal: Refused) -> None:
        assert "a Dockerfile" in refusal(b"FROM python:3.11\nCMD x\n").sentence

    @pytest.mark.parametrize("data", [b"PNG or whatever " * 100, b"\0" * 511, b"x"])
    def test_some_other_file(self, refusal: Refused, data: bytes) -> None:
        assert refusal(data).code == Refusal.NOT_AN_IMAGE_TAR

    @pytest.mark.parametrize(("magic", "name"), [(b"\x04\x22\x4d\x18", "lz4"), (b"\xfd7zXZ\x00", "xz"), (b"BZh91AY", "bzip2")])
    def test_a_compression_we_do_not_read_names_the_cure(self, refusal: Refused, magic: bytes, name: str) -> None:
        refused = refusal(magic + b"rest")
        assert refused.code == Refusal.UNSUPPORTED_COMPRESSION
        assert name in refused.sentence
        assert "| gzip > image.tar.gz" in refused.sentence

    def test_gzip_of_something_else(self, refusal: Refused) -> None:
        assert refusal(gzip.compress(b"just text")).code == Refusal.NOT_AN_IMAGE_TAR

    def test_a_folder(self, tmp_path: Path) -> None:
        with pytest.raises(ImageRefused) as caught:
            verify_image(tmp_path, tmp_path / "out.tar", tag="a:1")
        assert caught.value.code == Refusal.NOT_A_FILE

    def test_no_file_at_all_is_an_os_error(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match=r"no file .*nothing\.tar"):
            verify_image(tmp_path / "nothing.tar", tmp_path / "out.tar", tag="a:1")


class TestOtherTars:
    def test_an_exported_file_system(self, refusal: Refused, tars: ModuleType) -> None:
        tree = b"".join(tars.entry(name, kind=b"5") for name in ("bin/", "etc/", "usr/", "dev/"))
        tree += tars.entry("etc/passwd", b"root") + tars.entry("etc/mtab", kind=b"2", link="/proc/mounts")
        tree += tars.entry("bin/[", kind=b"1", link="bin/busybox") + tars.entry(b"usr/name-\xff\\x2d.slice")
        refused = refusal(tree + tars.END)
        assert refused.code == Refusal.EXPORTED_FILE_SYSTEM
        assert "docker export" in refused.sentence

    def test_an_exported_file_system_of_many_files(self, refusal: Refused, tars: ModuleType) -> None:
        tree = tars.entry(".dockerenv") + b"".join(tars.entry(f"usr/{i}") for i in range(10_100)) + tars.END
        assert refusal(tree).code == Refusal.EXPORTED_FILE_SYSTEM

    def test_an_archive_of_a_very_old_docker(self, refusal: Refused, tars: ModuleType) -> None:
        refused = refusal(tars.saved_image().without("manifest.json").having(repositories=b"{}").tar())
        assert refused.code == Refusal.NO_MANIFEST
        assert "older than 1.10" in refused.sentence

    def test_a_build_context(self, refusal: Refused, tars: ModuleType) -> None:
        assert refusal(tars.entry("Dockerfile", b"FROM x") + tars.END).code == Refusal.NO_MANIFEST

    def test_an_empty_tar(self, refusal: Refused, tars: ModuleType) -> None:
        assert refusal(tars.END).code == Refusal.NO_MANIFEST


class TestSeveralImages:
    def test_two_images_are_named(self, refusal: Refused, tars: ModuleType) -> None:
        one, two = tars.saved_image(tags=["team/a:1"]), tars.saved_image(settings={"User": "x"}, tags=["team/b:2"])
        both = one.with_members(two.members)
        refused = refusal(tars.with_manifest(both, tars.manifest_of(one) + tars.manifest_of(two)).tar())
        assert refused.code == Refusal.SEVERAL_IMAGES
        assert "'team/a:1', 'team/b:2'" in refused.sentence

    def test_no_image(self, refusal: Refused, tars: ModuleType) -> None:
        assert refusal(tars.with_manifest(tars.saved_image(), []).tar()).code == Refusal.NO_IMAGE


class TestTruncation:
    def test_an_upload_that_ends_anywhere_is_called_truncated(self, refusal: Refused, tars: ModuleType) -> None:
        whole = tars.saved_image([tars.layer(busybox=b"x" * 3000)]).tar()
        for end in (600, 512, 4000, len(whole) - 1024, len(whole) - 1600):
            assert refusal(whole[:end]).code == Refusal.TRUNCATED, end

    def test_a_truncated_gzip_upload(self, refusal: Refused, tars: ModuleType) -> None:
        whole = gzip.compress(tars.saved_image().tar())
        assert refusal(whole[: len(whole) // 2]).code == Refusal.TRUNCATED

    def test_a_damaged_gzip_upload(self, refusal: Refused, tars: ModuleType) -> None:
        whole = bytearray(gzip.compress(tars.saved_image().tar()))
        whole[-6] ^= 0x55
        assert refusal(bytes(whole)).code == Refusal.DAMAGED
