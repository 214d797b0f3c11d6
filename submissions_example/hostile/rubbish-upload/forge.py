"""What is no tar."""


def upload(_kit):
    return bytes(range(256)) * 64
