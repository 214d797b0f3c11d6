"""Compressed twice over."""

import gzip


def upload(kit):
    zeros = kit.tools.layer_of({"zeros": kit.tools.File(bytes(2**28))})
    inner = kit.image(layers=[zeros], stored=[gzip.compress(zeros, mtime=0)]).tar()
    return gzip.compress(inner, mtime=0)
