"""A PNG with a hundred frames of animation, of which a reader could show any."""

import struct


def upload(kit):
    png, header = kit.tools.png, kit.tools.png_header
    still = kit.tools.plain_mask()
    pixels = [(b"IDAT", still[41:-16]), (b"IEND", b"")]
    frames = [(b"fdAT", struct.pack(">I", number) + bytes(64)) for number in range(100)]
    payload = png(header(), (b"acTL", struct.pack(">II", 100, 0)), *frames, *pixels)
    return kit.image({"payload": kit.tools.File(payload)}).tar()
