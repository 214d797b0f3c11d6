"""An image with volumes where the platform mounts, and files of its own in them."""


def upload(kit):
    planted = {f"{name}/planted": kit.tools.File(b"x") for name in ("input", "output")}
    folders = dict.fromkeys(("input", "output"), kit.tools.FOLDER)
    return kit.image({**folders, **planted}, settings={"Volumes": {"/input": {}, "/output": {}}}).tar()
