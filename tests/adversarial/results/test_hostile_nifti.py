"""NIfTI volumes made to hurt the one who reads them, byte by byte. Each goes through the plain and the confined decoder."""

from __future__ import annotations

import gzip
import struct
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator

import pytest

from sonobench_eval.io.confined import ConfinedDecoder
from sonobench_eval.io.findings import FindingCode
from sonobench_eval.io.images import Decoder, InProcessDecoder, max_volume_bytes
from sonobench_eval.io.volumes import Geometry, VolumeRead

SHAPE = (2, 3, 4)
VOXELS = bytes(range(24))
EXPECTED = Geometry(SHAPE, None)
UNREADABLE = FindingCode.UNREADABLE_IMAGE


def nifti_1(
    *,
    dim: tuple[int, ...] = (3, 4, 3, 2, 1, 1, 1, 1),
    datatype: int = 2,
    bitpix: int = 8,
    pixdim: tuple[float, ...] = (1,) * 8,
    vox_offset: float = 352,
    scaling: tuple[float, float] = (1, 0),
    codes: tuple[int, int] = (0, 1),
    quaternion: tuple[float, ...] = (0,) * 6,
    rows: tuple[float, ...] = (1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0),
    magic: bytes = b"n+1\0",
    order: str = "<",
    voxels: bytes = VOXELS,
) -> bytes:
    """A NIfTI-1 file, field by field."""
    header = bytearray(352)
    struct.pack_into(order + "i", header, 0, 348)
    struct.pack_into(order + "8h", header, 40, *dim)
    struct.pack_into(order + "2h", header, 70, datatype, bitpix)
    struct.pack_into(order + "8f", header, 76, *pixdim)
    struct.pack_into(order + "f", header, 108, vox_offset)
    struct.pack_into(order + "2f", header, 112, *scaling)
    struct.pack_into(order + "2h", header, 252, *codes)
    struct.pack_into(order + "6f", header, 256, *quaternion)
    struct.pack_into(order + "12f", header, 280, *rows)
    header[344:348] = magic
    return bytes(header) + voxels


def nifti_2(*, dim: tuple[int, ...], vox_offset: int = 544) -> bytes:
    """The header of a NIfTI-2 file."""
    header = bytearray(544)
    struct.pack_into("<i8s", header, 0, 540, b"n+2\0\r\n\x1a\n")
    struct.pack_into("<2h", header, 12, 2, 8)
    struct.pack_into("<8q", header, 16, *dim)
    struct.pack_into("<8d", header, 104, *(1.0,) * 8)
    struct.pack_into("<q", header, 168, vox_offset)
    struct.pack_into("<2i", header, 344, 0, 1)
    struct.pack_into("<12d", header, 400, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0)
    return bytes(header)


def bomb(start: bytes, mebibytes: int) -> bytes:
    squeeze = zlib.compressobj(9, wbits=31)
    return squeeze.compress(start) + b"".join(squeeze.compress(bytes(2**20)) for _ in range(mebibytes)) + squeeze.flush()


@pytest.fixture(scope="module", params=["in process", "confined"])
def decoder(request: pytest.FixtureRequest) -> Iterator[Decoder]:
    if request.param == "in process":
        yield InProcessDecoder()
    else:
        with ConfinedDecoder(timeout_s=10) as confined:
            yield confined


@pytest.fixture
def read(decoder: Decoder) -> Callable[[bytes], VolumeRead]:
    """Decodes as 2 x 3 x 4, quickly, whatever comes."""

    def check(data: bytes) -> VolumeRead:
        start = time.monotonic()
        found = decoder.decode_volume(data, expected=EXPECTED)
        assert time.monotonic() - start < 5
        assert (found.array is None) == (found.problem is not None)
        assert found.detail.isprintable()
        return found

    return check


Read = Callable[[bytes], VolumeRead]


