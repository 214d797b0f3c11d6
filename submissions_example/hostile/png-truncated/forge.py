"""A PNG that ends in its middle."""


def upload(kit):
    payload = kit.tools.plain_mask()[:-20]
    return kit.image({"payload": kit.tools.File(payload)}).tar()
