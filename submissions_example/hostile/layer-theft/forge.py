"""The config names another team's layer; the upload holds rubbish in its place."""


def upload(kit):
    stolen = [*kit.layers, kit.known.victim_layer]
    return kit.image(layers=stolen, stored=[*kit.layers, b"rubbish" * 100]).tar()
