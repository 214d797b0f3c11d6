"""A PNG of a few bytes that claims 50,000 x 50,000 pixels."""

import zlib


def upload(kit):
    png, header = kit.tools.png, kit.tools.png_header
    payload = png(header(50_000, 50_000), (b"IDAT", zlib.compress(bytes(2**20))), (b"IEND", b""))
    return kit.image({"payload": kit.tools.File(payload)}).tar()
