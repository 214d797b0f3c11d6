"""A link to /dev/zero, and the device."""

import tarfile


def upload(kit):
    zero = kit.tools.File(mode=0o666, kind=tarfile.CHRTYPE, device=(1, 5))
    link = kit.tools.File(kind=tarfile.SYMTYPE, link="/dev/zero")
    return kit.image({"dev/zero": zero, "etc/passwd": link}).tar()
