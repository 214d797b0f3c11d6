"""/app leads to /dev, and /dev/null of the image to a file that the runtime should make."""

import tarfile


def upload(kit):
    def link(target):
        return kit.tools.File(kind=tarfile.SYMTYPE, link=target)

    return kit.image({"dev": kit.tools.FOLDER, "dev/null": link("/nothing"), "app": link("/dev")}).tar()
