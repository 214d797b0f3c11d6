"""The entry point is /bin."""


def upload(kit):
    return kit.image(settings={"Entrypoint": ["/bin"]}).tar()
