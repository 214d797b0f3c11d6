"""An image that wants to be stopped by a signal nobody minds."""


def upload(kit):
    return kit.image(settings={"StopSignal": "SIGCHLD", "StopTimeout": 86400}).tar()
