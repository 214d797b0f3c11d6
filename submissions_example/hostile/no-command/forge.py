"""Nothing to start."""


def upload(kit):
    return kit.image(settings={"Entrypoint": None, "Cmd": None}).tar()
