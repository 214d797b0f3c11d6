"""A path that leads out of the folder the upload is unpacked in."""


def upload(kit):
    return kit.tars.entry(f"../../../../etc/{kit.known.mark}", b"x") + kit.image().tar()
