"""An image with 500 volumes."""


def upload(kit):
    return kit.image(settings={"Volumes": {f"/data/{number}": {} for number in range(500)}}).tar()
