from __future__ import annotations

import struct
from collections.abc import Callable

import pytest
from PIL import Image

from sonobench_eval.io.strip.refusal import NotStrippable
from sonobench_eval.io.strip.tiff import stripped_tiff

Saved = Callable[..., bytes]


def tiff(fields: list[tuple[int, int, int, int]], *, order: str = "<", following: int = 0) -> bytes:
    """A TIFF of two grey pixels, 1 and 2, at byte 8; `fields` (tag, type, count, value) join those that it needs."""
    needed = [(256, 3, 1, 2), (257, 3, 1, 1), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8), (279, 4, 1, 2)]
    entries = sorted(needed + [field for field in fields if field[0] not in {known[0] for known in needed}])
    changed = {field[0]: field for field in fields}
    table = struct.pack(f"{order}H", len(entries))
    for tag, kind, count, value in (changed.get(entry[0], entry) for entry in entries):
        small = struct.pack(f"{order}HH", value, 0) if kind == 3 else struct.pack(f"{order}I", value)
        table += struct.pack(f"{order}HHI", tag, kind, count) + small
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 16)
    return start + b"\1\2".ljust(8) + table + struct.pack(f"{order}I", following) + b"SECRET text"


class TestStrippedTiff:
    @pytest.mark.parametrize("order", ["<", ">"])
    def test_descriptions_go_and_pixels_stay(self, order: str, pixels: Callable[[bytes], bytes]) -> None:
        data = tiff([(270, 2, 11, 130), (306, 2, 11, 130)], order=order)
        assert data[130:] == b"SECRET text"
        without = stripped_tiff(data)
        assert b"SECRET" not in without
        assert pixels(without) == pixels(data) == b"\1\2"

    def test_a_short_text_inside_its_field_goes_too(self) -> None:
        without = stripped_tiff(tiff([(270, 2, 4, int.from_bytes(b"NKI\0", "little"))]))
        assert b"NKI" not in without

    def test_the_room_between_the_parts_is_empty(self) -> None:
        assert stripped_tiff(tiff([]))[10:16] == bytes(6)

    def test_what_a_decoder_needs_stays(self, saved: Saved, pixels: Callable[[bytes], bytes]) -> None:
        data = saved("TIFF", mode="P", compression="tiff_lzw")
        assert pixels(stripped_tiff(data)) == pixels(data)

    def test_several_pictures_are_refused(self, picture: Image.Image, saved: Saved) -> None:
        data = saved("TIFF", save_all=True, append_images=[picture])
        with pytest.raises(NotStrippable, match="holds more than one picture"):
            stripped_tiff(data)

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ([(259, 3, 1, 6)], "old JPEG kind"),
            ([(273, 4, 1, 4000)], "cut short"),
            ([(279, 4, 2, 4)], "does not say where its pixels are"),
            ([(273, 5, 1, 8)], "does not say where its pixels are"),
            ([(258, 3, 3, 4000)], "cut short"),
        ],
    )
    def test_a_damaged_or_strange_file_is_refused(self, fields: list[tuple[int, int, int, int]], said: str) -> None:
        with pytest.raises(NotStrippable, match=said):
            stripped_tiff(tiff(fields))
