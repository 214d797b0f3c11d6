"""A PNG whose header contradicts itself: a color type that does not exist."""

import zlib


def upload(kit):
    png, header = kit.tools.png, kit.tools.png_header
    payload = png(header(colour=5), (b"IDAT", zlib.compress(bytes(33 * 32))), (b"IEND", b""))
    return kit.image({"payload": kit.tools.File(payload)}).tar()
