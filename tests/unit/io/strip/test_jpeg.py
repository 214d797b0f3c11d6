from __future__ import annotations

import io
import struct
from collections.abc import Callable

import pytest
from PIL import Image

from sonobench_eval.io.strip.jpeg import stripped_jpeg
from sonobench_eval.io.strip.refusal import NotStrippable

Saved = Callable[..., bytes]


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


class TestStrippedJpeg:
    def test_exif_with_its_preview_goes(self, saved: Saved) -> None:
        made = Image.Exif()
        made[271] = "SECRET maker"
        data = saved("JPEG", exif=made.tobytes() + b"SECRET preview")
        assert b"SECRET" in data
        assert b"SECRET" not in stripped_jpeg(data)

    def test_comments_and_application_data_go_also_between_scans(self, saved: Saved) -> None:
        data = saved("JPEG", progressive=True)
        second = data.index(b"\xff\xda", data.index(b"\xff\xda") + 2)
        tables = data.rindex(b"\xff\xc4", 0, second)  # the tables of the second scan
        extra = segment(0xFE, b"SECRET") + segment(0xED, b"SECRET")
        assert stripped_jpeg(data[:tables] + extra + data[tables:]) == stripped_jpeg(data)

    def test_resolution_and_preview_of_jfif_go_and_its_meaning_stays(self, saved: Saved) -> None:
        data = saved("JPEG", dpi=(300, 300))
        jfif = b"JFIF\0\x01\x02\x01\x01\x2c\x01\x2c\x01\x01" + b"abc"  # with a preview of one pixel
        data = b"\xff\xd8" + segment(0xE0, jfif) + data[20:]
        assert stripped_jpeg(data).startswith(b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0")

    def test_a_marker_too_short_to_be_heeded_is_not_made_whole(self, saved: Saved, pixels: Callable[[bytes], bytes]) -> None:
        # Components named R, G and B are no YCbCr, unless JFIF says so.
        named = bytearray(saved("JPEG"))
        frame, scan = named.index(b"\xff\xc0"), named.index(b"\xff\xda")
        for place, letter in enumerate(b"RGB"):
            named[frame + 10 + 3 * place] = named[scan + 5 + 2 * place] = letter
        data = b"\xff\xd8" + segment(0xE0, b"JFIF\0\1\1") + bytes(named[20:])
        assert pixels(stripped_jpeg(data)) == pixels(data) != pixels(bytes(named))

    def test_what_adobes_marker_says_of_colors_stays(self, saved: Saved, pixels: Callable[[bytes], bytes]) -> None:
        # Without JFIF, and with transform 0, three components are RGB and not YCbCr.
        plain = saved("JPEG")
        data = b"\xff\xd8" + segment(0xEE, b"Adobe\0\x65SE\x80\0\0") + plain[20:]
        without = stripped_jpeg(data)
        assert without.startswith(b"\xff\xd8\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\0")
        assert pixels(without) == pixels(data) != pixels(plain)

    def test_restart_markers_and_stuffed_bytes_are_pixel_data(self, pixels: Callable[[bytes], bytes]) -> None:
        out = io.BytesIO()
        Image.effect_noise((200, 200), 90).save(out, "JPEG", quality=100, restart_marker_blocks=1)
        data = out.getvalue()
        assert b"\xff\0" in data
        assert b"\xff\xd7" in data
        assert pixels(stripped_jpeg(data)) == pixels(data)

    def test_bytes_that_fill_before_a_marker_go(self, saved: Saved) -> None:
        data = saved("JPEG")
        assert stripped_jpeg(data[:-2] + b"\xff\xff\xff\xd9") == stripped_jpeg(data[:20] + b"\xff\xff" + data[20:])

    def test_the_pictures_behind_the_first_of_several_go(self, picture: Image.Image, saved: Saved) -> None:
        data = saved("MPO", save_all=True, append_images=[Image.new("RGB", picture.size)])
        assert stripped_jpeg(data) == stripped_jpeg(saved("JPEG"))

    @pytest.mark.parametrize(
        ("spoil", "said"),
        [
            (lambda data: data[:-2], "cut short"),
            (lambda data: data[:20] + b"xx" + data[20:], "something between its segments"),
            (lambda data: data[:20] + segment(0xF7, b"") + data[20:], "a segment of the kind F7"),
            (lambda data: data[:20] + b"\xff\xd9", "one frame"),
            (lambda data: data[:20] + data[20:-2] * 2 + b"\xff\xd9", "one frame"),
        ],
    )
    def test_a_damaged_or_strange_file_is_refused(self, saved: Saved, spoil: Callable[[bytes], bytes], said: str) -> None:
        with pytest.raises(NotStrippable, match=said):
            stripped_jpeg(spoil(saved("JPEG")))
