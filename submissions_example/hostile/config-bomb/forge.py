"""Objects in objects."""


def upload(kit):
    deep = b'{"a":' * 50_000 + b"1" + b"}" * 50_000
    return kit.tars.saved_image(config_bytes=deep).tar()
