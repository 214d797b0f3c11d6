"""An image for linux/arm64."""


def upload(kit):
    config = kit.tars.config(kit.layers, architecture="arm64")
    return kit.tars.saved_image(kit.layers, config_bytes=config).tar()
