"""What `docker export` writes."""


def upload(kit):
    return kit.tools.layer_of({"bin": kit.tools.FOLDER, "etc": kit.tools.FOLDER, "etc/passwd": kit.tools.File(b"root:x:0:0::/:")})
