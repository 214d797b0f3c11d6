"""VOLUME /proc/self/fd"""


def upload(kit):
    return kit.image(settings={"Volumes": {"/proc/self/fd": {}}}).tar()
