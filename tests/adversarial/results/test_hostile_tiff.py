"""TIFFs made to hurt the one who reads them, byte by byte. Each goes through the plain and the confined decoder."""

from __future__ import annotations

import struct
import time
import zlib
from collections.abc import Callable, Iterator

import pytest

from sonobench_eval.io.confined import ConfinedDecoder
from sonobench_eval.io.findings import FindingCode
from sonobench_eval.io.images import Decoder, InProcessDecoder, MaskRead
from sonobench_eval.io.volumes import Geometry

SIZE = (4, 4)
PIXELS = bytes(range(16))
WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, STRIP_AT, ORIENTATION, SAMPLES, ROWS, STRIP_BYTES = (
    256, 257, 258, 259, 262, 273, 274, 277, 278, 279,
)  # fmt: skip
NONE, DEFLATE = 1, 8


def tiff(pixels: bytes = PIXELS, *, following: int = 0, **changed: int) -> bytes:
    """One page behind its directory; `changed` fields by name, -1 to leave one out."""
    fields = {
        WIDTH: 4, HEIGHT: 4, BITS: 8, COMPRESSION: NONE, PHOTOMETRIC: 1, STRIP_AT: 8, ORIENTATION: 1, SAMPLES: 1, ROWS: 4,
        STRIP_BYTES: len(pixels),
    }  # fmt: skip
    fields |= {globals()[name]: value for name, value in changed.items()}
    kept = {tag: value for tag, value in fields.items() if value != -1}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(kept.items()))
    directory_at = 8 + len(pixels) + len(pixels) % 2
    start = struct.pack("<2sHI", b"II", 42, directory_at) + pixels + bytes(len(pixels) % 2)
    return start + struct.pack("<H", len(kept)) + entries + struct.pack("<I", following)


@pytest.fixture(scope="module", params=["in process", "confined"])
def decoder(request: pytest.FixtureRequest) -> Iterator[Decoder]:
    if request.param == "in process":
        yield InProcessDecoder()
    else:
        with ConfinedDecoder(timeout_s=10) as confined:
            yield confined


@pytest.fixture
def read(decoder: Decoder) -> Callable[[bytes], MaskRead]:
    """Decodes as 4 x 4, quickly, whatever comes."""

    def check(data: bytes) -> MaskRead:
        start = time.monotonic()
        found = decoder.decode(data, expected=SIZE, form="tiff")
        assert time.monotonic() - start < 5
        assert (found.array is None) == (found.problem is not None)
        assert found.detail.isprintable()
        return found

    return check


Read = Callable[[bytes], MaskRead]


class TestHostileTiff:
    def test_a_sound_file_is_read(self, read: Read) -> None:
        for data in (tiff(), tiff(zlib.compress(PIXELS), COMPRESSION=DEFLATE)):
            found = read(data)
            assert found.array is not None
            assert found.array.tobytes() == PIXELS

    @pytest.mark.parametrize("side", [0, 5, 2**15, 2**31 - 1, 2**32 - 1])
    def test_a_header_that_promises_another_size_is_refused_undecoded(self, read: Read, side: int) -> None:
        assert read(tiff(WIDTH=side, HEIGHT=side)).problem in {FindingCode.WRONG_SIZE, FindingCode.UNREADABLE_IMAGE}

    def test_gigapixels_are_refused_even_where_the_image_has_them(self, decoder: Decoder) -> None:
        side = 2**14
        found = decoder.decode(tiff(WIDTH=side, HEIGHT=side), expected=(side, side), form="tiff")
        assert found.problem is FindingCode.UNREADABLE_IMAGE
        assert "more than" in found.detail

    @pytest.mark.parametrize("keep", [2, 4, 8, 20, 24, 26, 100])
    def test_a_file_cut_anywhere_is_unreadable(self, read: Read, keep: int) -> None:
        assert read(tiff()[:keep]).problem is FindingCode.UNREADABLE_IMAGE

    def test_a_directory_that_leads_back_to_itself_ends(self, read: Read) -> None:
        found = read(tiff(following=24))
        assert found.problem in {None, FindingCode.UNREADABLE_IMAGE}

    def test_pixels_outside_the_file_are_unreadable(self, read: Read) -> None:
        assert read(tiff(STRIP_AT=2**31)).problem is FindingCode.UNREADABLE_IMAGE
        assert read(tiff(STRIP_BYTES=2**31, COMPRESSION=DEFLATE)).problem is FindingCode.UNREADABLE_IMAGE

    def test_pixels_that_inflate_without_end_stop_at_the_image(self, read: Read) -> None:
        squeeze = zlib.compressobj(9)
        bomb = squeeze.compress(PIXELS) + b"".join(squeeze.compress(bytes(2**20)) for _ in range(100)) + squeeze.flush()
        found = read(tiff(bomb, COMPRESSION=DEFLATE))
        assert found.array is None or found.array.tobytes() == PIXELS

    @pytest.mark.parametrize("compression", [2, 3, 4, 5, 6, 7, 9, 32773, 34712, 50000, 50001, 65535])
    def test_data_of_any_other_compression_is_refused_or_harmless(self, read: Read, compression: int) -> None:
        read(tiff(bytes(range(255, 0, -1)), COMPRESSION=compression))

    @pytest.mark.parametrize("orientation", [2, 3, 5, 6, 8, 77])
    def test_a_turned_image_keeps_its_size_or_is_refused(self, read: Read, orientation: int) -> None:
        found = read(tiff(ORIENTATION=orientation))
        assert found.array is None or found.array.shape == SIZE

    @pytest.mark.parametrize("field", ["WIDTH", "HEIGHT", "BITS", "PHOTOMETRIC", "STRIP_AT", "SAMPLES", "ROWS", "STRIP_BYTES"])
    @pytest.mark.parametrize("value", [-1, 0, 3, 255, 2**32 - 1])
    def test_nonsense_in_one_field_is_refused_or_read_whole(self, read: Read, field: str, value: int) -> None:
        found = read(tiff(**{field: value}))
        assert found.array is None or found.array.shape == SIZE

    def test_pages_without_end_make_no_volume(self, decoder: Decoder) -> None:
        found = decoder.decode_volume(tiff(following=24), expected=Geometry((1_000, 4, 4), None), form="tiff")
        assert found.problem in {FindingCode.WRONG_SIZE, FindingCode.UNREADABLE_IMAGE}

    @pytest.mark.parametrize("data", [b"", b"II+\0" + bytes(60), b"\x89PNG\r\n\x1a\n" + bytes(40), b"GIF89a", b"%PDF-1.7"])
    def test_no_other_format_is_even_tried(self, read: Read, data: bytes) -> None:
        assert read(data).problem is FindingCode.UNREADABLE_IMAGE