class TestSize:
    def test_a_sound_file_is_read(self, read: Read) -> None:
        found = read(nifti_1())
        assert found.array is not None
        assert found.array.tobytes() == VOXELS

    @pytest.mark.parametrize("dim", [(3, 32767, 32767, 32767, 1, 1, 1, 1), (3, 4, 3, 3, 1, 1, 1, 1), (3, 2, 3, 4, 1, 1, 1, 1)])
    def test_a_header_that_promises_another_size_is_refused_unread(self, read: Read, dim: tuple[int, ...]) -> None:
        assert read(nifti_1(dim=dim)).problem is FindingCode.WRONG_SIZE
        assert read(gzip.compress(nifti_1(dim=dim))).problem is FindingCode.WRONG_SIZE

    def test_seven_tebibytes_are_not_even_reserved(self) -> None:
        data = nifti_2(dim=(3, 2**20, 2**20, 7, 1, 1, 1, 1))
        tracemalloc.start()
        found = InProcessDecoder().decode_volume(data, expected=EXPECTED)
        assert tracemalloc.get_traced_memory()[1] < 2**20
        tracemalloc.stop()
        assert found.problem is FindingCode.WRONG_SIZE
        assert found.detail == "1048576 x 1048576 x 7 voxels instead of 4 x 3 x 2"

    def test_sizes_whose_product_overflows_are_only_another_size(self, read: Read) -> None:
        assert read(nifti_2(dim=(3, 2**62, 2**62, 2**62, 1, 1, 1, 1))).problem is FindingCode.WRONG_SIZE

    def test_gigavoxels_are_refused_even_where_the_image_has_them(self) -> None:
        side = 2**10
        expected = Geometry((side, side, side), None)
        found = InProcessDecoder().decode_volume(nifti_2(dim=(3, side, side, side, 1, 1, 1, 1)), expected=expected)
        assert (found.problem, found.detail) == (UNREADABLE, "more than 268,435,456 voxels")

    @pytest.mark.parametrize(
        "dim",
        [
            (0, 4, 3, 2, 1, 1, 1, 1),
            (8, 4, 3, 2, 1, 1, 1, 1),
            (-3, 4, 3, 2, 1, 1, 1, 1),
            (3, 4, -3, 2, 1, 1, 1, 1),
            (3, 4, 0, 2, 1, 1, 1, 1),
            (3, -4, -3, 2, 1, 1, 1, 1),
            (4, 4, 3, 2, 5, 1, 1, 1),
            (5, 4, 3, 2, 1, 3, 1, 1),
        ],
    )
    def test_dimensions_that_make_no_volume_are_unreadable(self, read: Read, dim: tuple[int, ...]) -> None:
        assert read(nifti_1(dim=dim)).problem is UNREADABLE

    def test_what_stands_in_dimensions_that_do_not_count_is_ignored(self, read: Read) -> None:
        assert read(nifti_1(dim=(3, 4, 3, 2, -7, 99, 0, 5))).problem is None


class TestVoxels:
    @pytest.mark.parametrize("datatype", [0, 1, 32, 128, 1536, 1792, 2048, 2304, -1])
    def test_types_that_are_no_numbers_are_unreadable(self, read: Read, datatype: int) -> None:
        assert read(nifti_1(datatype=datatype)).problem is UNREADABLE

    def test_bits_that_contradict_the_type_are_unreadable(self, read: Read) -> None:
        assert read(nifti_1(datatype=4, bitpix=8)).problem is UNREADABLE

    @pytest.mark.parametrize("offset", [0, 1, 348, 351, 352.5, -352, 1e30, float("nan"), float("inf"), -float("inf")])
    def test_voxels_can_begin_neither_in_the_header_nor_at_the_end_of_the_world(self, read: Read, offset: float) -> None:
        assert read(nifti_1(vox_offset=offset)).problem is UNREADABLE

    def test_an_offset_behind_the_end_is_a_file_cut_short(self, read: Read) -> None:
        assert read(nifti_1(vox_offset=353)).detail == "the file is cut short"
        assert read(gzip.compress(nifti_1(vox_offset=10_000))).detail == "the file is cut short"
        assert read(nifti_2(dim=(3, 4, 3, 2, 1, 1, 1, 1), vox_offset=2**62)).problem is UNREADABLE

    @pytest.mark.parametrize("keep", [3, 4, 100, 347, 351, 352, 375])
    def test_a_file_cut_anywhere_is_unreadable(self, read: Read, keep: int) -> None:
        assert read(nifti_1()[:keep]).problem is UNREADABLE
        assert read(gzip.compress(nifti_1()[:keep])).problem is UNREADABLE

    @pytest.mark.parametrize("cut", [1, 4, 8, 9, 20])
    def test_a_gzip_cut_short_or_with_a_wrong_checksum_is_unreadable(self, read: Read, cut: int) -> None:
        whole = gzip.compress(nifti_1())
        assert read(whole[:-cut]).problem is UNREADABLE
        damaged = bytearray(whole)
        damaged[-5] ^= 1
        assert read(bytes(damaged)).detail == "it cannot be inflated"

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 0.5, -1.0, 1e300])
    def test_values_that_are_no_labels_are_told(self, read: Read, value: float) -> None:
        voxels = struct.pack("<23d", *range(23)) + struct.pack("<d", value)
        assert read(nifti_1(datatype=64, bitpix=64, voxels=voxels)).problem is FindingCode.NOT_WHOLE_NUMBERS

    @pytest.mark.parametrize("scaling", [(0.5, 0), (1, -1), (1e38, 1e38), (-1, 0), (1, 0.25)])
    def test_scaling_does_not_make_labels_of_what_is_none(self, read: Read, scaling: tuple[float, float]) -> None:
        assert read(nifti_1(scaling=scaling)).problem is FindingCode.NOT_WHOLE_NUMBERS

    def test_an_intercept_that_is_no_number_is_unreadable(self, read: Read) -> None:
        assert read(nifti_1(scaling=(1, float("nan")))).problem is UNREADABLE

    def test_a_big_file_in_big_endian_is_read_as_it_is_meant(self, read: Read) -> None:
        found = read(nifti_1(order=">", datatype=4, bitpix=16, voxels=struct.pack(">24h", *range(24))))
        assert found.array is not None
        assert found.array.tobytes() == VOXELS

    def test_a_header_in_one_byte_order_is_not_read_in_the_other(self, read: Read) -> None:
        swapped = bytearray(nifti_1(order=">"))
        swapped[:4] = struct.pack("<i", 348)
        assert read(bytes(swapped)).problem is UNREADABLE

    @pytest.mark.parametrize("magic", [b"ni1\0", b"n+2\0", b"n+1 ", bytes(4)])
    def test_a_header_whose_voxels_are_in_another_file_is_none(self, read: Read, magic: bytes) -> None:
        assert read(nifti_1(magic=magic)).detail == "not a NIfTI file"


