"""A path that leads out of the image."""


def upload(kit):
    return kit.image({f"../../../../etc/cron.d/{kit.known.mark}": kit.tools.File(b"* * * * * root true")}).tar()
