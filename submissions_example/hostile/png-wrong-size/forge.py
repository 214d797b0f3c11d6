"""A PNG that is one pixel larger than its picture, to make comparing them read beyond the end."""

import zlib


def upload(kit):
    png, header = kit.tools.png, kit.tools.png_header
    payload = png(header(33, 33), (b"IDAT", zlib.compress(bytes(34 * 33))), (b"IEND", b""))
    return kit.image({"payload": kit.tools.File(payload)}).tar()
