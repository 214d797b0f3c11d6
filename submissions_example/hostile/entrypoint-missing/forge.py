"""An entry point that leads nowhere."""


def upload(kit):
    return kit.image(settings={"Entrypoint": ["/no/such/program"]}).tar()
