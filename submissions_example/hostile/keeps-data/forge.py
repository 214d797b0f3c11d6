"""An image that declares a place to keep data in."""


def upload(kit):
    return kit.image(settings={"Volumes": {"/data": {}}}).tar()
