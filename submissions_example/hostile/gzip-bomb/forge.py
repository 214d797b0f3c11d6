"""A gzip file of half a megabyte that unpacks to half a gigabyte."""

import gzip


def upload(kit):
    return kit.image({"payload": kit.tools.File(gzip.compress(bytes(2**29), mtime=0))}).tar()
