from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator

import nibabel as nib
import numpy as np
import pytest

from sonobench_eval.io import confined
from sonobench_eval.io.confined import ConfinedDecoder
from sonobench_eval.io.confined_running import LEAST_MEMORY_BYTES, MOST_AHEAD
from sonobench_eval.io.findings import FindingCode
from sonobench_eval.io.images import InProcessDecoder, MaskRead, MaskRequest, VolumeRequest, max_png_bytes
from sonobench_eval.io.volumes import Geometry, VolumeRead

PngOf = Callable[..., bytes]
SIZE = (40, 60)


@pytest.fixture(scope="module")
def decoder() -> Iterator[ConfinedDecoder]:
    with ConfinedDecoder() as found:
        yield found


@pytest.fixture
def numbered(png_of: PngOf) -> Callable[[int], MaskRequest]:
    """A mask that says its number by its grey value."""
    return lambda number: MaskRequest(png_of(np.full(SIZE, number % 256, np.uint8)), SIZE)


def values(reads: Iterator[MaskRead]) -> list[int | str]:
    """The grey value of each mask, or its problem."""
    return [str(read.problem) if read.array is None else int(read.array.max()) for read in reads]


def only_child(decoder: ConfinedDecoder) -> int:
    decoder.confinement()
    (child,) = decoder._idle
    return child.pid


