"""A disk that is full is told as that."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from sonobench_platform.domain.errors import NoSpace

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}


@contextmanager
def room_needed() -> Iterator[None]:
    """Raises `NoSpace` where what is done in the block found no room."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise no_space() from error
        raise


def no_space() -> NoSpace:
    return NoSpace("no-space", "The server has no disk space left for this; tell the organisers, and send it again later.")
