"""An upload that broke off."""


def upload(kit):
    whole = kit.image().tar()
    return whole[: len(whole) // 2]
