"""The tar reader agrees with Python's on every honest archive, and no change of a byte gets past the digests."""

from __future__ import annotations

import io
import tarfile
import tempfile
from pathlib import Path
from types import ModuleType

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from sonobench_eval.intake.records import ImageRefused
from sonobench_eval.intake.streams import (
    BlockCursor,
    FileCursor,
    StreamDamagedError,
    StreamTruncatedError,
    StreamUnsupportedError,
)
from sonobench_eval.intake.tar import members
from sonobench_eval.intake.verify import verify_image
from sonobench_eval.intake.zstd import Unzstd

NAMES = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0/\n"), min_size=1, max_size=70)
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
FILES = st.lists(st.tuples(PATHS, st.binary(max_size=1500)), max_size=6)
FORMATS = st.sampled_from([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])


def packed(files: list[tuple[str, bytes]], fmt: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=fmt) as tar:
        for name, content in files:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            try:
                tar.addfile(info, io.BytesIO(content))
            except ValueError:
                continue  # a name the format cannot hold
    return buffer.getvalue()


@given(files=FILES, fmt=FORMATS)
@settings(max_examples=60, deadline=None)
def test_members_are_those_python_reads(files: list[tuple[str, bytes]], fmt: int) -> None:
    data = packed(files, fmt)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        expected = [(m.name, m.size, m.offset_data) for m in tar]
    for cursor in (FileCursor(io.BytesIO(data)), BlockCursor(io.BytesIO(data))):
        ours = [(m.name.decode().rstrip("/"), m.size, m.offset) for m in members(cursor)]
        assert ours == [(name.rstrip("/"), size, offset) for name, size, offset in expected]


@given(data=st.data())
@settings(max_examples=120, deadline=None)
def test_an_upload_with_changed_bytes_is_refused_or_gives_the_very_same_image(tars: ModuleType, data: st.DataObject) -> None:
    layers = [tars.layer(a=b"first" * 30), tars.layer(b=b"second")]
    image = tars.saved_image(layers)
    upload = bytearray(image.tar())
    for _ in range(data.draw(st.integers(1, 3))):
        upload[data.draw(st.integers(0, len(upload) - 1))] = data.draw(st.integers(0, 255))
    upload = upload[: data.draw(st.sampled_from([len(upload), len(upload) // 2, len(upload)]))]
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "upload.tar"), Path(folder, "verified.tar")
        source.write_bytes(upload)
        try:
            verified = verify_image(source, target, tag="a:1")
        except ImageRefused:
            assert not target.exists()
            return
        assert verified.diff_ids == tuple(tars.digest(each) for each in layers)
        assert verified.config_digest == tars.digest(tars.config(layers))


@given(data=st.binary(max_size=4000))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_refused_with_a_sentence(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "upload.tar")
        source.write_bytes(data)
        with pytest.raises(ImageRefused) as caught:
            verify_image(source, Path(folder, "verified.tar"), tag="a:1")
        assert caught.value.sentence.isprintable()
        assert list(Path(folder).iterdir()) == [source]


CONTENTS = st.lists(
    st.dictionaries(st.from_regex(r"[a-z]{1,9}", fullmatch=True), st.binary(max_size=3000)), min_size=1, max_size=3
)
COMPRESSIONS = st.sampled_from([None, "gzip", "zstd"])


@given(contents=CONTENTS, dresses=st.lists(st.tuples(COMPRESSIONS, COMPRESSIONS, st.booleans()), min_size=2, max_size=3))
@settings(max_examples=60, deadline=None)
def test_an_image_is_the_same_in_plain_gzip_and_zstd(
    tars: ModuleType, contents: list[dict[str, bytes]], dresses: list[tuple[str | None, str | None, bool]]
) -> None:
    layers = [tars.layer(**each) for each in contents]
    seen = set()
    for outside, inside, as_oci in dresses:
        if as_oci:
            image = tars.oci_layout(layers, compression=inside)
        else:
            image = tars.saved_image(layers, stored=[tars.compressed(each, inside) for each in layers])
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder, "upload.tar"), Path(folder, "verified.tar")
            source.write_bytes(tars.compressed(image.tar(), outside))
            verified = verify_image(source, target, tag="a:1")
            seen.add((verified.config_digest, verified.manifest_digest, verified.diff_ids, target.read_bytes()))
    assert len(seen) == 1


@given(content=st.binary(max_size=5000), level=st.integers(1, 9), data=st.data())
@settings(max_examples=80, deadline=None)
def test_a_changed_or_cut_zstd_stream_never_gives_other_content(content: bytes, level: int, data: st.DataObject) -> None:
    stream = bytearray(zstandard.ZstdCompressor(level=level, write_checksum=True).compress(content))
    stream[data.draw(st.integers(0, len(stream) - 1))] ^= data.draw(st.integers(1, 255))
    source = Unzstd(io.BytesIO(bytes(stream[: data.draw(st.integers(1, len(stream)))])))
    try:
        got = b"".join(iter(lambda: source.read(1000), b""))
    except (StreamDamagedError, StreamTruncatedError, StreamUnsupportedError):
        return
    assert got in (b"", content)  # nothing, where the frame became one that is passed over
