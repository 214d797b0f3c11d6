"""As many layers as break the engine."""


def upload(kit):
    return kit.image(layers=[kit.tars.layer(**{f"f{number}": b"x"}) for number in range(126)]).tar()
