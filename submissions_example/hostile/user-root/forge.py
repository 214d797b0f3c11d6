"""An image that asks to be root."""


def upload(kit):
    return kit.image(settings={"User": "0:0"}).tar()
