"""A PNG of eighty thousand empty chunks, to keep a reader busy."""


def upload(kit):
    png, header = kit.tools.png, kit.tools.png_header
    still = kit.tools.plain_mask()
    pixels = [(b"IDAT", still[41:-16]), (b"IEND", b"")]
    payload = png(header(), *[(b"teXt", b"")] * 80_000, *pixels)
    return kit.image({"payload": kit.tools.File(payload)}).tar()
