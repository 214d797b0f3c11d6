"""The config names another team's layer; the upload holds an empty file in its place."""


def upload(kit):
    return kit.image(layers=[*kit.layers, kit.known.victim_layer], stored=[*kit.layers, b""]).tar()
