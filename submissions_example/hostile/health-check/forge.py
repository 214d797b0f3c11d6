"""A health check every tenth of a second."""


def upload(kit):
    often_ns = 100_000_000
    check = {"Test": ["CMD-SHELL", "echo x > /tmp/checked; sleep 600"], "Interval": often_ns, "Timeout": 600 * 10**9}
    return kit.image(settings={"Healthcheck": check}).tar()
