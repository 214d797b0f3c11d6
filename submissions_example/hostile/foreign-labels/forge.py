"""Labels that other programs act upon."""


def upload(kit):
    names = ["org.sonobenchx.run", "org-sonobench.run", "com.docker.compose.project", "io.kubernetes.pod.name", "maintainer"]
    return kit.image(settings={"Labels": dict.fromkeys(names, "../../etc\nx")}).tar()
