"""An entry point that root alone may execute."""


def upload(kit):
    program = kit.tools.File(kit.tools.BUSYBOX.read_bytes(), 0o700)
    return kit.image({"program": program}, settings={"Entrypoint": ["/program", "true"]}).tar()
