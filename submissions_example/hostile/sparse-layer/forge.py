"""A pax header that says eight terabytes, before a file of a kilobyte."""


def upload(kit):
    records = {"GNU__sparse__major": "1", "GNU__sparse__minor": "0", "GNU__sparse__realsize": str(8 * 2**40)}
    header = kit.tars.pax(**records, GNU__sparse__name="big")
    file = kit.tars.entry("GNUSparseFile.0/big", b"0\n".ljust(512, b"\0"))
    return kit.image(layers=[*kit.layers, header + file + kit.tars.END]).tar()
