"""RepoTags names the platform's keeper."""


def upload(kit):
    return kit.image(tags=["sonobench/keeper:1", "sonobench/keeper:latest"]).tar()
