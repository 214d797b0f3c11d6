"""A size in base 256, as large as it can be."""


def upload(kit):
    huge = b"\x80" + (2**63 - 1).to_bytes(11, "big")
    return kit.tars.entry("huge", size_field=huge) + kit.image().tar()
