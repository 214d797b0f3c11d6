"""Bytes on their way in: whole or not at all."""

from __future__ import annotations

import base64
import errno
import hashlib
from pathlib import Path
from typing import Any

import pytest

from sonobench_platform.domain.errors import BadRequest, NoSpace, TooLarge, Unprocessable
from sonobench_platform.storage.incoming import Incoming, parse_content_digest

BODY = b"hello world"
SHA256 = hashlib.sha256(BODY).digest()


class TestIncoming:
    def test_what_came_whole_is_kept(self, tmp_path: Path) -> None:
        target = tmp_path / "a" / "x.tar"
        with Incoming(target, expected_bytes=11) as incoming:
            incoming.write(BODY[:5])
            incoming.write(BODY[5:])
            assert incoming.check(SHA256) == SHA256.hex()
            incoming.keep()
        assert target.read_bytes() == BODY
        assert list(target.parent.iterdir()) == [target]

    def test_nothing_stays_unless_kept(self, tmp_path: Path) -> None:
        with Incoming(tmp_path / "x.tar", expected_bytes=11) as incoming:
            incoming.write(BODY)
        assert list(tmp_path.iterdir()) == []

    def test_the_old_file_stays_while_a_new_one_fails(self, tmp_path: Path) -> None:
        (tmp_path / "x.tar").write_bytes(b"old")
        with Incoming(tmp_path / "x.tar", expected_bytes=11) as incoming:
            incoming.write(BODY[:3])
            with pytest.raises(Unprocessable):
                incoming.check(None)
        assert (tmp_path / "x.tar").read_bytes() == b"old"

    def test_a_short_body_says_how_much_is_missing(self, tmp_path: Path) -> None:
        with Incoming(tmp_path / "x.tar", expected_bytes=11) as incoming:
            incoming.write(BODY[:3])
            with pytest.raises(Unprocessable, match="3 of 11 bytes"):
                incoming.check(None)

    def test_a_long_body_is_refused_as_soon_as_it_is_too_long(self, tmp_path: Path) -> None:
        with Incoming(tmp_path / "x.tar", expected_bytes=10) as incoming, pytest.raises(TooLarge, match="announced 10 bytes"):
            incoming.write(BODY)

    def test_another_digest_is_refused(self, tmp_path: Path) -> None:
        with Incoming(tmp_path / "x.tar", expected_bytes=11) as incoming:
            incoming.write(BODY)
            with pytest.raises(Unprocessable, match="SHA-256"):
                incoming.check(b"\0" * 32)

    def test_a_full_disk_is_said_in_one_sentence(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with Incoming(tmp_path / "x.tar", expected_bytes=11) as incoming:
            real = incoming._file
            monkeypatch.setattr(incoming, "_file", _FullDisk(real))
            with pytest.raises(NoSpace, match="no disk space"):
                incoming.write(BODY)
        assert list(tmp_path.iterdir()) == []


class _FullDisk:
    def __init__(self, file: Any) -> None:
        self._file = file

    def write(self, _block: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    def close(self) -> None:
        self._file.close()


class TestContentDigest:
    def test_sha256_is_found_among_others(self) -> None:
        header = f"sha-512=:AAAA:, sha-256=:{base64.b64encode(SHA256).decode()}:"
        assert parse_content_digest(header) == SHA256

    @pytest.mark.parametrize("header", [None, "", "sha-512=:AAAA:", "md5=:AAAA:"])
    def test_without_one_there_is_none(self, header: str | None) -> None:
        assert parse_content_digest(header) is None

    @pytest.mark.parametrize("header", ["sha-256=", "sha-256=abc", "sha-256=:AAAA:", "sha-256=:not base64!:", "sha-256=::"])
    def test_a_broken_one_is_refused_not_ignored(self, header: str) -> None:
        with pytest.raises(BadRequest, match="sha-256=:BASE64:"):
            parse_content_digest(header)
