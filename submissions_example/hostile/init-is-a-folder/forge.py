"""/sbin/docker-init is a folder."""


def upload(kit):
    return kit.image({"sbin": kit.tools.FOLDER, "sbin/docker-init": kit.tools.FOLDER}).tar()
