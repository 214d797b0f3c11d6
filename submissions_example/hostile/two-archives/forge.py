"""An image, its end, and another image."""


def upload(kit):
    return kit.image().tar() + kit.image(tags=[kit.known.victim_tag]).tar()
