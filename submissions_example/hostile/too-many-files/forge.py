"""A small upload of very many files."""


def upload(kit):
    return kit.image(layers=[kit.tars.entry("f") * 100_000 + kit.tars.END]).tar()
