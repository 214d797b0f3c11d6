"""A busybox that is set user id root, one that is set group id, and a file that root alone may read."""


def upload(kit):
    busybox = kit.tools.BUSYBOX.read_bytes()
    files = {"busybox-rooted": kit.tools.File(busybox, 0o4755), "busybox-group": kit.tools.File(busybox, 0o2755)}
    return kit.image({**files, "only-root": kit.tools.File(b"of the image", 0o600)}).tar()
