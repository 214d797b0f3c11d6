"""The config lies under the digest of another."""


def upload(kit):
    image = kit.image()
    manifest = kit.tars.manifest_of(image)
    config = image.members[manifest[0]["Config"]]
    lie = kit.tars.digest(b"another config").removeprefix("sha256:") + ".json"
    renamed = image.without(manifest[0]["Config"]).with_members({lie: config})
    return kit.tars.with_manifest(renamed, [{**manifest[0], "Config": lie}]).tar()
