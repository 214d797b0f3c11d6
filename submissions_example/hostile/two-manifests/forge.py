"""Two members of one name."""


def upload(kit):
    image = kit.image()
    return kit.tars.entry("manifest.json", image.members["manifest.json"]) + image.tar()
