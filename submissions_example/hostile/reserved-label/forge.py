"""Labels that fool the sweeper."""


def upload(kit):
    return kit.image(settings={"Labels": {"org.sonobench.run": "1", "org.sonobench.attempt": "1"}}).tar()
