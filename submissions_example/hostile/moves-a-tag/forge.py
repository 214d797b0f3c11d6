"""RepoTags names the victim's image."""


def upload(kit):
    return kit.image(tags=[kit.known.victim_tag]).tar()