class TestDecodeStream:
    def test_answers_come_in_the_order_of_the_requests(
        self, decoder: ConfinedDecoder, numbered: Callable[[int], MaskRequest]
    ) -> None:
        assert values(decoder.decode_stream(map(numbered, range(50)))) == list(range(50))

    def test_nothing_asked_is_nothing_answered(self, decoder: ConfinedDecoder) -> None:
        assert list(decoder.decode_stream([])) == []

    def test_it_says_what_the_plain_decoder_says(self, decoder: ConfinedDecoder, png_of: PngOf, disc: np.ndarray) -> None:
        files = [png_of(disc), b"", png_of(disc, "RGB"), png_of(disc)[:-20], bytes(max_png_bytes(*SIZE) + 1), png_of(disc.T)]
        requests = [MaskRequest(data, SIZE) for data in files]
        for found, plain in zip(decoder.decode_stream(requests), InProcessDecoder().decode_stream(requests), strict=True):
            assert (found.problem, found.detail, found.coloured) == (plain.problem, plain.detail, plain.coloured)
            assert np.array_equal(np.asarray(found.array), np.asarray(plain.array))

    def test_what_is_known_already_keeps_its_place(
        self, decoder: ConfinedDecoder, numbered: Callable[[int], MaskRequest]
    ) -> None:
        missing = MaskRead(None, FindingCode.MISSING_RESULT)
        requests = [missing if number % 3 == 0 else numbered(number) for number in range(30)]
        expected = ["missing_result" if number % 3 == 0 else number for number in range(30)]
        assert values(decoder.decode_stream(requests)) == expected

    def test_it_reads_ahead_and_not_further_than_it_may(
        self, decoder: ConfinedDecoder, numbered: Callable[[int], MaskRequest]
    ) -> None:
        taken: list[int] = []

        def requests() -> Iterator[MaskRequest]:
            for number in range(30):
                taken.append(number)
                yield numbered(number)

        stream = decoder.decode_stream(requests())
        for answered in range(1, 23):
            next(stream)
            assert answered < len(taken) <= answered + MOST_AHEAD
        stream.close()

    def test_images_of_all_sizes_may_follow_one_another(self, decoder: ConfinedDecoder, png_of: PngOf) -> None:
        sides = [10, 2000, 30, 700, 1, 3000, 3000, 5, 5, 1200] * 2
        masks = [np.full((side, side + 1), at + 1, np.uint8) for at, side in enumerate(sides)]
        reads = decoder.decode_stream(MaskRequest(png_of(mask), mask.shape) for mask in masks)
        assert all(np.array_equal(np.asarray(read.array), mask) for read, mask in zip(reads, masks, strict=True))

    def test_an_image_larger_than_the_shared_memory_gets_a_child_with_more(
        self, decoder: ConfinedDecoder, png_of: PngOf, numbered: Callable[[int], MaskRequest]
    ) -> None:
        large = np.full((LEAST_MEMORY_BYTES // 4096 + 1, 4096), 9, np.uint8)
        requests = [numbered(1), MaskRequest(png_of(large), large.shape), numbered(2)]
        assert values(decoder.decode_stream(requests)) == [1, 9, 2]

    def test_two_streams_at_once_do_not_mix(self, decoder: ConfinedDecoder, numbered: Callable[[int], MaskRequest]) -> None:
        first, second = (decoder.decode_stream(map(numbered, range(start, start + 20))) for start in (0, 100))
        for number in range(20):
            assert values(iter([next(first), next(second)])) == [number, number + 100]

    def test_a_stream_left_early_leaves_nothing_behind(
        self, decoder: ConfinedDecoder, numbered: Callable[[int], MaskRequest]
    ) -> None:
        stream = decoder.decode_stream(map(numbered, range(20)))
        next(stream)
        stream.close()
        assert values(decoder.decode_stream([numbered(7)])) == [7]

    def test_trouble_with_reading_the_files_comes_through(
        self, decoder: ConfinedDecoder, numbered: Callable[[int], MaskRequest]
    ) -> None:
        def requests() -> Iterator[MaskRequest]:
            yield numbered(1)
            raise OSError("the disk is gone")

        with pytest.raises(OSError, match="the disk is gone"):
            list(decoder.decode_stream(requests()))
        assert values(decoder.decode_stream([numbered(7)])) == [7]

    def test_a_child_killed_in_the_middle_costs_nothing(self, numbered: Callable[[int], MaskRequest]) -> None:
        with ConfinedDecoder() as decoder:
            child = only_child(decoder)
            stream = decoder.decode_stream(map(numbered, range(30)))
            found = values(iter([next(stream) for _ in range(5)]))
            os.kill(child, signal.SIGKILL)
            assert found + values(stream) == list(range(30))

    def test_a_child_that_hangs_costs_the_file_it_hangs_at(
        self, numbered: Callable[[int], MaskRequest], stop_child: Callable[[int], None]
    ) -> None:
        with ConfinedDecoder(timeout_s=0.3) as decoder:
            child = only_child(decoder)
            stream = decoder.decode_stream(map(numbered, range(30)))
            next(stream)
            time.sleep(0.2)
            stop_child(child)
            found = values(stream)
        # What it had answered before is heard; the first file it had not is given up, all others are read.
        assert found.count("unreadable_image") == 1
        assert [value for value in found if value != "unreadable_image"] == [
            number for number in range(1, 30) if number != found.index("unreadable_image") + 1
        ]

    def test_a_child_is_replaced_after_its_share_of_files(
        self, numbered: Callable[[int], MaskRequest], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(confined, "FILES_PER_CHILD", 7)
        with ConfinedDecoder() as decoder:
            first = only_child(decoder)
            assert values(decoder.decode_stream(map(numbered, range(20)))) == list(range(20))
            assert only_child(decoder) != first

    def test_an_array_is_a_copy_that_the_child_cannot_touch(
        self, decoder: ConfinedDecoder, numbered: Callable[[int], MaskRequest]
    ) -> None:
        reads = list(decoder.decode_stream(map(numbered, range(2 * MOST_AHEAD))))
        arrays = [read.array for read in reads if read.array is not None]
        memory = np.frombuffer(decoder._idle[0]._memory, np.uint8)
        assert not any(np.may_share_memory(array, memory) for array in arrays)
        del memory
        assert values(iter(reads)) == list(range(2 * MOST_AHEAD))


def nifti(array: np.ndarray, affine: np.ndarray) -> bytes:
    return bytes(nib.Nifti1Image(array.T, affine).to_bytes())


class TestDecodeVolumeStream:
    def test_volumes_come_in_order_with_type_and_place(self, decoder: ConfinedDecoder) -> None:
        affine = np.diag((0.5, 0.75, 2.0, 1.0))
        kinds = [np.uint8, np.uint16, np.uint32]
        volumes = [np.full((3, 4, 5), np.iinfo(kind).max, kind) for kind in kinds]
        requests = [VolumeRequest(nifti(volume, affine), Geometry((3, 4, 5), affine)) for volume in volumes]
        for read, volume in zip(decoder.decode_volume_stream(requests), volumes, strict=True):
            assert read.array is not None
            assert read.array.dtype == volume.dtype
            assert np.array_equal(read.array, volume)
            assert read.spacing_mm == (2, 0.75, 0.5)

    def test_each_is_held_to_its_own_place(self, decoder: ConfinedDecoder) -> None:
        here, there = np.diag((1.0, 1.0, 1.0, 1.0)), np.diag((2.0, 2.0, 2.0, 1.0))
        data = nifti(np.ones((3, 4, 5), np.uint8), here)
        known = VolumeRead(None, problem=FindingCode.MISSING_RESULT)
        places = [Geometry((3, 4, 5), affine) for affine in (there, here, None, there)]
        requests: list[VolumeRequest | VolumeRead] = [VolumeRequest(data, place) for place in places]
        requests.insert(2, known)
        problems = [read.problem for read in decoder.decode_volume_stream(requests)]
        assert problems == ["wrong_geometry", None, "missing_result", None, "wrong_geometry"]

    @pytest.mark.parametrize("fault", ["size", "values", "bytes"])
    def test_refusals_come_back_with_code_and_words(self, decoder: ConfinedDecoder, fault: str) -> None:
        affine = np.eye(4)
        data = {
            "size": nifti(np.ones((4, 4, 5), np.uint8), affine),
            "values": nifti(np.full((3, 4, 5), 0.5), affine),
            "bytes": b"junk",
        }[fault]
        place = Geometry((3, 4, 5), affine)
        found, plain = (each.decode_volume(data, expected=place) for each in (decoder, InProcessDecoder()))
        assert found == plain
        assert found.problem is not None
