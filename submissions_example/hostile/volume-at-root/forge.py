"""VOLUME /"""


def upload(kit):
    return kit.image(settings={"Volumes": {"/": {}}}).tar()
