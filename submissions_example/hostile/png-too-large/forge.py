"""A PNG with megabytes of rubbish behind its end."""


def upload(kit):
    payload = kit.tools.plain_mask() + bytes(2 * 2**20)
    return kit.image({"payload": kit.tools.File(payload)}).tar()