class TestPlace:
    @pytest.mark.parametrize("value", [float("nan"), float("inf"), 3e38])
    def test_an_affine_that_leads_nowhere_is_unreadable(self, read: Read, value: float) -> None:
        assert read(nifti_1(rows=(value, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0))).problem is UNREADABLE
        assert read(nifti_1(codes=(1, 0), quaternion=(0, 0, 0, value, 0, 0))).problem is UNREADABLE
        assert read(nifti_1(codes=(1, 0), quaternion=(value, 0, 0, 0, 0, 0))).problem is UNREADABLE
        assert read(nifti_1(codes=(0, 0), pixdim=(1, value, 1, 1, 1, 1, 1, 1))).problem is UNREADABLE

    def test_voxels_without_a_size_are_unreadable(self, read: Read) -> None:
        assert read(nifti_1(rows=(0,) * 12)).problem is UNREADABLE
        assert read(nifti_1(codes=(0, 0), pixdim=(0,) * 8)).problem is UNREADABLE

    def test_a_quaternion_longer_than_one_is_unreadable(self, read: Read) -> None:
        assert read(nifti_1(codes=(1, 0), quaternion=(0.8, 0.8, 0, 0, 0, 0))).problem is UNREADABLE

    def test_axes_that_are_all_one_are_wrong_geometry_where_the_place_is_known(self, decoder: Decoder) -> None:
        data = nifti_1(rows=(1, 1, 1, 0) * 3)
        place = Geometry(SHAPE, InProcessDecoder().decode_volume(nifti_1(), expected=EXPECTED).affine)
        assert decoder.decode_volume(data, expected=place).problem is FindingCode.WRONG_GEOMETRY


class TestBombs:
    def test_voxels_that_inflate_without_end_stop_soon_after_the_volume(self, read: Read) -> None:
        assert read(bomb(nifti_1(), 300)).detail == "it has more bytes than its header says"

    def test_extensions_that_inflate_without_end_are_refused(self, read: Read) -> None:
        assert read(bomb(nifti_1(vox_offset=2**30), 300)).problem is UNREADABLE

    def test_inflating_takes_no_more_memory_than_a_few_parts(self) -> None:
        data = bomb(nifti_1(), 300)
        tracemalloc.start()
        InProcessDecoder().decode_volume(data, expected=EXPECTED)
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
        tracemalloc.stop()

    def test_a_hundred_thousand_empty_members_are_gone_through(self, read: Read) -> None:
        assert read(gzip.compress(b"") * 20_000 + gzip.compress(nifti_1())).problem is None

    def test_a_zip_or_a_gzip_in_a_gzip_is_no_nifti(self, read: Read) -> None:
        assert read(gzip.compress(gzip.compress(nifti_1()))).detail == "not a NIfTI file"

    def test_a_file_larger_than_any_mask_is_not_read(self, read: Read) -> None:
        assert read(nifti_1() + bytes(max_volume_bytes(SHAPE))).problem is FindingCode.FILE_TOO_LARGE
