from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from sonobench_eval.io import confined, confined_running
from sonobench_eval.io.confined import ConfinedDecoder, DecoderBroken, shared_decoder
from sonobench_eval.io.findings import FindingCode
from sonobench_eval.io.images import InProcessDecoder, max_png_bytes

PngOf = Callable[..., bytes]


@pytest.fixture(scope="module")
def decoder() -> Iterator[ConfinedDecoder]:
    with ConfinedDecoder() as found:
        yield found


def child_pid(decoder: ConfinedDecoder) -> int:
    """Of the child that waits for the next file."""
    decoder.confinement()
    (child,) = decoder._idle
    return child.pid


class TestConfinedDecoder:
    @pytest.mark.parametrize("mode", ["L", "1", "P", "RGB", "RGBA", "LA"])
    def test_it_reads_every_kind_of_png_as_the_plain_decoder_does(
        self, decoder: ConfinedDecoder, png_of: PngOf, disc: np.ndarray, mode: str
    ) -> None:
        data = png_of(disc, mode)
        found, plain = decoder.decode(data, expected=(40, 60)), InProcessDecoder().decode(data, expected=(40, 60))
        assert np.array_equal(found.array, plain.array)
        assert (found.problem, found.coloured) == (plain.problem, plain.coloured)

    def test_refusals_come_back_with_code_and_words(self, decoder: ConfinedDecoder, png_of: PngOf, disc: np.ndarray) -> None:
        for data in (b"", b"junk", png_of(disc.T), png_of(disc)[:-30]):
            assert decoder.decode(data, expected=(40, 60)) == InProcessDecoder().decode(data, expected=(40, 60))

    def test_an_image_larger_than_a_pipe_comes_through_whole(self, decoder: ConfinedDecoder, png_of: PngOf) -> None:
        noise = np.random.default_rng(1).integers(0, 256, (2000, 1500), dtype=np.uint8)
        assert np.array_equal(decoder.decode(png_of(noise, compress_level=0), expected=(2000, 1500)).array, noise)

    def test_a_file_too_large_is_not_sent(self, decoder: ConfinedDecoder) -> None:
        read = decoder.decode(bytes(max_png_bytes(1, 1) + 1), expected=(1, 1))
        assert read.problem is FindingCode.FILE_TOO_LARGE

    def test_one_child_serves_many_files(self, png_of: PngOf, disc: np.ndarray) -> None:
        with ConfinedDecoder() as decoder:
            first = child_pid(decoder)
            for _ in range(20):
                decoder.decode(png_of(disc), expected=(40, 60))
            assert child_pid(decoder) == first

    def test_a_child_that_died_is_replaced_and_the_file_is_read(self, png_of: PngOf, disc: np.ndarray) -> None:
        with ConfinedDecoder() as decoder:
            first = child_pid(decoder)
            os.kill(first, signal.SIGKILL)
            assert np.array_equal(decoder.decode(png_of(disc), expected=(40, 60)).array, disc)
            assert child_pid(decoder) != first

    def test_a_child_that_hangs_costs_that_file_alone(
        self, png_of: PngOf, disc: np.ndarray, stop_child: Callable[[int], None]
    ) -> None:
        with ConfinedDecoder(timeout_s=0.3) as decoder:
            stop_child(child_pid(decoder))
            hung = decoder.decode(png_of(disc), expected=(40, 60))
            assert hung.problem is FindingCode.UNREADABLE_IMAGE
            assert "takes longer than 0.3 s" in hung.detail
            assert decoder.decode(png_of(disc), expected=(40, 60)).problem is None

    def test_threads_take_turns(self, decoder: ConfinedDecoder, png_of: PngOf) -> None:
        wrong: list[int] = []

        def work(value: int) -> None:
            data = png_of(np.full((40, 60), value, np.uint8))
            wrong.extend(value for _ in range(20) if decoder.decode(data, expected=(40, 60)).array.max() != value)  # type: ignore[union-attr]

        threads = [threading.Thread(target=work, args=(value,)) for value in (10, 20, 30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []

    def test_a_closed_decoder_can_be_used_again(self, png_of: PngOf, disc: np.ndarray) -> None:
        decoder = ConfinedDecoder()
        decoder.decode(png_of(disc), expected=(40, 60))
        decoder.close()
        assert decoder.decode(png_of(disc), expected=(40, 60)).problem is None
        decoder.close()

    def test_a_child_is_replaced_after_its_share_of_files(
        self, png_of: PngOf, disc: np.ndarray, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(confined, "FILES_PER_CHILD", 2)
        with ConfinedDecoder() as decoder:
            first = child_pid(decoder)
            for _ in range(3):
                assert decoder.decode(png_of(disc), expected=(40, 60)).problem is None
            assert child_pid(decoder) != first

    def test_a_decoder_that_cannot_start_is_this_machines_trouble(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(confined_running.sys, "executable", "/nonexistent/python")
        with pytest.raises(DecoderBroken, match="cannot be started"):
            ConfinedDecoder().decode(b"", expected=(1, 1))

    @pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
    def test_a_fork_starts_its_own_child_and_leaves_the_parents_alone(self, png_of: PngOf, disc: np.ndarray) -> None:
        decoder = shared_decoder()
        decoder.close()  # whoever used it before may have left several children
        first = child_pid(decoder)
        pid = os.fork()
        if pid == 0:
            good = False
            try:
                good = child_pid(decoder) != first and decoder.decode(png_of(disc), expected=(40, 60)).problem is None
                decoder.close()
            finally:  # whatever happened: the tests go on in the parent alone
                os._exit(0 if good else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert child_pid(decoder) == first
        assert decoder.decode(png_of(disc), expected=(40, 60)).problem is None
