"""WORKDIR is a link to /proc/self/fd/7."""

import tarfile


def upload(kit):
    return kit.image({"w": kit.tools.File(kind=tarfile.SYMTYPE, link="/proc/self/fd/7")}, settings={"WorkingDir": "/w"}).tar()
