"""An image with a volume of its own."""


def upload(kit):
    return kit.image(settings={"Volumes": {"/data": {}}}).tar()
