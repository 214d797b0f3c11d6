"""More than Linux takes."""


def upload(kit):
    return kit.image(settings={"Env": ["A=" + "x" * 200_000]}).tar()
